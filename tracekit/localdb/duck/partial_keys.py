"""Unique keys of several columns of which some are NULL.

Oracle compares such keys, and leaves out only those that are NULL in all columns (Database SQL
Language Reference, "Unique Constraints"). DuckDB leaves out all that have a NULL.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import duckdb

from tracekit.localdb.duck.constraints import constraints_of
from tracekit.localdb.duck.foreign_keys import Check
from tracekit.localdb.duck.indexes import Table, indexes_of
from tracekit.localdb.duck.notes import TableNotes
from tracekit.localdb.duck.quoting import quoted
from tracekit.localdb.duck.writer import WritingConnection
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import Definition


class PartialKeys:
    """The checks of such keys, cached until the next DDL.

    Args:
        catalog: The tables' catalogue.
        notes: The notes about all tables.
    """

    def __init__(self, catalog: str, notes: TableNotes) -> None:
        self._catalog = catalog
        self._notes = notes
        self._known: dict[tuple[str, str], list[Check]] = {}
        self._lock = threading.Lock()

    def checks(
        self, connection: duckdb.DuckDBPyConnection, key: tuple[str, str]
    ) -> Sequence[Check]:
        """The checks to run after a statement that wrote rows to the table with this key."""
        with self._lock:
            known = self._known.get(key)
            generation = self._known
        if known is None:
            known = self._look_up(connection, Table(self._catalog, *key))
            with self._lock:
                generation[key] = known  # DDL may have replaced the cache
        return known

    def forget(self) -> None:
        """Clear the cache after DDL."""
        with self._lock:
            self._known = {}

    def _look_up(self, connection: duckdb.DuckDBPyConnection, table: Table) -> list[Check]:
        held = constraints_of(connection, table, self._notes.of_table(table.schema, table.name))
        required = {column for one in held if one.kind == "N" for column in one.columns}
        keys = [
            (one.name, _quoted(one.columns))
            for one in held
            if one.kind == "U" and not required.issuperset(one.columns)
        ]
        keys += [
            (one.name, list(one.parts)) for one in indexes_of(connection, table) if one.is_unique
        ]
        return [_check(table, name, parts) for name, parts in keys if len(parts) > 1]


def refuse_added(
    connection: duckdb.DuckDBPyConnection, definition: Definition, table: Table
) -> None:
    """Check the existing rows against keys that are added to their table.

    Raises:
        OraError: ORA-02299 if rows violate one.
    """
    for one in definition.constraints:
        name = one.name or "SYS_C"
        if one.kind == "U" and _is_violated(connection, table, name, _quoted(one.columns)):
            text = f"cannot validate ({table.schema}.{name}) - duplicate keys found"
            raise OraError(2299, text)


def refuse_created(writer: WritingConnection, name: str, table: Table) -> None:
    """Check the existing rows against an index that was created, and drop it if they violate it.

    Raises:
        OraError: ORA-01452 if rows violate it.
    """
    for one in indexes_of(writer.connection, table):
        is_new = one.name == name and one.is_unique
        if is_new and _is_violated(writer.connection, table, name, one.parts):
            writer.run_alone(one.drop(table))
            raise OraError(1452, "cannot CREATE UNIQUE INDEX; duplicate keys found")


def _quoted(columns: Iterable[str]) -> list[str]:
    return [quoted(column) for column in columns]


def _is_violated(
    connection: duckdb.DuckDBPyConnection, table: Table, name: str, parts: Sequence[str]
) -> bool:
    check = _check(table, name, parts)
    return len(parts) > 1 and connection.execute(check.sql).fetchone() is not None


def _check(table: Table, name: str, parts: Sequence[str]) -> Check:
    some = " OR ".join(f"({part}) IS NULL" for part in parts)
    not_all = " OR ".join(f"({part}) IS NOT NULL" for part in parts)
    return Check(
        f"SELECT 1 FROM {table.path} WHERE ({some}) AND ({not_all})"  # noqa: S608 - quoted
        f" GROUP BY {', '.join(parts)} HAVING count(*) > 1 LIMIT 1",
        f"ORA-00001: unique constraint ({table.schema}.{name}) violated",
    )
