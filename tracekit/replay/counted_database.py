"""A Database that tells how many rows and CIDs have been read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from tracekit.oracle import Database

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from tracekit.oracle.arrow import ArrowShape

BatchT = TypeVar("BatchT")
RowBatch = tuple[list[str], list[tuple[Any, ...]]]


class CountedDatabase(Database):
    """Counts what its readers hand out, and reports it; otherwise it is the database it was.

    The CIDs of a query are its binds, counted when it was read to its end.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._report: Callable[[int, int], None] = _nobody
        self._lock = threading.Lock()
        self._rows = 0
        self._cids = 0

    def start_counting(self, report: Callable[[int, int], None]) -> None:
        """Report from now on, beginning at nothing."""
        self._rows = self._cids = 0
        self._report = report

    def stop_counting(self) -> None:
        """Report nothing of what is read from now on."""
        self._report = _nobody

    def read_sql_df(
        self, sql: str, params: Any = None, timeout_seconds: float | None = None
    ) -> pd.DataFrame:
        """As Database's."""
        frame = super().read_sql_df(sql, params, timeout_seconds)
        self.count(len(frame), len(params or ()))
        return frame

    def read_sql_df_slow_iter(
        self,
        sql: str,
        params: Any = None,
        timeout_seconds: float | None = None,
        batch_size: int | None = None,
    ) -> Generator[RowBatch, None, None]:
        """As Database's."""
        batches = super().read_sql_df_slow_iter(sql, params, timeout_seconds, batch_size)
        return _CountedBatches(batches, _rows_of_tuples, self, len(params or ()))

    def read_sql_arrow_iter(
        self,
        sql: str,
        params: Any = None,
        timeout_seconds: float | None = None,
        batch_size: int | None = None,
        *,
        shape: ArrowShape | None = None,
    ) -> Generator[pa.RecordBatch, None, None]:
        """As Database's."""
        batches = super().read_sql_arrow_iter(sql, params, timeout_seconds, batch_size, shape=shape)
        return _CountedBatches(batches, _rows_of_arrow, self, len(params or ()))

    def count(self, rows: int, cids: int) -> None:
        """Add to what was read and report the sums."""
        with self._lock:
            self._rows += rows
            self._cids += cids
            sums = self._rows, self._cids
        self._report(*sums)


class _CountedBatches(Generator[BatchT, None, None]):
    """A generator around a generator that never holds a row batch itself.

    One written with `yield` would keep the batch alive in its frame while the reader works on it,
    and so change the memory that is measured.
    """

    def __init__(
        self,
        batches: Generator[BatchT, None, None],
        rows_of: Callable[[BatchT], int],
        database: CountedDatabase,
        cids: int,
    ) -> None:
        self._batches = batches
        self._rows_of = rows_of
        self._database = database
        self._cids = cids

    def __next__(self) -> BatchT:
        try:
            batch = next(self._batches)
        except StopIteration:
            self._database.count(0, self._cids)
            raise
        self._database.count(self._rows_of(batch), 0)
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


def _nobody(rows: int, cids: int) -> None:
    """Where counts go while nobody measures."""
