"""A private overlay over tables that must not change.

Each table and view of another catalogue (a read-only file, or the database that was cloned) appears
as a view in a catalogue of our own, with names in upper case. The first write to a table copies it
there. The other catalogue is never changed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from tracekit.localdb.duck import declared, notes
from tracekit.localdb.duck.catalogs import PRIVATE_PREFIX
from tracekit.localdb.duck.quoting import quoted
from tracekit.localdb.duck.table_columns import Spelling

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[\w$#]+)'
_WRITTEN = re.compile(
    r"^\s*(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE(?:\s+TABLE)?"
    r"|(?:ALTER|DROP)\s+TABLE(?:\s+IF\s+EXISTS)?|CREATE\s+(?:UNIQUE\s+)?INDEX.*?\bON)\s+"
    rf"({_IDENTIFIER}(?:\.{_IDENTIFIER})*)",
    re.IGNORECASE | re.DOTALL,
)
_VIEW_REPLACED = re.compile(
    rf"^\s*(?:DROP\s+VIEW(?:\s+IF\s+EXISTS)?|CREATE\s+OR\s+REPLACE\s+VIEW)\s+"
    rf"({_IDENTIFIER}(?:\.{_IDENTIFIER})*)",
    re.IGNORECASE,
)


_DEFAULT_SCHEMA = "MAIN"
"""DuckDB's default schema, whose tables are found from every schema."""


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    nullable: bool
    default: str | None


