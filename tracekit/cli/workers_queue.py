"""`--workers-queue`: measure on workers instead of here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from tracekit.config import Settings
from tracekit.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])

_HERE_ONLY = {
    "database_file": "--database",
    "dsn": "--dsn",
    "user": "--user",
    "sql": "--sql",
    "key_columns": "--key",
    "binds": "--bind",
    "keys_per_statement": "--keys-per-statement",
    "keys_sql": "--keys-sql",
}

queue_option = click.option(
    "--workers-queue",
    metavar="QUEUE",
    help="Measure on the workers of this queue (tracekit worker --measure), each measurement alone "
    "on its host. The queue is in the Redis that REDIS_URL names.",
)


@dataclass(frozen=True)
class QueueSource:
    """The source for workers: names and numbers."""

    workload: str
    query: str | None
    keys: int | None
    workers: int


def queue_source(workload: str | None, source: Mapping[str, Any]) -> QueueSource:
    """Convert the options of a source for workers.

    Raises:
        ConfigError: there is no workload, or an option names something that only this host has.
    """
    for name, flag in _HERE_ONLY.items():
        if source[name]:
            raise ConfigError(
                f"{flag} cannot be used with --workers-queue, because workers measure a WORKLOAD "
                "that each of them knows by name. Define it in tracekit.toml on each host"
            )
    if workload is None:
        raise ConfigError("--workers-queue needs the name of a WORKLOAD that the workers know")
    keys = source["keys"]
    if keys is not None and not keys.isdecimal():
        raise ConfigError(f"--keys {keys}: expected a number with --workers-queue")
    settings = Settings.from_env()
    return QueueSource(
        workload,
        source["query_name"],
        None if keys is None else int(keys),
        source["workers"] or settings.fetch.max_workers,
    )
