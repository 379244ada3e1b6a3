"""The verdict of a replay in one sentence."""

from __future__ import annotations

from tracekit.records import CandidateMeasurement, CandidateProof, Level, ReplaySummary, RunStatus
from tracekit.reports import figures

_ENDED = {RunStatus.OUT_OF_MEMORY: "ran out of memory", RunStatus.FAILED: "failed"}


def outcome(summary: ReplaySummary) -> str:
    """`PASSED` or `FAILED`."""
    return "PASSED" if summary.verdict.passed else "FAILED"


def headline(summary: ReplaySummary) -> str:
    """The level of equality and the ratio of the peaks, or what prevented the comparison.

    Example: `EQUAL at level value; peak LOWER: iterator used 0.50 of legacy's net peak (1.46 GiB
    against 2.92 GiB)`.
    """
    if not summary.proof.candidates:
        alone = (f"{name} {_standing(path)}" for name, path in summary.candidates.items())
        return "NOTHING COMPARED: " + figures.listing(list(alone))
    return f"{_equality(summary)}; {_peaks(summary)}"


def nothing_read(summary: ReplaySummary) -> bool:
    """Whether no candidate that finished read a row: empty results are equal whatever the code."""
    rows = [path.rows for path in summary.candidates.values() if path.status is RunStatus.OK]
    return bool(rows) and all(count == 0 for count in rows)


def ending(path: CandidateMeasurement) -> str:
    """How a candidate that did not finish ended, in a few words: `ran out of memory`."""
    return _ENDED.get(path.status, "finished")


def _standing(path: CandidateMeasurement) -> str:
    if path.status is not RunStatus.OK:
        return ending(path)
    return f"used a net peak of {figures.size(path.rss_net_peak_bytes)}"


def _equality(summary: ReplaySummary) -> str:
    equal = all(proof.equal for proof in summary.proof.candidates.values())
    if equal and nothing_read(summary):
        return "NOTHING PROVED, no rows were read"
    details_of: dict[str, list[str]] = {}
    for name, proof in sorted(summary.proof.candidates.items(), key=_worst_level_first):
        phrase, detail = _phrase(summary, name, proof)
        details = details_of.setdefault(phrase, [])
        if detail not in details:
            details.append(detail)
    if len(summary.proof.candidates) == 1 and (only := next(iter(details_of))).startswith("EQUAL"):
        return only
    return ", ".join(f"{phrase} ({', '.join(found)})" for phrase, found in details_of.items())


def _worst_level_first(item: tuple[str, CandidateProof]) -> int:
    level = item[1].level
    return -1 if level is None else level.strictness


def _phrase(summary: ReplaySummary, name: str, proof: CandidateProof) -> tuple[str, str]:
    """A finding, and the candidates or the reason it applies to."""
    if proof.level is None:
        died = [n for n in (summary.proof.reference, name) if _unfinished(summary, n)]
        why = [f"{n} {ending(summary.candidates[n])}" for n in died]
        return "NOT PROVEN", figures.listing(why) or name
    if proof.level is Level.DIFFERENT:
        count = proof.different_keys
        return "DIFFERENT", f"{name} in {count:,} key{'s' * (count != 1)}" if count else name
    if proof.equal is False:
        return f"EQUAL only at level {proof.level} where {proof.required_level} is required", name
    return f"EQUAL at level {proof.level}", name


def _unfinished(summary: ReplaySummary, name: str) -> bool:
    return name in summary.candidates and summary.candidates[name].status is not RunStatus.OK


def _peaks(summary: ReplaySummary) -> str:
    ratios = summary.verdict.net_peak_ratio
    higher = {name: value for name, value in ratios.items() if value >= 1}
    if not higher and summary.verdict.lower_peak is False:
        higher = ratios
    lower = {name: value for name, value in ratios.items() if name not in higher}
    unknown = [name for name in summary.proof.candidates if name not in ratios]
    parts = [
        *([f"NOT COMPARED: {_why_unknown(summary, unknown)}"] if unknown else []),
        *([f"NOT LOWER: {_shares(summary, higher)}"] if higher else []),
        *([f"LOWER: {_shares(summary, lower)}"] if lower else []),
    ]
    return "peak " + "; peak ".join(parts)


def _why_unknown(summary: ReplaySummary, names: list[str]) -> str:
    reference = summary.proof.reference
    if _unfinished(summary, reference):
        path = summary.candidates[reference]
        reached = path.rss_net_peak_bytes
        at = f" at a net peak of {figures.size(reached)}" if reached is not None else ""
        return f"{reference} {ending(path)}{at}"
    return figures.listing([f"{n} {_missing_peak(summary.candidates.get(n))}" for n in names])


def _missing_peak(path: CandidateMeasurement | None) -> str:
    if path is None:
        return "was not replayed"
    return "has no ratio" if path.status is RunStatus.OK else ending(path)


def _shares(summary: ReplaySummary, ratios: dict[str, float]) -> str:
    names = sorted(ratios, key=lambda name: -ratios[name])
    shares = [
        f"{name}{' used' if position == 0 else ''} {figures.ratio(ratios[name])}"
        for position, name in enumerate(names)
    ]
    reference = summary.proof.reference
    sizes = figures.listing([_net_peak(summary, name) for name in names])
    return (
        f"{figures.listing(shares)} of {reference}'s net peak "
        f"({sizes} against {_net_peak(summary, reference)})"
    )


def _net_peak(summary: ReplaySummary, name: str) -> str:
    path = summary.candidates.get(name)
    return figures.size(path.rss_net_peak_bytes if path else None)
