"""The parts of a replay's report as tables and lines, before a format draws them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

from tracekit.records import (
    CandidateMeasurement,
    CandidateProof,
    Difference,
    Drift,
    ReplaySummary,
    Retention,
    RunStatus,
)
from tracekit.reports import figures
from tracekit.reports.headline import ending
from tracekit.reports.redaction import Redactor
from tracekit.reports.table import Column, Table

MEASURED_NOTE = (
    "– means not measured. OS peaks and times are from a plain run; memray's figures and the time "
    "under memray are from a second run, which memray slows down. Net is above the baseline taken "
    "just before the fetch."
)
_BESIDE = "*"
_BESIDE_NOTE = (
    f" {_BESIDE} Measured side by side with another run, so longer than alone; memory is not "
    "affected. --jobs 1 measures one at a time."
)
PROCESSES_TITLE = "Processes side by side"
_DIGEST_DIGITS = 17  # enough to compare them; summary.json has all digits
_STATUS_WORDS = {
    RunStatus.OK: "ok",
    RunStatus.OUT_OF_MEMORY: "out of memory",
    RunStatus.FAILED: "failed",
}
_PATH_CELLS: tuple[tuple[str, Callable[[CandidateMeasurement], str]], ...] = (
    ("net OS peak", lambda p: figures.size(p.rss_net_peak_bytes)),
    ("OS peak", lambda p: figures.size(p.rss_peak_bytes)),
    ("OS baseline", lambda p: figures.size(p.rss_baseline_bytes)),
    ("memray heap peak", lambda p: figures.size(p.heap_peak_bytes)),
    ("memray net heap peak", lambda p: figures.size(p.heap_net_peak_bytes)),
    ("allocations", lambda p: figures.count(p.allocations)),
    ("wall", lambda p: _seconds(p.wall_seconds, beside=p.measured_beside)),
    ("CPU", lambda p: _seconds(p.cpu_seconds, beside=p.measured_beside)),
    ("wall under memray", lambda p: _seconds(p.profiled_wall_seconds, beside=p.profiled_beside)),
    ("rows", lambda p: figures.count(p.rows)),
    ("keys", lambda p: figures.count(p.keys)),
)


def _seconds(elapsed_seconds: float | None, *, beside: bool) -> str:
    shown = figures.seconds(elapsed_seconds)
    return f"{shown}{_BESIDE}" if beside and elapsed_seconds is not None else shown


def measured_note(summary: ReplaySummary) -> str:
    """The note below the table of candidates."""
    paths = summary.candidates.values()
    beside = any(path.measured_beside or path.profiled_beside for path in paths)
    return MEASURED_NOTE + (_BESIDE_NOTE if beside else "")


@dataclass(frozen=True)
class Ending:
    """How a candidate that did not finish ended."""

    name: str
    sentence: str
    stderr_tail: str
    """The end of its standard error; may have many lines."""


def worst_first(summary: ReplaySummary) -> list[tuple[str, CandidateMeasurement]]:
    """Candidates that did not finish, then the others by falling net OS peak."""
    return sorted(
        summary.candidates.items(),
        key=lambda item: (item[1].status is RunStatus.OK, -(item[1].rss_net_peak_bytes or 0)),
    )


def retentions(summary: ReplaySummary) -> list[tuple[str, Retention]]:
    """What held the memory of each candidate for which that was recorded."""
    found = ((name, path.retention) for name, path in summary.candidates.items())
    return [(name, retention) for name, retention in found if retention is not None]


def workload_title(summary: ReplaySummary, redact: Redactor) -> str:
    """The workload, its query and its number of keys, as a page's title."""
    work = summary.workload
    return figures.printable(f"{redact.prose(work.name)} · {work.query} · {work.keys:,} keys")


def workload_line(summary: ReplaySummary, redact: Redactor) -> str:
    """What was replayed, in one line."""
    work = summary.workload
    parts = [
        workload_title(summary, redact),
        f"{work.rows:,} rows" if work.rows is not None else "rows not counted",
        f"seed {work.seed}" if work.seed is not None else "",
        f"fingerprint {work.fingerprint}" if work.fingerprint else "no fingerprint",
    ]
    return figures.printable(" · ".join(filter(None, parts)))


