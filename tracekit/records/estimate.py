"""What an estimate says: net peaks predicted from small measured samples."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.records.measurement import RunStatus
from tracekit.records.summary import WorkloadInfo


@dataclass(frozen=True)
class EstimateSample:
    """One path, measured on some keys spread over all."""

    keys: int
    """keys asked for."""
    rows: int
    """Rows the driver handed out; 0 where code of one's own reads, which nobody counts."""
    rss_net_peak_bytes: int

    @property
    def size(self) -> int:
        """What its peak grows with: rows, or keys where rows are not counted."""
        return self.rows or self.keys


@dataclass(frozen=True)
class EstimateCheck:
    """A real run beside its prediction."""

    keys: int
    rows: int
    rss_net_peak_bytes: int
    predicted_bytes: int
    error: float
    """Predicted divided by measured, minus 1."""
    certain: bool = True
    """Whether the samples settled the prediction."""


@dataclass(frozen=True)
class CandidateEstimate:
    """One path; figures are None where its samples could not be measured."""

    status: RunStatus
    reason: str | None = None
    rss_baseline_bytes: int | None = None
    """What the process needs before it fetches."""
    rss_net_peak_bytes: int | None = None
    """Predicted at the number of keys asked for."""
    rss_peak_bytes: int | None = None
    """The same with the baseline: the whole process."""
    fits: bool | None = None
    """Whether that stays within the limit; None where no limit was given."""
    largest_keys: int | None = None
    """Most keys that fit within the limit."""
    fixed_bytes: int | None = None
    bytes_per_row: float | None = None
    bytes_per_key: float | None = None
    low_bytes: int | None = None
    """Least net peak that the samples allow."""
    high_bytes: int | None = None
    """Most; what `fits` and `largest_keys` go by."""
    certain: bool | None = None
    """Whether the samples leave at most 10% open on either side."""
    samples: tuple[EstimateSample, ...] = ()
    checks: tuple[EstimateCheck, ...] = ()
    host: str | None = None
    """Where it was measured; None where that was here."""


@dataclass(frozen=True)
class EstimateRecord:
    """One estimate."""

    workload: WorkloadInfo
    """`keys` are those asked for, `rows` their predicted number."""
    rows_per_key: float
    limit_bytes: int | None
    workers: int
    candidates: dict[str, CandidateEstimate]
    schema_version: int = 1
    created: str | None = None
    command: str | None = None
