"""A matrix of benches: one row for each candidate on each host."""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.records import BenchRatios, CandidateResult, HostBench, MatrixRecord, RunStatus
from tracekit.reports import figures
from tracekit.reports.gfm import bullet, table_lines
from tracekit.reports.table import Column, Table
from tracekit.reports.text_report import TextPage

_NOTE = "ratios compare figures of the same host only"


def matrix_text(record: MatrixRecord, *, width: int | None = None, color: bool = False) -> str:
    """The matrix for a terminal.

    Args:
        record: The benches of the workers.
        width: Columns of the terminal; None for no limit.
        color: Whether to write ANSI colours.
    """
    page = TextPage(width, color=color)
    page.line(_title(record), style="bold")
    page.table(matrix_table(record))
    page.line(_NOTE, style="dim")
    page.items(list(_remarks(record)), "Remarks")
    return page.rendered()


def matrix_markdown(record: MatrixRecord) -> str:
    """The matrix as GitHub-flavoured Markdown."""
    blocks = [
        f"**{_title(record)}**",
        table_lines(matrix_table(record)),
        _NOTE,
        bullet(_remarks(record)),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def matrix_table(record: MatrixRecord) -> Table:
    """One row for each number of keys, host and candidate."""
    columns = [
        Column("keys", numeric=True),
        Column("host", literal=True),
        Column("Python"),
        Column("candidate", literal=True),
        Column("net OS peak", numeric=True),
        Column("/ legacy", numeric=True),
        Column("/ iterator", numeric=True),
        Column("CPU", numeric=True),
        Column("CPU / iterator", numeric=True),
        Column("exact"),
    ]
    return Table.of(columns, [row for one in record.benches for row in _rows(one)])


def _rows(one: HostBench) -> Iterator[tuple[str, ...]]:
    place = (
        figures.count(one.keys),
        one.host or figures.NOT_MEASURED,
        one.python or figures.NOT_MEASURED,
    )
    if one.bench is None:
        yield (*place, "not measured", *[figures.NOT_MEASURED] * 6)
        return
    for name, found in one.bench.candidates.items():
        if found.status is not None:
            yield (*place, name, *_figures(found, one.bench.ratios.get(name, BenchRatios())))


def _figures(found: CandidateResult, ratios: BenchRatios) -> tuple[str, ...]:
    return (
        figures.size(found.rss_net_peak_bytes),
        figures.ratio(ratios.net_peak_to_legacy),
        figures.ratio(ratios.net_peak_to_iterator),
        figures.seconds(found.cpu_seconds),
        figures.ratio(ratios.cpu_to_iterator),
        {True: "yes", False: "no", None: figures.NOT_MEASURED}[found.exact],
    )


def _title(record: MatrixRecord) -> str:
    hosts = len({one.host for one in record.benches if one.host})
    count = len(record.benches)
    return (
        f"{record.workload} · {count} bench{'es' if count != 1 else ''} on {hosts} "
        f"host{'s' if hosts != 1 else ''} of queue {record.queue}"
    )


def _remarks(record: MatrixRecord) -> Iterator[str]:
    for one in record.benches:
        where = f"{figures.count(one.keys)} keys on {one.host or 'no host'}"
        if one.bench is None:
            yield f"{where}: {one.error}"
            continue
        for name, found in one.bench.candidates.items():
            if found.status is not RunStatus.OK:
                yield f"{where}: {name}: {found.reason}"
