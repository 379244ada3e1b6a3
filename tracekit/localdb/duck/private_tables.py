"""Temporary tables: sessions share the definition, and each has its own rows.

A GLOBAL TEMPORARY TABLE is an ordinary table of its schema that is always empty. A session that
uses it gets a copy in a schema of its own, which comes first in its search path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import duckdb

from tracekit.localdb.duck.catalogs import PRIVATE_PREFIX
from tracekit.localdb.duck.database import Database
from tracekit.localdb.duck.quoting import quoted
from tracekit.localdb.ora_error import OraError

_NAME = r'"(?:[^"]|"")*"'
_QUALIFIED = re.compile(rf"""'(?:[^']|'')*'|({_NAME})\.({_NAME})""")
_HEAD = re.compile(r'^CREATE TABLE (?:(?:"(?:[^"]|"")+"|[\w$#]+)\.?)+\s*\(')
_ON_COMMIT_DELETE = "DELETE"

TableKey = tuple[str, str]
"""The schema and name of a table."""


class PrivateTables:
    """The temporary tables of a session.

    Args:
        database: The session's database.
        number: The session's unique number.
    """

    def __init__(self, database: Database, number: int) -> None:
        self._database = database
        self._schema = f"{PRIVATE_PREFIX}{number}"
        self._made: dict[TableKey, str] = {}
        """What COMMIT does with the rows, by table."""

    @property
    def schema(self) -> str | None:
        """The session's own schema; None until it has one."""
        return self._schema if self._made else None

    def make(self, tables: Iterable[TableKey]) -> bool:
        """Make the session's copies of the temporary tables among `tables`.

        Returns:
            Whether a copy was made.

        Raises:
            OraError: ORA-03001 if the session has one with the same name from another schema.
        """
        known = self._database.notes.temporary
        missing = [key for key in tables if key in known and key not in self._made]
        if not missing:
            return False
        with self._database.connect(missing[0][0]) as connection:
            own = f'{self._database.catalog}."{self._schema}"'
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {own}")
            for key in missing:
                if any(name == key[1] for _, name in self._made):
                    raise OraError(3001, f"unimplemented feature: two temporary tables {key[1]}")
                created = _HEAD.sub("", self._sql(connection, key), count=1)
                connection.execute(f"CREATE TABLE {own}.{quoted(key[1])}({created}")
                self._made[key] = known[key]
        return True

    def localized(self, sql: str) -> str:
        """Replace the qualified names of temporary tables in `sql` with the copies' names."""
        if not self._made:
            return sql

        def own(match: re.Match[str]) -> str:
            if match[1] is None or (_unquoted(match[1]), _unquoted(match[2])) not in self._made:
                return match[0]
            return f'"{self._schema}".{match[2]}'

        return _QUALIFIED.sub(own, sql)

    def emptied_by_commit(self) -> list[str]:
        """The statements that delete rows when a transaction commits."""
        return [
            f'DELETE FROM "{self._schema}".{quoted(name)}'  # noqa: S608
            for (_, name), on_commit in self._made.items()
            if on_commit == _ON_COMMIT_DELETE
        ]

    def drop_copy(self, key: TableKey) -> None:
        """Drop the session's copy before the table itself is changed or dropped.

        Raises:
            OraError: ORA-14452 if another session uses it.
        """
        with self._database.connect(key[0]) as connection:
            others = connection.execute(
                "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND table_name = ?"
                " AND starts_with(schema_name, ?) AND schema_name <> ?",
                [self._database.catalog, key[1], PRIVATE_PREFIX, self._schema],
            ).fetchone()
            if others is not None:
                raise OraError(
                    14452,
                    "attempt to create, alter or drop an index on temporary table already in use",
                )
            if self._made.pop(key, None) is not None:
                connection.execute(f'DROP TABLE "{self._schema}".{quoted(key[1])}')

    def close(self) -> None:
        """Drop all copies."""
        if not self._made:
            return
        self._made = {}
        with self._database.connect(self._schema) as connection:
            connection.execute(f'DROP SCHEMA "{self._schema}" CASCADE')

    def _sql(self, connection: duckdb.DuckDBPyConnection, key: TableKey) -> str:
        found = connection.execute(
            "SELECT sql FROM duckdb_tables()"
            " WHERE database_name = ? AND schema_name = ? AND table_name = ?",
            [self._database.catalog, *key],
        ).fetchone()
        if found is None:
            raise OraError(942, "table or view does not exist")
        return str(found[0])


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"')
