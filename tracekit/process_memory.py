"""Resident memory of a process and its peak, as the operating system counts them."""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

_PROC = Path("/proc")
_SELF = "self"

NO_PROC_REMARK = (
    "the OS peak is ru_maxrss, which cannot be reset: it includes imports and warm-up "
    "(no /proc on this system)"
)
NO_RESET_REMARK = (
    "the OS peak could not be reset at the baseline (/proc/self/clear_refs refused), "
    "so it includes imports and warm-up"
)


def has_proc() -> bool:
    """Whether this system reports peaks of processes and can reset them (Linux)."""
    return (_PROC / _SELF / "status").exists()


def resident_bytes() -> int:
    """Current resident memory of this process."""
    if has_proc():
        return _status_bytes("VmRSS")
    import psutil  # only without /proc, so that the measured child stays small

    return int(psutil.Process().memory_info().rss)


def peak_resident_bytes() -> int:
    """Highest resident memory of this process since `reset_peak`, or since its start."""
    if has_proc():
        return _status_bytes("VmHWM")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def file_bytes() -> int:
    """Resident pages of libraries and other mapped files of this process; 0 if unknown."""
    return _status_bytes("RssFile") + _status_bytes("RssShmem") if has_proc() else 0


def reset_peak() -> str | None:
    """Reset the peak; returns a remark if that is impossible."""
    if not has_proc():
        return NO_PROC_REMARK
    try:
        _clear_peak(_SELF)
    except OSError:
        return NO_RESET_REMARK
    return None


def peak_of(pid: int) -> int:
    """Highest resident memory of a process since `reset_peak_of`; Linux only.

    Raises:
        OSError: it has ended, or belongs to another user.
    """
    return _status_bytes("VmHWM", str(pid))


def reset_peak_of(pid: int) -> int:
    """Reset the peak of one of our processes, and return its resident memory; Linux only.

    Raises:
        OSError: it has ended, or belongs to another user.
    """
    _clear_peak(str(pid))
    return _status_bytes("VmRSS", str(pid))


def return_free_memory() -> None:
    """Return freed heap pages to the system, so that a run cannot reuse them unnoticed.

    Otherwise a run would reuse what imports and warm-up freed, and its net peak would be too low.
    Arrow's pools release what they can; malloc_trim(3) exists only in glibc.
    """
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        for name in arrow.supported_memory_backends():
            getattr(arrow, f"{name}_memory_pool")().release_unused()
    if not sys.platform.startswith("linux"):
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def data_bytes(pid: int | None = None) -> int | None:
    """Private writable memory of a process (default: this one), as RLIMIT_DATA counts it."""
    return _status_bytes("VmData", _SELF if pid is None else str(pid)) if has_proc() else None


def _clear_peak(process: str) -> None:
    # 5 resets VmHWM to the present RSS (Linux, proc_pid_clear_refs(5)).
    (_PROC / process / "clear_refs").write_text("5", encoding="ascii")


def _status_bytes(field: str, process: str = _SELF) -> int:
    status = _PROC / process / "status"
    with status.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise OSError(f"{status} has no {field}")
