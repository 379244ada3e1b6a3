"""The jobs in RQ: one for each shard, with its name and its number."""

from __future__ import annotations

from contextlib import suppress

from redis import Redis
from rq import Queue, Retry
from rq.command import send_stop_job_command
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Callback, Job
from rq.serializers import JSONSerializer
from rq.worker_registration import get_keys

from tracekit.jobs.request import JobRequest
from tracekit.jobs.shard_job import FAILURE_FUNCTION, SHARD_FUNCTION, ShardJob

_TRIES_AGAIN = 2


def open_queue(connection: Redis, name: str, job_class: type[Job] = ShardJob) -> Queue:
    """The queue `name`; its content cannot run code: only JSON, and only `job_class`."""
    return Queue(name, connection=connection, serializer=JSONSerializer, job_class=job_class)


def enqueue_shards(connection: Redis, job_id: str, request: JobRequest) -> None:
    """Queue all shards."""
    queue = open_queue(connection, request.queue)
    queue.enqueue_many(
        [
            Queue.prepare_data(
                SHARD_FUNCTION,
                args=(job_id, number),
                timeout=request.timeout_seconds,
                ttl=request.working_ttl_seconds,
                result_ttl=0,
                failure_ttl=request.ttl_seconds,
                description=f"shard {number} of trace job {job_id}",
                job_id=_rq_id(job_id, number),
                retry=Retry(max=_TRIES_AGAIN),
                on_failure=Callback(FAILURE_FUNCTION),
            )
            for number in range(request.shards)
        ]
    )


def drop_queued(connection: Redis, job_id: str, request: JobRequest) -> None:
    """Remove the shards that no worker has started from the queue."""
    queue = open_queue(connection, request.queue)
    for number in range(request.shards):
        queue.remove(_rq_id(job_id, number))


def stop_running(connection: Redis, job_id: str, request: JobRequest) -> None:
    """Make the workers stop their shards immediately."""
    for number in range(request.shards):
        with suppress(NoSuchJobError, InvalidJobOperation):
            send_stop_job_command(connection, _rq_id(job_id, number), serializer=JSONSerializer)


def worker_count(connection: Redis, queue: str) -> int:
    """Workers listening to `queue`; a killed one counts until its name expires."""
    names = get_keys(queue=open_queue(connection, queue))
    return int(connection.exists(*names)) if names else 0


def _rq_id(job_id: str, shard: int) -> str:
    return f"{job_id}-{shard}"
