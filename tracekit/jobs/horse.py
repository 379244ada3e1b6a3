"""`python -m tracekit.jobs.horse`: the process in which a TraceWorker runs one job.

RQ's own method puts the same on the command line, as the text of a program.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from rq import Worker
from rq.executions import Execution
from rq.serializers import JSONSerializer

from tracekit.config import Settings
from tracekit.jobs.connection import connect_store
from tracekit.jobs.measurement_job import MeasurementJob
from tracekit.jobs.rq_jobs import open_queue
from tracekit.jobs.shard_job import ShardJob

JOB_CLASSES = {kind.__name__: kind for kind in (ShardJob, MeasurementJob)}


class _Horse(Worker):
    """The worker, as seen by its process."""

    def procline(self, message: str) -> None:
        """Keep the process's name, which RQ would change if setproctitle is installed."""


def main(kind: str, worker_key: str, job_id: str, queue_name: str, execution_id: str) -> int:
    """Run one job for the worker at `worker_key`; does not return if that worker exists."""
    threading.Thread(target=_end_with_worker, name="tracekit-lifeline", daemon=True).start()
    connection = connect_store(Settings.from_env().trace)
    job_class = JOB_CLASSES[kind]
    worker = _Horse.find_by_key(
        worker_key, connection=connection, job_class=job_class, serializer=JSONSerializer
    )
    if worker is None:
        return 1
    job = job_class.fetch(job_id, connection=connection, serializer=JSONSerializer)
    worker.execution = Execution.fetch(execution_id, job.id, connection=connection)
    worker.main_work_horse(job, open_queue(connection, queue_name, job_class))
    return 0


def _end_with_worker() -> None:
    # Standard input is a pipe that the worker holds open and never writes to.
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
