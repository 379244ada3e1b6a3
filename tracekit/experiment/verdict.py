"""The verdict on a replay's figures and proof."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tracekit.records import CandidateMeasurement, Proof, RunStatus, Verdict
from tracekit.sizes import format_size

NO_ROWS = "no rows were read, so nothing is proved. Check the query and its keys"


def judge(
    paths: Mapping[str, CandidateMeasurement],
    proof: Proof,
    *,
    expect_out_of_memory: Collection[str] = (),
) -> Verdict:
    """The verdict on `paths`, compared with the proof's reference.

    `equal` and `lower_peak` are None if a failed side leaves nothing to compare. Candidates in
    `expect_out_of_memory` may run out of memory. Every other candidate must succeed, be equal at
    the required level or a stricter one, and need less memory than the reference. If no candidate
    read a row, the replay does not pass.
    """
    reference = paths[proof.reference]
    candidates = {name: path for name, path in paths.items() if name != proof.reference}
    ratios = {
        name: ratio
        for name, path in candidates.items()
        if (ratio := _net_peak_ratio(path, reference)) is not None
    }
    equal = _all_or_none(
        [found.equal for name, found in proof.candidates.items() if _is_ok(paths[name])]
    )
    lower_peak = _all_or_none([ratio < 1 for ratio in ratios.values()])
    reasons = (
        *_endings(paths, expect_out_of_memory),
        *_no_rows(paths),
        *_differences(proof),
        *_unproved(paths, proof),
        *_higher_peaks(ratios, paths, proof.reference),
    )
    return Verdict(equal, lower_peak, ratios, passed=not reasons, reasons=reasons)


def unexpected_out_of_memory(
    paths: Mapping[str, CandidateMeasurement], expected: Collection[str]
) -> tuple[str, ...]:
    """Candidates that ran out of memory unexpectedly."""
    return tuple(
        name
        for name, path in paths.items()
        if path.status is RunStatus.OUT_OF_MEMORY and name not in expected
    )


def _is_ok(path: CandidateMeasurement) -> bool:
    return path.status is RunStatus.OK


def _net_peak_ratio(path: CandidateMeasurement, reference: CandidateMeasurement) -> float | None:
    if not (_is_ok(path) and _is_ok(reference)):
        return None
    if path.rss_net_peak_bytes is None or not reference.rss_net_peak_bytes:
        return None
    return round(path.rss_net_peak_bytes / reference.rss_net_peak_bytes, 4)


def _all_or_none(answers: list[bool] | list[bool | None]) -> bool | None:
    """True if all are true, False if one is False, None if there are none."""
    if False in answers:
        return False
    return None if not answers or None in answers else True


def _endings(paths: Mapping[str, CandidateMeasurement], expected: Collection[str]) -> list[str]:
    died = unexpected_out_of_memory(paths, expected)
    return [
        f"{name}: {path.reason}"
        for name, path in paths.items()
        if name in died or path.status is RunStatus.FAILED
    ]


def _no_rows(paths: Mapping[str, CandidateMeasurement]) -> list[str]:
    """A reason not to pass: empty results are equal whatever the code does."""
    rows = [path.rows for path in paths.values() if _is_ok(path)]
    if not rows or any(count != 0 for count in rows):
        return []
    return [NO_ROWS]


def _differences(proof: Proof) -> list[str]:
    return [
        f"{name} is {_level_text(found.level)} against {proof.reference}; "
        f"level {found.required_level} is required"
        for name, found in proof.candidates.items()
        if found.equal is False
    ]


def _unproved(paths: Mapping[str, CandidateMeasurement], proof: Proof) -> list[str]:
    return [
        f"{name} is not proved: {'; '.join(found.remarks)}"
        for name, found in proof.candidates.items()
        if found.equal is None and _is_ok(paths[name]) and _is_ok(paths[proof.reference])
    ]


def _level_text(level: str | None) -> str:
    return "different" if level == "different" else f"equal at level {level} only"


def _higher_peaks(
    ratios: Mapping[str, float], paths: Mapping[str, CandidateMeasurement], reference: str
) -> list[str]:
    return [
        f"the net peak of {name} is not lower: {format_size(paths[name].rss_net_peak_bytes or 0)} "
        f"against {format_size(paths[reference].rss_net_peak_bytes or 0)} of {reference}"
        for name, ratio in ratios.items()
        if ratio >= 1
    ]
