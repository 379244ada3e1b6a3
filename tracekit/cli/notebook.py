"""`tracekit notebook`: run a dead notebook as it is."""

from __future__ import annotations

import sys
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
from tracekit.cli.steps import Steps
from tracekit.cli.terminal import on_terminal, terminal_width
from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.experiment.regression import judge_measurements, parse_rule
from tracekit.experiment.run_folder import RunFolder, read_program, run_name, write_program
from tracekit.programs.notebook import (
    NotebookProgress,
    NotebookRun,
    OnLimit,
    read_notebook,
    run_notebook,
)
from tracekit.programs.notebook_copy import executed_copy
from tracekit.records import (
    CandidateMeasurement,
    ProgramComparison,
    ProgramReport,
    ProgramStatus,
    RunStatus,
    to_json,
)
from tracekit.sizes import format_size

_REPORTS = (".json",)


@click.command("notebook")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.ipynb")
@limit_options("kernel", "Resident memory the kernel may use")
@redirect_options
@click.option(
    "--profile", is_flag=True, help="Run under memray, too, for heap peak and call stacks by cell."
)
@click.option(
    "--compare",
    "before",
    type=click.Path(path_type=Path),
    metavar="BEFORE.ipynb",
    help="Compare with this notebook, which is run first, or with the folder or program.json of "
    "an earlier run.",
)
@click.option(
    "--fail-on",
    "rules",
    multiple=True,
    metavar="RULE",
    help="With --compare: exit with 1 if a metric of the whole notebook grew by more than RULE "
    "allows, e.g. net_peak:10%+8MiB for 10% and 8 MiB; repeatable.",
)
@run_folder_options
@click.option("--json", "as_json", is_flag=True, help="Print program.json instead of tables.")
@quiet_option
def command(
    file: Path,
    memory_limit: int | None,
    on_limit: str,
    expect_out_of_memory: bool,
    profile: bool,
    retention: bool,
    before: Path | None,
    rules: tuple[str, ...],
    output: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    **target: Any,
) -> int:
    """Run a notebook as it is, and report how much memory each cell needs and keeps.

    The cells run in a fresh kernel of the current Python, in the notebook's folder, up to the
    first error, like "Run All". FILE is not changed. For each cell you get the OS peak, the memory
    it keeps, the time, the rows of its largest frame and the memory of processes it started. If
    the notebook died, you get the cell, the last line of its own code and the largest variables,
    even if the kernel was killed.

    With --workload, --database or --dsn all Oracle connections go there, whatever DSN, user and
    password the cells name. A connection that cannot be redirected is an error.

    The run's folder contains report.html, report.md, memory.png, program.json and executed-FILE,
    which shows the memory under every cell.

    \b
    Examples:
      tracekit notebook analysis.ipynb
      tracekit notebook analysis.ipynb --memory-limit 2GiB --workload payments
      tracekit notebook analysis.ipynb --memory-limit 2GiB --on-limit kill
      tracekit notebook after.ipynb --compare before.ipynb --fail-on net_peak:10%+8MiB

    Exit codes: 0 all cells ran · 1 a cell raised an error, a --fail-on rule was broken, or it did
    not run out of memory as expected · 2 could not run · 53 it ran out of memory, or was killed.
    """
    if rules and before is None:
        raise ConfigError(f"--fail-on {rules[0]} needs --compare, which is not given")
    at_limit = check_limit(memory_limit, on_limit, expect_out_of_memory=expect_out_of_memory)
    parsed = [parse_rule(rule) for rule in rules]
    run = _Run(read_redirect(**target), memory_limit, at_limit, profile, retention)
    read_notebook(file)
    compared = None if before is None else _Side.of(before)
    with Steps(quiet=quiet) as steps:
        old = (
            None if compared is None else compared.report or run.of(compared.notebook, None, steps)
        )
        folder = RunFolder.new(output or _new_folder(file), force=force)
        try:
            done = run.of(file, folder, steps)
        except BaseException:
            folder.discard()
            raise
    if old is None:
        _print(done, folder, as_json=as_json)
        return _exit_code(done, expect_out_of_memory=expect_out_of_memory)
    judgement = judge_measurements(_measured(old), _measured(done), parsed)
    comparison = ProgramComparison(old, done, tuple(rules), judgement.failures)
    _print(done, folder, as_json=as_json, comparison=comparison)
    code = _exit_code(done, expect_out_of_memory=expect_out_of_memory)
    return code if judgement.passed else code or ExitCode.CHECK_FAILED


