"""The keys that a query lists: the values of its column, or tuples of several columns."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from tracekit.oracle.connect import Database


def read_keys(
    database: Database, sql: str, binds: Any = None, *, limit: int | None = None
) -> list[Any]:
    """The value of each row of `sql`, or a tuple of values if it has several columns.

    Args:
        database: The database to read from.
        sql: A query.
        binds: The values bound to it.
        limit: Maximum number of rows; the rest is not read.

    Raises:
        ConnectError, FetchError: the query could not be run.
    """
    found: list[Any] = []
    text = sql.strip().removesuffix(";")
    with closing(database.read_sql_df_slow_iter(text, binds)) as batches:
        for columns, rows in batches:
            found += rows if len(columns) > 1 else [row[0] for row in rows]
            if limit is not None and len(found) >= limit:
                break
    return found[:limit]
