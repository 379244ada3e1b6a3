"""A bench's report: the figures of every candidate, and the targets."""

from __future__ import annotations

from collections.abc import Iterable

from tracekit.records import BenchBar, BenchRatios, BenchRecord, CandidateResult, RunStatus
from tracekit.reports import figures
from tracekit.reports.gfm import bullet, table_lines
from tracekit.reports.table import Column, Table
from tracekit.reports.text_report import TextPage

_NOTE = (
    "medians of {repeat} {runs}, each in a separate process; net is above the baseline taken just "
    "before the fetch; CPU is the client's, without the server's; all read the same queries of at "
    "most 1,000 keys with {workers} workers"
)
_STATUS = {RunStatus.FAILED: "failed", RunStatus.OUT_OF_MEMORY: "out of memory"}


def bench_text(record: BenchRecord, *, width: int | None = None, color: bool = False) -> str:
    """The bench for a terminal.

    Args:
        record: The bench.
        width: Columns of the terminal; None for no limit.
        color: Whether to write ANSI colours.
    """
    page = TextPage(width, color=color)
    page.line(_title(record), style="bold")
    page.table(figure_table(record))
    page.line(_note(record), style="dim")
    page.table(bar_table(record), "Targets")
    page.items(list(_remarks(record)), "Remarks")
    page.table(_environment(record), "Environment")
    return page.rendered()


def bench_markdown(record: BenchRecord) -> str:
    """The bench's tables as GitHub-flavoured Markdown, for a README or a note."""
    blocks = [
        f"**{_title(record)}**",
        table_lines(figure_table(record)),
        _note(record),
        table_lines(bar_table(record)),
        bullet(_remarks(record)),
        table_lines(_environment(record)),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def figure_table(record: BenchRecord) -> Table:
    """One row for each candidate."""
    numbers = (
        "net OS peak",
        "/ legacy",
        "/ iterator",
        "net heap peak",
        "CPU",
        "CPU / iterator",
        "wall",
        "rows",
    )
    columns = [Column("candidate", literal=True), Column("keeps")]
    columns += [Column(title, numeric=True) for title in numbers]
    columns.append(Column("exact"))
    rows = [
        _row(name, found, record.ratios.get(name, BenchRatios()))
        for name, found in record.candidates.items()
    ]
    table = Table.of(columns, rows)
    heaps = [found.heap_net_peak_bytes for found in record.candidates.values()]
    return table if any(heaps) else table.without("net heap peak")


def bar_table(record: BenchRecord) -> Table:
    """One row for each target."""
    columns = (
        Column("figure"),
        Column("target"),
        Column("measured", numeric=True),
        Column("met"),
        Column("remark"),
    )
    return Table.of(columns, map(_bar_row, record.bars))


def _title(record: BenchRecord) -> str:
    work = record.workload
    met = sum(bar.met is True for bar in record.bars)
    judged = sum(bar.met is not None for bar in record.bars)
    return (
        f"{work.name} · {work.query} · {work.keys:,} keys · {figures.count(work.rows)} rows · "
        f"{met} of {judged} measured targets met"
    )


def _note(record: BenchRecord) -> str:
    return _NOTE.format(
        repeat=record.repeat,
        runs="run" if record.repeat == 1 else "runs",
        workers=record.workers,
    )


def _row(name: str, found: CandidateResult, ratios: BenchRatios) -> tuple[str, ...]:
    ended_well = found.status is RunStatus.OK
    status = found.keeps if ended_well else _status(found)
    return (
        name,
        status,
        figures.size(found.rss_net_peak_bytes),
        figures.ratio(ratios.net_peak_to_legacy),
        figures.ratio(ratios.net_peak_to_iterator),
        figures.size(found.heap_net_peak_bytes),
        figures.seconds(found.cpu_seconds),
        figures.ratio(ratios.cpu_to_iterator),
        figures.seconds(found.wall_seconds),
        figures.count(found.rows),
        {True: "yes", False: "no", None: figures.NOT_MEASURED}[found.exact],
    )


def _status(found: CandidateResult) -> str:
    return "not run" if found.status is None else _STATUS[found.status]


def _bar_row(bar: BenchBar) -> tuple[str, ...]:
    return (
        bar.figure,
        bar.bar,
        figures.text(bar.measured),
        {True: "met", False: "NOT MET", None: "not measured"}[bar.met],
        bar.remark or "",
    )


def _remarks(record: BenchRecord) -> Iterable[str]:
    for name, found in record.candidates.items():
        if found.status is not RunStatus.OK:
            yield f"{name} {_status(found)}: {found.reason}"
    rows = {name: found.rows for name, found in record.candidates.items() if found.rows is not None}
    if len(set(rows.values())) > 1:
        listed = ", ".join(f"{name} {figures.count(count)}" for name, count in rows.items())
        yield f"the numbers of rows differ, so the figures cannot be compared: {listed}"
    for name, found in record.candidates.items():
        if found.deep_size_bytes is not None:
            yield (
                f"{name} returned {figures.size(found.deep_size_bytes)}, each object counted once"
            )
        peaks = [run.rss_net_peak_bytes for run in found.runs]
        if len(peaks) > 1 and max(peaks) > 1.1 * min(peaks):
            yield (
                f"{name}: net peaks from {figures.size(min(peaks))} to {figures.size(max(peaks))}"
            )


def _environment(record: BenchRecord) -> Table:
    env = record.environment
    facts = {
        "python": env.python,
        "oracledb": env.oracledb,
        "pandas": env.pandas,
        "pyarrow": env.pyarrow,
        **record.peers,
        "platform": env.platform,
        "cpu count": str(env.cpu_count),
        "arrow memory pool": env.arrow_memory_pool,
        "server": env.server,
        "started": figures.text(record.created),
        "command": figures.text(record.command),
    }
    return Table.of((Column("fact"), Column("value")), facts.items())
