"""Group records under their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from tracekit.errors import ConfigError, FetchError
from tracekit.keyed.query import Key, Query
from tracekit.keyed.record import Record, RecordsByKey


@dataclass(frozen=True, slots=True)
class ReadRecords:
    """Some records of one query, in its order or key by key."""

    records: list[Record]
    counts: Sequence[int] | None = None
    """If the records are sorted by key: how many each key has. The records of a key are in the
    query's order."""


class Grouping:
    """Puts the records of one query under their keys.

    Args:
        query: The query whose key columns are used.
    """

    def __init__(self, query: Query) -> None:
        self._query = query
        self._columns = query.column_names
        self._key_of = _key_of(self._columns)

    def take(self, found: RecordsByKey, read: ReadRecords) -> None:
        """Append records under their keys, in order.

        Raises:
            ConfigError: the result has no such key column.
            FetchError: a key is NULL.
        """
        if read.counts is None:
            self.add(found, read.records)
            return
        start = 0
        for count in read.counts:
            # A list that grew by appending over-allocates; slices and sums do not.
            group = read.records[start : start + count]
            start += count
            key = self._key_of(group[0])
            known = found.get(key)
            found[key] = group if known is None else known + group

    def add(self, found: RecordsByKey, records: Iterable[Record]) -> None:
        """Append each record under its key, in order.

        Raises:
            ConfigError: the result has no such key column.
            FetchError: a key is NULL.
        """
        key_of = self._key_of
        for record in records:
            try:
                key = key_of(record)
            except KeyError:
                self.check_columns(record)
                raise
            group = found.get(key)
            if group is None:
                if self._is_null(key):
                    raise null_key(self._query)
                found[key] = [record]
            else:
                group.append(record)

    def _is_null(self, key: Key) -> bool:
        parts = key if len(self._columns) > 1 else (key,) * len(self._columns)
        return any(part is None or part != part for part in parts)  # NaN and NaT alone differ

    def check_columns(self, columns: Iterable[str]) -> None:
        """Refuse a result that lacks a key column.

        Raises:
            ConfigError: it does.
        """
        there = list(columns)
        for name in self._columns:
            if name not in there:
                raise ConfigError(
                    f"query {self._query.name!r} has no column {name} to group by; its columns are "
                    f"{', '.join(there)}"
                )


def null_key(query: Query) -> FetchError:
    """The error for a row that belongs to no key."""
    return FetchError(
        f"query {query.name!r} returned a row with NULL in its key ({', '.join(query.column_names)}"
        "). Exclude such rows in the SQL, or group by another column."
    )


def _key_of(columns: Sequence[str]) -> Callable[[Record], Key]:
    if not columns:
        return lambda record: None
    return itemgetter(*columns)
