"""Plain tables on stdout."""

from __future__ import annotations

import io
from collections.abc import Sequence

import click
from rich import box
from rich.console import Console
from rich.table import Table

from tracekit.cli.terminal import terminal_width

_PIPE_WIDTH = 200


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print `rows` of text under `headings`; figures (all digits) are set right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, heading in enumerate(headings):
        figures = bool(rows) and all(row[index][:1].isdigit() for row in rows)
        table.add_column(heading, justify="right" if figures else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = terminal_width() or _PIPE_WIDTH
    # Rendered into a string first: rich itself exits with 1 if stdout is closed.
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    with console.capture() as drawn:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in drawn.get().splitlines()))
