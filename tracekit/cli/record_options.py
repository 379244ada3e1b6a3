"""What commands that make one record have in common: its two forms on stdout, and quiet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import click

from tracekit.cli.terminal import on_terminal, terminal_width
from tracekit.records import to_json

F = TypeVar("F", bound=Callable[..., Any])
RecordT = TypeVar("RecordT", contravariant=True)


class AsText(Protocol[RecordT]):
    """Draws a record as tables."""

    def __call__(self, record: RecordT, /, *, width: int | None, color: bool) -> str:
        """The tables, `width` columns wide (None is as wide as it takes)."""


def record_options(function: F) -> F:
    """Give a command --json and --quiet, as `as_json` and `quiet`."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="No progress on stderr."),
        click.option("--json", "as_json", is_flag=True, help="Print the record, not the tables."),
    ):
        function = option(function)
    return function


def echo_record(record: RecordT, as_text: AsText[RecordT], *, as_json: bool) -> None:
    """Print `record` on stdout as JSON, or as tables that fit the terminal if there is one."""
    if as_json:
        click.echo(to_json(record), nl=False)
        return
    terminal = on_terminal()
    width = terminal_width()
    click.echo(as_text(record, width=width, color=terminal), nl=False)
