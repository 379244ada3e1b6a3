"""`tracekit doctor`: check whether this machine can measure."""

from __future__ import annotations

import sys

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tracekit.cli.exit_code import ExitCode
from tracekit.cli.record_options import quiet_option
from tracekit.cli.steps import Steps
from tracekit.config import Settings
from tracekit.profiling.machine import look_at_calibration, look_at_machine
from tracekit.records import CheckStatus, MachineCheck, MachineReport, to_json

_STYLES = {CheckStatus.OK: "green", CheckStatus.WARN: "yellow", CheckStatus.FAIL: "bold red"}
_PIPE_WIDTH = 200


@click.command("doctor")
@click.option("--no-calibration", is_flag=True, help="Skip the self-test, which takes seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@quiet_option
def command(no_calibration: bool, as_json: bool, quiet: bool) -> int:
    """Check whether this machine can measure, and say what to do if it cannot.

    The self-test allocates known amounts of memory in several ways, each in fresh processes, and
    checks that the OS peak and memray's peak both report them within 2% or 1 MiB.

    Exit codes: 0 able to measure (with or without warnings) · 2 a check failed.
    """
    settings = Settings.from_env()
    checks = list(look_at_machine([settings.cache_dir, settings.runs_dir]))
    if not no_calibration:
        with Steps(quiet=quiet) as steps:
            steps.update("calibrate", 0.0)
            checks += look_at_calibration()
            steps.update("calibrate", 1.0)
    passed = all(check.status is not CheckStatus.FAIL for check in checks)
    if as_json:
        click.echo(to_json(MachineReport(tuple(checks), passed)), nl=False)
    else:
        _print(checks)
    return ExitCode.OK if passed else ExitCode.COULD_NOT_RUN


def _print(checks: list[MachineCheck]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("check", "status", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        status = Text(check.status, style=_STYLES[check.status])
        table.add_row(Text(check.name), status, Text(check.found), Text(check.remedy or ""))
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(width=width, highlight=False, markup=False).print(table)
