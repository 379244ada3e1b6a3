"""Options of commands that print a record: its form on stdout, and --quiet."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

import click
from click.core import ParameterSource

from tracekit.cli.terminal import on_terminal, terminal_width
from tracekit.records import to_json

F = TypeVar("F", bound=Callable[..., Any])
RecordT = TypeVar("RecordT", contravariant=True)


class AsText(Protocol[RecordT]):
    """Formats a record as tables."""

    def __call__(self, record: RecordT, /, *, width: int | None, color: bool) -> str:
        """The tables, `width` columns wide (None: as wide as needed)."""


quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")


def record_options(function: F) -> F:
    """Give a command --json and --quiet, as `as_json` and `quiet`."""
    json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
    return json(quiet_option(function))


def format_option(*formats: str) -> Callable[[F], F]:
    """Give a command --format, and --json as its short form, as `format_`."""

    def decorate(function: F) -> F:
        @click.option(
            "--format",
            "format_",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            help="Output format.",
        )
        @click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
        @wraps(function)
        def command(*given: Any, format_: str, as_json: bool, **more: Any) -> Any:
            source = click.get_current_context().get_parameter_source("format_")
            if as_json and source is ParameterSource.COMMANDLINE and format_ != "json":
                raise click.UsageError(f"--json and --format {format_} cannot be used together")
            return function(*given, format_="json" if as_json else format_, **more)

        return cast(F, command)

    return decorate


def echo_record(record: RecordT, as_text: AsText[RecordT], *, as_json: bool) -> None:
    """Print `record` on stdout as JSON, or as tables that fit the terminal if there is one."""
    if as_json:
        click.echo(to_json(record), nl=False)
        return
    terminal = on_terminal()
    width = terminal_width()
    click.echo(as_text(record, width=width, color=terminal), nl=False)
