"""Record the shape of an unmodified program, which runs against a relay to the real database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from tracekit.cli.redirect_options import configured_host
from tracekit.cli.script_line import ScriptLine
from tracekit.cli.steps import Steps
from tracekit.errors import ConfigError
from tracekit.oracle import Database
from tracekit.programs.notebook import read_notebook, run_notebook
from tracekit.programs.redirect import Redirect
from tracekit.programs.script import run_script
from tracekit.records import ProgramReport, ProgramStatus, Shape
from tracekit.testbed.relay.relay import Relay

_PROGRAM = "tracekit.program"


class ProgramCommand(click.Command):
    """A command that takes a program and its arguments after `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Store what follows `--`; `program_of` returns it."""
        if "--" in args:
            at = args.index("--")
            ctx.meta[_PROGRAM] = tuple(args[at + 1 :])
            if not ctx.meta[_PROGRAM]:
                raise click.UsageError("no program was given. Write it after --", ctx)
            args = args[:at]
        return super().parse_args(ctx, args)


def program_of() -> tuple[str, ...]:
    """The program given to the running command after `--`; empty if there was none."""
    program: tuple[str, ...] = click.get_current_context().meta.get(_PROGRAM, ())
    return program


def program_shape(
    program: Sequence[str], database: Database, keys: Sequence[str], *, quiet: bool
) -> tuple[Shape, ProgramReport]:
    """Run a script or a notebook against a relay to `database`, and record the traffic's shape.

    Args:
        program: A command, or the path of a notebook.
        database: The real database.
        keys: Key columns of the queries; empty for the columns that have a list of binds.
        quiet: Show no progress and no remarks.

    Raises:
        ConfigError: it cannot be run, or it sent no statement.
        ConnectError: the database cannot be reached.
    """
    notebook = _notebook(program)
    with ExitStack() as running:
        relay = running.enter_context(Relay(database, keys=keys))
        redirect = running.enter_context(
            Redirect(
                dsn=relay.dsn,
                user=relay.user,
                password=relay.password,
                named_hosts=configured_host(),
            )
        )
        if notebook is not None:
            report = _run_notebook(notebook, redirect, quiet=quiet)
        else:
            with ScriptLine(None, quiet=quiet) as line:
                report = run_script(program, redirect=redirect, on_progress=line.tell)
        shape = relay.shape()
        remarks = [*(f"refused: {what}" for what in redirect.refused()), *relay.remarks]
    if not quiet:
        for remark in remarks:
            click.echo(f"tracekit: {remark}", err=True)
    if not shape.queries and not shape.statements:
        raise ConfigError(
            f"{' '.join(program)} ended without sending a statement to Oracle ({_ending(report)}), "
            "so there is no shape to write"
        )
    return shape, report


def ended_badly(report: ProgramReport) -> str | None:
    """A remark on a program that failed; None if it succeeded."""
    if report.status is ProgramStatus.OK:
        return None
    return f"the program failed ({_ending(report)}); its shape covers what it did until then"


def _ending(report: ProgramReport) -> str:
    code = f", exit code {report.exit_code}" if report.exit_code is not None else ""
    return f"{report.status.value.replace('_', ' ')}{code}"


def _notebook(program: Sequence[str]) -> Path | None:
    if Path(program[0]).suffix != ".ipynb":
        return None
    if len(program) > 1:
        raise ConfigError(f"a notebook takes no arguments: {' '.join(program[1:])}")
    path = Path(program[0])
    read_notebook(path)
    return path


def _run_notebook(path: Path, redirect: Redirect, *, quiet: bool) -> ProgramReport:
    with Steps(quiet=quiet) as steps:
        done = run_notebook(
            path,
            environment=redirect.environment(),
            on_progress=lambda now: steps.update(
                path.name, now.done / max(1, now.cells), now.running or ""
            ),
        )
        steps.update(path.name, 1.0)
    return done.report
