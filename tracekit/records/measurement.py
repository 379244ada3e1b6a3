"""The cost of one candidate, and how far it got."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tracekit.records.retention import Retention


class RunStatus(StrEnum):
    """How a measured candidate ended."""

    OK = "ok"
    OUT_OF_MEMORY = "out_of_memory"
    FAILED = "failed"


@dataclass(frozen=True)
class ProcessMeasurement:
    """Resident memory of one process of a candidate."""

    role: str
    """`web`, `worker 1`, `store`, ..."""
    rss_baseline_bytes: int
    rss_peak_bytes: int
    rss_net_peak_bytes: int
    phase: str | None = None
    """The phase; None for the whole run."""


@dataclass(frozen=True)
class CandidateMeasurement:
    """The figures of one candidate. None means not measured, and never 0."""

    status: RunStatus
    rows: int | None = None
    keys: int | None = None
    """Number of keys with at least one record."""
    wall_seconds: float | None = None
    """Time of the fetch in the plain child."""
    cpu_seconds: float | None = None
    """User and system time of the fetch in the plain child."""
    measured_beside: bool = False
    """Whether another process of the replay ran at the same time, which makes times longer."""
    rss_baseline_bytes: int | None = None
    rss_peak_bytes: int | None = None
    """OS peak (VmHWM) of the plain child while it fetched."""
    rss_net_peak_bytes: int | None = None
    rss_net_peaks_bytes: tuple[int, ...] = ()
    """Net peaks of every plain run, if there were several; other figures are the median run's."""
    heap_peak_bytes: int | None = None
    """memray's high-water mark in the profiled child."""
    heap_net_peak_bytes: int | None = None
    allocations: int | None = None
    profiled_wall_seconds: float | None = None
    profiled_beside: bool = False
    """Time of the fetch in the profiled child."""
    capture: str | None = None
    """File name in the run folder."""
    digest: str | None = None
    """Digest of the exact digests of all keys, in hex."""
    not_proved: str | None = None
    """Why its output could not be digested and compared."""
    digests: str | None = None
    """File name in the run folder of the per-key digests."""
    timeline: str | None = None
    """File name in the run folder of the plain child's MemoryTimeline."""
    reason: str | None = None
    """Why the candidate failed, in words."""
    exit_code: int | None = None
    signal: int | None = None
    stderr_tail: str | None = None
    remarks: tuple[str, ...] = ()
    """Remarks on these figures, such as why heap and OS peak differ."""
    processes: tuple[ProcessMeasurement, ...] = ()
    """The processes, if there are several; the `rss_` figures are their sums."""
    result_bytes: int | None = None
    """Size of the finished result, for a candidate that stores it elsewhere."""
    retention: Retention | None = None
    """What held the memory in a separate run, if requested."""


@dataclass(frozen=True)
class MemorySample:
    """Resident memory at one point in time."""

    elapsed_seconds: float
    """Seconds since the baseline was taken."""
    rss_bytes: int


@dataclass(frozen=True)
class MemoryTimeline:
    """Resident memory of one plain child over its fetch."""

    path: str
    rss_baseline_bytes: int
    samples: tuple[MemorySample, ...]
