"""The status of a job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JobState(StrEnum):
    """The state of a job; the last three are final."""

    QUEUED = "queued"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def final(self) -> bool:
        """Whether the state is final."""
        return self not in {JobState.QUEUED, JobState.STARTED}


@dataclass(frozen=True)
class JobFailure:
    """Why a job failed, or why one of its shards had to be retried.

    Codes: FETCH_FAILED, JOB_TIMEOUT, WORKER_KILLED (by a signal), WORKER_OUT_OF_MEMORY (at
    its limit, or killed while the kernel killed for lack of memory), WORKER_LOST (it disappeared),
    STORE_UNAVAILABLE, STORE_FULL, RESULT_NOT_WRITTEN (to its folder), RESULT_INCOMPLETE,
    INTERNAL_ERROR.
    """

    code: str
    message: str
    shard: int | None = None
    peak_bytes: int | None = None
    """Highest resident memory of the worker process, if known."""


@dataclass(frozen=True)
class WorkerMemory:
    """Memory of the process that is working, or worked, on one shard."""

    shard: int
    worker: str
    memory_bytes: int
    """Its memory at the last report."""
    peak_bytes: int
    net_peak_bytes: int
    """Peak above what the process held after its imports and its first connection."""
    active: bool


@dataclass(frozen=True)
class JobStatus:
    """The current state of a job."""

    job_id: str
    state: JobState
    profile: str
    domains: tuple[str, ...]
    cids: int
    cids_done: int
    """The number of CIDs fetched; a CID fetched only for some domains counts as a fraction."""
    rows: int
    shards: int
    shards_done: int
    created_at: float | None
    """Seconds since 1970, like the other times; None for a result in the layout before chunks."""
    started_at: float | None = None
    ended_at: float | None = None
    elapsed_seconds: float = 0.0
    """Seconds from its start until now or its end."""
    memory_bytes: int | None = None
    """Memory of the largest process working on it now."""
    peak_bytes: int | None = None
    """Peak of the largest process that worked on it."""
    net_peak_bytes: int | None = None
    result_bytes: int | None = None
    """Size of the finished result in the store."""
    failure: JobFailure | None = None
    retries: tuple[JobFailure, ...] = ()
    """Why shards were retried."""
    warnings: tuple[tuple[str, str], ...] = ()
    """(code, message) of each."""
    workers: tuple[WorkerMemory, ...] = ()
