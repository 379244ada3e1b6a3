"""A replay's report for a terminal."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from tracekit.records import ReplaySummary
from tracekit.reports import figures, sections
from tracekit.reports.headline import headline, outcome
from tracekit.reports.redaction import Redactor
from tracekit.reports.table import Table

_UNLIMITED_WIDTH = 100_000
_INDENT = 2


def text(
    summary: ReplaySummary,
    *,
    width: int | None = None,
    color: bool = False,
    folder: str | None = None,
) -> str:
    """The report: the verdict, the candidates, the proof, drift, first differences, remarks.

    The text stays on the machine, so it shows keys and paths in full.

    Args:
        summary: The replay.
        width: Columns of the terminal; a table that does not fit is transposed. None for no
            limit.
        color: Whether to write ANSI colours.
        folder: The folder of the run's files, named at the end.

    Returns:
        Lines that end with a newline.
    """
    page = TextPage(width, color=color)
    redact = Redactor(confidential=False)
    _verdict(page, summary)
    page.line(sections.workload_line(summary, redact))
    page.table(sections.path_table(summary))
    page.line(sections.measured_note(summary), style="dim")
    for ending in sections.endings(summary, redact):
        page.item(ending.sentence, style="red")
        for tail in ending.stderr_tail.splitlines():
            page.line("    | " + figures.printable(tail), style="dim")
    page.table(sections.process_table(summary), sections.PROCESSES_TITLE)
    for name, found in sections.retentions(summary):
        page.line("")
        page.line(f"What holds the memory of {name}, at {found.taken_at}", style="bold")
        for line in found.lines():
            page.line(figures.printable(line))
    if summary.proof.candidates:
        page.table(sections.proof_table(summary), f"Proof against {summary.proof.reference}")
    page.table(sections.drift_table(summary, redact), "Drift")
    page.table(sections.difference_table(summary, redact), "First differences")
    page.items(sections.remarks(summary, redact), "Remarks")
    page.table(sections.environment_table(summary, redact), "Environment")
    page.table(sections.file_table(summary, redact), f"Files in {folder}" if folder else "Files")
    return page.rendered()


def _verdict(page: TextPage, summary: ReplaySummary) -> None:
    style = "bold green" if summary.verdict.passed else "bold red"
    page.line(f"{outcome(summary)}: {headline(summary)}.", style=style)
    for reason in summary.verdict.reasons:
        page.item(reason, style="red")
    page.line("")


class TextPage:
    """Lines and tables drawn with rich into a string."""

    def __init__(self, width: int | None, *, color: bool) -> None:
        self._width = width or _UNLIMITED_WIDTH
        self._console = Console(
            file=io.StringIO(),
            width=self._width,
            force_terminal=color,
            no_color=not color,
            color_system="standard" if color else None,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
            _environ={},
        )

    def line(self, line: str, *, style: str = "") -> None:
        """One paragraph, wrapped at the width."""
        self._console.print(Text(figures.printable(line), style=style))

    def item(self, line: str, *, style: str = "") -> None:
        """One item of a list."""
        self._console.print(
            Padding(Text("- " + figures.printable(line), style=style), (0, 0, 0, _INDENT))
        )

    def items(self, lines: list[str], title: str) -> None:
        """A list with a title; nothing if it is empty."""
        if lines:
            self._title(title)
        for line in lines:
            self.item(line)

    def table(self, table: Table, title: str = "") -> None:
        """A table; nothing if it has no rows.

        A table that is too wide for the page is transposed, in as few pieces as fit. If a single
        row does not fit, its cells are wrapped.
        """
        if not table.rows:
            return
        if title:
            self._title(title)
        for drawn in self._that_fit(table):
            self._console.print(drawn)

    def _that_fit(self, table: Table) -> list[RichTable]:
        whole = _drawn(table)
        if self._natural_width(whole) <= self._width:
            return [whole]
        for rows_each in range(len(table.rows), 0, -1):
            pieces = [_drawn(piece.transposed()) for piece in table.pieces(rows_each)]
            if all(self._natural_width(piece) <= self._width for piece in pieces):
                return pieces
        return [_drawn(piece.transposed(), wrap=True) for piece in table.pieces(1)]

    def _natural_width(self, drawn: RichTable) -> int:
        options = self._console.options.update(max_width=_UNLIMITED_WIDTH)
        return Measurement.get(self._console, options, drawn).maximum

    def rendered(self) -> str:
        """Everything that was written, without blanks at line ends."""
        output = self._console.file
        assert isinstance(output, io.StringIO)
        return "".join(line.rstrip() + "\n" for line in output.getvalue().splitlines())

    def _title(self, title: str) -> None:
        self._console.print(Text("\n" + figures.printable(title), style="bold"))


def _drawn(table: Table, *, wrap: bool = False) -> RichTable:
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for column in table.columns:
        drawn.add_column(
            Text(figures.printable(column.title)),
            justify="right" if column.numeric else "left",
            no_wrap=column.numeric and not wrap,
            overflow="fold",
        )
    for row in table.rows:
        drawn.add_row(*(_cell(cell) for cell in row))
    return drawn


def _cell(cell: str) -> Text:
    style = "red" if cell in {"failed", "out of memory", "killed", "LOSSY"} else ""
    return Text(figures.printable(cell), style=style)
