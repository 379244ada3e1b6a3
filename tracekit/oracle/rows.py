"""Read rows as tuples, one row batch at a time."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime
from typing import Any

import oracledb

from tracekit.errors import FetchError

Row = tuple[Any, ...]
RowBatch = tuple[list[str], list[Row]]
"""Upper-case column names, and the rows of one fetchmany call."""


def iter_row_batches(
    connection: oracledb.Connection, sql: str, params: Any, batch_size: int
) -> Generator[RowBatch, None, None]:
    """The result of `sql` in row batches of `batch_size` rows, the last one smaller.

    The generator drops a row batch before it fetches the next, and closes its cursor when it
    ends, fails or is closed. A result without rows yields nothing.

    Raises:
        FetchError: the statement is not a query.
        oracledb.Error: the driver failed; the caller translates.
    """
    with connection.cursor() as cursor:
        cursor.arraysize = batch_size
        cursor.prefetchrows = batch_size
        columns = execute_query(cursor, sql, params)
        while rows := cursor.fetchmany():
            yield columns, rows
            del rows


def execute_query(cursor: oracledb.Cursor, sql: str, params: Any) -> list[str]:
    """Execute `sql` and return its upper-case column names; LOBs come as str and bytes.

    Raises:
        FetchError: the statement is not a query.
    """
    cursor.execute(sql, exact_binds(cursor, params), fetch_lobs=False)
    if cursor.description is None:
        raise _no_query(sql)
    return [column[0].upper() for column in cursor.description]


def exact_binds(cursor: oracledb.Cursor, params: Any) -> Any:
    """The values to bind, with fractions of a second preserved.

    The driver binds a datetime as DATE, which holds whole seconds, so a key read from a TIMESTAMP
    column would not find its own row. A datetime with a fraction is bound as TIMESTAMP.
    """
    if isinstance(params, Mapping):
        if not any(issubclass(kind, datetime) for kind in set(map(type, params.values()))):
            return params
        return {name: _exact_bind(cursor, value) for name, value in params.items()}
    if isinstance(params, list | tuple):
        return [_exact_bind(cursor, value) for value in params]
    return params


def _exact_bind(cursor: oracledb.Cursor, value: Any) -> Any:
    if not isinstance(value, datetime) or not value.microsecond:
        return value
    variable = cursor.var(oracledb.DB_TYPE_TIMESTAMP)
    variable.setvalue(0, value)
    return variable


def describe_query(connection: oracledb.Connection, sql: str) -> list[oracledb.FetchInfo]:
    """The columns of `sql`, without running it.

    Raises:
        FetchError: not a query.
        oracledb.Error: the driver failed; the caller translates.
    """
    with connection.cursor() as cursor:
        cursor.parse(sql)
        columns: list[oracledb.FetchInfo] | None = cursor.description
    if columns is None:
        raise _no_query(sql)
    return columns


def _no_query(sql: str) -> FetchError:
    return FetchError(f"the statement returns no rows: {sql[:60]!r} is not a query.")
