"""`tracekit replay`: the main job."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tracekit import reports
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.steps import Steps
from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.events.domains import DOMAINS
from tracekit.fetch import Database
from tracekit.records import Level, to_json
from tracekit.replay import PATHS, Replay, ReplayProgress
from tracekit.replay import replay as run_replay
from tracekit.sizes import parse_size

DEFAULT_WORKLOAD = "trace-114k"


class SizeType(click.ParamType[int]):
    """A number of bytes, written like 2GiB or 24MB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes; a usage error where `value` is no size."""
        try:
            return value if isinstance(value, int) else parse_size(value)
        except ConfigError as exc:
            self.fail(str(exc), param, ctx)


def _names(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in value.split(",")) if value else None


@click.command("replay")
@click.argument("workload", metavar="[WORKLOAD|FILE]", required=False)
@click.option("--cids", metavar="N|@FILE", help="How many CIDs, or a file with one CID a line.")
@click.option("--cids-sql", metavar="SQL", help="A query whose first column holds the CIDs.")
@click.option(
    "--domain",
    type=click.Choice(sorted(DOMAINS)),
    help="Kind of event [default: the workload's first, which is history].",
)
@click.option(
    "--paths",
    callback=_names,
    metavar="NAME,...",
    help=f"Paths to replay, the reference first [default: {','.join(PATHS)}].",
)
@click.option(
    "--dsn",
    help="Read this Oracle (host:port/service); user and password from DB_USER and DB_PASSWORD.",
)
@click.option("--user", help="Name to log in with at --dsn [default: DB_USER].")
@click.option(
    "--level",
    type=click.Choice([x.value for x in Level if x is not Level.DIFFERENT]),
    default=Level.VALUE.value,
    show_default=True,
    help="What equality must reach.",
)
@click.option("--unordered", is_flag=True, help="Compare a CID's records without their order.")
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
    "--expect-out-of-memory", multiple=True, metavar="PATH", help="This path may run out of memory."
)
@click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Longest one measured process may take.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Batches of ids a path reads at once [default: EVENT_FETCHER_MAX_WORKERS, 2].",
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
    cids: str | None,
    cids_sql: str | None,
    domain: str | None,
    paths: tuple[str, ...] | None,
    dsn: str | None,
    user: str | None,
    level: str,
    unordered: bool,
    no_profile: bool,
    repeat: int,
    memory_limit: int | None,
    expect_out_of_memory: tuple[str, ...],
    timeout_seconds: float | None,
    workers: int | None,
    output: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run several paths on a workload, measure them and prove them equal.

    Each path runs in two fresh processes: plain, for the OS peak and times, and under memray, for
    the heap and its call stacks. Every candidate is compared with the reference (the first path),
    record by record, and the verdict says whether the outputs are equal and the peak is lower.
    WORKLOAD is a name (tracekit workload list), a .toml definition or a .duckdb file; without
    --dsn it is trace-114k, served by a local Oracle that is started for the replay.

    \b
    Examples:
      tracekit replay trace-smoke
      tracekit replay --cids 5000 --domain rejects --no-profile
      DB_USER=me DB_PASSWORD_FILE=pw tracekit replay --dsn db.example:1521/MES --cids 2000
      tracekit replay trace-smoke --memory-limit 64MiB --expect-out-of-memory legacy

    Exit codes: 0 passed · 1 outputs differ or the peak is not lower · 2 could not run ·
    53 a path ran out of its memory limit unexpectedly.
    """
    settings = Settings.from_env()
    if dsn and workload:
        raise ConfigError(f"both a workload ({workload!r}) and --dsn were given; name one")
    with Steps(quiet=quiet) as steps:

        def tell(progress: ReplayProgress) -> None:
            steps.update(progress.step, progress.fraction, progress.detail)

        done = run_replay(
            None if dsn else workload or DEFAULT_WORKLOAD,
            paths,
            database=_database(settings, dsn, user) if dsn else None,
            cids=_cids(cids),
            cids_sql=cids_sql,
            domain=domain,
            level=level,
            unordered=unordered,
            profile=not no_profile,
            repeat=repeat,
            memory_limit_bytes=memory_limit,
            expect_out_of_memory=expect_out_of_memory,
            timeout_seconds=timeout_seconds,
            workers=workers or settings.fetch.max_workers,
            output=output,
            force=force,
            command=shlex.join(["tracekit", *sys.argv[1:]]),
            on_progress=tell,
        )
    _print(done, as_json=as_json)
    return _exit_code(done)


def _database(settings: Settings, dsn: str, user: str | None) -> Database:
    found = settings.database
    return Database.from_env(
        replace(settings, database=replace(found, dsn=dsn, user=user or found.user))
    )


def _cids(text: str | None) -> int | Sequence[str] | None:
    if text is None:
        return None
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError(f"--cids {text}: the file could not be read: {exc}") from exc
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ConfigError(f"--cids {text!r}: expected a number of at least 1, or @FILE")
    return int(text)


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
