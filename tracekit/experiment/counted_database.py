"""A Database that reports how many rows and keys have been read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from tracekit.keyed import Query
from tracekit.oracle import Database

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from tracekit.oracle.arrow import ArrowShape

BatchT = TypeVar("BatchT")
RowBatch = tuple[list[str], list[tuple[Any, ...]]]


class Counter:
    """Rows and keys read so far, by everything that shares a database."""

    def __init__(self) -> None:
        self._report: Callable[[int, int], None] = _nobody
        self._lock = threading.Lock()
        self._rows = 0
        self._keys = 0

    def start(self, report: Callable[[int, int], None]) -> None:
        """Start to report, from zero."""
        self._rows = self._keys = 0
        self._report = report

    def stop(self) -> None:
        """Stop reporting."""
        self._report = _nobody

    def add(self, rows: int, keys: int) -> None:
        """Add to the counts and report the sums."""
        with self._lock:
            self._rows += rows
            self._keys += keys
            sums = self._rows, self._keys
        self._report(*sums)


class CountedDatabase(Database):
    """A Database that counts and reports the rows that its readers return.

    The keys of a statement are known from its binds, and counted once it was read to the end.

    Args:
        query: The query that is read.
        arguments: The arguments of Database.
    """

    def __init__(self, query: Query, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.counter = Counter()
        self._other_binds = len(query.binds)
        self._key_width = query.key_width

    def _keys_in(self, params: Any) -> int:
        return max(0, len(params or ()) - self._other_binds) // self._key_width

    def read_sql_df(
        self, sql: str, params: Any = None, timeout_seconds: float | None = None
    ) -> pd.DataFrame:
        """As in Database."""
        frame = super().read_sql_df(sql, params, timeout_seconds)
        self.counter.add(len(frame), self._keys_in(params))
        return frame

    def read_sql_df_slow_iter(
        self,
        sql: str,
        params: Any = None,
        timeout_seconds: float | None = None,
        batch_size: int | None = None,
    ) -> Generator[RowBatch, None, None]:
        """As in Database."""
        batches = super().read_sql_df_slow_iter(sql, params, timeout_seconds, batch_size)
        return _CountedBatches(batches, _rows_of_tuples, self.counter, self._keys_in(params))

    def read_sql_arrow_iter(
        self,
        sql: str,
        params: Any = None,
        timeout_seconds: float | None = None,
        batch_size: int | None = None,
        *,
        shape: ArrowShape | None = None,
    ) -> Generator[pa.RecordBatch, None, None]:
        """As in Database."""
        batches = super().read_sql_arrow_iter(sql, params, timeout_seconds, batch_size, shape=shape)
        return _CountedBatches(batches, _rows_of_arrow, self.counter, self._keys_in(params))


class _CountedBatches(Generator[BatchT, None, None]):
    """A generator around a generator that does not hold a row batch itself.

    One written with `yield` would keep the batch alive in its frame while the reader works on it,
    and so change the memory that is measured.
    """

    def __init__(
        self,
        batches: Generator[BatchT, None, None],
        rows_of: Callable[[BatchT], int],
        counter: Counter,
        keys: int,
    ) -> None:
        self._batches = batches
        self._rows_of = rows_of
        self._counter = counter
        self._keys = keys

    def __next__(self) -> BatchT:
        try:
            batch = next(self._batches)
        except StopIteration:
            self._counter.add(0, self._keys)
            raise
        self._counter.add(self._rows_of(batch), 0)
        return batch

    def send(self, value: None) -> BatchT:
        """The next batch."""
        return next(self)

    def throw(
        self,
        kind: Any,
        value: BaseException | object = None,
        trace: TracebackType | None = None,
    ) -> BatchT:
        """Pass an exception on to the reader inside."""
        return self._batches.throw(kind if isinstance(kind, BaseException) else kind(value))

    def close(self) -> None:
        """Close the reader inside."""
        self._batches.close()


def _rows_of_tuples(batch: RowBatch) -> int:
    return len(batch[1])


def _rows_of_arrow(batch: pa.RecordBatch) -> int:
    return int(batch.num_rows)


def _nobody(rows: int, keys: int) -> None:
    """Discards counts while nothing is measured."""
