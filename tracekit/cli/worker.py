"""`tracekit worker`: run queued fetches until a signal."""

from __future__ import annotations

import logging
from dataclasses import replace

import click

from tracekit.cli.size_type import SizeType
from tracekit.config import Settings
from tracekit.oracle import Database


@click.command("worker")
@click.option("--queue", help="Queue to listen to (default: TRACE_WORKER_QUEUE).")
@click.option(
    "--measure",
    is_flag=True,
    help="Run measurements (--workers-queue of bench and estimate) instead of trace jobs; one at a "
    "time on a host.",
)
@click.option("--burst", is_flag=True, help="End when the queue is empty.")
@click.option(
    "--memory-limit",
    type=SizeType(),
    help="Private writable memory of the process of a shard (default: "
    "TRACEKIT_WORKER_MEMORY_LIMIT).",
)
@click.option("-q", "--quiet", is_flag=True, help="Only what goes wrong on stderr.")
@click.option("-v", "--verbose", is_flag=True, help="More talk on stderr.")
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
    number of machines may share one queue. The first signal lets the running shard end, a second
    one ends it at once; it is then tried again by another worker. A shard that comes to the memory
    limit fails its job with WORKER_OUT_OF_MEMORY and its peak; the worker goes on.

    \b
    Examples:
      REDIS_URL=redis://:secret@queue:6379/0 tracekit worker --queue trace-events
      tracekit worker --burst
      tracekit worker --memory-limit 512MiB
      tracekit worker --measure --queue measurements

    With --measure it needs no database of its own: it starts a local Oracle on its workload.
    """
    from tracekit.jobs.worker import work  # RQ takes a moment to load

    settings = Settings.from_env()
    if not measure:
        Database.from_env(settings)  # a missing setting is better told now than by every job
    level = "WARNING" if quiet else "DEBUG" if verbose else "INFO"
    logging.basicConfig(level=level, format="%(asctime)s %(name)s %(message)s")
    trace = replace(
        settings.trace,
        worker_queue=queue or settings.trace.worker_queue,
        worker_memory_limit_bytes=memory_limit or settings.trace.worker_memory_limit_bytes,
    )
    work(trace, measures=measure, burst=burst, logging_level=level)