class _Side:
    """The value of --compare: a notebook, or the report of an earlier run."""

    def __init__(self, notebook: Path, report: ProgramReport | None) -> None:
        self.notebook = notebook
        self.report = report

    @classmethod
    def of(cls, path: Path) -> _Side:
        if path.is_dir() or path.suffix in _REPORTS:
            return cls(path, read_program(path))
        read_notebook(path)
        return cls(path, None)


class _Run:
    """The options for running notebooks."""

    def __init__(
        self,
        target: RedirectTo,
        limit_bytes: int | None,
        on_limit: OnLimit,
        profile: bool,
        retention: bool,
    ) -> None:
        self._target = target
        self._limit_bytes = limit_bytes
        self._on_limit = on_limit
        self._profile = profile
        self._retention = retention

    def of(self, file: Path, folder: RunFolder | None, steps: Steps) -> ProgramReport:
        """Run `file`; its files go into `folder`."""
        captures = folder.path if folder is not None and self._profile else None
        with self._target.started(steps.update) as redirect:
            if redirect is not None:
                redirect.check(sys.executable)
            done = run_notebook(
                file,
                memory_limit_bytes=self._limit_bytes,
                on_limit=self._on_limit,
                captures=captures,
                retention=self._retention and folder is not None,
                environment=None if redirect is None else redirect.environment(),
                on_progress=lambda progress: self._tell(file, progress, steps),
            )
            report = done.report
            if redirect is not None:
                refused = tuple(f"refused: {what}" for what in redirect.refused())
                report = replace(
                    report,
                    redirected=redirect.redirected(),
                    remarks=(*report.remarks, *refused),
                )
        steps.update(file.name, 1.0)
        if folder is not None:
            write_program(report, folder, executed=_executed(file, done, report))
        return report

    def _tell(self, file: Path, progress: NotebookProgress, steps: Steps) -> None:
        memory = format_size(progress.rss_bytes)
        if self._limit_bytes is not None:
            memory += f" of {format_size(self._limit_bytes)}"
        detail = f"{progress.running} · {memory}" if progress.running else memory
        steps.update(file.name, progress.done / max(1, progress.cells), detail)


def _executed(file: Path, done: NotebookRun, report: ProgramReport) -> tuple[str, str]:
    return file.name, executed_copy(done.executed, report)


def _new_folder(file: Path) -> Path:
    name = run_name(file.stem, "notebook", datetime.now())
    return Settings.from_env().runs_dir / name


def _print(
    report: ProgramReport,
    folder: RunFolder,
    *,
    as_json: bool,
    comparison: ProgramComparison | None = None,
) -> None:
    if as_json:
        click.echo(to_json(comparison or report), nl=False)
        return
    width, color = terminal_width(), on_terminal()
    text = reports.program_text(report, width=width, color=color, folder=str(folder.path))
    click.echo(text, nl=False)
    if comparison is not None:
        click.echo()
        click.echo(reports.program_compare_text(comparison, width=width, color=color), nl=False)


def _measured(report: ProgramReport) -> dict[str, CandidateMeasurement]:
    """The notebook in the form that rules judge."""
    status = RunStatus.FAILED
    if report.status is ProgramStatus.OK:
        status = RunStatus.OK
    elif report.lacked_memory:
        status = RunStatus.OUT_OF_MEMORY
    died = report.died_in
    measured = CandidateMeasurement(
        status=status,
        wall_seconds=report.wall_seconds,
        rss_net_peak_bytes=report.rss_net_peak_bytes,
        heap_peak_bytes=report.heap_peak_bytes,
        reason=None if died is None else f"{died.label}: {died.reason}",
    )
    return {"the notebook": measured}


def _exit_code(report: ProgramReport, *, expect_out_of_memory: bool) -> ExitCode:
    if report.lacked_memory:
        return ExitCode.OK if expect_out_of_memory else ExitCode.OUT_OF_MEMORY
    if report.status is not ProgramStatus.OK or expect_out_of_memory:
        return ExitCode.CHECK_FAILED
    return ExitCode.OK
