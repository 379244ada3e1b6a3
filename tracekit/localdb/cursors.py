"""A session's cursors: parsed statements and their open results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tracekit.localdb.backend import BindType, PreparedStatement, ResultStream
from tracekit.localdb.lob_columns import CursorLobs
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.scrolling import ScrollableFeed
from tracekit.localdb.wire.column import ColumnDescription, EncodedRows, OracleType
from tracekit.localdb.wire.messages.binds import BindLayout
from tracekit.localdb.wire.messages.execute import NO_BINDS
from tracekit.localdb.wire.rows_lob import LobKeeper

MAX_OPEN_CURSORS = 1000

_KNOWN_TYPES = frozenset(OracleType)


class RowFeed:
    """Returns an open result's rows in runs of any length, as slices of the encoded data."""

    def __init__(self, result: ResultStream) -> None:
        self._result = result
        self._rows: EncodedRows | None = None
        self._next_row = 0
        self.sent = 0
        """The number of rows sent."""

    @property
    def columns(self) -> Sequence[ColumnDescription]:
        """The result's description."""
        return self._result.columns

    def define(self, columns: Sequence[ColumnDescription], keeper: LobKeeper) -> None:
        """Set how to send the columns, before the first row."""
        self._result.define(columns, keeper)

    def ready(self) -> int:
        """Wait for rows, and return how many can be taken; 0 at the end.

        Raises:
            OraError: reading failed.
        """
        while self._rows is None or self._next_row == self._rows.row_count:
            self._rows = self._result.next_batch()
            self._next_row = 0
            if self._rows is None:
                return 0
        return self._rows.row_count - self._next_row

    def take(self, count: int) -> memoryview:
        """The encoded form of the next `count` rows, which must be ready."""
        assert self._rows is not None
        start, end = self._next_row, self._next_row + count
        self._next_row = end
        self.sent += count
        offsets = self._rows.offsets
        return self._rows.data[int(offsets[start]) : int(offsets[end])]

    def close(self) -> None:
        """Close the result."""
        self._rows = None
        self._result.close()


class Cursor:
    """A session's cursor: a parsed statement."""

    def __init__(self, cursor_id: int) -> None:
        self.id = cursor_id
        self.statement: PreparedStatement | None = None
        self.sql = ""
        """The statement as the client sent it."""
        self.feed: RowFeed | ScrollableFeed | None = None
        self.described: Sequence[ColumnDescription] | None = None
        """The columns last described to the client; None before the first execution."""
        self.sending = CursorLobs()
        self.layout = NO_BINDS
        self.bind_types: Sequence[BindType] = ()

    def set_layout(self, layout: BindLayout) -> None:
        """Store the client's bind declaration for this and later executions."""
        self.layout = layout
        self.bind_types = [
            BindType(
                OracleType(bind.type) if bind.type in _KNOWN_TYPES else OracleType.VARCHAR2,
                bind.size_bytes,
                bind.charset_form,
            )
            for bind in layout.binds
        ]

    def close_result(self) -> None:
        """Close the result, if one is open."""
        if self.feed is not None:
            feed, self.feed = self.feed, None
            feed.close()


class CursorTable:
    """A session's cursors by id; ids start at 1, are reused and fit in two bytes."""

    def __init__(self) -> None:
        self._cursors: dict[int, Cursor] = {}
        self._free: list[int] = []

    def open(self) -> Cursor:
        """Open a cursor.

        Raises:
            OraError: ORA-01000 if too many are open.
        """
        if len(self._cursors) >= MAX_OPEN_CURSORS:
            raise OraError(1000, "maximum open cursors exceeded")
        cursor_id = self._free.pop() if self._free else len(self._cursors) + 1
        cursor = self._cursors[cursor_id] = Cursor(cursor_id)
        return cursor

    def find(self, cursor_id: int) -> Cursor:
        """Return the open cursor with an id.

        Raises:
            OraError: ORA-01001 if there is none.
        """
        try:
            return self._cursors[cursor_id]
        except KeyError:
            raise OraError(1001, "invalid cursor") from None

    def close(self, cursor_ids: Iterable[int]) -> None:
        """Close cursors; unknown ids are ignored, because clients can send one twice."""
        for cursor_id in cursor_ids:
            cursor = self._cursors.pop(cursor_id, None)
            if cursor is not None:
                cursor.close_result()
                cursor.sending.release()
                self._free.append(cursor_id)

    def close_all(self) -> None:
        """Close every cursor."""
        self.close(list(self._cursors))
