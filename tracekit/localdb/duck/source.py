"""Sources of a result's batches: a running DuckDB query, or a spool."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from tracekit.localdb.duck.spool import SpooledBatches

READ_ROWS = 8_192
"""Rows per Arrow batch. Fewer cost CPU time per row; more cost memory per open result."""

LOB_READ_ROWS = 256
"""Rows per Arrow batch with LOB columns, whose values are large."""

LONG_TEXT_READ_ROWS = 1_024
"""Rows per Arrow batch if an expression can make texts of 32,767 bytes from short ones."""

_MAKES_LONG_TEXT = re.compile(r"\b(?:ora_[lr]pad|ora_replace|string_agg|ora_join_list)\b", re.I)


def batch_rows(sql: str, *, has_lobs: bool) -> int:
    """The rows per Arrow batch for a query in DuckDB's dialect."""
    if has_lobs:
        return LOB_READ_ROWS
    return LONG_TEXT_READ_ROWS if _MAKES_LONG_TEXT.search(sql) else READ_ROWS


class QuerySource:
    """The batches of a running query.

    Args:
        connection: The query's connection; nothing else uses it until `release` is called.
        reader: The query's rows.
        spool_folder: None to stream. With a folder, the first read spools the result there, so that
            a slow client does not keep a sort's memory in DuckDB.
        release: Called once, when the connection is no longer needed.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        reader: pa.RecordBatchReader,
        spool_folder: Path | None,
        release: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._reader: pa.RecordBatchReader | None = reader
        self._spool_folder = spool_folder
        self._release = release
        self._spooled: SpooledBatches | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Iterate over the record batches; may be called once."""
        if self._spool_folder is not None:
            self.spool(self._spool_folder)
        if self._spooled is not None:
            yield from self._spooled
        elif self._reader is not None:
            yield from self._reader
            self._free_reader()

    def spool(self, folder: Path) -> None:
        """Read everything now, and release the connection.

        Raises:
            OraError: ORA-01652 if the result is too large to spool.
        """
        if self._reader is None:
            return
        try:
            self._spooled = SpooledBatches(self._reader.schema, self._reader, folder)
        finally:
            self._free_reader()

    def interrupt(self) -> None:
        """Make DuckDB stop the query."""
        if self._reader is not None:
            with suppress(duckdb.ConnectionException):  # it has just ended and been closed
                self._connection.interrupt()

    def close(self) -> None:
        """Close connection and spool."""
        self._free_reader()
        if self._spooled is not None:
            self._spooled.close()

    def _free_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
            del reader
            self._release()
