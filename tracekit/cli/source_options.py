"""Options that say what is read: shared by every command that fetches events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.keyed.domains import DOMAINS
from tracekit.oracle import Database
from tracekit.records import Level

DEFAULT_WORKLOAD = "trace-114k"

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--cids", metavar="N|@FILE", help="How many CIDs, or a file with one CID a line."),
    click.option("--cids-sql", metavar="SQL", help="A query whose first column holds the CIDs."),
    click.option(
        "--domain",
        type=click.Choice(sorted(DOMAINS)),
        help="Kind of event [default: the workload's first, which is history].",
    ),
    click.option(
        "--dsn",
        metavar="HOST:PORT/SERVICE",
        help="Read this Oracle; user and password come from DB_USER and DB_PASSWORD.",
    ),
    click.option("--user", help="Name to log in with at --dsn [default: DB_USER]."),
    click.option(
        "--workers",
        type=click.IntRange(1),
        help="Batches of ids a path reads at once [default: EVENT_FETCHER_MAX_WORKERS, 2].",
    ),
)

level_option = click.option(
    "--level",
    type=click.Choice([level.value for level in Level if level is not Level.DIFFERENT]),
    default=Level.VALUE.value,
    show_default=True,
    help="What equality must reach.",
)

unordered_option = click.option(
    "--unordered", is_flag=True, help="Compare a CID's records without their order."
)


@dataclass(frozen=True)
class Source:
    """What is read, checked."""

    workload: str | None
    database: Database | None
    cids: int | Sequence[str] | None
    cids_sql: str | None
    domain: str | None
    workers: int

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments that `replay` and its siblings share, the workload left out."""
        return {
            "database": self.database,
            "cids": self.cids,
            "cids_sql": self.cids_sql,
            "domain": self.domain,
            "workers": self.workers,
        }


def source_options(function: F) -> F:
    """Give a command the options; it hands their values to `read_source`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_source(
    workload: str | None,
    *,
    cids: str | None,
    cids_sql: str | None,
    domain: str | None,
    dsn: str | None,
    user: str | None,
    workers: int | None,
) -> Source:
    """What the options mean together.

    Raises:
        ConfigError: a workload and --dsn are both given, a setting is missing, or --cids is
            neither a number nor a readable file.
    """
    settings = Settings.from_env()
    if dsn and workload:
        raise ConfigError(f"both a workload ({workload!r}) and --dsn were given; name one")
    return Source(
        workload=None if dsn else workload or DEFAULT_WORKLOAD,
        database=_database(settings, dsn, user) if dsn else None,
        cids=_cids(cids),
        cids_sql=cids_sql,
        domain=domain,
        workers=workers or settings.fetch.max_workers,
    )


def _database(settings: Settings, dsn: str, user: str | None) -> Database:
    found = replace(settings.database, dsn=dsn, user=user or settings.database.user)
    return Database.from_env(replace(settings, database=found))


def _cids(text: str | None) -> int | Sequence[str] | None:
    if text is None:
        return None
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError(f"--cids {text}: the file could not be read: {exc}") from exc
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ConfigError(f"--cids {text!r}: expected a number of at least 1, or @FILE")
    return int(text)
