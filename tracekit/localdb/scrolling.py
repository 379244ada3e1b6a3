"""An open result that a client may move about in: rows that were read can be sent again."""

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
    """Hands out an open result's rows from any position on; what was read is kept in a file.

    Args:
        result: The rows, in order.
        folder: Where the file is made; None for the system's place.
    """

    def __init__(self, result: ResultStream, folder: Path | None) -> None:
        self._result = result
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (until close)
        self._file_bytes = 0
        self._pieces: list[EncodedRows] = []
        """What was read, its offsets counted from the start of the file and its data let go."""
        self._starts: list[int] = []
        """The number of the first row of each piece, from 0."""
        self._row_count = 0
        self._complete = False
        self.sent = 0
        """The number of the row handed out last, from 1; the next one follows."""

    @property
    def columns(self) -> Sequence[ColumnDescription]:
        """The result's description."""
        return self._result.columns

    def define(self, columns: Sequence[ColumnDescription], keeper: LobKeeper) -> None:
        """Say how the columns are to be sent, before the first row."""
        self._result.define(columns, keeper)

    def move(self, scroll: Scroll, position: int) -> None:
        """Go on with the row that `scroll` means.

        Args:
            scroll: How the row is named.
            position: Its number from 1; the first and the last row need none.

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
        """Rows that can be taken at once, after reading up to them; 0 past the end.

        Raises:
            OraError: reading failed.
        """
        while self.sent >= self._row_count:
            if not self._read():
                return 0
        piece = bisect_right(self._starts, self.sent) - 1
        return self._starts[piece] + self._pieces[piece].row_count - self.sent

    def take(self, count: int) -> memoryview:
        """The image of the next `count` rows, which must be ready."""
        piece = bisect_right(self._starts, self.sent) - 1
        first = self.sent - self._starts[piece]
        offsets = self._pieces[piece].offsets
        start, end = int(offsets[first]), int(offsets[first + count])
        self.sent += count
        return memoryview(os.pread(self._file.fileno(), end - start, start))

    def close(self) -> None:
        """Free the result and the file."""
        self._result.close()
        self._file.close()

    def _read(self) -> bool:
        """Read one more batch; whether there was one."""
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
