"""`tracekit replay`: measure and compare candidates."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from tracekit import reports
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.output_options import run_folder_options
from tracekit.cli.record_options import quiet_option
from tracekit.cli.size_type import SizeType
from tracekit.cli.source_options import (
    candidate_option,
    level_option,
    read_source,
    source_options,
    unordered_option,
)
from tracekit.cli.steps import Steps
from tracekit.cli.terminal import on_terminal, terminal_width
from tracekit.errors import ConfigError
from tracekit.experiment.replay import replay as run_replay
from tracekit.experiment.view import Replay
from tracekit.records import to_json


@click.command("replay")
@click.argument("workload", metavar="[WORKLOAD|FILE]", required=False)
@candidate_option
@click.option(
    "--reference",
    metavar="NAME",
    help="The candidate to compare the others with [default: the workload's, else the first].",
)
@source_options
@level_option
@unordered_option
@click.option(
    "--no-profile", is_flag=True, help="Skip the runs under memray, which take half the time."
)
@click.option(
    "--repeat",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Plain runs of each candidate; the figures are those of the median run.",
)
@click.option(
    "--memory-limit", type=SizeType(), help="Private memory each candidate may use, e.g. 2GiB."
)
@click.option(
    "--expect-out-of-memory",
    multiple=True,
    metavar="NAME",
    help="A candidate that may run out of memory, repeatable.",
)
@click.option(
    "--retention",
    is_flag=True,
    help="Run each candidate again, and report which variables keep its memory alive.",
)
@click.option(
    "--at",
    metavar="MOMENT",
    help="When to look for --retention: at rows:N% of the rows, or at peak:N% of the net peak "
    "[default: rows:90%].",
)
@click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Time limit of one measured process; several at once take longer.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Maximum number of measured processes at once; fewer run if their memory would not fit. "
    "Memory figures do not depend on it; times do and are marked [default: one for each core].",
)
@run_folder_options
@click.option("--json", "as_json", is_flag=True, help="Print summary.json instead of tables.")
@quiet_option
def command(
    workload: str | None,
    candidates: tuple[str, ...],
    reference: str | None,
    level: str,
    unordered: bool,
    no_profile: bool,
    repeat: int,
    memory_limit: int | None,
    expect_out_of_memory: tuple[str, ...],
    retention: bool,
    at: str | None,
    timeout_seconds: float | None,
    jobs: int | None,
    output: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    **source: Any,
) -> int:
    """Run several candidates on a workload, measure them and prove them equal.

    Each candidate runs in two fresh processes: plain, for the OS peak and times, and under memray,
    for the heap and its call stacks. Several processes run at once; use --jobs 1 for times that
    you want to quote. Each candidate is compared with the reference, record by record, and the
    verdict says whether the outputs are equal and the peak is lower.

    WORKLOAD is a name (see tracekit workload list; define yours in tracekit.toml or
    pyproject.toml), a .toml definition or a .duckdb file. Or give the database (--database, --dsn),
    the query (--sql, --key) and the keys as options.

    A candidate is a built-in fetch, a function of yours, a script or a notebook. The parameters of
    a function are filled by name: connection, database, dsn, user, password, keys, query, binds. A
    script or a notebook runs as it is. With a workload, its python-oracledb connections go to the
    local Oracle, whatever DSN it names, and DB_HOST, DB_PORT, DB_SERVICE, DB_USER and DB_PASSWORD
    name it, too. Its variable `result` is compared. The candidate service is the whole pipeline,
    with each of its processes measured.

    \b
    Examples:
      tracekit replay trace-smoke
      tracekit replay --database bank.duckdb --sql transactions.sql --key ACCOUNT_ID \\
          --candidate old=bank.jobs:load_frames --candidate new=bank.jobs:stream --candidate lean
      DB_USER=me DB_PASSWORD_FILE=pw tracekit replay --dsn db.example:1521/BANK \\
          --sql transactions.sql --key ACCOUNT_ID --bind since:date=2026-01-01 --keys 2000
      tracekit replay trace-smoke --query rejects --candidate legacy --candidate service
      tracekit replay trace-114k --candidate legacy --retention --at rows:90%
      tracekit replay trace-smoke --memory-limit 64MiB --expect-out-of-memory legacy

    Exit codes: 0 passed · 1 outputs differ or are not proved, or the peak is not lower · 2 could
    not run · 53 a candidate ran out of memory unexpectedly.
    """
    if at is not None and not retention:
        raise ConfigError(f"--at {at} needs --retention, which is not given")
    read = read_source(workload, **source)
    with Steps(quiet=quiet) as steps:
        done = run_replay(
            read.workload,
            candidates or None,
            reference=reference,
            **read.arguments(),
            level=level,
            unordered=unordered,
            profile=not no_profile,
            repeat=repeat,
            memory_limit_bytes=memory_limit,
            expect_out_of_memory=expect_out_of_memory,
            retention=retention,
            at=at or "rows:90%",
            timeout_seconds=timeout_seconds,
            jobs=jobs,
            output=output,
            force=force,
            command=shlex.join(["tracekit", *sys.argv[1:]]),
            on_progress=steps.tell,
        )
    _print(done, as_json=as_json)
    return _exit_code(done)


def _print(done: Replay, *, as_json: bool) -> None:
    if as_json:
        click.echo(to_json(done.summary), nl=False)
        return
    width, color = terminal_width(), on_terminal()
    click.echo(
        reports.text(done.summary, width=width, color=color, folder=str(done.folder)), nl=False
    )


def _exit_code(done: Replay) -> ExitCode:
    if done.unexpected_out_of_memory:
        return ExitCode.OUT_OF_MEMORY
    return ExitCode.OK if done.verdict.passed else ExitCode.CHECK_FAILED
