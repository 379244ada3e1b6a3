"""`tracekit worker`: run queued fetches until a signal."""

from __future__ import annotations

import logging
from dataclasses import replace

import click

from tracekit.cli.size_type import SizeType
from tracekit.config import Settings
from tracekit.oracle import Database


@click.command("worker")
@click.option("--queue", help="Queue to listen to [default: TRACE_WORKER_QUEUE].")
@click.option(
    "--measure",
    is_flag=True,
    help="Run measurements (bench and estimate --workers-queue) instead of trace jobs, one at a "
    "time on a host.",
)
@click.option("--burst", is_flag=True, help="Exit when the queue is empty.")
@click.option(
    "--memory-limit",
    type=SizeType(),
    help="Private memory the process of a shard may use [default: TRACEKIT_WORKER_MEMORY_LIMIT].",
)
@click.option("-q", "--quiet", is_flag=True, help="Only errors on stderr.")
@click.option("-v", "--verbose", is_flag=True, help="More messages on stderr.")
def command(
    queue: str | None,
    measure: bool,
    burst: bool,
    memory_limit: int | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Run the shards of queued trace jobs, each in a fresh process, until Ctrl-C.

    Connects to the Redis that REDIS_URL names and to the database that DB_HOST, DB_PORT,
    DB_SERVICE, DB_USER and DB_PASSWORD (or DB_PASSWORD_FILE) name. Any number of workers on any
    number of machines can share one queue. The first signal lets the running shard finish; a
    second one stops it immediately, and another worker retries it. If a shard reaches the memory
    limit, its job fails with WORKER_OUT_OF_MEMORY and the peak, and the worker continues.

    \b
    Examples:
      REDIS_URL=redis://:secret@queue:6379/0 tracekit worker --queue trace-events
      tracekit worker --burst
      tracekit worker --memory-limit 512MiB
      tracekit worker --measure --queue measurements

    With --measure no database is needed: the worker starts a local Oracle on its workload.
    """
    from tracekit.jobs.worker import work  # RQ takes a moment to load

    settings = Settings.from_env()
    if not measure:
        Database.from_env(settings)  # raises now if a setting is missing, not in every job
    level = "WARNING" if quiet else "DEBUG" if verbose else "INFO"
    logging.basicConfig(level=level, format="%(asctime)s %(name)s %(message)s")
    trace = replace(
        settings.trace,
        worker_queue=queue or settings.trace.worker_queue,
        worker_memory_limit_bytes=memory_limit or settings.trace.worker_memory_limit_bytes,
    )
    work(trace, measures=measure, burst=burst, logging_level=level)
