"""List built workloads with their sizes on disk, and remove them."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from tracekit.errors import WorkloadError
from tracekit.workloads.build_file import build_lock, building_dir
from tracekit.workloads.file import describe_file

_BUILT_STEM = re.compile(r".+-\d+-[0-9a-f]{12}")
"""The form of names that `database_path` gives; identifies a file that cannot be read."""


@dataclass(frozen=True)
class CachedWorkload:
    """One workload in the cache: complete, or left by a builder that was killed."""

    name: str
    """The workload's name, or the file's if it does not contain one."""
    size: int | None
    """Number of keys."""
    fingerprint: str | None
    path: Path
    """The DuckDB file, which exists only if `complete` is true."""
    size_bytes: int
    complete: bool


def cached(cache_dir: Path) -> list[CachedWorkload]:
    """The workloads in `cache_dir`, sorted by file name; [] if the folder does not exist.

    Links and files that tracekit did not build are left out.
    """
    folder = cache_dir / "workloads"
    found = [_complete(path) for path in folder.glob("*.duckdb") if not path.is_symlink()]
    whole = [item for item in found if item is not None]
    unfinished = [
        _unfinished(path)
        for path in folder.glob("*.building")
        if _BUILT_STEM.fullmatch(path.stem) and not path.is_symlink()
    ]
    return sorted(whole + unfinished, key=lambda item: (item.path.name, not item.complete))


def remove(item: CachedWorkload) -> None:
    """Remove one cached workload; processes that have it open can continue to read it.

    Raises:
        WorkloadError: it is being built, or cannot be removed.
    """
    lock = build_lock(item.path)
    try:
        with lock.acquire(timeout=0):
            if item.complete:
                item.path.unlink(missing_ok=True)
            workshop = building_dir(item.path)
            if workshop.exists():
                shutil.rmtree(workshop)
            # Safe while it is held: FileLock notices that a lock file was removed.
            Path(lock.lock_file).unlink(missing_ok=True)
    except Timeout:
        raise WorkloadError(
            f"workload {item.name!r} is being built by another process. Remove it after that"
        ) from None
    except OSError as exc:
        raise WorkloadError(f"{item.path} could not be removed: {exc}") from exc


def _complete(path: Path) -> CachedWorkload | None:
    try:
        size_bytes = path.stat().st_size
        file = describe_file(path)
    except OSError:  # removed meanwhile
        return None
    except WorkloadError:
        if not _BUILT_STEM.fullmatch(path.stem):
            return None
        return CachedWorkload(path.stem, None, None, path, size_bytes, complete=True)
    if file.fingerprint is None:
        return None
    return CachedWorkload(
        file.name or path.stem, file.size, file.fingerprint, path, size_bytes, complete=True
    )


def _unfinished(workshop: Path) -> CachedWorkload:
    size_bytes = sum(file.stat().st_size for file in workshop.rglob("*") if file.is_file())
    path = workshop.with_suffix(".duckdb")
    return CachedWorkload(path.stem, None, None, path, size_bytes, complete=False)
