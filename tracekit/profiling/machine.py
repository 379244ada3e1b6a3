"""Check whether this machine can measure, and what affects its figures."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from tracekit.errors import ProfileError
from tracekit.process_memory import reset_peak
from tracekit.profiling.calibration import CalibrationCheck, calibrate
from tracekit.profiling.cgroup import cgroup_memory
from tracekit.profiling.child_environment import PINNED
from tracekit.records import CheckStatus, MachineCheck
from tracekit.sizes import format_size

_PACKAGES = ("memray", "oracledb", "pandas", "pyarrow", "duckdb")
_WANTED_MEMORY_BYTES = 4 * 2**30
"""The memory that the incident at full size needs: its legacy candidate and the local Oracle."""
_WANTED_DISK_BYTES = 2 * 2**30
_PROC = Path("/proc/self/status")
_HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def look_at_machine(folders: Sequence[Path]) -> Iterator[MachineCheck]:
    """All quick checks; `folders` are those that will be written to."""
    yield _python()
    yield from map(_package, _PACKAGES)
    yield _arrow_pool()
    yield _os_peak()
    yield _memory_limit_support()
    yield _huge_pages()
    yield _memory()
    yield _cpus()
    yield from map(_folder, folders)


def look_at_calibration() -> Iterator[MachineCheck]:
    """The self-test of measuring, which takes a few seconds."""
    try:
        checks = calibrate().checks
    except ProfileError as exc:
        yield MachineCheck(
            "calibration", CheckStatus.FAIL, str(exc), "Measuring does not work on this machine."
        )
        return
    yield from map(_calibrated, checks)


def _python() -> MachineCheck:
    found = f"{platform.python_implementation()} {platform.python_version()}"
    if platform.python_implementation() != "CPython":
        return MachineCheck(
            "Python",
            CheckStatus.FAIL,
            found,
            "memray measures CPython only. Use CPython 3.11 or newer.",
        )
    if hasattr(sys, "gettotalrefcount"):
        return MachineCheck(
            "Python",
            CheckStatus.WARN,
            f"{found}, debug build",
            "Objects are larger in a debug build. Measure with a release build.",
        )
    return MachineCheck("Python", CheckStatus.OK, found)


def _package(name: str) -> MachineCheck:
    try:
        return MachineCheck(name, CheckStatus.OK, version(name))
    except PackageNotFoundError:
        return MachineCheck(name, CheckStatus.FAIL, "not installed", "Install tracekit again.")


def _arrow_pool() -> MachineCheck:
    import pyarrow as pa

    pool = PINNED["ARROW_DEFAULT_MEMORY_POOL"]
    here = pa.default_memory_pool().backend_name
    if pool not in pa.supported_memory_backends():
        return MachineCheck(
            "Arrow memory pool",
            CheckStatus.FAIL,
            f"{here}; this pyarrow has no {pool} pool",
            "Install pyarrow's own wheel. Other pools reserve memory that memray counts as used.",
        )
    return MachineCheck(
        "Arrow memory pool", CheckStatus.OK, f"{pool} in measured processes ({here} elsewhere)"
    )


def _os_peak() -> MachineCheck:
    remark = reset_peak()
    if remark is None:
        return MachineCheck("OS peak", CheckStatus.OK, "VmHWM, reset by /proc/self/clear_refs")
    return MachineCheck(
        "OS peak",
        CheckStatus.WARN,
        remark,
        "Compare heap peaks, or measure on Linux with a writable /proc/self/clear_refs."
        if _PROC.exists()
        else "Compare heap peaks, or measure on Linux.",
    )


def _memory_limit_support() -> MachineCheck:
    if platform.system() == "Linux":
        return MachineCheck("--memory-limit", CheckStatus.OK, "RLIMIT_DATA")
    return MachineCheck(
        "--memory-limit",
        CheckStatus.WARN,
        f"RLIMIT_DATA does not bind on {platform.system()}",
        "Reproduce running out of memory on Linux or in a Linux container.",
    )


def _huge_pages() -> MachineCheck:
    try:
        text = _HUGE_PAGES.read_text(encoding="ascii")
    except OSError:
        return MachineCheck("huge pages", CheckStatus.OK, "none")
    mode = text.partition("[")[2].partition("]")[0]
    if mode != "always":
        return MachineCheck("huge pages", CheckStatus.OK, mode)
    return MachineCheck(
        "huge pages",
        CheckStatus.WARN,
        "always: the kernel may back memory 2 MiB at a time",
        "OS peaks can be a few MiB high and vary more. Compare heap peaks, too, or set "
        "transparent_hugepage to madvise.",
    )


def available_memory_bytes() -> int:
    """The memory available to new processes: the machine's, or what a cgroup allows."""
    group = cgroup_memory()
    available: int = psutil.virtual_memory().available
    return available if group is None else min(available, group.free_bytes)


def _memory() -> MachineCheck:
    host, group = psutil.virtual_memory(), cgroup_memory()
    available = host.available
    found = f"{format_size(host.available)} of {format_size(host.total)} available"
    if group is not None and group.limit_bytes < host.total:
        available = min(available, group.free_bytes)
        how = "throttled above" if group.throttled else "limited by a cgroup to"
        found = f"{format_size(available)} available, {how} {format_size(group.limit_bytes)}"
    if available >= _WANTED_MEMORY_BYTES:
        return MachineCheck("memory", CheckStatus.OK, found)
    return MachineCheck(
        "memory",
        CheckStatus.WARN,
        found,
        f"trace-114k needs {format_size(_WANTED_MEMORY_BYTES)}. Replay it with fewer --keys.",
    )


def _cpus() -> MachineCheck:
    count = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    if count > 1:
        return MachineCheck("CPUs", CheckStatus.OK, str(count))
    return MachineCheck(
        "CPUs",
        CheckStatus.WARN,
        "1",
        "Times include the local Oracle's work, so expect longer ones.",
    )


def _folder(folder: Path) -> MachineCheck:
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    if not os.access(there, os.W_OK | os.X_OK):
        return MachineCheck(
            f"folder {folder}",
            CheckStatus.FAIL,
            "not writable",
            "Change its permissions, or name another (TRACEKIT_CACHE_DIR, TRACEKIT_RUNS_DIR).",
        )
    free = shutil.disk_usage(there).free
    if free < _WANTED_DISK_BYTES:
        return MachineCheck(
            f"folder {folder}",
            CheckStatus.WARN,
            f"{format_size(free)} free",
            "Free some space (tracekit clean): captures and workloads take hundreds of MiB.",
        )
    return MachineCheck(f"folder {folder}", CheckStatus.OK, f"{format_size(free)} free")


def _calibrated(check: CalibrationCheck) -> MachineCheck:
    found = (
        f"{format_size(check.requested_bytes)} taken: OS peak {_size(check.rss_net_peak_bytes)} "
        f"(of {format_size(check.expected_rss_bytes)}), memray "
        f"{_size(check.heap_net_peak_bytes)} (of {format_size(check.expected_heap_bytes)})"
    )
    name = f"calibration, {check.name}"
    if check.passed:
        return MachineCheck(name, CheckStatus.OK, found)
    reason = f": {check.reason}" if check.reason else ""
    return MachineCheck(
        name,
        CheckStatus.FAIL,
        found + reason,
        "Figures for this kind of memory are wrong on this machine. Do not use them.",
    )


def _size(size_bytes: int | None) -> str:
    return "not measured" if size_bytes is None else format_size(size_bytes)
