"""The parts of the report of a notebook or a script, before a format draws them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from tracekit.records import CellReport, HeapStack, ProgramReport, ProgramStatus, Retention
from tracekit.reports import figures
from tracekit.reports.redaction import Redactor
from tracekit.reports.table import Column, Table

_NOTE = (
    "Net peak: the OS peak while the cell ran, above what the process held at its start. Held: "
    "what the process keeps after the cell."
)
_SCRIPT_NOTE = (
    "Net peak: the OS peak of the program's own process, above what its Python held before the "
    "program started."
)
HEAP_NOTE = "memray was active, which slows down code that allocates a lot."
CHILDREN_NOTE = (
    "Children: the highest total memory of the processes that the cell started, with shared memory "
    "counted once."
)
REDIRECT_NOTE = (
    "A redirected connection logs on as the target's user, which is then connection.username and "
    "USER."
)
_NAMED_VARIABLES = 3


def retention_title(found: Retention) -> str:
    """The heading of what keeps the memory alive."""
    return f"What kept the memory alive, at {found.taken_at}"


_WORDS = {
    ProgramStatus.OK: "OK",
    ProgramStatus.OUT_OF_MEMORY: "OUT OF MEMORY",
    ProgramStatus.KILLED: "KILLED",
    ProgramStatus.FAILED: "FAILED",
    ProgramStatus.NOT_RUN: "NOT RUN",
}


def note(report: ProgramReport) -> str:
    """What the figures in the table mean."""
    return _NOTE if report.notebook is not None else _SCRIPT_NOTE


def outcome(report: ProgramReport) -> str:
    """The verdict in capitals."""
    return _WORDS[report.status]


def program_name(report: ProgramReport, redact: Redactor) -> str:
    """The notebook's file or the script's command line."""
    if report.notebook is not None:
        return PurePath(report.notebook).name if redact.confidential else report.notebook
    return redact.prose(report.command or "")


def headline(report: ProgramReport, redact: Redactor) -> str:
    """How it ended, or where its highest point was, in one sentence."""
    name = program_name(report, redact)
    died = report.died_in
    if died is not None or report.status is not ProgramStatus.OK:
        verb = {
            ProgramStatus.OUT_OF_MEMORY: "ran out of memory",
            ProgramStatus.KILLED: "was killed",
        }.get(report.status if died is None else died.status, "failed")
        cell = "" if report.notebook is None or died is None else f": {died.label}"
        return f"{name}{cell} {verb}"
    if report.rss_net_peak_bytes is None:
        return f"{name} succeeded"
    peak = figures.size(report.rss_net_peak_bytes)
    highest = max(report.cells, key=lambda cell: cell.rss_net_peak_bytes or 0, default=None)
    if highest is None or report.notebook is None:
        return f"{name} needed {peak} above its baseline"
    return (
        f"{name} needed {peak} above its baseline; {highest.label} needed most: "
        f"{figures.size(highest.rss_net_peak_bytes)}"
    )


def facts_line(report: ProgramReport) -> str:
    """Number of cells, time, peak and limit, in one line."""
    ran = sum(cell.status is not ProgramStatus.NOT_RUN for cell in report.cells)
    parts = []
    if report.notebook is not None:
        parts.append(f"{ran} of {len(report.cells)} code cells run")
    parts.append(figures.seconds(report.wall_seconds))
    if report.exit_code:
        parts.append(f"exit code {report.exit_code}")
    if report.rss_baseline_bytes is not None:
        parts.append(f"baseline {figures.size(report.rss_baseline_bytes)}")
    parts.append(f"net peak {figures.size(report.rss_net_peak_bytes)}")
    if report.memory_limit_bytes is not None:
        parts.append(f"memory limit {figures.size(report.memory_limit_bytes)}")
    return " · ".join(parts)


def cell_line(cell: CellReport) -> str:
    """One cell's memory in one line."""
    if cell.status is ProgramStatus.NOT_RUN:
        return "memory: not run"
    parts = [f"{figures.size(cell.rss_net_peak_bytes)} at peak"]
    if cell.rss_held_bytes is not None:
        parts.append(f"{figures.size(cell.rss_held_bytes)} held")
    if cell.children_peak_bytes is not None:
        parts.append(f"{figures.size(cell.children_peak_bytes)} in child processes")
    if cell.heap_peak_bytes is not None:
        parts.append(f"{figures.size(cell.heap_peak_bytes)} heap peak")
    parts.append(figures.seconds(cell.wall_seconds))
    if cell.rows is not None:
        parts.append(f"{cell.rows:,} rows")
    line = "memory: " + ", ".join(parts)
    if cell.status is not ProgramStatus.OK:
        line += f"; {cell.status.replace('_', ' ')}"
    return line


