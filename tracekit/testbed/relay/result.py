"""Rows from the real database, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

import oracledb
import pyarrow as pa

from tracekit.localdb.ora_error import OraError
from tracekit.testbed.relay.columns import PassedColumn
from tracekit.testbed.relay.upstream import Upstream

FIRST_ROWS = 64
MOST_ROWS = 4_096
FIRST_LOB_ROWS = 2
BATCH_BYTES = 2 << 20
"""The approximate size of a batch; its number of rows follows from the batch before it."""


class Watch(Protocol):
    """Watches the rows of one execution."""

    def rows(self, columns: Sequence[Sequence[Any]]) -> None:
        """Observe rows, column by column."""

    def failed(self) -> None:
        """Reading failed; `end` follows."""

    def end(self, *, partial: bool) -> None:
        """No more rows follow; called once. `partial`: the result was not read to the end."""


class UpstreamRows:
    """The batches of one open result.

    Args:
        upstream: The connection.
        cursor: An executed cursor, which nothing else uses.
        columns: The result's columns.
        watch: Observes the rows.
        on_error: Called with the error if reading fails.
    """

    def __init__(
        self,
        upstream: Upstream,
        cursor: oracledb.Cursor,
        columns: Sequence[PassedColumn],
        watch: Watch,
        on_error: Callable[[OraError], None],
    ) -> None:
        self._upstream = upstream
        self._cursor = cursor
        self._columns = columns
        self._watch = watch
        self._on_error = on_error
        self._complete = False
        self._closed = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Iterate over the record batches; may be called once."""
        names = [str(place) for place in range(len(self._columns))]
        while not self._closed:
            try:
                with self._upstream.call():
                    rows = self._cursor.fetchmany(self._cursor.arraysize)
            except OraError as error:
                self._watch.failed()
                self._on_error(error)
                raise
            if not rows:
                self._complete = True
                return
            fetched = list(zip(*rows, strict=True))
            del rows
            arrays = [c.array(one) for c, one in zip(self._columns, fetched, strict=True)]
            batch = pa.RecordBatch.from_arrays(arrays, names=names)
            self._watch.rows([c.values(one) for c, one in zip(self._columns, fetched, strict=True)])
            del fetched, arrays
            self._adapt(batch)
            yield batch

    def interrupt(self) -> None:
        """Interrupt a running fetch."""
        self._upstream.interrupt()

    def close(self) -> None:
        """Close the cursor; a result that was not read to the end is partial."""
        if self._closed:
            return
        self._closed = True
        self._watch.end(partial=not self._complete)
        with suppress(oracledb.Error):  # the connection is closed, and the cursor with it
            self._cursor.close()

    def _adapt(self, batch: pa.RecordBatch) -> None:
        per_row = max(1, batch.nbytes // batch.num_rows)
        fitting = BATCH_BYTES // per_row
        # Grow slowly: the next rows can be larger than those already read.
        self._cursor.arraysize = max(1, min(fitting, 4 * self._cursor.arraysize, MOST_ROWS))


def first_rows(columns: Sequence[PassedColumn]) -> int:
    """The number of rows in the first batch."""
    return FIRST_LOB_ROWS if any(column.is_lob for column in columns) else FIRST_ROWS
