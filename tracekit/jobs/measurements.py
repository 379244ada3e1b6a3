"""Measurements run by workers on any hosts: queued, awaited, cancelled."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Retry
from rq.command import send_stop_job_command
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from tracekit.errors import ConnectError, JobError
from tracekit.jobs.measurement_job import MEASUREMENT_FUNCTION, MeasurementJob
from tracekit.jobs.rq_jobs import open_queue, worker_count

_POLL_SECONDS = 0.3
_SWEEP_SECONDS = 15.0
"""How often to look for measurements of workers that disappeared."""
_LONGEST_SECONDS = 86_400
_KEPT_SECONDS = 3_600
_ENDED = frozenset({JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED})

Tell = Callable[[int, str, float], None]
"""Called with a measurement's number, its step, and its progress (0 to 1)."""


def measuring_queues(name: str, python: str | None = None) -> list[str]:
    """The queues of a worker with `python` (by default, this one): its own, then the common one."""
    own = python or "{}.{}".format(*sys.version_info)
    return [f"{name}:python{own}", name]


class Measurements:
    """Requests on a queue, each answered by one worker.

    Args:
        connection: The store that submitter and workers share.
        queue: The workers' queue.

    Used as a context manager; at its end, the remaining requests are cancelled.
    """

    def __init__(self, connection: Redis, queue: str) -> None:
        self._connection = connection
        self._name = queue
        self._jobs: list[Job] = []
        self._queues: list[Queue] = []

    def __enter__(self) -> Measurements:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for queue, job in zip(self._queues, self._jobs, strict=True):
            with suppress(RedisError):
                queue.remove(job)
                with suppress(NoSuchJobError, InvalidJobOperation):
                    send_stop_job_command(self._connection, job.id, serializer=JSONSerializer)

    def submit(self, request: Mapping[str, Any], python: str | None = None) -> None:
        """Queue a request, for workers with any Python or with `python` (`3.12`).

        Raises:
            ConnectError: the store does not answer.
            JobError: no worker that could run it listens.
        """
        name = self._name if python is None else measuring_queues(self._name, python)[0]
        queue = open_queue(self._connection, name, MeasurementJob)
        try:
            if not worker_count(self._connection, name):
                which = "" if python is None else f" with Python {python}"
                raise JobError(
                    f"no worker{which} listens to queue {self._name!r}. Start one on each host: "
                    f"tracekit worker --measure --queue {self._name}"
                )
            job = queue.enqueue(
                MEASUREMENT_FUNCTION,
                dict(request),
                job_timeout=_LONGEST_SECONDS,
                result_ttl=_KEPT_SECONDS,
                failure_ttl=_KEPT_SECONDS,
                retry=Retry(max=1),
            )
        except RedisError as exc:
            raise ConnectError(f"the store does not answer: {exc}") from exc
        self._queues.append(queue)
        self._jobs.append(job)

    def answers(self, tell: Tell) -> Sequence[Mapping[str, Any]]:
        """Wait for all answers, and return them in the order of the requests.

        A request that no worker could answer has only `error`.

        Raises:
            ConnectError: the store no longer answers.
        """
        found: dict[int, Mapping[str, Any]] = {}
        swept = time.monotonic()
        pause = threading.Event()
        while True:
            try:
                for number, job in enumerate(self._jobs):
                    if number not in found and (answer := _answer(job)) is not None:
                        found[number] = answer
                        tell(number, "done", 1.0)
                    elif number not in found:
                        tell(number, *_progress(job))
                if len(found) == len(self._jobs):
                    return [found[number] for number in range(len(self._jobs))]
                if time.monotonic() - swept > _SWEEP_SECONDS:
                    swept = time.monotonic()
                    for queue in self._queues:
                        queue.started_job_registry.cleanup()
            except RedisError as exc:
                raise ConnectError(f"the store no longer answers: {exc}") from exc
            pause.wait(_POLL_SECONDS)


def _answer(job: Job) -> Mapping[str, Any] | None:
    status = job.get_status(refresh=True)
    if status not in _ENDED:
        return None
    value = job.return_value(refresh=True) if status is JobStatus.FINISHED else None
    if isinstance(value, dict):
        return value
    latest = job.latest_result()
    last = (latest.exc_string or "").strip().rpartition("\n")[2] if latest else ""
    return {"error": last or f"its worker ended it ({getattr(status, 'value', status)})"}


def _progress(job: Job) -> tuple[str, float]:
    meta = job.get_meta(refresh=True)
    return str(meta.get("step", "waiting for a worker")), float(meta.get("fraction", 0.0))
