"""What a bench found: every candidate's figures, their ratios, and the bars they are held to."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.records.environment import Environment
from tracekit.records.measurement import RunStatus
from tracekit.records.summary import WorkloadInfo


@dataclass(frozen=True)
class BenchRun:
    """One candidate, run once in a process of its own."""

    keys: int
    """keys asked for."""
    rows: int
    wall_seconds: float
    cpu_seconds: float
    """User and system time of the client; the server's is not in it."""
    rss_net_peak_bytes: int


@dataclass(frozen=True)
class CandidateResult:
    """One candidate; figures are medians of its runs, None where nothing was measured."""

    description: str
    keeps: str
    """What is in memory when it is done: `nothing`, `events`, `table` or `file` (on disk)."""
    status: RunStatus | None
    """None where it could not be run here; `reason` says why."""
    reason: str | None = None
    rows: int | None = None
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    rss_net_peak_bytes: int | None = None
    heap_net_peak_bytes: int | None = None
    """memray's high-water mark in one more run; None without profiling."""
    deep_size_bytes: int | None = None
    """Of what it returned, each object counted once."""
    exact: bool | None = None
    """Whether its output is exactly the iterator's; None where that was not asked or tells
    nothing."""
    runs: tuple[BenchRun, ...] = ()
    sizes: tuple[BenchRun, ...] = ()
    """Medians at other numbers of keys."""


@dataclass(frozen=True)
class BenchRatios:
    """One candidate's figures divided by others' of the same bench."""

    net_peak_to_legacy: float | None = None
    net_peak_to_iterator: float | None = None
    net_peak_to_deep_size: float | None = None
    cpu_to_legacy: float | None = None
    cpu_to_iterator: float | None = None


@dataclass(frozen=True)
class BenchBar:
    """One figure and the bar it is held to."""

    figure: str
    bar: str
    measured: str | None
    """None where this bench did not measure it."""
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
    """What the ids alone take, in batches as every path holds them: no query, no rows. At each
    number of keys at which a path was measured; empty without other sizes."""
    peers: dict[str, str] = field(default_factory=dict)
    """Version of each peer's package."""
    schema_version: int = 1
    created: str | None = None
    command: str | None = None
