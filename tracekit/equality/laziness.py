"""Find out whether a path streams: count what it pulls, what it yields and what stays alive.

cursor = ObservedCursor(connection.cursor())
seen = observe(my_path(cursor), source=cursor)
for piece in seen:
    ...
assert seen.laziness.most_rows_alive <= 2 * 5000
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Laziness:
    """The behaviour of a path while it was read."""

    rows_before_first_yield: int | None
    """Rows the path had pulled when it first yielded; None if its source was not observed."""
    rows_pulled: int | None
    rows_yielded: int
    most_rows_alive: int
    """Upper bound of the rows held at once: pulled but not yet yielded, or yielded in a piece
    that is still referenced. A consumer that keeps the pieces raises it."""
    exhausted: bool
    """Whether the path was read to its end."""
    source_closed: bool | None
    """Whether the path closed its cursor, as it must after an early stop."""


class ObservedCursor:
    """Wraps a cursor, or any iterable of rows; counts the rows pulled and notices `close()`.

    All other calls go to the wrapped cursor.
    """

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._iterator: Iterator[Any] | None = None
        self.rows_pulled = 0
        self.closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._iterator is None:
            self._iterator = iter(self._cursor)
        row = next(self._iterator)
        self.rows_pulled += 1
        return row

    def fetchone(self) -> Any:
        """The next row, or None."""
        row = self._cursor.fetchone()
        self.rows_pulled += row is not None
        return row

    def fetchmany(self, *args: Any, **kwargs: Any) -> list[Any]:
        """The next row batch."""
        rows: list[Any] = self._cursor.fetchmany(*args, **kwargs)
        self.rows_pulled += len(rows)
        return rows

    def fetchall(self) -> list[Any]:
        """All remaining rows."""
        rows: list[Any] = self._cursor.fetchall()
        self.rows_pulled += len(rows)
        return rows

    def close(self) -> None:
        """Close the wrapped cursor, if it has a `close` method."""
        self.closed = True
        if hasattr(self._cursor, "close"):
            self._cursor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Rows(list[Any]):
    """A row batch whose deallocation can be observed."""

    __slots__ = ("__weakref__",)


class _Piece(dict[Any, Any]):
    """A piece, or a record, whose deallocation can be observed."""

    __slots__ = ("__weakref__",)


class ObservedIterator(Generic[T]):
    """A path's iterator that counts what it yields; `laziness` has the result.

    Row batches and pieces are yielded as subclasses of `list` and `dict` with the same content,
    which report when their last reference is gone.
    """

    def __init__(self, iterable: Iterable[T], source: ObservedCursor | None) -> None:
        self._iterator = iter(iterable)
        self._source = source
        self._before_first: int | None = None
        self._yielded = 0
        self._released = 0
        self._most_alive = 0
        self._exhausted = False

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        try:
            item = next(self._iterator)
        except StopIteration:
            self._exhausted = True
            raise
        finally:
            self._look()
        if self._before_first is None and self._source is not None:
            self._before_first = self._source.rows_pulled
        return self._handed_out(item)

    def _handed_out(self, item: T) -> T:
        rows = row_count(item)
        self._yielded += rows
        tracked: Any = _trackable(item)
        held = tracked[1] if _is_row_batch(tracked) else tracked
        try:
            weakref.finalize(held, self._release, rows)
        except TypeError:  # a row as a plain tuple: counted as dropped once it is handed out
            self._released += rows
        self._look()
        return tracked  # type: ignore[no-any-return]

    def _release(self, rows: int) -> None:
        self._released += rows

    def _look(self) -> None:
        seen = self._yielded
        if self._source is not None:
            seen = max(seen, self._source.rows_pulled)
        self._most_alive = max(self._most_alive, seen - self._released)

    def close(self) -> None:
        """Stop early, like a consumer that leaves: closes the path's generator."""
        if hasattr(self._iterator, "close"):
            self._iterator.close()

    @property
    def laziness(self) -> Laziness:
        """The observations so far."""
        source = self._source
        return Laziness(
            rows_before_first_yield=self._before_first,
            rows_pulled=source.rows_pulled if source else None,
            rows_yielded=self._yielded,
            most_rows_alive=self._most_alive,
            exhausted=self._exhausted,
            source_closed=source.closed if source else None,
        )


def observe(iterator: Iterable[T], *, source: ObservedCursor | None = None) -> ObservedIterator[T]:
    """Wrap an iterator to observe whether it streams.

    Args:
        iterator: Yields records, row batches `(columns, rows)`, pieces `{key: [records]}`,
            DataFrames or Arrow batches.
        source: The `ObservedCursor` that the iterator reads from. Without it, only what is yielded
            can be counted.
    """
    return ObservedIterator(iterator, source)


def row_count(item: Any) -> int:
    """Rows that one yielded item holds."""
    if _is_row_batch(item):
        return len(item[1])
    if isinstance(item, Mapping):
        values = item.values()
        pieces = bool(item) and all(isinstance(value, list) for value in values)
        return sum(map(len, values)) if pieces else 1
    if isinstance(item, list):
        return len(item)
    rows = getattr(item, "num_rows", None)
    if rows is not None:
        return int(rows)
    return len(item) if hasattr(item, "iloc") else 1


def _is_row_batch(item: Any) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], list)


def _trackable(item: Any) -> Any:
    if _is_row_batch(item):
        return item[0], _Rows(item[1])
    if type(item) is dict:
        return _Piece(item)
    if type(item) is list:
        return _Rows(item)
    return item
