"""An estimate: net peaks predicted from small measured samples."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.records.measurement import RunStatus
from tracekit.records.summary import WorkloadInfo


@dataclass(frozen=True)
class EstimateSample:
    """One candidate, measured on a sample of the keys."""

    keys: int
    """Number of requested keys."""
    rows: int
    """Rows that the driver returned; 0 for user code, because its rows are not counted."""
    rss_net_peak_bytes: int

    @property
    def size(self) -> int:
        """The number that its peak depends on: rows, or keys if rows are not counted."""
        return self.rows or self.keys


@dataclass(frozen=True)
class EstimateCheck:
    """A real run and its prediction."""

    keys: int
    rows: int
    rss_net_peak_bytes: int
    predicted_bytes: int
    error: float
    """Predicted divided by measured, minus 1."""
    certain: bool = True
    """Whether the prediction was certain."""


@dataclass(frozen=True)
class CandidateEstimate:
    """One candidate; figures are None if its samples could not be measured."""

    status: RunStatus
    reason: str | None = None
    rss_baseline_bytes: int | None = None
    """Memory of the process before it fetches."""
    rss_net_peak_bytes: int | None = None
    """Prediction for the requested number of keys."""
    rss_peak_bytes: int | None = None
    """The predicted peak of the whole process, baseline included."""
    fits: bool | None = None
    """Whether the whole process stays within the limit; None without a limit."""
    largest_keys: int | None = None
    """The largest number of keys within the limit."""
    fixed_bytes: int | None = None
    bytes_per_row: float | None = None
    bytes_per_key: float | None = None
    low_bytes: int | None = None
    """Lower end of the predicted range."""
    high_bytes: int | None = None
    """Upper end of the range, which `fits` and `largest_keys` use."""
    certain: bool | None = None
    """Whether the range is at most 10% on either side."""
    samples: tuple[EstimateSample, ...] = ()
    checks: tuple[EstimateCheck, ...] = ()
    host: str | None = None
    """The host that measured it; None for this one."""


@dataclass(frozen=True)
class EstimateRecord:
    """One estimate."""

    workload: WorkloadInfo
    """`keys` is the requested number, `rows` the predicted number of their rows."""
    rows_per_key: float
    limit_bytes: int | None
    workers: int
    candidates: dict[str, CandidateEstimate]
    schema_version: int = 1
    created: str | None = None
    command: str | None = None
