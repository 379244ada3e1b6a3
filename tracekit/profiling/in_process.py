"""Measure a stretch of this process, for work that cannot run in a child: a test, a cell."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from memray import FileDestination, FileFormat, Tracker

from tracekit import process_memory
from tracekit.errors import ProfileError
from tracekit.profiling.agreement import CHILDREN_REASON, Peaks
from tracekit.profiling.arrow_pool import ArrowPools, system_arrow_pool
from tracekit.profiling.capture import imported_bytes, read_heap
from tracekit.profiling.children import ChildrenWatch
from tracekit.profiling.ended_processes import ended_processes


class TrackerTaken(ProfileError):
    """memray allows one Tracker per process, and another one is active."""

    def __init__(self) -> None:
        super().__init__(
            "another memray Tracker is active in this process, and memray allows one at a time"
        )


@dataclass(frozen=True)
class Stretch:
    """The cost of one stretch of this process."""

    peaks: Peaks
    imported_bytes: int
    """The part of the heap peak taken by modules first imported in the stretch."""
    rss_baseline_bytes: int
    rss_peak_bytes: int
    """OS peak of the whole process in the stretch, including the measuring itself."""
    children_peak_bytes: int | None
    """The highest total memory of the processes started in the stretch; None if not watched."""
    elapsed_seconds: float
    """Time with memray active, which slows down code that allocates a lot."""
    capture: Path
    remarks: tuple[str, ...] = ()

    @property
    def heap_peak_bytes(self) -> int:
        """High-water mark of memray, without merely reserved and earlier memory."""
        return self.peaks.heap_bytes

    @property
    def rss_net_peak_bytes(self) -> int:
        """Rise of the OS peak above the baseline, without reused free memory."""
        return self.peaks.rss_net_bytes


class StretchMeasurement:
    """Tracks every allocation of this process between `start` and `stop`.

    Small Python objects are seen as the 1 MiB arenas that hold them, unless Python runs with
    PYTHONMALLOC=malloc; what fits into half-empty arenas costs nothing.

    Args:
        capture: memray's file; an existing one is replaced.
        aggregated: Write a small capture without history, which is lost if the process is killed.
        children: Also watch processes started in the stretch.
    """

    def __init__(self, capture: Path, *, aggregated: bool = False, children: bool = False) -> None:
        self._capture = capture
        self._format = (
            FileFormat.AGGREGATED_ALLOCATIONS if aggregated else FileFormat.ALL_ALLOCATIONS
        )
        self._children = ChildrenWatch() if children else None
        # What `start` finds.
        self._cleanup: ExitStack
        self._remark: str | None
        self._pools: ArrowPools
        self._modules: int
        self._ended: int
        self._file_bytes: int
        self._baseline_bytes: int
        self._started: float

    def start(self) -> None:
        """Take the baseline and start.

        Raises:
            TrackerTaken: this process is tracked already.
        """
        gc.collect()
        with ExitStack() as undo:
            self._pools = undo.enter_context(system_arrow_pool())
            process_memory.return_free_memory()
            tracker = Tracker(
                destination=FileDestination(self._capture, overwrite=True),
                file_format=self._format,
            )
            self._remark = process_memory.reset_peak()
            self._modules, self._ended = len(sys.modules), ended_processes()
            self._file_bytes = process_memory.file_bytes()
            self._baseline_bytes = process_memory.resident_bytes()
            if self._children is not None:
                self._children.start()
                undo.callback(self._children.stop)
            try:
                undo.enter_context(tracker)
            except RuntimeError as exc:
                raise TrackerTaken from exc
            self._cleanup = undo.pop_all()
        self._started = time.perf_counter()

    def stop(self) -> Stretch:
        """Stop, and return the figures."""
        elapsed_seconds = time.perf_counter() - self._started
        rss_peak_bytes = process_memory.peak_resident_bytes()
        file_bytes = max(0, process_memory.file_bytes() - self._file_bytes)
        imported = len(sys.modules) > self._modules
        unseen_bytes = self._pools.unseen_bytes()
        children_peak_bytes = None if self._children is None else self._children.stop()
        self._cleanup.close()
        rss_net_bytes = max(0, rss_peak_bytes - self._baseline_bytes)
        from_start = self._remark is not None
        heap = read_heap(self._capture, rss_net_peak_bytes=None if from_start else rss_net_bytes)
        peaks = Peaks(
            heap_bytes=heap.peak_bytes,
            rss_net_bytes=rss_net_bytes,
            untouched_bytes=heap.untouched_bytes,
            unseen_bytes=unseen_bytes,
            file_bytes=file_bytes,
            from_start=from_start,
        )
        return Stretch(
            peaks=peaks,
            imported_bytes=imported_bytes(self._capture) if imported else 0,
            rss_baseline_bytes=self._baseline_bytes,
            rss_peak_bytes=rss_peak_bytes,
            children_peak_bytes=children_peak_bytes,
            elapsed_seconds=elapsed_seconds,
            capture=self._capture,
            remarks=tuple(self._remarks(peaks)),
        )

    def _remarks(self, peaks: Peaks) -> Iterator[str]:
        if self._remark is not None:
            yield self._remark
        yield from peaks.reasons()
        if self._children is None and ended_processes() > self._ended:
            yield CHILDREN_REASON


def measure_call(
    function: Callable[[], object], capture: Path, *, children: bool = False
) -> Stretch:
    """Measure one call of `function`; its result is dropped before the stretch ends.

    Raises:
        TrackerTaken: this process is tracked already.
    """
    measurement = StretchMeasurement(capture, aggregated=True, children=children)
    measurement.start()
    try:
        function()
    finally:
        stretch = measurement.stop()
    return stretch
