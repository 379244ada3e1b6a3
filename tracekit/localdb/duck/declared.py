"""The declared types of columns, where DuckDB's type says less (CHAR(3), NUMBER, FLOAT)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence

import duckdb

from tracekit.localdb.translate import ColumnDeclaration, DeclaredType, Definition

TABLE = "TRACEKIT_DECLARED_COLUMNS"
"""In the main schema of the tables' catalogue."""

_COLUMNS = "type_name, type_precision, type_scale, type_length"


class DeclaredColumns:
    """Declared types by schema, table and column, stored in a table of the database.

    Args:
        root: Used to open a connection for this object.
        catalog: The catalogue for the table; the table is created if needed.
        inherited: Catalogues from which to copy declarations.
    """

    def __init__(
        self, root: duckdb.DuckDBPyConnection, catalog: str, inherited: Sequence[str] = ()
    ) -> None:
        self._connection = root.cursor()
        self._table = f"{catalog}.main.{TABLE}"
        self._lock = threading.Lock()
        self._types: dict[tuple[str, str], dict[str, DeclaredType]] = {}
        self._connection.execute(
            f"CREATE TABLE IF NOT EXISTS {self._table} (schema_name VARCHAR, table_name VARCHAR,"
            " column_name VARCHAR, type_name VARCHAR, type_precision INTEGER, type_scale INTEGER,"
            " type_length INTEGER)"
        )
        holders = self._connection.execute(
            "SELECT database_name FROM duckdb_tables()"
            " WHERE schema_name = 'main' AND table_name = ? AND list_contains(?, database_name)",
            [TABLE, list(inherited)],
        ).fetchall()
        for (holder,) in holders:
            self._connection.execute(f"INSERT INTO {self._table} FROM {holder}.main.{TABLE}")
        self._load()

    def _load(self) -> None:
        rows = self._connection.execute(
            f"SELECT schema_name, table_name, column_name, {_COLUMNS} FROM {self._table}"  # noqa: S608
        ).fetchall()
        for schema, table, column, *kind in rows:
            self._types.setdefault((schema, table), {})[column] = DeclaredType(*kind)

    def of_table(self, schema: str, table: str) -> Mapping[str, DeclaredType]:
        """The declared types of a table's or view's columns."""
        return self._types.get((schema, table), {})

    def follow(self, definition: Definition, current_schema: str) -> None:
        """Record the types that an executed DDL statement declares."""
        if definition.object_type not in ("TABLE", "VIEW"):
            return
        key = (definition.schema or current_schema, definition.name)
        with self._lock:
            if definition.action in ("CREATE", "DROP"):
                self._forget(key, list(self._types.get(key, ())))
            self._forget(key, definition.dropped_columns)
            if definition.columns:
                self._declare(key, definition.columns)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _forget(self, key: tuple[str, str], columns: Iterable[str]) -> None:
        known = self._types.get(key, {})
        for column in columns:
            known.pop(column, None)
            self._connection.execute(
                f"DELETE FROM {self._table}"  # noqa: S608
                " WHERE schema_name = ? AND table_name = ? AND column_name = ?",
                [*key, column],
            )

    def _declare(self, key: tuple[str, str], columns: Iterable[ColumnDeclaration]) -> None:
        for column in columns:
            self._forget(key, [column.name])
            self._types.setdefault(key, {})[column.name] = column.type
            kind = column.type
            self._connection.execute(
                f"INSERT INTO {self._table} VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                [*key, column.name, kind.name, kind.precision, kind.scale, kind.length],
            )
