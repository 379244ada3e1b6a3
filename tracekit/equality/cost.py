"""The cost of a proof: seconds, and the peak above the process's memory at the start."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tracekit import process_memory


@dataclass(frozen=True)
class Cost:
    """Time and memory of one piece of work."""

    seconds: float
    net_peak_bytes: int
    """OS peak of the process during the work, above its resident memory before it."""


class CostMeter:
    """Measures from its construction to `read()`.

    Where the OS peak cannot be reset (`process_memory.reset_peak`), work below the process's
    earlier peak reads as 0.
    """

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._net_peak_bytes = 0
        self._begin()

    def _begin(self) -> None:
        process_memory.reset_peak()
        self._baseline = process_memory.peak_resident_bytes()

    def read(self) -> Cost:
        """The cost of the work so far."""
        peak = max(self._net_peak_bytes, process_memory.peak_resident_bytes() - self._baseline)
        return Cost(time.perf_counter() - self._started, peak)

    @contextlib.contextmanager
    def leaving_out_memory(self) -> Iterator[None]:
        """Count only the time of the block, not its memory."""
        self._net_peak_bytes = self.read().net_peak_bytes
        try:
            yield
        finally:
            self._begin()


@contextlib.contextmanager
def collections_held_back() -> Iterator[None]:
    """Disable garbage collection inside the block, for work that creates no cycles.

    With a result of millions of records alive, a collection would visit every one of them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
