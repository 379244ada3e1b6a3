"""`tracekit replay`: the main job."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from tracekit import reports
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.lists import names
from tracekit.cli.size_type import SizeType
from tracekit.cli.source_options import (
    level_option,
    read_source,
    source_options,
    unordered_option,
)
from tracekit.cli.steps import Steps
from tracekit.records import to_json
from tracekit.replay import DEFAULT_PATHS, Replay
from tracekit.replay import replay as run_replay
from tracekit.replay.paths import ALL_PATHS


@click.command("replay")
@click.argument("workload", metavar="[WORKLOAD|FILE]", required=False)
@click.option(
    "--paths",
    callback=names,
    metavar="NAME,...",
    help=f"Paths to replay, the reference first: any of {', '.join(ALL_PATHS)} "
    f"[default: {','.join(DEFAULT_PATHS)}].",
)
@source_options
@level_option
@unordered_option
@click.option("--no-profile", is_flag=True, help="Skip the runs under memray: half the time.")
@click.option(
    "--repeat",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Plain runs per path; figures are the median's, the spread is printed.",
)
@click.option(
    "--memory-limit", type=SizeType(), help="Private memory each path may have, e.g. 2GiB."
)
@click.option(
    "--expect-out-of-memory",
    multiple=True,
    metavar="PATH",
    help="This path may run out of its memory limit.",
)
@click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Longest one measured process may take.",
)
@click.option(
    "-o",
    "--output",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="The run's folder [default: a new one under profiles/runs].",
)
@click.option("-f", "--force", is_flag=True, help="Replace an older run in --output.")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json instead of the table.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def command(
    workload: str | None,
    paths: tuple[str, ...] | None,
    level: str,
    unordered: bool,
    no_profile: bool,
    repeat: int,
    memory_limit: int | None,
    expect_out_of_memory: tuple[str, ...],
    timeout_seconds: float | None,
    output: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    **source: Any,
) -> int:
    """Run several paths on a workload, measure them and prove them equal.

    Each path runs in two fresh processes: plain, for the OS peak and times, and under memray, for
    the heap and its call stacks. Every candidate is compared with the reference (the first path),
    record by record, and the verdict says whether the outputs are equal and the peak is lower.
    Path service is the whole trace service: a job that is accepted, run by workers, kept in the
    store and streamed, with each process measured by itself.
    WORKLOAD is a name (tracekit workload list), a .toml definition or a .duckdb file; without
    --dsn it is trace-114k, served by a local Oracle that is started for the replay.

    \b
    Examples:
      tracekit replay trace-smoke
      tracekit replay --cids 5000 --domain rejects --no-profile
      DB_USER=me DB_PASSWORD_FILE=pw tracekit replay --dsn db.example:1521/MES --cids 2000
      tracekit replay trace-smoke --paths legacy,service
      tracekit replay trace-smoke --memory-limit 64MiB --expect-out-of-memory legacy

    Exit codes: 0 passed · 1 outputs differ or the peak is not lower · 2 could not run ·
    53 a path ran out of its memory limit unexpectedly.
    """
    read = read_source(workload, **source)
    with Steps(quiet=quiet) as steps:
        done = run_replay(
            read.workload,
            paths,
            **read.arguments(),
            level=level,
            unordered=unordered,
            profile=not no_profile,
            repeat=repeat,
            memory_limit_bytes=memory_limit,
            expect_out_of_memory=expect_out_of_memory,
            timeout_seconds=timeout_seconds,
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
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    click.echo(
        reports.text(done.summary, width=width, color=terminal, folder=str(done.folder)), nl=False
    )


def _exit_code(done: Replay) -> ExitCode:
    if done.unexpected_out_of_memory:
        return ExitCode.OUT_OF_MEMORY
    return ExitCode.OK if done.verdict.passed else ExitCode.CHECK_FAILED