def path_table(summary: ReplaySummary) -> Table:
    """One row per candidate, worst first."""
    reference = summary.proof.reference
    columns = [
        Column("candidate", literal=True),
        Column("status"),
        Column(f"ratio to {reference}", numeric=True),
        *(Column(title, numeric=True) for title, _ in _PATH_CELLS),
    ]
    rows = (
        (
            name,
            _STATUS_WORDS[path.status],
            "reference"
            if name == reference
            else figures.ratio(summary.verdict.net_peak_ratio.get(name)),
            *(cell(path) for _, cell in _PATH_CELLS),
        )
        for name, path in worst_first(summary)
    )
    return Table.of(columns, rows)


def process_table(summary: ReplaySummary) -> Table:
    """One row for each process and phase of candidates with several processes.

    The size of a result that is kept elsewhere has its own row.
    """
    sizes = ("net OS peak", "OS peak", "OS baseline")
    return Table.of(
        [
            Column("candidate", literal=True),
            Column("process"),
            Column("while"),
            *(Column(title, numeric=True) for title in sizes),
        ],
        (row for name, path in summary.candidates.items() for row in _process_rows(name, path)),
    )


def _process_rows(name: str, path: CandidateMeasurement) -> Iterator[tuple[str, ...]]:
    for one in path.processes:
        sizes = (one.rss_net_peak_bytes, one.rss_peak_bytes, one.rss_baseline_bytes)
        yield name, one.role, one.phase or "the whole run", *map(figures.size, sizes)
    if path.result_bytes is not None:
        kept = figures.size(path.result_bytes)
        yield name, "(result)", "kept in the store", kept, *(figures.NOT_MEASURED,) * 2


def proof_table(summary: ReplaySummary) -> Table:
    """One row per candidate: the level that holds, and the cost of the proof."""
    titles = ("keys different", "missing", "extra", "proved in", "prover's net peak")
    return Table.of(
        [
            Column("candidate", literal=True),
            Column("level"),
            Column("required"),
            Column("equal"),
            *(Column(title, numeric=True) for title in titles),
            Column("equivalences needed"),
        ],
        (_proof_row(name, proof) for name, proof in summary.proof.candidates.items()),
    )


def _proof_row(name: str, proof: CandidateProof) -> tuple[str, ...]:
    return (
        name,
        figures.text(proof.level),
        proof.required_level,
        {None: "not proven", True: "yes", False: "no"}[proof.equal],
        figures.count(proof.different_keys),
        figures.count(proof.missing_keys),
        figures.count(proof.extra_keys),
        figures.seconds(proof.prove_seconds),
        figures.size(proof.prove_net_peak_bytes),
        ", ".join(proof.equivalences) or "none",
    )


def drift_table(summary: ReplaySummary, redact: Redactor) -> Table:
    """Every drift, lossy ones first, then the most frequent.

    Candidates with the same drift share a row, because they usually differ in the same way.
    """
    names_of: dict[Drift, list[str]] = {}
    for name, proof in summary.proof.candidates.items():
        for drift in proof.drift:
            names_of.setdefault(drift, []).append(name)
    found = sorted(
        names_of.items(), key=lambda item: (not item[0].lossy, -item[0].count, item[0].column)
    )
    table = Table.of(
        [
            Column("candidate", literal=True),
            Column("column", literal=True),
            Column("type before", literal=True),
            Column("type after", literal=True),
            Column("cells", numeric=True),
            Column("lossy"),
            Column("example", literal=True),
            Column("equivalence"),
        ],
        (_drift_row(", ".join(names), drift, redact) for drift, names in found),
    )
    return _for_candidates(summary, table)


def _for_candidates(summary: ReplaySummary, table: Table) -> Table:
    return table if len(summary.proof.candidates) > 1 else table.without("candidate")


def _drift_row(names: str, drift: Drift, redact: Redactor) -> tuple[str, ...]:
    sampled = "" if drift.source == "histogram" else f" ({drift.source})"
    return (
        names,
        drift.column,
        drift.from_type,
        drift.to_type,
        f"{drift.count:,}{sampled}",
        "LOSSY" if drift.lossy else "no",
        _value(drift.column, drift.example_from, redact)
        + " → "
        + _value(drift.column, drift.example_to, redact),
        figures.text(drift.equivalence),
    )


