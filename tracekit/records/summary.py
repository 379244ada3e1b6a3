"""The record in the middle: what one replay found. `summary.json` holds exactly this."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.records.environment import Environment
from tracekit.records.measurement import CandidateMeasurement
from tracekit.records.proof import Proof


@dataclass(frozen=True)
class WorkloadInfo:
    """What was replayed."""

    name: str
    fingerprint: str | None
    """Of the definition at its size; None for a database nobody fingerprinted."""
    seed: int | None
    keys: int
    rows: int | None
    query: str
    key_columns: tuple[str, ...] = ()
    """Columns of the result that its rows are grouped by."""
    remarks: tuple[str, ...] = ()
    """What a reader must know about the keys that were asked for."""


@dataclass(frozen=True)
class ReplayOptions:
    """What was asked for, so that the same replay can be made again."""

    workload: str | None
    """A name or a definition's file; None for a database that was there already."""
    keys: int | None
    """How many; None for all of the workload, or where keys were listed."""
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
    """When to look for the holders of memory; None is never."""
    jobs: int = 1
    """Most measured processes at once."""


@dataclass(frozen=True)
class Verdict:
    """What the replay says; doors turn it into an exit code."""

    equal: bool | None
    lower_peak: bool | None
    net_peak_ratio: dict[str, float]
    """Candidate to its net OS peak divided by the reference's."""
    passed: bool
    reasons: tuple[str, ...] = ()
    """One line for each thing that did not pass."""


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
    """UTC time the run began, ISO 8601."""
    options: ReplayOptions | None = None
    """None in summaries from before options were kept."""
    command: str | None = None
    """What to type to make the run again."""
