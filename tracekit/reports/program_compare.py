"""Two runs of programs side by side."""

from __future__ import annotations

from collections.abc import Callable

from tracekit.records import ProgramComparison, ProgramReport
from tracekit.reports import figures
from tracekit.reports import program_sections as sections
from tracekit.reports.gfm import bullet, prose, table_lines
from tracekit.reports.redaction import Redactor
from tracekit.reports.table import Column, Table
from tracekit.reports.text_report import TextPage

_METRICS: tuple[tuple[str, Callable[[ProgramReport], float | None], Callable[..., str]], ...] = (
    ("net peak", lambda report: report.rss_net_peak_bytes, figures.size),
    ("heap peak", lambda report: report.heap_peak_bytes, figures.size),
    ("wall", lambda report: report.wall_seconds, figures.seconds),
)


def program_compare_text(
    comparison: ProgramComparison, *, width: int | None = None, color: bool = False
) -> str:
    """Whether it grew, for a terminal."""
    page = TextPage(width, color=color)
    redact = Redactor(confidential=False)
    passed = not comparison.failures
    page.line(_verdict(comparison), style="bold green" if passed else "bold red")
    for failure in comparison.failures:
        page.item(failure, style="red")
    page.table(_table(comparison, redact))
    return page.rendered()


def program_compare_markdown(comparison: ProgramComparison, *, confidential: bool = True) -> str:
    """The same as Markdown."""
    redact = Redactor(confidential=confidential)
    blocks = [
        f"**{prose(_verdict(comparison))}**",
        bullet(redact.prose(failure) for failure in comparison.failures),
        table_lines(_table(comparison, redact)),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _verdict(comparison: ProgramComparison) -> str:
    if comparison.failures:
        return "GROWN: more than allowed"
    before, after = comparison.before.rss_net_peak_bytes, comparison.after.rss_net_peak_bytes
    said = f"net peak {figures.size(before)} before, {figures.size(after)} after"
    return f"PASSED: {said}" if comparison.rules else said


def _table(comparison: ProgramComparison, redact: Redactor) -> Table:
    before, after = comparison.before, comparison.after
    names = [sections.program_name(report, redact) for report in (before, after)]
    titles = ["before", "after"] if names[0] == names[1] else names
    columns = [
        Column("figure"),
        *(Column(title, numeric=True) for title in titles),
        Column("change", numeric=True),
    ]
    rows = [("status", sections.outcome(before).lower(), sections.outcome(after).lower(), "")]
    for title, read, shown in _METRICS:
        one, other = read(before), read(after)
        if one is None and other is None:
            continue
        change = None if not one or other is None else (other - one) / one
        rows.append((title, shown(one), shown(other), figures.percent(change)))
    return Table.of(columns, rows)
