"""`tracekit clean`: what tracekit keeps on disk, and how to be rid of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

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
    default=0,
    show_default=True,
    help="With --runs: keep this many, the newest.",
)
@click.option("-q", "--quiet", is_flag=True, help="No table.")
def command(drop_workloads: bool, drop_runs: bool, keep: int, quiet: bool) -> None:
    """Show what the cache and the runs take on disk, and remove what is asked.

    Without an option nothing is removed.

    \b
    Examples:
      tracekit clean
      tracekit clean --runs --keep 3
      tracekit clean --workloads
    """
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
    if drop_runs:
        for folder in runs[: len(runs) - keep]:
            freed += folder_bytes(folder)
            _remove(folder)
    if drop_workloads or drop_runs:
        click.echo(f"removed {format_size(freed)}")
    elif not quiet:
        click.echo("nothing removed: say --workloads or --runs")


def run_folders(runs_dir: Path) -> list[Path]:
    """The run folders below `runs_dir`, oldest first; only folders that hold a summary count."""
    found = [summary.parent for summary in runs_dir.glob("*/summary.json")]
    return sorted(found, key=lambda folder: folder.stat().st_mtime)


def folder_bytes(folder: Path) -> int:
    """What the files of a folder take."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _show(cached: list[workloads.CachedWorkload], runs: list[Path]) -> None:
    rows = [
        [
            "workload" if item.complete else "unfinished build",
            f"{item.name} ({item.cids:,} CIDs)" if item.cids else item.name,
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


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as exc:
        raise ConfigError(f"{folder} could not be removed: {exc}") from exc
