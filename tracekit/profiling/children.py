"""Memory of the processes that this one starts, sampled while they run."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import psutil

from tracekit.profiling.retention import LOOKER_NAME

INTERVAL_SECONDS = 0.01
_TASKS = Path("/proc/self/task")


class ChildrenWatch:
    """Samples the memory of descendants started after it, every `INTERVAL_SECONDS`.

    What a process holds is its unique set size: the pages that would be freed if it ended, so
    that nothing shared is counted twice. A child, or a peak, that comes and goes between two
    samples is missed.
    """

    def __init__(self) -> None:
        self._self = psutil.Process()
        self._before = {child.pid for child in self._self.children(recursive=True)}
        self._peak_bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracekit-children", daemon=True)

    def start(self) -> None:
        """Start to sample."""
        self._thread.start()

    def stop(self) -> int:
        """Stop after a last sample, and return the most bytes all children held at once."""
        self._done.set()
        self._thread.join()
        self._sample()
        return self._peak_bytes

    def _run(self) -> None:
        while not self._done.wait(INTERVAL_SECONDS):
            self._sample()

    def _sample(self) -> None:
        held = sum(
            _unique_bytes(child)
            for child in self._self.children(recursive=True)
            if child.pid not in self._before and not _is_looker(child)
        )
        self._peak_bytes = max(self._peak_bytes, held)


def _is_looker(process: psutil.Process) -> bool:
    """Whether it is our own forked process for retention, not one of the program's."""
    try:
        return process.name() == LOOKER_NAME
    except psutil.Error:
        return True


def _unique_bytes(process: psutil.Process) -> int:
    try:
        held = int(process.memory_full_info().uss)
        if process.exe() != psutil.Process().exe():
            return held
        # Until it runs a program of its own, a process started by vfork(2) has our memory.
        if _is_starting_one():
            return 0
        return min(held, int(process.memory_full_info().uss))
    except psutil.Error:  # it ended, or became another user's
        return 0


def _is_starting_one() -> bool:
    """Whether a thread of ours waits in vfork(2), which Linux shows as a wait for a disk."""
    for task in _TASKS.glob("*/stat"):
        with contextlib.suppress(OSError):  # the thread has ended
            if task.read_bytes().rpartition(b")")[2].split()[0] == b"D":
                return True
    return False
