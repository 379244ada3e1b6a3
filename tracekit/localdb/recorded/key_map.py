"""Map the keys that a program asks for to generated keys.

A shape holds no keys, so the generated keys differ from those in the program's files or code. The
first unknown key that the program asks for gets the rows of the first generated key, the second
those of the second, and so on; the rows show the program's own keys. Generated keys, which the
program can read from a recorded query, stand for themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.recorded.catalogue import ORDINAL, SCHEMA

NOT_RECORDED = 20_942
"""The error number for: the shape has no answer."""

Key = tuple[Any, ...]


class KeyMap:
    """The keys of a query, shared by all sessions.

    Args:
        connection: A connection to the database that only this object uses.
        table: The table of the generated keys.
        columns: The key's columns in that table.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]
    ) -> None:
        self._connection = connection
        self._path = f'{SCHEMA}."{table}"'
        self._columns = [f'"{column}"' for column in columns]
        self._lock = threading.Lock()
        self._made_of: dict[Key, Key] = {}
        self._next = 0

    def made(self, asked: Iterable[Key]) -> dict[Key, Key]:
        """Map each key asked for to the generated key whose rows answer it.

        Raises:
            OraError: ORA-20942 if the program asks for more keys than were generated.
        """
        with self._lock:
            keys = {_plain(key): key for key in asked}
            unknown = [key for key in keys if key not in self._made_of]
            for key in self._those_made(unknown):
                self._made_of[_plain(key)] = key
            strange = [key for key in unknown if key not in self._made_of]
            for key, made in zip(strange, self._next_made(len(strange)), strict=True):
                self._made_of[key] = made
            return {key: self._made_of[plain] for plain, key in keys.items()}

    def _those_made(self, keys: Sequence[Key]) -> list[Key]:
        """The keys that are generated keys."""
        if not keys:
            return []
        asked = ", ".join(f"unnest(?) AS a{place}" for place in range(len(self._columns)))
        same = " AND ".join(
            f"{_trimmed(column, [key[place] for key in keys])} = a{place}"
            for place, column in enumerate(self._columns)
        )
        values = [[key[place] for key in keys] for place in range(len(self._columns))]
        try:
            return self._connection.execute(
                f"SELECT {', '.join(self._columns)} FROM (SELECT {asked}),"  # noqa: S608 (names, quoted)
                f" {self._path}"
                f" WHERE {same}",
                values,
            ).fetchall()
        except (duckdb.ConversionException, duckdb.BinderException):  # a key of another type
            return []

    def _next_made(self, count: int) -> list[Key]:
        """The next generated keys that are not in use."""
        if not count:
            return []
        rows = self._connection.execute(
            f"SELECT {', '.join(self._columns)} FROM {self._path}"  # noqa: S608 (names, quoted)
            f' WHERE "{ORDINAL}" >= ? ORDER BY "{ORDINAL}" LIMIT ?',
            [self._next, count],
        ).fetchall()
        if len(rows) < count:
            raise OraError(
                NOT_RECORDED,
                f"the program asks for more keys than the {self._next + len(rows):,} that were "
                f"generated from the shape; generate more (--keys {self._next + count} or more)",
            )
        self._next += count
        return rows


def _plain(key: Key) -> Key:
    """A key without its type's padding: a CHAR's blanks, a number's trailing zeros."""
    return tuple(_plain_part(part) for part in key)


def _plain_part(part: Any) -> Any:
    if isinstance(part, str):
        return part.rstrip(" ")
    if isinstance(part, (int, float, Decimal)):
        return Decimal(str(part)).normalize()
    return part


def _trimmed(column: str, values: Sequence[Any]) -> str:
    return f"rtrim({column}, ' ')" if any(isinstance(one, str) for one in values) else column
