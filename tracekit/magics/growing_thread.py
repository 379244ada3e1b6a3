"""Find the thread that makes this process grow: the running cell's, or an earlier cell's."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from pathlib import Path

_TASKS = Path("/proc/self/task")
_PROCESS = Path("/proc/self/stat")
_SHARE = 0.5
"""Share of the growth above which a thread, and not the cell, is taken for its cause."""


class ThreadFaults:
    """Page faults of threads since this object was made: a thread that touches new memory has some.

    Linux counts them for each thread (`minflt`, proc_pid_stat(5)). On other systems all growth
    counts as the cell's.
    """

    def __init__(self) -> None:
        main = threading.main_thread()
        self._threads = {
            thread: faults
            for thread in threading.enumerate()
            if thread is not main and (faults := _faults(thread)) is not None
        }
        self._of_process = _minflt(_PROCESS) or 0

    def culprit(self, grown_bytes: int) -> threading.Thread | None:
        """The older thread that made the process grow by `grown_bytes`; None if the cell did."""
        page_bytes = os.sysconf("SC_PAGE_SIZE")
        touched = {
            thread: (now - before) * page_bytes
            for thread, before in self._threads.items()
            if thread.is_alive() and (now := _faults(thread)) is not None
        }
        if not touched:
            return None
        everything = ((_minflt(_PROCESS) or 0) - self._of_process) * page_bytes
        by_cell = everything - sum(touched.values())
        thread = max(touched, key=lambda one: touched[one])
        is_to_blame = touched[thread] > _SHARE * grown_bytes > by_cell
        return thread if is_to_blame else None


def raise_in(thread: threading.Thread, error: BaseException) -> None:
    """Raise a copy of `error` in `thread`, between two steps of its Python code."""
    # The interpreter accepts only a class, and makes the exception without arguments.
    kind = type(error)
    raised = type(
        kind.__name__,
        (kind,),
        {
            "__module__": kind.__module__,
            "__init__": lambda self: self.__dict__.update(error.__dict__),
            "__str__": lambda _: str(error),
        },
    )
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(raised)
    )


def _faults(thread: threading.Thread) -> int | None:
    return _minflt(_TASKS / str(thread.native_id) / "stat")


def _minflt(stat: Path) -> int | None:
    with contextlib.suppress(OSError):
        # The second field is a name in parentheses, which may contain spaces.
        return int(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[7])
    return None
