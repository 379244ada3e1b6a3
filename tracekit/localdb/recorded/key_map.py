"""Keys that a program asks for, and the made keys that stand for them.

A shape holds no keys, so those that were made are not those that the program has in its files or
in its code. The first strange key that it asks for is answered by the rows of the first made key,
the second by those of the second, and so on; in the rows it sees its own. Keys that were made, as
when the program reads them from a recorded query, stand for themselves.
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
"""Number of the errors that say: the shape cannot answer this."""

Key = tuple[Any, ...]


class KeyMap:
    """The keys of one query; shared by all sessions.

    Args:
        connection: To the database; this object's own.
        table: Of the made keys.
        columns: Of the key, as the table names them.
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
        """For each key that is asked for, the made key whose rows answer it.

        Raises:
            OraError: ORA-20942, there are fewer made keys than the program asks for.
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
        """Those of `keys` that were made."""
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
        except (duckdb.ConversionException, duckdb.BinderException):  # of another type
            return []

    def _next_made(self, count: int) -> list[Key]:
        """The next made keys, that stand for no other yet."""
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
                f"made from the shape; make more of them (--keys {self._next + count} or more)",
            )
        self._next += count
        return rows


def _plain(key: Key) -> Key:
    """A key without what its type adds: a CHAR's blanks, a number's trailing zeros."""
    return tuple(_plain_part(part) for part in key)


def _plain_part(part: Any) -> Any:
    if isinstance(part, str):
        return part.rstrip(" ")
    if isinstance(part, (int, float, Decimal)):
        return Decimal(str(part)).normalize()
    return part


def _trimmed(column: str, values: Sequence[Any]) -> str:
    return f"rtrim({column}, ' ')" if any(isinstance(one, str) for one in values) else column
