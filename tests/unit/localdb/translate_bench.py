"""An in-memory DuckDB with the translated functions installed, driven with Oracle's SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import (
    Columns,
    ColumnType,
    Translated,
    form_of,
    install,
    map_error,
    translate,
)
from tracekit.localdb.wire.values import decode_number

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

    def translate(self, sql: str, *binds: Any) -> Translated:
        forms = [form_of([bind]) for bind in binds]
        return translate(sql, columns_of=self.columns_of, bind_forms=forms)

    def columns_of(self, schema: str | None, name: str) -> Columns:
        path = f'"{schema}"."{name}"' if schema else f'"{name}"'
        try:
            rows = self.connection.cursor().execute(f"DESCRIBE {path}").fetchall()
        except duckdb.Error:
            return {}
        return {name.upper(): ColumnType(stored) for name, stored, *_ in rows}

    def query(self, sql: str, *binds: Any) -> list[tuple[Any, ...]]:
        """Run Oracle's SQL with one value per placeholder occurrence."""
        cursor = self._execute(sql, binds)
        kinds = [str(column[1]) for column in cursor.description or ()]
        return [
            tuple(_plain(value, kind) for value, kind in zip(row, kinds, strict=True))
            for row in cursor.fetchall()
        ]

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
        translated = self.translate(sql, *binds)
        assert len(translated.bind_names) == len(binds)
        values = {
            parameter.name: [parameter.form.parameter(binds[i]) for i in parameter.bind_indexes]
            if parameter.is_list
            else parameter.form.parameter(binds[parameter.bind_indexes[0]])
            for parameter in translated.parameters
        }
        try:
            return self.connection.execute(translated.duckdb_sql, values or None)
        except duckdb.Error as error:
            raise map_error(error, sql) from error


def _plain(value: Any, kind: str) -> Any:
    """A value as a client gets it: a NUMBER held as bits is its number."""
    if kind != "BIT" or value is None:
        return value
    return decode_number(int(value, 2).to_bytes(len(value) // 8, "big"))
