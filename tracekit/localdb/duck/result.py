"""An open result: a thread encodes rows a little ahead of the client."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Protocol

import pyarrow as pa

from tracekit.localdb.duck.gate import ErrorMapper, cancelled, gate
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import ColumnDescription, EncodedRows
from tracekit.localdb.wire.rows import encode_rows
from tracekit.localdb.wire.rows_lob import LobKeeper, LockedTable, encode_lob_rows

PIECES_AHEAD = 2
"""Encoded pieces kept ready; an idle open result holds these and one more in progress."""
FIRST_ROWS = 512
"""The size of the first piece, so that the first rows do not wait for a whole batch."""


class BatchSource(Protocol):
    """The source of a result's rows."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Iterate over the record batches; may be called once."""

    def interrupt(self) -> None:
        """Make the iteration in another thread raise an error soon."""

    def close(self) -> None:
        """Release resources; the iteration has ended."""


class EncodedStream:
    """A result stream over Arrow batches.

    The caller of `next_batch` encodes the first piece. If that piece is full, a thread encodes the
    following ones, up to `PIECES_AHEAD` in advance. Small results start no thread.

    Args:
        source: The batches; closed with the stream.
        columns: The columns as described to the client.
        to_ora_error: Maps DuckDB's errors to Oracle's.
        on_close: Called once, when the stream is closed.
        locked: The table whose rows the client has locked; their numbers are one more column.
    """

    def __init__(
        self,
        source: BatchSource,
        columns: Sequence[ColumnDescription],
        to_ora_error: ErrorMapper,
        on_close: Callable[[EncodedStream], None],
        locked: LockedTable | None = None,
    ) -> None:
        self._source = source
        self._locked = locked
        self._columns = tuple(columns)
        self._sent_as: Sequence[ColumnDescription] = self._columns
        self._keeper: LobKeeper | None = None
        self._started = False
        self._to_ora_error = to_ora_error
        self._on_close = on_close
        self._pieces = self._encode()
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._ready: deque[EncodedRows] = deque()
        self._error: OraError | None = None
        self._in_call = False
        self._ended = False
        self._closed = False

    @property
    def columns(self) -> Sequence[ColumnDescription]:
        """The description sent to the client."""
        return self._columns

    def define(self, columns: Sequence[ColumnDescription], keeper: LobKeeper) -> None:
        """Set how to send the columns, before the first row.

        Raises:
            OraError: ORA-01002 if rows were already read.
        """
        if self._started:
            raise OraError(1002, "fetch out of sequence")
        self._sent_as, self._keeper = tuple(columns), keeper

    def next_batch(self) -> EncodedRows | None:
        """The next rows, or None at the end.

        Raises:
            OraError: reading failed; ORA-01013 after an interrupt, ORA-01002 after `close`.
        """
        if self._closed:
            raise OraError(1002, "fetch out of sequence")
        self._in_call = True
        try:
            return self._make() if self._thread is None else self._take()
        finally:
            self._in_call = False

    def interrupt(self) -> None:
        """Interrupt a running `next_batch` with ORA-01013, and end the result."""
        with self._changed:
            if not self._in_call:
                return
            self._ready.clear()
            self._error = cancelled()
            self._changed.notify_all()
        self._source.interrupt()

    def close(self) -> None:
        """Stop the thread and release everything; may be called more than once."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            if not self._ended:
                self._source.interrupt()
            self._thread.join()
        self._ready.clear()
        self._pieces.close()
        self._source.close()
        self._on_close(self)

    def _encode(self) -> Generator[EncodedRows, None, None]:
        self._started = True
        batches = iter(self._source)
        for batch in batches:
            yield from self._encode_batch(batch.slice(0, FIRST_ROWS))
            yield from self._encode_batch(batch.slice(FIRST_ROWS))
            break
        for batch in batches:
            yield from self._encode_batch(batch)

    def _encode_batch(self, batch: pa.RecordBatch) -> Iterator[EncodedRows]:
        if self._keeper is None:
            return encode_rows(batch, self._columns)
        return encode_lob_rows(batch, self._sent_as, self._keeper, self._locked)

    def _make(self) -> EncodedRows | None:
        """Encode a piece in the caller's thread."""
        if self._error is not None:
            raise self._error
        with gate(self._to_ora_error):
            piece = next(self._pieces, None)
        if piece is not None and piece.row_count >= FIRST_ROWS:
            self._thread = threading.Thread(target=self._work_ahead, name="encode-ahead")
            self._thread.start()
        return piece

    def _take(self) -> EncodedRows | None:
        """Take a piece from the thread."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended or self._error)
            if self._ready:
                self._changed.notify_all()
                return self._ready.popleft()
            if self._error is not None:
                raise self._error
            return None

    def _work_ahead(self) -> None:
        error: OraError | None = None
        try:
            with gate(self._to_ora_error):
                self._fill()
        except OraError as failure:
            error = failure
        except BaseException as failure:
            error = OraError(600, f"internal error code, arguments: [{failure!r}]")
        with self._changed:
            self._error = self._error or error
            self._ended = True
            self._changed.notify_all()

    def _fill(self) -> None:
        for piece in self._pieces:
            with self._changed:
                if self._closed or self._error is not None:
                    return
                self._ready.append(piece)
                self._changed.notify_all()
                self._changed.wait_for(lambda: len(self._ready) < PIECES_AHEAD or self._closed)
