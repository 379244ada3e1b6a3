"""The report of a notebook or a script as one self-contained HTML file."""

from __future__ import annotations

from tracekit.records import ProgramReport
from tracekit.reports import program_sections as sections
from tracekit.reports.page_template import page_template
from tracekit.reports.program_plot import program_plot
from tracekit.reports.program_report import peak_sentence
from tracekit.reports.redaction import Redactor
from tracekit.reports.retention_section import drawn_retention

_WIDE = (960, 420)
_NARROW = (356, 300)


def program_html(report: ProgramReport, *, confidential: bool = True) -> str:
    """The report as one page for phones and desktops; light or dark as the reader's system.

    Args:
        report: The report.
        confidential: Whether to leave out code and machine paths.
    """
    redact = Redactor(confidential=confidential)
    drawn = {
        name: program_plot(report, width=width, height=height)
        for name, (width, height) in (("wide", _WIDE), ("narrow", _NARROW))
    }
    return page_template("program.html.j2").render(
        report=report,
        has_flames=False,
        outcome=sections.outcome(report),
        headline=sections.headline(report, redact),
        name=sections.program_name(report, redact),
        endings=list(sections.endings(report, redact)),
        facts=sections.facts_line(report),
        plots={name: plot for name, plot in drawn.items() if plot is not None},
        peak_sentence=peak_sentence(report),
        cells=sections.cell_table(report, redact),
        cells_title="Cells" if report.notebook is not None else "Memory",
        note=sections.note(report),
        heap=sections.heap_tables(report, redact),
        retained=drawn_retention("", report.retention, redact) if report.retention else None,
        remarks=sections.remarks(report, redact),
    )