def difference_table(summary: ReplaySummary, redact: Redactor) -> Table:
    """The first differences of every candidate, in the order of the proof."""
    reference = summary.proof.reference
    table = Table.of(
        [
            Column("candidate", literal=True),
            Column("what"),
            Column("key", literal=True),
            Column("record", numeric=True),
            Column("column", literal=True),
            Column(f"in {reference}", literal=True),
            Column("in candidate", literal=True),
            Column("remark"),
        ],
        (
            _difference_row(name, example, redact)
            for name, proof in summary.proof.candidates.items()
            for example in proof.examples
        ),
    )
    return _for_candidates(summary, table)


def _difference_row(name: str, found: Difference, redact: Redactor) -> tuple[str, ...]:
    return (
        name,
        found.kind.replace("_cid", " key").replace("_", " "),
        figures.printable(_key(found, redact), figures.VALUE_LIMIT),
        figures.count(found.record_index),
        figures.text(found.column),
        _typed(found.column, found.reference, found.reference_type, redact),
        _typed(found.column, found.candidate, found.candidate_type, redact),
        redact.prose(found.remark or ""),
    )


def _key(found: Difference, redact: Redactor) -> str:
    if found.key_type in (None, "whole"):
        return redact.key(found.key) if found.key else ""
    return f"{redact.key(found.key)} ({found.key_type})"


def _typed(column: str | None, value: str | None, type_name: str | None, redact: Redactor) -> str:
    if value is None:
        return figures.text(type_name)
    shown = _value(column, value, redact)
    return f"{shown} ({type_name})" if type_name else shown


def _value(column: str | None, value: str, redact: Redactor) -> str:
    return figures.printable(redact.value(column, value) or "", figures.VALUE_LIMIT)


def endings(summary: ReplaySummary, redact: Redactor) -> list[Ending]:
    """How each candidate that did not finish ended, why, and how far it got."""
    return [
        Ending(
            name,
            redact.prose(_ending_sentence(name, path)),
            redact.traceback(path.stderr_tail or ""),
        )
        for name, path in worst_first(summary)
        if path.status is not RunStatus.OK
    ]


def _ending_sentence(name: str, path: CandidateMeasurement) -> str:
    how = ", ".join(
        f"{word} {number}"
        for word, number in (("signal", path.signal), ("exit code", path.exit_code))
        if number is not None
    )
    known = path.rows is not None or path.keys is not None
    far = f" after {figures.count(path.rows)} rows of {figures.count(path.keys)} keys"
    return (
        f"{name} {ending(path)}{f' ({how})' if how else ''}"
        f"{far if known else ''}: {path.reason or 'no reason was recorded'}"
    )


def remarks(summary: ReplaySummary, redact: Redactor) -> list[str]:
    """Remarks on the figures and the proof."""
    about_paths = [(n, r) for n, path in worst_first(summary) for r in path.remarks]
    about_paths += [(n, p.not_proved) for n, p in worst_first(summary) if p.not_proved]
    about_proofs = [(n, r) for n, proof in summary.proof.candidates.items() for r in proof.remarks]
    about_keys = [("keys", remark) for remark in summary.workload.remarks]
    labelled = about_keys + about_paths + about_proofs
    return [f"{name}: {redact.prose(remark)}" for name, remark in labelled]


def environment_table(summary: ReplaySummary, redact: Redactor) -> Table:
    """Versions and facts about the machine, one per row."""
    facts = [
        (field.name.replace("_", " "), redact.prose(str(getattr(summary.environment, field.name))))
        for field in fields(summary.environment)
    ]
    made = (
        ("started", summary.created),
        ("command", redact.prose(summary.command) if summary.command else None),
    )
    facts += [(name, fact) for name, fact in made if fact]
    return Table.of([Column("fact"), Column("value", literal=True)], facts)


def file_table(summary: ReplaySummary, redact: Redactor) -> Table:
    """The files of each candidate in the run's folder, and the digest of its output."""
    rows = (
        (
            name,
            *(
                figures.text(file and redact.prose(file))
                for file in (path.capture, path.timeline, path.digests)
            ),
            figures.printable(figures.text(path.digest), _DIGEST_DIGITS),
        )
        for name, path in worst_first(summary)
    )
    titles = ("candidate", "capture", "timeline", "digests", "digest of all records")
    return Table.of([Column(title, literal=True) for title in titles], rows)
