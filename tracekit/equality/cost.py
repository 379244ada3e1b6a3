"""What proving itself costs: seconds, and the process's own peak above where it began."""

from __future__ import annotations

import contextlib
import gc
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Cost:
    """Time and memory of one piece of work."""

    seconds: float
    net_peak_bytes: int
    """OS peak of the process during the work above its resident memory before it."""


class CostMeter:
    """Measures from its construction to `read()`.

    On Linux VmHWM is reset by writing 5 to /proc/self/clear_refs (proc(5)), so the peak is that
    of the work alone. Elsewhere the peak comes from `ru_maxrss`, which cannot be reset: work
    below the process's earlier peak then reads as 0.
    """

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._net_peak_bytes = 0
        self._begin()

    def _begin(self) -> None:
        with contextlib.suppress(OSError):
            _CLEAR_REFS.write_text("5")
        self._baseline = _peak_bytes()

    def read(self) -> Cost:
        """What the work has cost so far."""
        peak = max(self._net_peak_bytes, _peak_bytes() - self._baseline)
        return Cost(time.perf_counter() - self._started, peak)

    @contextlib.contextmanager
    def leaving_out_memory(self) -> Iterator[None]:
        """What happens inside counts by its time only."""
        self._net_peak_bytes = self.read().net_peak_bytes
        try:
            yield
        finally:
            self._begin()


@contextlib.contextmanager
def collections_held_back() -> Iterator[None]:
    """No garbage collection inside: work that makes no cycles need not look for any.

    Beside a result of millions of records a collection would visit every one of them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _peak_bytes() -> int:
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
