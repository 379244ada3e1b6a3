"""Options for what to read, shared by every command that fetches a query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import click

from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.experiment.builtin_candidates import BUILTIN_NAMES
from tracekit.experiment.source import WorkloadLike
from tracekit.keyed import Query
from tracekit.keyed.query import KEYS_PER_STATEMENT
from tracekit.oracle import Database
from tracekit.records import Level

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--database",
        "database_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE.duckdb",
        help="Read this DuckDB file, served by a local Oracle.",
    ),
    click.option(
        "--shape",
        "shape_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE.json",
        help="Read rows generated from this shape (tracekit shape record) for --keys keys.",
    ),
    click.option(
        "--dsn",
        metavar="HOST:PORT/SERVICE",
        help="Read this Oracle; user and password come from DB_USER and DB_PASSWORD. With a "
        "WORKLOAD, its queries and candidates are used there.",
    ),
    click.option("--user", help="User to log on as at --dsn [default: DB_USER]."),
    click.option("--query", "query_name", metavar="NAME", help="Use this query of the workload."),
    click.option(
        "--sql",
        metavar="FILE.sql|TEXT",
        help="Your own query, as text or .sql file. Keys go where it says IN (:keys); without that "
        "it is wrapped.",
    ),
    click.option(
        "--key",
        "key_columns",
        multiple=True,
        metavar="COLUMN",
        help="Column of --sql to group rows by; repeat for several. Without it the whole result is "
        "one group.",
    ),
    click.option(
        "--bind",
        "binds",
        multiple=True,
        metavar="NAME[:TYPE]=VALUE",
        help="Value of another placeholder of --sql, repeatable. TYPE is text (default), int, "
        "number, float or date.",
    ),
    click.option(
        "--keys-per-statement",
        type=click.IntRange(1),
        metavar="N",
        help="Maximum number of keys in one statement of --sql [default: 1000].",
    ),
    click.option(
        "--keys",
        metavar="N|@FILE",
        help="Number of keys, or a file with one key per line (columns separated by commas) "
        "[default: all].",
    ),
    click.option("--keys-sql", metavar="SQL", help="A query whose columns are the keys."),
    click.option(
        "--workers",
        type=click.IntRange(1),
        help="Batches of keys a built-in candidate reads at once "
        "[default: EVENT_FETCHER_MAX_WORKERS, 2].",
    ),
)

candidate_option = click.option(
    "--candidate",
    "candidates",
    multiple=True,
    metavar="[NAME=]SPEC",
    help=f"A candidate, repeatable: {', '.join(BUILTIN_NAMES)}, module:function, script.py or "
    "notebook.ipynb [default: the workload's].",
)

level_option = click.option(
    "--level",
    type=click.Choice([level.value for level in Level if level is not Level.DIFFERENT]),
    default=Level.VALUE.value,
    show_default=True,
    help="The level of equality to reach.",
)

unordered_option = click.option(
    "--unordered", is_flag=True, help="Ignore the order of a key's records."
)


@dataclass(frozen=True)
class Source:
    """The checked options for what to read."""

    workload: WorkloadLike | None
    database: Database | None
    query: Query | str | None
    keys: int | str | None
    keys_sql: str | None
    workers: int

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments that `replay` and similar functions share, without the workload."""
        return {
            "database": self.database,
            "query": self.query,
            "keys": self.keys,
            "keys_sql": self.keys_sql,
            "workers": self.workers,
        }


def source_options(function: F) -> F:
    """Add the options to a command, which passes their values to `read_source`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_source(
    workload: str | None,
    *,
    database_file: Path | None,
    shape_file: Path | None,
    dsn: str | None,
    user: str | None,
    query_name: str | None,
    sql: str | None,
    key_columns: Sequence[str],
    binds: Sequence[str],
    keys_per_statement: int | None,
    keys: str | None,
    keys_sql: str | None,
    workers: int | None,
) -> Source:
    """Combine the options.

    Raises:
        ConfigError: there is nothing to read, two options contradict each other, a setting is
            missing, or a value is malformed.
    """
    refuse_empty({"--dsn": dsn, "--user": user, "--query": query_name, "--keys-sql": keys_sql})
    settings = Settings.from_env()
    for option, file in (("--shape", shape_file), ("--database", database_file)):
        other = database_file if option == "--shape" else None
        if file and (workload or dsn or other):
            second = "--dsn" if dsn else "--database" if other else repr(workload)
            raise ConfigError(
                f"{option} {file} and {second} cannot be used together; give only one"
            )
    if not (workload or database_file or shape_file or dsn):
        raise ConfigError(
            "there is nothing to read. Name a workload (tracekit workload list), a DuckDB file "
            "(--database), a shape (--shape) or an Oracle (--dsn)"
        )
    if user and not dsn:
        raise ConfigError(f"--user {user} needs --dsn, which is not given")
    query = _query(query_name, sql, key_columns, binds, keys_per_statement)
    return Source(
        workload=database_file or shape_file or workload,
        database=_database(settings, dsn, user) if dsn else None,
        query=query,
        keys=_keys(keys),
        keys_sql=keys_sql,
        workers=workers or settings.fetch.max_workers,
    )


def refuse_empty(given: Mapping[str, str | None]) -> None:
    """Refuse an option whose text is empty, as a shell variable that is not set leaves it.

    Raises:
        ConfigError: there is one.
    """
    for option, text in given.items():
        if text is not None and not text.strip():
            raise ConfigError(f"{option} {text!r} is empty; give a value, or leave the option out")


def _database(settings: Settings, dsn: str, user: str | None) -> Database:
    found = replace(settings.database, dsn=dsn, user=user or settings.database.user)
    return Database.from_env(replace(settings, database=found))


def _query(
    name: str | None,
    sql: str | None,
    key_columns: Sequence[str],
    binds: Sequence[str],
    keys_per_statement: int | None,
) -> Query | str | None:
    if sql is None:
        given = {"--key": key_columns, "--bind": binds, "--keys-per-statement": keys_per_statement}
        unused = next((option for option, value in given.items() if value), None)
        if unused is not None:
            raise ConfigError(f"{unused} needs --sql, which is not given")
        return name
    if name is not None:
        raise ConfigError("--query and --sql cannot be used together; give only one")
    columns = [column.strip() for text in key_columns for column in text.split(",")]
    return Query(
        sql,
        key=columns or None,
        binds=dict(map(_bind, binds)),
        keys_per_statement=keys_per_statement or KEYS_PER_STATEMENT,
    )


def _bind(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    name, _, kind = name.strip().removeprefix(":").partition(":")
    readers: dict[str, Callable[[str], Any]] = {
        "": str,
        "text": str,
        "int": int,
        "number": Decimal,
        "float": float,
        "date": datetime.fromisoformat,
    }
    if not equals or not name:
        raise ConfigError(f"--bind {text!r}: expected NAME=VALUE or NAME:TYPE=VALUE")
    if kind not in readers:
        raise ConfigError(
            f"--bind {text!r}: unknown type {kind!r}; expected one of "
            f"{', '.join(filter(None, readers))}"
        )
    try:
        return name, readers[kind](value)
    except (ValueError, InvalidOperation):
        raise ConfigError(f"--bind {text!r}: {value!r} is not of type {kind}") from None


def _keys(text: str | None) -> int | str | None:
    if text is None or text.startswith("@"):
        return text
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ConfigError(f"--keys {text!r}: expected a number of at least 1, or @FILE")
    return int(text)
