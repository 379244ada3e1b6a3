"""The report of a notebook or a script for a terminal, and as Markdown."""

from __future__ import annotations

from tracekit.records import ProgramReport, ProgramStatus
from tracekit.reports import figures
from tracekit.reports import program_sections as sections
from tracekit.reports.gfm import bullet, details, fenced, marker, prose, section, table_lines
from tracekit.reports.redaction import Redactor
from tracekit.reports.text_report import TextPage


def program_text(
    report: ProgramReport,
    *,
    width: int | None = None,
    color: bool = False,
    folder: str | None = None,
) -> str:
    """The verdict of a run, how it ended, then its cells.

    The text stays on the machine, so it shows code and paths in full.

    Args:
        report: The report.
        width: Columns of the terminal; None for no limit.
        color: Whether to write ANSI colours.
        folder: The folder of the run's files, named at the end.
    """
    page = TextPage(width, color=color)
    redact = Redactor(confidential=False)
    style = "bold green" if report.status is ProgramStatus.OK else "bold red"
    page.line(
        f"{sections.outcome(report)}: {sections.headline(report, redact)}.",
        style=style,
    )
    for line in sections.endings(report, redact):
        page.item(line, style="red")
    page.line("")
    page.line(sections.facts_line(report))
    page.table(sections.cell_table(report, redact))
    page.line(sections.note(report), style="dim")
    for title, stacks in sections.heap_stacks(report):
        page.line("")
        page.line(title, style="bold")
        for stack in stacks:
            held = f"{figures.size(stack.size_bytes)} in {figures.count(stack.allocations)}"
            page.line(f"  {held} allocation{'s' * (stack.allocations != 1)}")
            for call in stack.calls:
                page.line(f"      {redact.location(call)}")
    if report.retention is not None:
        page.line("")
        page.line(sections.retention_title(report.retention), style="bold")
        for line in report.retention.lines():
            page.line(figures.printable(line))
    page.items(sections.remarks(report, redact), "Remarks")
    if folder is not None:
        page.line("")
        page.line(f"Files: {folder}")
    return page.rendered()


def program_markdown(
    report: ProgramReport, *, confidential: bool = True, plot: str | None = None
) -> str:
    """The report for a pull request, with the verdict and a hidden marker in the first line.

    Args:
        report: The report.
        confidential: Whether to leave out code and machine paths.
        plot: Path of the plot of memory over time, relative to the report; None for none.
    """
    redact = Redactor(confidential=confidential)
    name = sections.program_name(report, redact)
    kind = "notebook" if report.notebook is not None else "run"
    heap = [
        f"{prose(title)}\n\n{table_lines(table)}"
        for title, table in sections.heap_tables(report, redact)
    ]
    retained = ""
    if report.retention is not None:
        lines = [redact.prose(figures.printable(line)) for line in report.retention.lines()]
        title = prose(sections.retention_title(report.retention))
        retained = details(title, fenced("\n".join(lines)))
    blocks = [
        f"**{sections.outcome(report)}**: {prose(sections.headline(report, redact))}. "
        f"{marker(kind, name)}",
        bullet(sections.endings(report, redact)),
        "## Memory by cell" if report.notebook is not None else "## Memory",
        prose(sections.facts_line(report)),
        table_lines(sections.cell_table(report, redact)),
        prose(sections.note(report)),
        f"![Memory over time]({plot})" if plot else "",
        retained,
        *section("Remarks", bullet(sections.remarks(report, redact))),
        details("Call stacks at the heap peak", "\n\n".join(heap)) if heap else "",
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def peak_sentence(report: ProgramReport) -> str:
    """The plot in words."""
    base = report.rss_baseline_bytes or 0
    limit = ""
    if report.memory_limit_bytes is not None:
        limit = f"; the limit is {figures.size(report.memory_limit_bytes)}"
    return (
        f"Highest {figures.size((report.rss_net_peak_bytes or 0) + base)} resident, child "
        f"processes included, {figures.size(report.rss_net_peak_bytes)} above the baseline{limit}."
    )
