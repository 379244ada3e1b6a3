"""The result of one replay; `summary.json` contains exactly this."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from tracekit.records.environment import Environment
from tracekit.records.measurement import CandidateMeasurement
from tracekit.records.program import HeapStack
from tracekit.records.proof import Proof


@dataclass(frozen=True)
class WorkloadInfo:
    """The replayed workload."""

    name: str
    fingerprint: str | None
    """Fingerprint of the definition at its size; None for a database without one."""
    seed: int | None
    keys: int
    rows: int | None
    query: str
    key_columns: tuple[str, ...] = ()
    """Columns of the result that its rows are grouped by."""
    remarks: tuple[str, ...] = ()
    """Remarks on the requested keys."""


@dataclass(frozen=True)
class ReplayOptions:
    """The options of the replay, so that it can be repeated."""

    workload: str | None
    """A name or a definition's file; None for an existing database."""
    keys: int | None
    """Number of keys; None for all of the workload, or if keys were listed."""
    query: str
    candidates: tuple[str, ...]
    """The first is the reference."""
    level: str
    unordered: bool
    profile: bool
    repeat: int
    workers: int
    memory_limit_bytes: int | None = None
    expect_out_of_memory: tuple[str, ...] = ()
    timeout_seconds: float | None = None
    retention_at: str | None = None
    """When to look at retention; None for never."""
    jobs: int = 1
    """Maximum number of measured processes at once."""


@dataclass(frozen=True)
class GivenOptions:
    """The options of `check --update`; where one is None, the workload's definition decides."""

    keys: int | None = None
    query: str | None = None
    candidates: tuple[str, ...] | None = None
    """As they were written; the first is the reference."""
    repeat: int | None = None
    workers: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the options that were given."""
        return tuple(one.name for one in fields(self) if getattr(self, one.name) is not None)

    def or_else(self, other: GivenOptions) -> GivenOptions:
        """These options, and those of `other` that are not among them."""
        return replace(other, **{name: getattr(self, name) for name in self.names})


@dataclass(frozen=True)
class Verdict:
    """The verdict; the command line turns it into an exit code."""

    equal: bool | None
    lower_peak: bool | None
    net_peak_ratio: dict[str, float]
    """Each candidate's net OS peak divided by the reference's."""
    passed: bool
    reasons: tuple[str, ...] = ()
    """One line for each failed condition."""


@dataclass(frozen=True)
class ReplaySummary:
    """One replay, saved as `summary.json` in its run folder."""

    workload: WorkloadInfo
    environment: Environment
    candidates: dict[str, CandidateMeasurement]
    proof: Proof
    verdict: Verdict
    schema_version: int = 2
    created: str | None = None
    """Start of the run in UTC, ISO 8601."""
    options: ReplayOptions | None = None
    """None in summaries of versions that did not store them."""
    command: str | None = None
    """The command line that repeats the run."""
    given: GivenOptions | None = None
    """In a baseline: which of its options are not those of the workload's definition."""
    heap_stacks: dict[str, tuple[HeapStack, ...]] = field(default_factory=dict)
    """In a baseline: the largest call stacks at each candidate's heap peak, without lines and
    folders."""
