"""Rows from the real database, in batches of bounded bytes."""

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
"""About what one batch may hold; how many rows that is, is learnt from the batch before."""


class Watch(Protocol):
    """Looks at the rows of one execution."""

    def rows(self, columns: Sequence[Sequence[Any]]) -> None:
        """Rows that pass, column by column."""

    def failed(self) -> None:
        """Reading failed; `end` follows."""

    def end(self, *, partial: bool) -> None:
        """No more rows pass; called once. `partial`: there were more."""


class UpstreamRows:
    """The batches of one open result.

    Args:
        upstream: The connection.
        cursor: Executed, and used for nothing else.
        columns: Of the result.
        watch: Is shown the rows.
        on_error: Is told that reading failed.
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
        """Record batches; asked for once."""
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
        """Make a running fetch fail soon."""
        self._upstream.interrupt()

    def close(self) -> None:
        """Close the cursor; a result that was not read to its end is partial."""
        if self._closed:
            return
        self._closed = True
        self._watch.end(partial=not self._complete)
        with suppress(oracledb.Error):  # the connection is gone, and the cursor with it
            self._cursor.close()

    def _adapt(self, batch: pa.RecordBatch) -> None:
        per_row = max(1, batch.nbytes // batch.num_rows)
        fitting = BATCH_BYTES // per_row
        # Grow slowly: the rows to come may be larger than those that were seen.
        self._cursor.arraysize = max(1, min(fitting, 4 * self._cursor.arraysize, MOST_ROWS))


def first_rows(columns: Sequence[PassedColumn]) -> int:
    """Rows of the first batch of such a result."""
    return FIRST_LOB_ROWS if any(column.is_lob for column in columns) else FIRST_ROWS
