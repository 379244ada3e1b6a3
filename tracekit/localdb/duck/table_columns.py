"""A cache of the columns of tables and views, valid until the next DDL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import duckdb

from tracekit.localdb.duck.declared import DeclaredColumns
from tracekit.localdb.translate import Columns, ColumnType


@dataclass(frozen=True)
class Spelling:
    """How a DuckDB file that Oracle DDL did not make spells a table's names."""

    schema: str
    table: str
    columns: tuple[str, ...]

    def is_of(self, schema: str, table: str) -> bool:
        """Whether it spells the table this way; a name in capitals is one without quotes."""
        return _means(schema, self.schema) and _means(table, self.table)


def _means(asked: str, own: str) -> bool:
    return asked.upper() == asked or asked == own


class TableColumns:
    """A cache in front of DuckDB's catalogue.

    Args:
        connect: Opens a connection that looks up unqualified names in a schema.
        declared: The types declared in Oracle DDL.
        required: Returns a table's NOT NULL columns, given a connection, its schema and name.
        spelling: Returns how a file spells a table's names, given the same.
        on_null: Returns what INSERT stores instead of NULL, by column, given the same.
    """

    def __init__(
        self,
        connect: Callable[[str], duckdb.DuckDBPyConnection],
        declared: DeclaredColumns,
        required: Callable[[duckdb.DuckDBPyConnection, str, str], set[str]],
        spelling: Callable[[duckdb.DuckDBPyConnection, str, str], Spelling | None],
        on_null: Callable[[duckdb.DuckDBPyConnection, str, str], Mapping[str, str]],
    ) -> None:
        self._on_null = on_null
        self._spelling = spelling
        self._connect = connect
        self._declared = declared
        self._required = required
        self._known: dict[tuple[str, str], Columns] = {}
        self._lock = threading.Lock()

    def find(self, schema: str, table: str) -> Columns:
        """The columns of a table as seen from a schema; empty if there is no such table.

        Names with small letters match only a file's exact spelling.
        """
        with self._lock:
            known = self._known.get((schema, table))
            generation = self._known
        if known is None:
            known = self._look_up(schema, table)
            with self._lock:
                generation[schema, table] = known  # DDL may have replaced the cache
        return known

    def forget(self) -> None:
        """Clear the cache after DDL."""
        with self._lock:
            self._known = {}

    def _look_up(self, schema: str, table: str) -> Columns:
        name = '"' + table.replace('"', '""') + '"'
        try:
            with self._connect(schema) as connection:
                relation = connection.sql(f"SELECT * FROM {name} LIMIT 0")  # noqa: S608
                found = list(zip(relation.columns, relation.types, strict=True))
                required = self._required(connection, schema, table)
                spelling = self._spelling(connection, schema, table)
                on_null = self._on_null(connection, schema, table)
        except duckdb.Error:  # no such table: running the statement reports that
            return {}
        if (schema, table) != (schema.upper(), table.upper()) and not (
            spelling is not None and spelling.is_of(schema, table)
        ):
            return {}
        declared = self._declared.of_table(schema, table)
        own = {name.upper(): name for name in spelling.columns} if spelling is not None else {}
        return {
            column: ColumnType(
                str(kind),
                declared.get(column),
                nullable=column not in required,
                on_null=on_null.get(column, ""),
                spelled="" if column in declared else own.get(column, ""),
            )
            for column, kind in ((name.upper(), kind) for name, kind in found)
        }
