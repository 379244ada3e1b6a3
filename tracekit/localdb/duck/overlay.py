"""The private overlay over a read-only file.

Every table and view of the file appears in an in-memory catalogue as a view of the same schema,
names in upper case. At its first write a table is copied there; the file is never touched.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

import duckdb

from tracekit.localdb.duck import declared

MEMORY_CATALOG = "memory"
FILE_CATALOG = "base"

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


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    nullable: bool


@dataclass(frozen=True)
class _Shadowed:
    """A table of the file that is still only viewed."""

    schema: str
    name: str
    columns: tuple[_Column, ...]


class Overlay:
    """Which of the file's tables are views, and the copying of those that are written.

    Args:
        root: a connection to the in-memory database that the file is attached to.
    """

    def __init__(self, root: duckdb.DuckDBPyConnection) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._shadowed: dict[tuple[str, str], _Shadowed] = {}
        for table in _tables_of_file(root):
            self._shadowed[table.schema.upper(), table.name.upper()] = table
            _create_view(root, table)

    def prepare_write(self, sql: str, current_schema: str) -> bool:
        """Make the table that `sql` writes to a table of our own.

        Args:
            sql: a statement in DuckDB's dialect.
            current_schema: where an unqualified name is looked up.

        Returns:
            Whether one was copied now.
        """
        written, replaced = _WRITTEN.match(sql), _VIEW_REPLACED.match(sql)
        match = written or replaced
        if match is None:
            return False
        parts = [_unquoted(part) for part in re.findall(_IDENTIFIER, match[1])]
        schema = parts[-2] if len(parts) > 1 else current_schema
        with self._lock:
            table = self._shadowed.pop((schema.upper(), parts[-1].upper()), None)
            if table is None or replaced:
                return False
            self._copy(table)
        return True

    def _copy(self, table: _Shadowed) -> None:
        target, source = _own_name(table), _file_name(table)
        columns = ", ".join(
            f"{_quoted(column.name.upper())} {column.type}{'' if column.nullable else ' NOT NULL'}"
            for column in table.columns
        )
        with self._root.cursor() as connection:
            keys = "".join(f", {key}" for key in _keys(connection, table))
            connection.execute("BEGIN TRANSACTION")
            connection.execute(f"DROP VIEW {target}")
            connection.execute(f"CREATE TABLE {target} ({columns}{keys})")
            connection.execute(f"INSERT INTO {target} SELECT * FROM {source}")  # noqa: S608
            connection.execute("COMMIT")


def _tables_of_file(root: duckdb.DuckDBPyConnection) -> list[_Shadowed]:
    rows = root.execute(
        "SELECT schema_name, table_name, column_name, data_type, is_nullable"
        " FROM duckdb_columns() WHERE database_name = ? AND table_name <> ? AND NOT internal"
        " ORDER BY schema_name, table_name, column_index",
        [FILE_CATALOG, declared.TABLE],
    ).fetchall()
    columns: dict[tuple[str, str], list[_Column]] = {}
    for schema, table, name, kind, nullable in rows:
        columns.setdefault((schema, table), []).append(_Column(name, kind, nullable))
    return [_Shadowed(schema, name, tuple(held)) for (schema, name), held in columns.items()]


def _create_view(root: duckdb.DuckDBPyConnection, table: _Shadowed) -> None:
    names = ", ".join(_quoted(column.name.upper()) for column in table.columns)
    root.execute(f"CREATE SCHEMA IF NOT EXISTS {_own_schema(table)}")
    root.execute(
        f"CREATE VIEW {_own_name(table)} ({names}) AS SELECT * FROM {_file_name(table)}"  # noqa: S608
    )


def _keys(connection: duckdb.DuckDBPyConnection, table: _Shadowed) -> list[str]:
    """Primary and unique keys, as clauses of CREATE TABLE."""
    rows = connection.execute(
        "SELECT constraint_type, constraint_column_names FROM duckdb_constraints()"
        " WHERE database_name = ? AND schema_name = ? AND table_name = ?"
        " AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')",
        [FILE_CATALOG, table.schema, table.name],
    ).fetchall()
    return [
        f"{kind} ({', '.join(_quoted(name.upper()) for name in names)})" for kind, names in rows
    ]


def _own_schema(table: _Shadowed) -> str:
    # The file's default schema keeps its name: DuckDB will not have a second one in upper case.
    schema = table.schema if table.schema == "main" else table.schema.upper()
    return f"{MEMORY_CATALOG}.{_quoted(schema)}"


def _own_name(table: _Shadowed) -> str:
    return f"{_own_schema(table)}.{_quoted(table.name.upper())}"


def _file_name(table: _Shadowed) -> str:
    return f"{FILE_CATALOG}.{_quoted(table.schema)}.{_quoted(table.name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
