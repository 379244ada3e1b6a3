"""The only kind of RQ job that a TraceWorker runs."""

from __future__ import annotations

from typing import Any

from rq.exceptions import DeserializationError
from rq.utils import import_attribute

from tracekit.errors import JobError
from tracekit.jobs.keys import is_job_id
from tracekit.jobs.restricted_job import RestrictedJob

SHARD_FUNCTION = "tracekit.jobs.shard.run_shard"
FAILURE_FUNCTION = "tracekit.jobs.failures.on_shard_failure"


class ShardJob(RestrictedJob):
    """Runs only `run_shard`, whatever function or callback its hash in Redis names."""

    @property
    def place(self) -> tuple[str, int] | None:
        """(job id, shard) of a shard; None for a job with another function or other arguments."""
        try:
            if self.func_name != SHARD_FUNCTION or self.kwargs or len(self.args) != 2:
                return None
            job_id, shard = self.args
        except (DeserializationError, TypeError, ValueError):
            return None
        if isinstance(job_id, str) and is_job_id(job_id) and type(shard) is int and shard >= 0:
            return job_id, shard
        return None

    @property
    def func(self) -> Any:
        """`run_shard`.

        Raises:
            JobError: the job names another function or other arguments.
        """
        if self.place is None:
            raise JobError(f"RQ job {self.id} is refused: it is not a shard of a trace job.")
        return import_attribute(SHARD_FUNCTION)

    @property
    def failure_callback(self) -> Any:
        """`on_shard_failure`; None for a job that is not a shard."""
        return None if self.place is None else import_attribute(FAILURE_FUNCTION)
