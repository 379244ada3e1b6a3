"""`tracekit clean`: show what tracekit keeps on disk, and remove it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
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
@click.option("--runs", "drop_runs", is_flag=True, help="Remove run folders and captures.")
@click.option(
    "--keep",
    type=click.IntRange(0),
    help="With --runs: keep the newest N runs and the newest N captures [default: 0].",
)
@click.option("-q", "--quiet", is_flag=True, help="No table.")
def command(drop_workloads: bool, drop_runs: bool, keep: int | None, quiet: bool) -> None:
    """Show how much disk space the cache and the runs use, and remove what you choose.

    Without options nothing is removed. Captures are those of %%peak and of tracekit.measure.

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
    captures = capture_files(settings.runs_dir)
    cached = workloads.cached(settings.cache_dir)
    if not quiet:
        _show(cached, runs, captures)
    freed = 0
    if drop_workloads:
        for item in cached:
            workloads.remove(item)
            freed += item.size_bytes
    failures = []
    if drop_runs:
        kept = keep or 0
        for path in (*runs[: len(runs) - kept], *captures[: len(captures) - kept]):
            size_bytes = size_on_disk(path)
            try:
                _remove(path)
                freed += size_bytes
            except OSError as exc:
                failures.append(f"{path} could not be removed: {exc}")
    if drop_workloads or drop_runs:
        click.echo(f"removed {format_size(freed)}")
    elif not quiet:
        click.echo("nothing removed; use --workloads or --runs to remove them")
    if failures:
        raise ConfigError("\n".join(failures))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
        return
    path.unlink()
    with suppress(OSError):  # another capture is in it
        path.parent.rmdir()


class _Summary(msgspec.Struct):
    """The part that every version of a run's summary.json has."""

    schema_version: int
    workload: dict[str, object]
    environment: dict[str, object]
    verdict: dict[str, object]


class _Program(msgspec.Struct):
    """The part that every version of a program.json has."""

    schema_version: int
    status: str
    cells: list[object]


_RECORDS: dict[str, type[msgspec.Struct]] = {"summary.json": _Summary, "program.json": _Program}
_CAPTURES = ("cells/memray-*.bin", "measured/memray-*.bin")


def run_folders(runs_dir: Path) -> list[Path]:
    """The run folders below `runs_dir`, oldest first.

    A folder counts only if it contains the record of a replay or a program; links do not count.
    """
    found = {
        file.parent
        for name, record in _RECORDS.items()
        for file in runs_dir.glob(f"*/{name}")
        if not file.parent.is_symlink() and _is_ours(file, record)
    }
    return sorted(found, key=_age)


def capture_files(runs_dir: Path) -> list[Path]:
    """The captures of %%peak and of `measure` below `runs_dir`, oldest first."""
    found = [file for pattern in _CAPTURES for file in runs_dir.glob(pattern)]
    return sorted((file for file in found if not file.parent.is_symlink()), key=_age)


def size_on_disk(path: Path) -> int:
    """Size of a file, or of a folder's files without links and without what cannot be read."""
    files = [Path(parent, name) for parent, _, names in os.walk(path) for name in names]
    total = 0
    for file in files or [path]:
        try:
            status = file.lstat()
        except OSError:  # removed meanwhile
            continue
        total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _is_ours(file: Path, record: type[msgspec.Struct]) -> bool:
    try:
        msgspec.json.decode(file.read_bytes(), type=record)
    except (OSError, msgspec.DecodeError, RecursionError):
        return False
    return True


def _show(
    cached: list[workloads.CachedWorkload], runs: Sequence[Path], captures: Sequence[Path]
) -> None:
    rows = [
        [
            "workload" if item.complete else "unfinished build",
            f"{item.name} ({item.size:,} keys)" if item.size else item.name,
            format_size(item.size_bytes),
            str(item.path),
        ]
        for item in cached
    ]
    total = sum(item.size_bytes for item in cached)
    for kind, paths in (("run", runs), ("capture", captures)):
        for path in paths:
            size_bytes = size_on_disk(path)
            total += size_bytes
            rows.append([kind, path.name, format_size(size_bytes), str(path)])
    rows.append(["total", "", format_size(total), ""])
    print_table(["kind", "name", "size", "where"], rows)
