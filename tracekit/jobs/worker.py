"""The RQ worker that runs shards or measurements, each in a fresh process."""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from resource import struct_rusage
from typing import Any

from redis import Redis
from redis.exceptions import OutOfMemoryError, RedisError
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from tracekit.config import WORKER_MEMORY_LIMIT as LIMIT_VARIABLE
from tracekit.config import TraceSettings
from tracekit.jobs.connection import connect_store
from tracekit.jobs.failures import settle, worker_killed
from tracekit.jobs.measurement_job import MeasurementJob
from tracekit.jobs.measurements import measuring_queues
from tracekit.jobs.result_files import ResultFiles
from tracekit.jobs.rq_jobs import open_queue
from tracekit.jobs.shard_job import ShardJob
from tracekit.jobs.store_room import STORE_FULL, eviction_warning
from tracekit.profiling.arrow_pool import VARIABLE as ARROW_POOL
from tracekit.profiling.kernel_kills import kernel_kills

_log = logging.getLogger("tracekit.jobs")

_PAUSE_SECONDS = 3.0
_MAINTENANCE_SECONDS = 60
"""How often to look for shards of workers that disappeared."""
_NAME_SECONDS = 60
"""A worker reports more often than this that it is alive; a minute later its name expires."""
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


class TraceWorker(Worker):
    """Spawns a new interpreter for each job, so that each starts with clean memory.

    It runs only jobs of its job class: a job with any other function is refused and fails.

    RQ's own SpawnWorker puts the connection's password on the child's command line, where every
    user of the machine can read it; here it stays in the environment. RQ's default forks from a
    process with threads, which can deadlock, and the child's memory starts with its parent's.
    """

    redis_url: str
    """The URL that its processes connect to."""
    memory_limit_bytes: int | None = None
    """The limit of the private writable memory of each of its processes."""
    results_dir: Path | str | None = None
    """The place of results in files."""
    _kills_before: int | None = None
    _lifeline: int | None = None

    @property
    def stopping(self) -> bool:
        """Whether a signal asked it to stop."""
        return self._shutdown_requested_date is not None

    def work(self, *arguments: Any, **options: Any) -> bool:
        """Run jobs until a signal; unlike RQ's own method, it handles a signal at any time."""
        try:
            return super().work(*arguments, **options)
        except StopRequested:  # between announcing the worker and its loop
            self.teardown()  # type: ignore[no-untyped-call]
            return False

    def bootstrap(self, *arguments: Any, **options: Any) -> None:
        """Install signal handlers, then announce the worker; RQ does the opposite."""
        self._install_signal_handlers()  # type: ignore[no-untyped-call]
        super().bootstrap(*arguments, **options)

    def procline(self, message: str) -> None:
        """Keep the process's name, which RQ would change if setproctitle is installed."""

    def run_maintenance_tasks(self) -> None:
        """Like RQ's, and also remove expired results in files."""
        super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        if self.results_dir is not None:
            ResultFiles(self.results_dir).sweep()

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Start the process that runs `job`; it ends when this process ends."""
        assert self.execution is not None
        self._kills_before = kernel_kills()
        arguments = [self.job_class.__name__, self.key, job.id, queue.name, self.execution.id]
        environment = {
            **os.environ,
            "REDIS_URL": self.redis_url,
            "RQ_WORKER_ID": self.name,
            "RQ_JOB_ID": job.id,
            # Arrow's own pool reserves 1 GiB, which would count against the limit.
            ARROW_POOL: "system",
            LIMIT_VARIABLE: str(self.memory_limit_bytes or ""),
        }
        read_end, self._lifeline = os.pipe()
        try:
            self._horse_pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-m", "tracekit.jobs.horse", *arguments],
                environment,
                file_actions=[(os.POSIX_SPAWN_DUP2, read_end, 0)],
                setpgroup=0,  # RQ ends it by its process group
            )
        finally:
            os.close(read_end)

    def monitor_work_horse(self, job: Job, queue: Queue) -> None:
        """Wait until the process has ended, and clean up after it."""
        try:
            super().monitor_work_horse(job, queue)
        finally:
            if self._lifeline is not None:
                os.close(self._lifeline)
                self._lifeline = None

    def report_killed(self, job: Job, pid: int, wait_status: int, usage: struct_rusage) -> None:
        """Report why the process ended, and its memory."""
        if not isinstance(job, ShardJob) or job.place is None:
            return
        kills = kernel_kills()
        failure = worker_killed(
            job,
            wait_status or 0,
            usage.ru_maxrss * _MAXRSS_BYTES if usage else None,
            killed_for_memory=None not in (kills, self._kills_before)
            and kills != self._kills_before,
            limit_bytes=self.memory_limit_bytes,
        )
        settle(self.connection, job, failure)


def work(
    settings: TraceSettings,
    *,
    measures: bool = False,
    burst: bool = False,
    logging_level: str = "INFO",
) -> None:
    """Run shards until a signal, or until the queue is empty with `burst`.

    With `measures`, it runs measurements: those for any Python version, and those for this one.

    If the store refuses a command or does not answer, retries every few seconds; RQ's loop would
    end.

    Raises:
        ConfigError: REDIS_URL is not set or malformed.
    """
    pause = threading.Event()
    with suppress(StopRequested):
        while True:
            worker = make_worker(settings, measures=measures)
            if warning := eviction_warning(worker.connection):
                _log.warning(warning)
            try:
                worker.work(burst=burst, logging_level=logging_level)
            except OutOfMemoryError:
                _log.warning(STORE_FULL)
            except RedisError as exc:
                _log.warning("the store refused a command: %s", type(exc).__name__)
            else:
                if burst or worker.stopping:
                    return
            _log.warning("worker %s ended; another one starts.", worker.name)
            pause.wait(_PAUSE_SECONDS)


def make_worker(settings: TraceSettings, *, measures: bool = False) -> TraceWorker:
    """A worker on the queue that the settings name; its `work()` runs until a signal.

    Its processes read the database's settings (DB_*) from this process's environment.

    Raises:
        ConfigError: REDIS_URL is not set or malformed.
    """
    connection: Redis = connect_store(settings)
    assert settings.redis_url is not None
    names = measuring_queues(settings.worker_queue) if measures else [settings.worker_queue]
    job_class = MeasurementJob if measures else ShardJob
    worker = TraceWorker(
        [open_queue(connection, name, job_class) for name in names],
        connection=connection,
        serializer=JSONSerializer,
        job_class=job_class,
        maintenance_interval=_MAINTENANCE_SECONDS,
        worker_ttl=_NAME_SECONDS,
    )
    worker.redis_url = settings.redis_url
    worker.memory_limit_bytes = settings.worker_memory_limit_bytes
    worker.results_dir = settings.results_dir
    worker._work_horse_killed_handler = worker.report_killed
    return worker
