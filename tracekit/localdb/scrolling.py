"""An open result for a scrollable cursor: rows that were read can be sent again."""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from tracekit.localdb.backend import ResultStream
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import ColumnDescription, EncodedRows
from tracekit.localdb.wire.messages.execute import Scroll
from tracekit.localdb.wire.rows_lob import LobKeeper

MAX_BYTES = 16 << 30


class ScrollableFeed:
    """Returns an open result's rows from any position; rows that were read are kept in a file.

    Args:
        result: The rows, in order.
        folder: The folder for the file; None for the system's.
    """

    def __init__(self, result: ResultStream, folder: Path | None) -> None:
        self._result = result
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (until close)
        self._file_bytes = 0
        self._pieces: list[EncodedRows] = []
        """What was read, without its data; offsets count from the start of the file."""
        self._starts: list[int] = []
        """The number of the first row of each piece, starting with 0."""
        self._row_count = 0
        self._complete = False
        self.sent = 0
        """The number of the last row sent, starting with 1; the next one follows."""

    @property
    def columns(self) -> Sequence[ColumnDescription]:
        """The result's description."""
        return self._result.columns

    def define(self, columns: Sequence[ColumnDescription], keeper: LobKeeper) -> None:
        """Set how to send the columns, before the first row."""
        self._result.define(columns, keeper)

    def move(self, scroll: Scroll, position: int) -> None:
        """Continue with the row that `scroll` names.

        Args:
            scroll: How the row is named.
            position: Its number, starting with 1; ignored for the first and the last row.

        Raises:
            OraError: reading failed.
        """
        if scroll is Scroll.LAST:
            while self._read():
                pass
            position = self._row_count
        elif scroll is Scroll.FIRST:
            position = 1
        self.sent = position - 1 if position > 0 else 1 << 62

    def ready(self) -> int:
        """Read up to the next rows, and return how many can be taken; 0 past the end.

        Raises:
            OraError: reading failed.
        """
        while self.sent >= self._row_count:
            if not self._read():
                return 0
        piece = bisect_right(self._starts, self.sent) - 1
        return self._starts[piece] + self._pieces[piece].row_count - self.sent

    def take(self, count: int) -> memoryview:
        """The encoded form of the next `count` rows, which must be ready."""
        piece = bisect_right(self._starts, self.sent) - 1
        first = self.sent - self._starts[piece]
        offsets = self._pieces[piece].offsets
        start, end = int(offsets[first]), int(offsets[first + count])
        self.sent += count
        return memoryview(os.pread(self._file.fileno(), end - start, start))

    def close(self) -> None:
        """Close the result and the file."""
        self._result.close()
        self._file.close()

    def _read(self) -> bool:
        """Read one more batch; returns whether there was one."""
        if self._complete:
            return False
        rows = self._result.next_batch()
        if rows is None:
            self._complete = True
            return False
        start, end = int(rows.offsets[0]), int(rows.offsets[-1])
        if self._file_bytes + end - start > MAX_BYTES:
            raise OraError(1652, "unable to extend temp segment by 128 in tablespace TEMP")
        self._file.write(rows.data[start:end])
        offsets = rows.offsets + (self._file_bytes - start)
        self._file_bytes += end - start
        self._pieces.append(EncodedRows(memoryview(b""), offsets))
        self._starts.append(self._row_count)
        self._row_count += rows.row_count
        return True
