"""Choose the keys to replay: a list, a file, those of a query, or all of the replayed query."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeAlias

import oracledb

from tracekit.errors import ConfigError
from tracekit.keyed import Key, Query
from tracekit.keyed.keys import checked_keys
from tracekit.oracle import Database
from tracekit.oracle.key_list import read_keys

WantedKeys: TypeAlias = "int | str | Sequence[Key]"
"""Number of keys, a file (`@FILE`, one key per line), or the keys themselves."""


def choose_keys(
    database: Database,
    query: Query,
    wanted: WantedKeys | None = None,
    sql: str | None = None,
) -> tuple[list[Key] | None, tuple[str, ...]]:
    """The distinct keys to fetch, and remarks on those that were left out.

    Args:
        database: The database to read them from.
        query: The query that is replayed; it may take no keys.
        wanted: Keys, a file of keys, or the number of keys to take from `sql` or the query.
        sql: A query whose columns are the keys; default the distinct keys of `query` itself.

    Raises:
        ConfigError: there are none, one cannot be read or bound, or a list and a query are given.
        ConnectError, FetchError: the keys could not be read from the database.
    """
    if not query.takes_keys:
        if wanted is not None or sql is not None:
            raise ConfigError(f"query {query.name!r} takes no keys, but keys were given")
        return None, ()
    remarks: tuple[str, ...] = ()
    if wanted is None or isinstance(wanted, int):
        if wanted is not None and wanted < 1:
            raise ConfigError(f"keys={wanted}: expected at least 1")
        found, remarks = _asked(database, query, sql, wanted)
        source = f"{sql!r}" if sql else f"query {query.name!r}"
    elif sql is not None:
        raise ConfigError("keys were given both as a list and as a query; give only one")
    elif isinstance(wanted, str):
        found, source = _from_file(database, query, wanted), wanted
    else:
        found, source = list(wanted), "the list of keys"
    keys = checked_keys(found, query)
    if not keys:
        raise ConfigError(f"there is nothing to replay: {source} has no keys")
    return keys, remarks


def _asked(
    database: Database, query: Query, sql: str | None, limit: int | None
) -> tuple[list[Any], tuple[str, ...]]:
    statement, binds = (sql, None) if sql is not None else query.statement_of_keys()
    found = read_keys(database, statement, binds)
    with_null = sum(1 for key in found if _is_null(key))
    keys = [key for key in found if not _is_null(key)][:limit]
    remarks: list[str] = []
    if limit is not None and len(keys) < limit:
        remarks.append(f"{limit:,} keys were requested; there are {len(keys):,}")
    if not with_null:
        return keys, tuple(remarks)
    remarks.append(
        f"rows whose key is NULL are not replayed ({with_null:,} such "
        f"{'key' if with_null == 1 else 'keys'}): no statement can select them by key"
    )
    return keys, tuple(remarks)


def _is_null(key: Any) -> bool:
    return key is None or (isinstance(key, tuple) and None in key)


def _from_file(database: Database, query: Query, text: str) -> list[Key]:
    """The keys in `@FILE`, one per line (columns separated by commas), as the columns' types."""
    if not text.startswith("@"):
        raise ConfigError(f"keys={text!r}: expected a number, @FILE, or a list of keys")
    try:
        lines = Path(text[1:]).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"keys {text}: the file could not be read: {exc}") from exc
    columns = query.column_names
    types = _key_types(database, query)
    if len(columns) < 2:
        return [_typed(line.strip(), types[0], text) for line in lines if line.strip()]
    keys: list[Key] = []
    for parts in csv.reader(line for line in lines if line.strip()):
        if len(parts) != len(columns):
            raise ConfigError(
                f"keys {text}: {','.join(parts)!r} has {len(parts)} values; expected "
                f"{len(columns)}, for {','.join(columns)}"
            )
        keys.append(
            tuple(_typed(part.strip(), kind, text) for part, kind in zip(parts, types, strict=True))
        )
    return keys


def _key_types(database: Database, query: Query) -> list[Any]:
    """The driver's types of the key columns; text if the query has none to group by."""
    if not query.column_names:
        return [oracledb.DB_TYPE_VARCHAR]
    sql, _ = query.statement([("any",) * query.key_width])
    described = {column.name.upper(): column.type_code for column in database.describe(sql)}
    for name in query.column_names:
        if name not in described:
            raise ConfigError(
                f"query {query.name!r} has no column {name} to group by; its columns are "
                f"{', '.join(described)}"
            )
    return [described[name] for name in query.column_names]


def _typed(text: str, kind: Any, source: str) -> Key:
    readers: dict[Any, Callable[[str], Key]] = {
        oracledb.DB_TYPE_NUMBER: _number,
        oracledb.DB_TYPE_BINARY_DOUBLE: float,
        oracledb.DB_TYPE_BINARY_FLOAT: float,
        oracledb.DB_TYPE_DATE: datetime.fromisoformat,
        oracledb.DB_TYPE_TIMESTAMP: datetime.fromisoformat,
        oracledb.DB_TYPE_TIMESTAMP_TZ: datetime.fromisoformat,
        oracledb.DB_TYPE_TIMESTAMP_LTZ: datetime.fromisoformat,
        oracledb.DB_TYPE_RAW: bytes.fromhex,
    }
    try:
        return readers.get(kind, str)(text)
    except (ValueError, InvalidOperation):
        raise ConfigError(
            f"keys {source}: {text!r} is not a value of the key column, which is {kind.name}"
        ) from None


def _number(text: str) -> Key:
    value = Decimal(text)
    if not value.is_finite():
        raise ValueError(text)
    return int(value) if value == value.to_integral_value() else value
