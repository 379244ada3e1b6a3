"""Ends calls that need too much of the server's memory, so that other clients can continue.

DuckDB limits its own buffers, but not the values that an expression makes. A thread checks the
process's memory while calls run. Among the calls since whose start the memory has grown too far, it
ends the newest: a call that runs beside a greedy one either started earlier or ends soon.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tracekit.process_memory import has_proc, resident_bytes

MOST_GROWTH_BYTES = 400 << 20
_LOOK_SECONDS = 0.02
_NEXT_VICTIM_SECONDS = 0.5


class _Resident:
    """Reads this process's resident memory in microseconds; every call needs it."""

    def __init__(self) -> None:
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._statm = os.open("/proc/self/statm", os.O_RDONLY) if has_proc() else None

    def bytes_now(self) -> int:
        """The resident memory in bytes."""
        if self._statm is None:
            return resident_bytes()
        return int(os.pread(self._statm, 128, 0).split()[1]) * self._page_bytes

    def close(self) -> None:
        """Close the file descriptor."""
        if self._statm is not None:
            os.close(self._statm)


class GuardedCall:
    """A running call.

    Args:
        interrupt: Makes the call end early.
        start_bytes: The resident memory at its start.
    """

    def __init__(self, interrupt: Callable[[], None], start_bytes: int) -> None:
        self.interrupt = interrupt
        self.start_bytes = start_bytes
        self.is_ended = False
        """Whether the guard has ended it."""


class MemoryGuard:
    """Checks this process's memory while calls run.

    Args:
        most_growth_bytes: A call is ended if the process has grown by more since its start.
    """

    def __init__(self, most_growth_bytes: int = MOST_GROWTH_BYTES) -> None:
        self._most = most_growth_bytes
        self._resident = _Resident()
        self._calls: list[GuardedCall] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="localdb-memory", daemon=True)
        self._thread.start()

    @contextmanager
    def guarding(self, interrupt: Callable[[], None]) -> Iterator[GuardedCall]:
        """Guard the call that runs in this context."""
        call = GuardedCall(interrupt, self._resident.bytes_now())
        with self._changed:
            self._calls.append(call)
            if len(self._calls) == 1:
                self._changed.notify()
        try:
            yield call
        finally:
            with self._changed:
                self._calls.remove(call)

    def stop(self) -> None:
        """Stop the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()
        self._resident.close()

    def _run(self) -> None:
        next_victim = 0.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._calls or self._stopping)
                if self._stopping:
                    return
                next_victim = self._look(next_victim)
            time.sleep(_LOOK_SECONDS)

    def _look(self, next_victim: float) -> float:
        """Interrupt ended calls, repeatedly; returns when the next call may be chosen."""
        now = self._resident.bytes_now()
        if time.monotonic() >= next_victim:
            greedy = [call for call in self._calls if now - call.start_bytes > self._most]
            victim = next((call for call in reversed(greedy) if not call.is_ended), None)
            if victim is not None:
                victim.is_ended = True
                next_victim = time.monotonic() + _NEXT_VICTIM_SECONDS
        for call in self._calls:
            if call.is_ended:
                call.interrupt()
        return next_victim
