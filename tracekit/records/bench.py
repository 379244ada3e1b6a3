"""The results of a bench: every candidate's figures, their ratios, and the targets."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.records.environment import Environment
from tracekit.records.measurement import RunStatus
from tracekit.records.summary import WorkloadInfo


@dataclass(frozen=True)
class BenchRun:
    """One run of one candidate in a separate process."""

    keys: int
    """Number of requested keys."""
    rows: int
    wall_seconds: float
    cpu_seconds: float
    """User and system time of the client, without the server's."""
    rss_net_peak_bytes: int


@dataclass(frozen=True)
class CandidateResult:
    """One candidate; figures are medians of its runs, None if not measured."""

    description: str
    keeps: str
    """What it holds at its end: `nothing`, `records`, `table` or `file` (on disk)."""
    status: RunStatus | None
    """None if it could not be run; `reason` says why."""
    reason: str | None = None
    rows: int | None = None
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    rss_net_peak_bytes: int | None = None
    heap_net_peak_bytes: int | None = None
    """memray's high-water mark in an additional run; None without profiling."""
    deep_size_bytes: int | None = None
    """Size of what it returned in bytes, with each object counted once."""
    exact: bool | None = None
    """Whether its output exactly equals the iterator's; None if they were not compared."""
    runs: tuple[BenchRun, ...] = ()
    sizes: tuple[BenchRun, ...] = ()
    """Medians at other numbers of keys."""


@dataclass(frozen=True)
class BenchRatios:
    """The figures of one candidate divided by those of others in the same bench."""

    net_peak_to_legacy: float | None = None
    net_peak_to_iterator: float | None = None
    net_peak_to_deep_size: float | None = None
    cpu_to_legacy: float | None = None
    cpu_to_iterator: float | None = None


@dataclass(frozen=True)
class BenchBar:
    """One figure and its target."""

    figure: str
    bar: str
    measured: str | None
    """None if this bench did not measure it."""
    met: bool | None
    remark: str | None = None


@dataclass(frozen=True)
class BenchRecord:
    """One bench; saved as `bench.json`."""

    workload: WorkloadInfo
    environment: Environment
    workers: int
    repeat: int
    candidates: dict[str, CandidateResult]
    ratios: dict[str, BenchRatios] = field(default_factory=dict)
    bars: tuple[BenchBar, ...] = ()
    ids: tuple[BenchRun, ...] = ()
    """Runs that only hold the keys in batches, without a query: one for each measured number of
    keys. Empty if there is only one."""
    peers: dict[str, str] = field(default_factory=dict)
    """Version of each peer's package."""
    schema_version: int = 1
    created: str | None = None
    command: str | None = None
