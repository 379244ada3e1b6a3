"""An estimate for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from tracekit.records import CandidateEstimate, EstimateRecord, EstimateSample, RunStatus
from tracekit.reports import figures
from tracekit.reports.table import Column, Table
from tracekit.reports.text_report import TextPage
from tracekit.sizes import format_size

_NOTE = (
    "net is above the baseline (imports and connection set-up); the process's peak is the sum of "
    "both, and is compared with the limit"
)


def estimate_text(record: EstimateRecord, *, width: int | None = None, color: bool = False) -> str:
    """The predicted peaks, then the samples and checks behind them.

    Args:
        record: The estimate.
        width: Columns of the terminal; None for no limit.
        color: Whether to write ANSI colours.
    """
    page = TextPage(width, color=color)
    work = record.workload
    limit = f" · limit {format_size(record.limit_bytes)}" if record.limit_bytes else ""
    page.line(
        f"{work.name} · {work.query} · {work.keys:,} keys · about {figures.count(work.rows)} "
        f"rows ({record.rows_per_key:.2f} per key){limit}",
        style="bold",
    )
    page.table(_estimates(record))
    page.line(_NOTE, style="dim")
    page.table(_samples(record), "Measured samples")
    page.table(_checks(record), "Predictions against real runs")
    page.items(
        [
            f"{name} could not be measured: {found.reason}"
            for name, found in record.candidates.items()
            if found.status is not RunStatus.OK
        ]
        + [
            f"{name}: samples of up to {_size(found.samples[-1])} are too small for a range "
            "within 10%. Use a larger --sample, if there are more keys"
            for name, found in record.candidates.items()
            if found.certain is False
        ],
        "Remarks",
    )
    return page.rendered()


def _estimates(record: EstimateRecord) -> Table:
    columns = [
        Column("candidate", literal=True),
        Column("net OS peak", numeric=True),
        Column("process's peak", numeric=True),
        Column("fixed", numeric=True),
        Column("per row", numeric=True),
        Column("within the limit"),
        Column("most keys within the limit", numeric=True),
        Column("host", literal=True),
    ]
    table = Table.of(columns, (_row(name, found) for name, found in record.candidates.items()))
    if not any(found.host for found in record.candidates.values()):
        table = table.without("host")
    if record.limit_bytes is None:
        return table.without("within the limit").without("most keys within the limit")
    return table


def _row(name: str, found: CandidateEstimate) -> tuple[str, ...]:
    each = found.bytes_per_row
    return (
        name,
        _net(found),
        _whole(found),
        figures.size(found.fixed_bytes),
        figures.NOT_MEASURED if each is None else f"{each:,.0f} B",
        {True: "yes", False: "NO", None: figures.NOT_MEASURED}[found.fits],
        figures.count(found.largest_keys),
        found.host or figures.NOT_MEASURED,
    )


def _net(found: CandidateEstimate) -> str:
    if found.certain is False:
        return f"{figures.size(found.low_bytes)} - {figures.size(found.high_bytes)}"
    return figures.size(found.rss_net_peak_bytes)


def _whole(found: CandidateEstimate) -> str:
    if found.certain is not False:
        return figures.size(found.rss_peak_bytes)
    assert found.high_bytes is not None and found.rss_baseline_bytes is not None
    return f"up to {figures.size(found.high_bytes + found.rss_baseline_bytes)}"


def _size(sample: EstimateSample) -> str:
    return f"{sample.rows:,} rows" if sample.rows else f"{sample.keys:,} keys"


def _samples(record: EstimateRecord) -> Table:
    columns = (
        Column("candidate", literal=True),
        Column("keys", numeric=True),
        Column("rows", numeric=True),
        Column("net OS peak", numeric=True),
    )
    return Table.of(columns, _sample_rows(record))


def _sample_rows(record: EstimateRecord) -> Iterable[tuple[str, ...]]:
    for name, found in record.candidates.items():
        for sample in found.samples:
            yield (
                name,
                figures.count(sample.keys),
                figures.count(sample.rows or None),
                figures.size(sample.rss_net_peak_bytes),
            )


def _checks(record: EstimateRecord) -> Table:
    columns = (
        Column("candidate", literal=True),
        Column("keys", numeric=True),
        Column("rows", numeric=True),
        Column("predicted", numeric=True),
        Column("measured", numeric=True),
        Column("error", numeric=True),
    )
    rows = [
        (
            name,
            figures.count(check.keys),
            figures.count(check.rows),
            figures.size(check.predicted_bytes),
            figures.size(check.rss_net_peak_bytes),
            figures.percent(check.error) if check.certain else "uncertain",
        )
        for name, found in record.candidates.items()
        for check in found.checks
    ]
    return Table.of(columns, rows)
