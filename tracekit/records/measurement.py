"""What one path cost, and how far it came."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tracekit.records.retention import Retention


class RunStatus(StrEnum):
    """How a measured path ended."""

    OK = "ok"
    OUT_OF_MEMORY = "out_of_memory"
    FAILED = "failed"


@dataclass(frozen=True)
class ProcessMeasurement:
    """Resident memory of one of the processes that a path is made of."""

    role: str
    """`web`, `worker 1`, `store`, ..."""
    rss_baseline_bytes: int
    rss_peak_bytes: int
    rss_net_peak_bytes: int
    phase: str | None = None
    """What it did meanwhile; None for the whole path."""


@dataclass(frozen=True)
class CandidateMeasurement:
    """One path's figures; what could not be measured is None, never 0."""

    status: RunStatus
    rows: int | None = None
    keys: int | None = None
    """keys with at least one record."""
    wall_seconds: float | None = None
    """Of the plain child, fetch only."""
    cpu_seconds: float | None = None
    """User and system time of the plain child, fetch only."""
    measured_beside: bool = False
    """Whether another process of the replay was at work meanwhile, so that these times are longer
    than alone."""
    rss_baseline_bytes: int | None = None
    rss_peak_bytes: int | None = None
    """OS peak (VmHWM) of the plain child while it fetched."""
    rss_net_peak_bytes: int | None = None
    rss_net_peaks_bytes: tuple[int, ...] = ()
    """Of every plain run when the path was run more than once; the others are of the median."""
    heap_peak_bytes: int | None = None
    """memray's high-water mark in the profiled child."""
    heap_net_peak_bytes: int | None = None
    allocations: int | None = None
    profiled_wall_seconds: float | None = None
    profiled_beside: bool = False
    """The same of the profiled child."""
    capture: str | None = None
    """File name in the run folder."""
    digest: str | None = None
    """Digest over the exact digests of all keys, hex."""
    not_proved: str | None = None
    """Why its output could not be digested, so that nothing of it is proved."""
    digests: str | None = None
    """File name in the run folder of the per-key digests."""
    timeline: str | None = None
    """File name in the run folder of the plain child's MemoryTimeline."""
    reason: str | None = None
    """Why the path did not end well, for people."""
    exit_code: int | None = None
    signal: int | None = None
    stderr_tail: str | None = None
    remarks: tuple[str, ...] = ()
    """What a reader must know about these figures, such as a disagreement of heap and OS peak."""
    processes: tuple[ProcessMeasurement, ...] = ()
    """Of a path of several processes, whose `rss_` figures above are their sums."""
    result_bytes: int | None = None
    """What the finished result takes where it is kept, for a path that keeps it elsewhere."""
    retention: Retention | None = None
    """What held the memory in a run of its own, where that was asked for."""


@dataclass(frozen=True)
class MemorySample:
    """Resident memory at one moment."""

    elapsed_seconds: float
    """Since the baseline was taken."""
    rss_bytes: int


@dataclass(frozen=True)
class MemoryTimeline:
    """Resident memory of one plain child over its fetch."""

    path: str
    rss_baseline_bytes: int
    samples: tuple[MemorySample, ...]
