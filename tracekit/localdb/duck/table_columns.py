"""The columns of tables and views, looked up once until the next DDL."""

from __future__ import annotations

import threading
from collections.abc import Callable

import duckdb

from tracekit.localdb.duck.declared import DeclaredColumns
from tracekit.localdb.translate import Columns, ColumnType


class TableColumns:
    """A cache in front of DuckDB's catalogue.

    Args:
        connect: opens a connection that resolves unqualified names in a schema.
        declared: types that Oracle DDL stated.
        required: the columns of a table that are NOT NULL, by connection, schema and name.
    """

    def __init__(
        self,
        connect: Callable[[str], duckdb.DuckDBPyConnection],
        declared: DeclaredColumns,
        required: Callable[[duckdb.DuckDBPyConnection, str, str], set[str]],
    ) -> None:
        self._connect = connect
        self._declared = declared
        self._required = required
        self._known: dict[tuple[str, str], Columns] = {}
        self._lock = threading.Lock()

    def find(self, schema: str, table: str) -> Columns:
        """The columns of a table as seen from a schema; none if there is no such table."""
        with self._lock:
            known = self._known.get((schema, table))
            generation = self._known
        if known is None:
            known = self._look_up(schema, table)
            with self._lock:
                generation[schema, table] = known  # DDL may have replaced it meanwhile
        return known

    def forget(self) -> None:
        """DDL changed what there is."""
        with self._lock:
            self._known = {}

    def _look_up(self, schema: str, table: str) -> Columns:
        name = '"' + table.replace('"', '""') + '"'
        try:
            with self._connect(schema) as connection:
                relation = connection.sql(f"SELECT * FROM {name} LIMIT 0")  # noqa: S608
                found = list(zip(relation.columns, relation.types, strict=True))
                required = self._required(connection, schema, table)
        except duckdb.Error:  # no such table: running the statement will say so
            return {}
        declared = self._declared.of_table(schema, table)
        return {
            column: ColumnType(str(kind), declared.get(column), nullable=column not in required)
            for column, kind in ((name.upper(), kind) for name, kind in found)
        }
