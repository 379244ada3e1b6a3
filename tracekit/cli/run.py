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
from tracekit.cli.redirect_options import RedirectTo, read_redirect, redirect_options
from tracekit.cli.script_line import ScriptLine
from tracekit.cli.size_type import SizeType
from tracekit.cli.steps import Steps
from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.experiment.run_folder import RunFolder, run_name, write_program
from tracekit.programs.script import run_script
from tracekit.records import ProgramReport, ProgramStatus, to_json

_STDERR = 2


@click.command("run", context_settings={"allow_interspersed_args": False})
@redirect_options
@click.option(
    "--memory-limit",
    type=SizeType(),
    help="Private memory each process of the program may use, e.g. 1GiB.",
)
@click.option(
    "--on-limit",
    type=click.Choice(["error", "kill"]),
    default="error",
    show_default=True,
    help="At the limit, refuse memory (MemoryError), or kill the program with SIGKILL as a "
    "container would; then its child processes count, too.",
)
@click.option(
    "--expect-out-of-memory",
    is_flag=True,
    help="Exit with 0 if it runs out of memory, and with 1 if not.",
)
@click.option(
    "--retention",
    is_flag=True,
    help="Find what keeps the memory alive, near the limit or else the peak, even if the program "
    "is then killed. Takes extra memory and a processor of its own.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder for the run [default: a new one under profiles/runs].",
)
@click.option("-f", "--force", is_flag=True, help="Replace an older run in --output.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print program.json on stdout; the program's own output goes to stderr.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
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
    if memory_limit is None and (expect_out_of_memory or on_limit == "kill"):
        option = "--expect-out-of-memory" if expect_out_of_memory else "--on-limit kill"
        raise ConfigError(f"{option} needs a --memory-limit")
    to = read_redirect(**target)
    folder = RunFolder.new(output or _new_folder(program), force=force)
    try:
        report = _run(
            program,
            to,
            memory_limit,
            kill_at_limit=on_limit == "kill",
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
