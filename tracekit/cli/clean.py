"""`tracekit clean`: show what tracekit keeps on disk, and remove it."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import click
import msgspec

from tracekit import workloads
from tracekit.cli.table import print_table
from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.sizes import format_size


@click.command("clean")
@click.option("--workloads", "drop_workloads", is_flag=True, help="Remove all built workloads.")
@click.option("--runs", "drop_runs", is_flag=True, help="Remove run folders.")
@click.option(
    "--keep",
    type=click.IntRange(0),
    help="With --runs: keep the newest N [default: 0].",
)
@click.option("-q", "--quiet", is_flag=True, help="No table.")
def command(drop_workloads: bool, drop_runs: bool, keep: int | None, quiet: bool) -> None:
    """Show how much disk space the cache and the runs use, and remove what you choose.

    Without options nothing is removed.

    \b
    Examples:
      tracekit clean
      tracekit clean --runs --keep 3
      tracekit clean --workloads
    """
    if keep is not None and not drop_runs:
        raise ConfigError(f"--keep {keep} needs --runs, which is not given")
    settings = Settings.from_env()
    runs = run_folders(settings.runs_dir)
    cached = workloads.cached(settings.cache_dir)
    if not quiet:
        _show(cached, runs)
    freed = 0
    if drop_workloads:
        for item in cached:
            workloads.remove(item)
            freed += item.size_bytes
    failures = []
    if drop_runs:
        for folder in runs[: max(0, len(runs) - (keep or 0))]:
            size_bytes = folder_bytes(folder)
            try:
                shutil.rmtree(folder)
                freed += size_bytes
            except OSError as exc:
                failures.append(f"{folder} could not be removed: {exc}")
    if drop_workloads or drop_runs:
        click.echo(f"removed {format_size(freed)}")
    elif not quiet:
        click.echo("nothing removed; use --workloads or --runs to remove them")
    if failures:
        raise ConfigError("\n".join(failures))


class _Summary(msgspec.Struct):
    """The part that every version of a run's summary.json has."""

    schema_version: int
    workload: dict[str, object]
    environment: dict[str, object]
    verdict: dict[str, object]


def run_folders(runs_dir: Path) -> list[Path]:
    """The run folders below `runs_dir`, oldest first.

    A folder counts only if it contains a summary that a replay wrote; links do not count.
    """
    found = [
        summary.parent
        for summary in runs_dir.glob("*/summary.json")
        if not summary.parent.is_symlink() and _is_ours(summary)
    ]
    return sorted(found, key=lambda folder: folder.stat().st_mtime)


def folder_bytes(folder: Path) -> int:
    """Total size of a folder's files; links are not followed, unreadable files count as 0."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                status = Path(parent, name).lstat()
            except OSError:  # removed meanwhile
                continue
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total


def _is_ours(summary: Path) -> bool:
    try:
        msgspec.json.decode(summary.read_bytes(), type=_Summary)
    except (OSError, msgspec.DecodeError, RecursionError):
        return False
    return True


def _show(cached: list[workloads.CachedWorkload], runs: list[Path]) -> None:
    rows = [
        [
            "workload" if item.complete else "unfinished build",
            f"{item.name} ({item.size:,} keys)" if item.size else item.name,
            format_size(item.size_bytes),
            str(item.path),
        ]
        for item in cached
    ]
    rows += [
        ["run", folder.name, format_size(folder_bytes(folder)), str(folder)] for folder in runs
    ]
    total = sum(item.size_bytes for item in cached) + sum(map(folder_bytes, runs))
    rows.append(["total", "", format_size(total), ""])
    print_table(["kind", "name", "size", "where"], rows)
