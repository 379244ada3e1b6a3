"""Resident memory of this process and its peak, as the operating system counts them."""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")

NO_PROC_REMARK = (
    "the OS peak is ru_maxrss, which cannot be reset: it includes imports and warm-up "
    "(no /proc on this system)"
)
NO_RESET_REMARK = (
    "the OS peak could not be reset at the baseline (/proc/self/clear_refs refused), "
    "so it includes imports and warm-up"
)


def resident_bytes() -> int:
    """Resident memory of this process now."""
    if _STATUS.exists():
        return _status_bytes("VmRSS")
    import psutil  # only where /proc is missing: the measured child stays small

    return int(psutil.Process().memory_info().rss)


def peak_resident_bytes() -> int:
    """Most resident memory of this process since `reset_peak`, or since its start."""
    if _STATUS.exists():
        return _status_bytes("VmHWM")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def reset_peak() -> str | None:
    """Forget the peak so far; a remark says so where that is impossible.

    Writing 5 to clear_refs resets VmHWM to the present RSS (Linux, proc_pid_clear_refs(5)).
    """
    if not _STATUS.exists():
        return NO_PROC_REMARK
    try:
        _CLEAR_REFS.write_text("5", encoding="ascii")
    except OSError:
        return NO_RESET_REMARK
    return None


def return_free_memory() -> None:
    """Give freed heap pages back to the system, so that a run cannot hide inside them.

    Without it, what imports and warm-up freed is reused and the net peak reads too low.
    malloc_trim(3) is glibc's; elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def data_bytes() -> int | None:
    """Private writable memory of this process, touched or not: what RLIMIT_DATA counts."""
    return _status_bytes("VmData") if _STATUS.exists() else None


def _status_bytes(field: str) -> int:
    with _STATUS.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise OSError(f"{_STATUS} has no {field}")
