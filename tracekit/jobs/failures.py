"""What happens when a shard fails: it is retried, or its job fails."""

from __future__ import annotations

import logging
import signal
from types import TracebackType

from redis import Redis
from redis.exceptions import OutOfMemoryError, RedisError
from rq.exceptions import AbandonedJobError
from rq.timeouts import JobTimeoutException

from tracekit.config import Settings
from tracekit.errors import (
    ConfigError,
    ExportError,
    FetchError,
    JobNotFound,
    ProfileError,
    ResultIncomplete,
    TracekitError,
)
from tracekit.jobs.rq_jobs import drop_queued
from tracekit.jobs.shard import JobTimedOut
from tracekit.jobs.shard_job import ShardJob
from tracekit.jobs.status import JobFailure
from tracekit.jobs.store import JobStore
from tracekit.jobs.store_room import STORE_FULL
from tracekit.process_memory import peak_resident_bytes
from tracekit.profiling.memory_limit import AtMemoryLimit
from tracekit.sizes import format_size

_log = logging.getLogger("tracekit.jobs")

_LASTING = (
    ConfigError,
    JobTimedOut,
    JobTimeoutException,
    JobNotFound,
    ResultIncomplete,
    MemoryError,
    ProfileError,
    OutOfMemoryError,
)
"""Failures that a retry would repeat."""


_REFUSED_MEMORY = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGTRAP)
"""Signals with which native code ends its process after a refused allocation."""
_NEAR = 0.8  # of the limit, which includes reserved memory; the peak is of resident memory


def on_shard_failure(
    job: ShardJob,
    connection: Redis,
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType | None,
) -> None:
    """RQ's failure callback: a shard raised an error, or its worker disappeared."""
    error = _decisive(error)
    # An abandoned job is settled by another worker, whose memory is unrelated.
    peak_bytes = None if isinstance(error, AbandonedJobError) else peak_resident_bytes()
    failure = JobFailure(_code(error), _message(error), _place(job)[1], peak_bytes)
    settle(connection, job, failure, lasting=isinstance(error, _LASTING))


def worker_killed(
    job: ShardJob,
    wait_status: int,
    peak_bytes: int | None,
    *,
    killed_for_memory: bool,
    limit_bytes: int | None = None,
) -> JobFailure:
    """The failure for a dead work horse.

    Args:
        job: The job it was running.
        wait_status: As returned by os.wait.
        peak_bytes: Its largest resident memory.
        killed_for_memory: The kernel killed for lack of memory while it ran.
        limit_bytes: Its memory limit, if it had one.
    """
    number = wait_status & 0x7F
    how = f"by {signal.Signals(number).name}" if number else f"with exit code {wait_status >> 8}"
    peak = f" Its memory peaked at {format_size(peak_bytes)}." if peak_bytes else ""
    why = ""
    if killed_for_memory and number == signal.SIGKILL:
        why = " while the kernel killed for lack of memory"
    elif number in _REFUSED_MEMORY and limit_bytes and (peak_bytes or 0) > _NEAR * limit_bytes:
        why = f" close to its memory limit of {format_size(limit_bytes)}"
    return JobFailure(
        "WORKER_OUT_OF_MEMORY" if why else "WORKER_KILLED",
        f"The worker's process was killed {how}{why}.{peak}",
        shard=_place(job)[1],
        peak_bytes=peak_bytes,
    )


def settle(connection: Redis, job: ShardJob, failure: JobFailure, *, lasting: bool = False) -> None:
    """Record the failure if the shard will be retried; otherwise the whole job failed."""
    store = JobStore(connection, Settings.from_env().trace)
    job_id, shard = _place(job)
    again = not lasting and bool(job.retries_left)
    _log.warning("job %s: %s: %s", job_id, "retrying" if again else failure.code, failure.message)
    try:
        if again:
            store.note_retry(job_id, failure)
        else:
            _fail(store, job_id, failure)
    except OutOfMemoryError:
        store.make_room(job_id)  # otherwise the failure itself could not be written
        _fail(store, job_id, JobFailure("STORE_FULL", STORE_FULL, shard, failure.peak_bytes))
    except JobNotFound:
        _log.warning("job %s expired before its failure could be recorded", job_id)
    except ResultIncomplete as exc:
        _log.warning("job %s: its failure could not be recorded: %s", job_id, exc)


def _fail(store: JobStore, job_id: str, failure: JobFailure) -> None:
    if store.fail(job_id, failure):
        drop_queued(store.redis, job_id, store.read(job_id).request)


def _decisive(error: BaseException) -> BaseException:
    # RQ's alarm and a lack of memory can occur inside the driver, which then reports a failed
    # connection.
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, JobTimeoutException | MemoryError | ProfileError):
            return inner
        inner = inner.__cause__ or inner.__context__
    return error


def _place(job: ShardJob) -> tuple[str, int]:
    place = job.place
    assert place is not None  # no other job has this module's callback
    return place


def _code(error: BaseException) -> str:
    for kinds, code in (
        ((JobTimedOut, JobTimeoutException), "JOB_TIMEOUT"),
        ((AbandonedJobError,), "WORKER_LOST"),
        ((MemoryError, ProfileError), "WORKER_OUT_OF_MEMORY"),
        ((FetchError,), "FETCH_FAILED"),
        ((OutOfMemoryError,), "STORE_FULL"),
        ((RedisError,), "STORE_UNAVAILABLE"),
        ((ExportError,), "RESULT_NOT_WRITTEN"),
        ((ResultIncomplete,), "RESULT_INCOMPLETE"),
    ):
        if isinstance(error, kinds):
            return code
    return "FETCH_FAILED" if isinstance(error, TracekitError) else "INTERNAL_ERROR"


def _message(error: BaseException) -> str:
    if isinstance(error, AbandonedJobError):
        return "The worker disappeared: its machine, or both of its processes, ended."
    if isinstance(error, MemoryError | ProfileError):
        return _memory_message(error)
    if isinstance(error, OutOfMemoryError):
        return STORE_FULL
    if isinstance(error, TracekitError):
        return str(error)
    if isinstance(error, JobTimeoutException):
        return "The worker took longer than the job's time limit. Raise TRACE_JOB_TIMEOUT_SECONDS."
    # Messages of other libraries may quote values.
    return f"{type(error).__module__}.{type(error).__qualname__} in the worker; see its log."


def _memory_message(error: BaseException) -> str:
    limit_bytes = Settings.from_env().trace.worker_memory_limit_bytes
    limit = f" of {format_size(limit_bytes)}" if limit_bytes else ""
    peak = format_size(peak_resident_bytes())
    said = (
        f"The worker's process reached its memory limit{limit}; its memory peaked at {peak}. "
        "Raise TRACEKIT_WORKER_MEMORY_LIMIT, or lower TRACE_EVENTS_MAX_WORKERS or "
        "TRACE_STREAM_BATCH_SIZE."
    )
    return said if isinstance(error, MemoryError | AtMemoryLimit) else f"{said} ({error})"
