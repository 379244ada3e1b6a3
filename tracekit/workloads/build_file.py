"""Build a workload into a DuckDB file in the cache, once, even with concurrent requests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from tracekit.errors import WorkloadError
from tracekit.workloads.definition import Workload
from tracekit.workloads.file import describe_file, write_description
from tracekit.workloads.generator import Progress, find_generator

MEMORY_LIMIT = "512MiB"
"""Memory limit of DuckDB while it builds; it spills to disk beyond that."""

_NO_ROOM = ("No space left on device", "File too large", "Disk quota exceeded")
"""The C library's messages for ENOSPC, EFBIG and EDQUOT, which DuckDB passes on as text."""


def database_path(workload: Workload, cache_dir: Path) -> Path:
    """The path of the built workload; its name depends on everything that determines the rows."""
    fingerprint = workload.fingerprint or ""
    stem = f"{workload.name}-{workload.size}-{fingerprint[:12]}"
    return cache_dir / "workloads" / f"{stem}.duckdb"


def building_dir(path: Path) -> Path:
    """The folder in which `path` is built; only the holder of the lock may use it."""
    return path.with_suffix(".building")


def build_lock(path: Path) -> FileLock:
    """The lock that every process holds while it makes or removes `path`."""
    return FileLock(path.with_suffix(".lock"))


def build(
    workload: Workload,
    cache_dir: Path,
    *,
    progress: Progress | None = None,
    force: bool = False,
) -> Path:
    """Return the DuckDB file of `workload`, and build it first if it is missing.

    An existing file is used if it is complete and has this fingerprint. Building happens under a
    lock, so that concurrent callers wait for it, and under a temporary name, so that a failure or
    an interrupt leaves nothing behind.

    Args:
        workload: The workload to build.
        cache_dir: Folder of built workloads.
        progress: Called with the current step and the fraction done, from 0.0 to 1.0; from another
            thread while tables are made.
        force: Build again even if the file exists. Processes that have the old one open keep it.

    Raises:
        WorkloadError: the disk is full, the folder cannot be written, or DuckDB failed.
    """
    report = progress or _silent
    path = database_path(workload, cache_dir)
    if not force and _is_built(path, workload):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path, report) as waited:
            # The process that held the lock has built it.
            if (force and not waited) or not _is_built(path, workload):
                _build_locked(workload, path, report)
    except (OSError, duckdb.Error) as exc:
        raise _failure(workload, path, exc) from exc
    report("done", 1.0)
    return path


def build_at(
    workload: Workload, path: Path, *, progress: Progress | None = None, force: bool = False
) -> None:
    """Build `workload` into the DuckDB file at `path`, which appears only when complete.

    Args:
        workload: The workload to build.
        path: The file to write.
        progress: As for `build`.
        force: Replace an existing file.

    Raises:
        WorkloadError: the file exists, the disk is full, or DuckDB failed.
    """
    report = progress or _silent
    try:
        if path.exists() and not force:
            raise WorkloadError(f"File already exists, will not overwrite without --force: {path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        _build_in(workshop, workload, path, report)
    except (OSError, duckdb.Error) as exc:
        raise _failure(workload, path, exc) from exc
    report("done", 1.0)


def _is_built(path: Path, workload: Workload) -> bool:
    try:
        return describe_file(path).fingerprint == workload.fingerprint
    except WorkloadError:
        return False


@contextmanager
def _locked(path: Path, report: Progress) -> Iterator[bool]:
    """Hold the lock; yields whether somebody else held it first."""
    lock = build_lock(path)
    waited = False
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report("waiting for another process that is building it", 0.0)
        waited = True
        lock.acquire()
    try:
        yield waited
    finally:
        lock.release()


def _build_locked(workload: Workload, path: Path, report: Progress) -> None:
    workshop = building_dir(path)
    shutil.rmtree(workshop, ignore_errors=True)  # left by a builder that was killed
    workshop.mkdir()
    _build_in(workshop, workload, path, report)


def _build_in(workshop: Path, workload: Workload, path: Path, report: Progress) -> None:
    """Build in the folder `workshop`, which is gone at the end, and move the file to `path`."""
    try:
        unfinished = workshop / path.name
        with duckdb.connect(
            str(unfinished),
            config={
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(workshop / "spill"),
                # Each thread holds its own unwritten rows; more threads would exceed the limit.
                "threads": min(4, os.cpu_count() or 1),
            },
        ) as connection:
            _interruptible(connection, partial(_fill, connection, workload, report))
        unfinished.replace(path)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _fill(connection: duckdb.DuckDBPyConnection, workload: Workload, report: Progress) -> None:
    assert workload.generator is not None, "only generated workloads are built"
    find_generator(workload.generator)(connection, workload, report)
    write_description(connection, workload)
    report("writing", 0.97)
    connection.execute("CHECKPOINT")


def _interruptible(connection: duckdb.DuckDBPyConnection, work: Callable[[], None]) -> None:
    """Do `work` in a thread, so that an exception of a signal handler ends it and is raised here.

    DuckDB swallows an exception that a handler raises while one of its calls runs in the main
    thread, and raises a RuntimeError instead.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="workload-build") as pool:
        working = pool.submit(work)
        try:
            working.result()
        except BaseException:
            # One call may come between two statements, so repeat it until the work has ended.
            while not working.done():
                connection.interrupt()
                wait([working], timeout=0.05)
            raise


def _failure(workload: Workload, path: Path, exc: Exception) -> WorkloadError:
    what = f"workload {workload.name!r} with {workload.size:,} keys could not be built"
    if any(words in str(exc) for words in _NO_ROOM):
        return WorkloadError(
            f"{what}: the disk that holds {path.parent} is full. Free some space (see tracekit "
            "clean), set TRACEKIT_CACHE_DIR to another disk, or use fewer keys."
        )
    return WorkloadError(f"{what} in {path.parent}: {exc}")


def _silent(step: str, done: float) -> None:
    """Discard progress."""