@dataclass(frozen=True)
class _Shadowed:
    """A table of another catalogue that has not been copied."""

    catalog: str
    schema: str
    name: str
    columns: tuple[_Column, ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.schema.upper(), self.name.upper()

    @property
    def path(self) -> str:
        return f"{self.catalog}.{quoted(self.schema)}.{quoted(self.name)}"


class Overlay:
    """The views of another catalogue's tables, which are copied before they are written.

    Args:
        root: A connection to the database with all catalogues.
        catalog: The catalogue for the views and copies.
        source: The catalogue under the overlay.
        below: The overlay of `source`, if it has one; tables that it has not copied are viewed
            directly.
    """

    def __init__(
        self,
        root: duckdb.DuckDBPyConnection,
        catalog: str,
        source: str,
        below: Overlay | None = None,
    ) -> None:
        self._root = root
        self._catalog = catalog
        self._lock = threading.Lock()
        self._shadowed: dict[tuple[str, str], _Shadowed] = {}
        self._spellings: dict[tuple[str, str], Spelling] = {}
        if below is not None:
            self._spellings |= below._spellings
        viewed = below.viewed() if below is not None else {}
        with root.cursor() as connection:
            views = _views_of(connection, source)
            tables = _tables_of(connection, source)
            connection.execute("BEGIN TRANSACTION")
            for table in tables:
                names = tuple(column.name for column in table.columns)
                self._spellings.setdefault(table.key, Spelling(table.schema, table.name, names))
                connection.execute(
                    f"CREATE SCHEMA IF NOT EXISTS {self._catalog}.{self._own_schema(table)}"
                )
                if (table.schema, table.name) in views and table.key not in viewed:
                    continue
                shadowed = self._shadowed[table.key] = viewed.get(table.key, table)
                self._create_view(connection, shadowed)
            connection.execute("COMMIT")
            self._create_views(connection, tables, views)

    def viewed(self) -> dict[tuple[str, str], _Shadowed]:
        """The tables that have not been copied, by schema and name in upper case."""
        with self._lock:
            return dict(self._shadowed)

    def spelling(self, schema: str, table: str) -> Spelling | None:
        """How the other catalogue spells a table's names; None if it has no such table."""
        for owner in (schema.upper(), _DEFAULT_SCHEMA):
            found = self._spellings.get((owner, table.upper()))
            if found is not None:
                return found
        return None

    def prepare_write(self, sql: str, current_schema: str) -> bool:
        """Copy the table that `sql` writes, unless it is a copy already.

        Args:
            sql: A statement in DuckDB's dialect.
            current_schema: The schema for unqualified names.

        Returns:
            Whether a table was copied.
        """
        written, replaced = _WRITTEN.match(sql), _VIEW_REPLACED.match(sql)
        match = written or replaced
        if match is None:
            return False
        parts = [_unquoted(part) for part in re.findall(_IDENTIFIER, match[1])]
        schema = parts[-2] if len(parts) > 1 else current_schema
        with self._lock:
            table = self._shadowed.get((schema.upper(), parts[-1].upper()))
            if table is None and len(parts) == 1:
                table = self._shadowed.get((_DEFAULT_SCHEMA, parts[-1].upper()))
            if table is None:
                return False
            if replaced:
                del self._shadowed[table.key]
                return False
            self._copy(table)
        return True

    def drop_schema(self, schema: str) -> None:
        """Forget the tables of a dropped schema."""
        with self._lock:
            for key in [key for key in self._shadowed if key[0] == schema.upper()]:
                del self._shadowed[key]

    def _copy(self, table: _Shadowed) -> None:
        """Copy a table and the tables connected with it by foreign keys."""
        with self._root.cursor() as connection:
            group = self._connected(connection, table)
            connection.execute("BEGIN TRANSACTION")
            for one in group:
                connection.execute(f"DROP VIEW {self._own_name(one)}")
            for one in group:
                own = f"{self._catalog}.{self._own_schema(one)}"
                connection.execute(f"SET search_path = '{own.replace(chr(39), chr(39) * 2)}'")
                for statement in _copying(connection, one, self._own_name(one)):
                    connection.execute(statement)
            connection.execute("COMMIT")
            for one in group:
                del self._shadowed[one.key]

    def _connected(
        self, connection: duckdb.DuckDBPyConnection, table: _Shadowed
    ) -> list[_Shadowed]:
        """The table and the tables connected with it by foreign keys, parents first."""
        edges = [
            ((schema.upper(), child.upper()), (schema.upper(), parent.upper()))
            for schema, child, parent in connection.execute(
                "SELECT schema_name, table_name, referenced_table FROM duckdb_constraints()"
                " WHERE database_name = ? AND constraint_type = 'FOREIGN KEY'",
                [table.catalog],
            ).fetchall()
        ]
        group, seen = [table.key], {table.key}
        for key in group:
            for edge in edges:
                near = edge[1] if edge[0] == key else edge[0] if edge[1] == key else None
                if near is not None and near not in seen and near in self._shadowed:
                    seen.add(near)
                    group.append(near)
        return [self._shadowed[key] for key in _parents_first(group, edges)]

    def _create_views(
        self,
        connection: duckdb.DuckDBPyConnection,
        tables: list[_Shadowed],
        views: dict[tuple[str, str], str],
    ) -> None:
        """Create the other catalogue's views again, so that they read our tables."""
        waiting = [one for one in tables if (one.schema, one.name) in views]
        waiting = [one for one in waiting if one.key not in self._shadowed]
        while waiting:
            left = [one for one in waiting if not self._define_view(connection, one, views)]
            if len(left) == len(waiting):  # the rest name missing tables, and are left as they are
                for one in left:
                    self._shadowed[one.key] = one
                    self._create_view(connection, one)
                return
            waiting = left

    def _define_view(
        self,
        connection: duckdb.DuckDBPyConnection,
        view: _Shadowed,
        views: dict[tuple[str, str], str],
    ) -> bool:
        own = f"{self._catalog}.{self._own_schema(view)},memory.main,memory.SYS"
        names = ", ".join(quoted(column.name.upper()) for column in view.columns)
        try:
            connection.execute(f"SET search_path = '{own.replace(chr(39), chr(39) * 2)}'")
            connection.execute(
                f"CREATE VIEW {self._own_name(view)} ({names}) AS {views[view.schema, view.name]}"
            )
        except duckdb.Error:
            return False
        return True

    def _create_view(self, connection: duckdb.DuckDBPyConnection, table: _Shadowed) -> None:
        names = ", ".join(quoted(column.name.upper()) for column in table.columns)
        connection.execute(
            f"CREATE VIEW {self._own_name(table)} ({names}) AS SELECT * FROM {table.path}"  # noqa: S608
        )

    def _own_schema(self, table: _Shadowed) -> str:
        # The default schema keeps its name: DuckDB does not allow a second one in upper case.
        return quoted(table.schema if table.schema == "main" else table.schema.upper())

    def _own_name(self, table: _Shadowed) -> str:
        return f"{self._catalog}.{self._own_schema(table)}.{quoted(table.name.upper())}"


def _tables_of(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[_Shadowed]:
    rows = connection.execute(
        "SELECT schema_name, table_name, column_name, data_type, is_nullable, column_default"
        " FROM duckdb_columns() WHERE database_name = ? AND table_name NOT IN (?, ?)"
        " AND NOT internal AND schema_name <> 'SYS' AND NOT starts_with(schema_name, ?)"
        " ORDER BY schema_name, table_name, column_index",
        [catalog, declared.TABLE, notes.TABLE, PRIVATE_PREFIX],
    ).fetchall()
    columns: dict[tuple[str, str], list[_Column]] = {}
    for schema, table, *column in rows:
        columns.setdefault((schema, table), []).append(_Column(*column))
    return [
        _Shadowed(catalog, schema, name, tuple(held)) for (schema, name), held in columns.items()
    ]


def _views_of(connection: duckdb.DuckDBPyConnection, catalog: str) -> dict[tuple[str, str], str]:
    """The queries of a catalogue's views, without those that an overlay made."""
    rows = connection.execute(
        "SELECT schema_name, view_name, sql FROM duckdb_views()"
        " WHERE database_name = ? AND NOT internal AND schema_name <> 'SYS'",
        [catalog],
    ).fetchall()
    found = {}
    for schema, name, sql in rows:
        match = _VIEW_HEAD.match(sql)
        if match is not None:
            found[schema, name] = sql[match.end() :].strip().removesuffix(";")
    return found


_VIEW_HEAD = re.compile(
    rf"CREATE VIEW {_IDENTIFIER}(?:\.{_IDENTIFIER})*\s*(?:\([^)]*\))?\s*AS\s", re.DOTALL
)


def _parents_first(
    group: Iterable[tuple[str, str]], edges: list[tuple[tuple[str, str], tuple[str, str]]]
) -> list[tuple[str, str]]:
    waiting, ordered = list(group), list[tuple[str, str]]()
    while waiting:
        ready = [
            key
            for key in waiting
            if not any(edge[0] == key and edge[1] in waiting and edge[1] != key for edge in edges)
        ]
        ordered += ready or waiting
        waiting = [key for key in waiting if key not in ordered]
    return ordered


def _copying(connection: duckdb.DuckDBPyConnection, table: _Shadowed, target: str) -> list[str]:
    """The statements that copy a table."""
    where = [table.catalog, table.schema, table.name]
    place = "WHERE database_name = ? AND schema_name = ? AND table_name = ?"
    created = connection.execute(f"SELECT sql FROM duckdb_tables() {place}", where).fetchone()  # noqa: S608
    indexes = connection.execute(f"SELECT sql FROM duckdb_indexes() {place}", where).fetchall()  # noqa: S608
    folded = all(column.name == column.name.upper() for column in table.columns)
    if created is not None and folded:
        create = _CREATED.sub(lambda _: f"CREATE TABLE {target}(", created[0], count=1)
    else:
        create = _plain_table(connection, table, target)
        indexes = []
    return [
        create,
        f"INSERT INTO {target} SELECT * FROM {table.path}",  # noqa: S608
        *(_INDEXED.sub(lambda _: f" ON {target}(", sql, count=1) for (sql,) in indexes),
    ]


_CREATED = re.compile(rf"^CREATE TABLE {_IDENTIFIER}(?:\.{_IDENTIFIER})*\s*\(")
_INDEXED = re.compile(rf" ON {_IDENTIFIER}(?:\.{_IDENTIFIER})*\s*\(")


def _plain_table(connection: duckdb.DuckDBPyConnection, table: _Shadowed, target: str) -> str:
    """CREATE TABLE with the columns in upper case, their defaults and the keys."""
    columns = ", ".join(
        f"{quoted(column.name.upper())} {column.type}"
        f"{f' DEFAULT {column.default}' if column.default is not None else ''}"
        f"{'' if column.nullable else ' NOT NULL'}"
        for column in table.columns
    )
    keys = "".join(f", {key}" for key in _keys(connection, table))
    return f"CREATE TABLE {target} ({columns}{keys})"


def _keys(connection: duckdb.DuckDBPyConnection, table: _Shadowed) -> list[str]:
    """The primary and unique keys, as clauses of CREATE TABLE."""
    rows = connection.execute(
        "SELECT constraint_type, constraint_column_names FROM duckdb_constraints()"
        " WHERE database_name = ? AND schema_name = ? AND table_name = ?"
        " AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')",
        [table.catalog, table.schema, table.name],
    ).fetchall()
    return [f"{kind} ({', '.join(quoted(name.upper()) for name in names)})" for kind, names in rows]


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
