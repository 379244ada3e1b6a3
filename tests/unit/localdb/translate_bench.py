"""An in-memory DuckDB with the translated functions installed, driven with Oracle's SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import Translated, install, map_error, translate

SYSDATE = datetime(2026, 2, 28, 13, 14, 15)


class Bench:
    """Translates and runs statements."""

    def __init__(self, sysdate: datetime | None = SYSDATE) -> None:
        self.connection = duckdb.connect()
        install(self.connection, sysdate=sysdate)

    def duck(self, sql: str) -> list[tuple[Any, ...]]:
        """Run DuckDB's own SQL."""
        rows: list[tuple[Any, ...]] = self.connection.execute(sql).fetchall()
        return rows

    def translate(self, sql: str) -> Translated:
        return translate(sql)

    def query(self, sql: str, *binds: Any) -> list[tuple[Any, ...]]:
        """Run Oracle's SQL with one value per placeholder occurrence."""
        rows: list[tuple[Any, ...]] = self._execute(sql, binds).fetchall()
        return rows

    def value(self, expression: str, *binds: Any) -> Any:
        """The value of one expression."""
        [(value,)] = self.query(f"SELECT {expression} FROM DUAL", *binds)
        return value

    def columns(self, sql: str, *binds: Any) -> list[str]:
        cursor = self._execute(sql, binds)
        names = [column[0] for column in cursor.description or ()]
        cursor.fetchall()
        return names

    def error(self, sql: str, *binds: Any) -> OraError:
        """The error that running Oracle's SQL ends with."""
        try:
            self.query(sql, *binds)
        except OraError as error:
            return error
        raise AssertionError(f"no error from {sql}")

    def _execute(self, sql: str, binds: tuple[Any, ...]) -> duckdb.DuckDBPyConnection:
        translated = translate(sql)
        assert len(translated.bind_names) == len(binds)
        values = {
            parameter.name: [binds[index] for index in parameter.bind_indexes]
            if parameter.is_list
            else binds[parameter.bind_indexes[0]]
            for parameter in translated.parameters
        }
        try:
            return self.connection.execute(translated.duckdb_sql, values or None)
        except duckdb.Error as error:
            raise map_error(error, sql) from error
