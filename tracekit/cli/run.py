"""`tracekit run`: run a script that died as it is."""

from __future__ import annotations

import shutil
import signal
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from tracekit import reports
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.limit_options import check_limit, limit_options
from tracekit.cli.output_options import run_folder_options
from tracekit.cli.record_options import quiet_option
from tracekit.cli.redirect_options import RedirectTo, read_redirect, redirect_options
from tracekit.cli.script_line import ScriptLine
from tracekit.cli.steps import Steps
from tracekit.config import Settings
from tracekit.experiment.run_folder import RunFolder, run_name, write_program
from tracekit.programs.notebook import OnLimit
from tracekit.programs.script import run_script
from tracekit.records import ProgramReport, ProgramStatus, to_json

_STDERR = 2


@click.command("run", context_settings={"allow_interspersed_args": False})
@redirect_options
@limit_options("program", "Private memory each process of the program may use")
@run_folder_options
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print program.json on stdout; the program's own output goes to stderr.",
)
@quiet_option
@click.argument("program", metavar="-- COMMAND [ARGS]...", nargs=-1, type=click.UNPROCESSED)
def command(
    program: tuple[str, ...],
    memory_limit: int | None,
    on_limit: str,
    expect_out_of_memory: bool,
    retention: bool,
    output: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    **target: Any,
) -> int:
    """Run a script as it is, and report how much memory it needs and how it ended.

    COMMAND runs as it would without tracekit: in the current folder and environment, with this
    terminal, stdin, stdout and stderr. You get its OS peak and that of its children, the time, and
    where it died: the last line of its own code and the largest variables. The report is printed
    on stderr and written to the run's folder as report.html, report.md, memory.png and
    program.json.

    With --workload, --database or --dsn all python-oracledb connections go there, whatever DSN,
    user and password the code names; a connection that cannot be redirected is an error. Each of
    its Pythons must have tracekit installed. Without these options nothing is redirected.

    \b
    Examples:
      tracekit run -- python job.py --day 2026-02-25
      tracekit run --workload payments --memory-limit 1GiB -- python job.py
      tracekit run --database bank.duckdb --memory-limit 1GiB --on-limit kill -- ./nightly.sh
      tracekit run --json -- python job.py > program.json

    Exit codes: 0 it ended with 0 · 1 it ended with another exit code, which is in the report, or
    did not run out of memory as expected · 2 could not run · 53 it ran out of memory, or was
    killed.
    """
    if not program:
        raise click.UsageError("no command was given. Write it after --")
    at_limit = check_limit(memory_limit, on_limit, expect_out_of_memory=expect_out_of_memory)
    to = read_redirect(**target)
    folder = RunFolder.new(output or _new_folder(program), force=force)
    try:
        report = _run(
            program,
            to,
            memory_limit,
            kill_at_limit=at_limit is OnLimit.KILL,
            retention=retention,
            stdout=_STDERR if as_json else None,
            quiet=quiet,
        )
        write_program(report, folder)
    except BaseException:
        folder.discard()
        raise
    _print(report, folder, as_json=as_json)
    return _exit_code(report, expect_out_of_memory=expect_out_of_memory)


def _run(
    program: tuple[str, ...],
    to: RedirectTo,
    limit_bytes: int | None,
    *,
    kill_at_limit: bool,
    retention: bool,
    stdout: int | None,
    quiet: bool,
) -> ProgramReport:
    with ExitStack() as running:
        with Steps(quiet=quiet) as steps:  # ends before the program gets the terminal
            redirect = running.enter_context(to.started(steps.update))
        with ScriptLine(limit_bytes, quiet=quiet) as line:
            report = run_script(
                program,
                redirect=redirect,
                memory_limit_bytes=limit_bytes,
                kill_at_limit=kill_at_limit,
                retention=retention,
                stdout=stdout,
                on_progress=line.tell,
            )
        if redirect is not None:
            refused = tuple(f"refused: {what}" for what in redirect.refused())
            report = replace(report, remarks=(*report.remarks, *refused))
    return report


def _new_folder(program: tuple[str, ...]) -> Path:
    """Named after the script: `20261123T101502-job-run` for `python -u job.py --day 1`."""
    named = next((Path(word) for word in program[1:] if word.endswith(".py")), Path(program[0]))
    return Settings.from_env().runs_dir / run_name(named.stem, "run", datetime.now())


def _print(report: ProgramReport, folder: RunFolder, *, as_json: bool) -> None:
    if as_json:
        click.echo(to_json(report), nl=False)
        return
    terminal = sys.stderr.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    text = reports.program_text(report, width=width, color=terminal, folder=str(folder.path))
    click.echo(text, nl=False, err=True)


def _exit_code(report: ProgramReport, *, expect_out_of_memory: bool) -> ExitCode:
    if report.exit_code == -signal.SIGINT:  # Ctrl-C at the terminal is the program's
        return ExitCode.INTERRUPTED
    if report.lacked_memory:
        return ExitCode.OK if expect_out_of_memory else ExitCode.OUT_OF_MEMORY
    if report.status is not ProgramStatus.OK or expect_out_of_memory:
        return ExitCode.CHECK_FAILED
    return ExitCode.OK