def cell_table(report: ProgramReport, redact: Redactor) -> Table:
    """The cells in order, without columns that are empty in all of them."""
    columns = [
        Column("cell"),
        Column("status"),
        Column("net peak", numeric=True),
        Column("held", numeric=True),
        Column("children", numeric=True),
        Column("heap peak", numeric=True),
        Column("time", numeric=True),
        Column("rows", numeric=True),
        Column("largest variable"),
    ]
    rows = [
        (
            cell.label,
            cell.status.replace("_", " "),
            figures.size(cell.rss_net_peak_bytes),
            figures.size(cell.rss_held_bytes),
            figures.size(cell.children_peak_bytes),
            figures.size(cell.heap_peak_bytes),
            figures.seconds(cell.wall_seconds),
            figures.count(cell.rows),
            _largest(cell, redact),
        )
        for cell in report.cells
    ]
    table = Table.of(columns, rows)
    for title in ("children", "heap peak", "rows", "largest variable"):
        position = [column.title for column in table.columns].index(title)
        if all(row[position] == figures.NOT_MEASURED for row in table.rows):
            table = table.without(title)
    if report.notebook is None:
        table = table.without("cell").without("held")
    return table


def endings(report: ProgramReport, redact: Redactor) -> Iterator[str]:
    """How and where each failed cell ended, and what was large then."""
    bad = (ProgramStatus.OK, ProgramStatus.NOT_RUN)
    for cell in report.cells:
        if cell.status in bad:
            continue
        yield f"{_prefix(report, cell)}{redact.prose(cell.reason or str(cell.status))}"
        if cell.line is not None:
            code = f": {cell.code}" if cell.code and not redact.confidential else ""
            whose = "the notebook's" if report.notebook is not None else "the program's"
            yield f"last line of {whose} own code: {redact.prose(cell.line)}{code}"
        if cell.largest_variables:
            yield _variables_line(cell)


def remarks(report: ProgramReport, redact: Redactor) -> list[str]:
    """Remarks on the run and on single cells."""
    said = [*report.remarks]
    for cell in report.cells:
        said += [f"{_prefix(report, cell)}{remark}" for remark in cell.remarks]
    if any(cell.profiled for cell in report.cells):
        said.append(HEAP_NOTE)
    if any(cell.children_peak_bytes is not None for cell in report.cells):
        said.append(CHILDREN_NOTE)
    said += [
        f"redirected: {one.connections:,} × {one.dsn or 'a connection without a database'}"
        for one in report.redirected
    ]
    if report.redirected:
        said.append(REDIRECT_NOTE)
    return [redact.prose(line) for line in said]


def heap_stacks(report: ProgramReport) -> list[tuple[str, tuple[HeapStack, ...]]]:
    """The largest call stacks at the heap peak of each profiled cell, with a title."""
    return [
        (f"{_prefix(report, cell)}heap peak {figures.size(cell.heap_peak_bytes)}", cell.heap_stacks)
        for cell in report.cells
        if cell.heap_stacks
    ]


def heap_tables(report: ProgramReport, redact: Redactor) -> list[tuple[str, Table]]:
    """The same as tables."""
    return [(title, _heap_table(stacks, redact)) for title, stacks in heap_stacks(report)]


def _heap_table(stacks: tuple[HeapStack, ...], redact: Redactor) -> Table:
    columns = (
        Column("size", numeric=True),
        Column("allocations", numeric=True),
        Column("allocated at, called from", literal=True),
    )
    rows = [
        (
            figures.size(stack.size_bytes),
            figures.count(stack.allocations),
            " ← ".join(map(redact.location, stack.calls)),
        )
        for stack in stacks
    ]
    return Table.of(columns, rows)


def _prefix(report: ProgramReport, cell: CellReport) -> str:
    return f"{cell.label}: " if report.notebook is not None else ""


def _largest(cell: CellReport, redact: Redactor) -> str:
    if not cell.largest_variables:
        return figures.NOT_MEASURED
    largest = cell.largest_variables[0]
    return f"{largest.name} {figures.size(largest.size_bytes)}"


def _variables_line(cell: CellReport) -> str:
    named = [
        f"{one.name} ({one.kind}, {figures.size(one.size_bytes)})"
        for one in cell.largest_variables[:_NAMED_VARIABLES]
    ]
    when = "then"
    if cell.variables_seconds is not None and cell.wall_seconds is not None:
        began = cell.began_seconds or 0.0
        before = began + cell.wall_seconds - cell.variables_seconds
        when = f"{figures.seconds(max(0.0, before))} before, when the kernel last answered"
    return f"largest variables {when}: {figures.listing(named)}"
