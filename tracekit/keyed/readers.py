"""From a query to records: the ways a fetch may make them."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from tracekit.errors import ConfigError, TracekitError
from tracekit.keyed.arrow_columns import ArrowColumn
from tracekit.keyed.lean import LeanRecords
from tracekit.keyed.record import Record, check_distinct, plain_records
from tracekit.keyed.shared_keys import record_constructor
from tracekit.oracle import Database
from tracekit.oracle.arrow import ArrowShape, NoArrowType, NotWholeNumber

if TYPE_CHECKING:
    import pyarrow as pa

_ARROW_ROWS = 2_000
"""Rows of an Arrow batch where nobody says: on 1.1 million rows as fast as 5,000 within the noise,
with 7 MB less of buffers."""

RecordKind = Literal["lean", "plain"]


class RecordReader(Protocol):
    """Reads the records of one query, a batch of keys after the other, from several threads."""

    saves_memory: bool
    """Whether the fetch around it saves memory and collector time too, or stays as specified."""

    def read(
        self, database: Database, sql: str, binds: Mapping[str, Any], *, may_restart: bool
    ) -> Generator[list[Record], None, None]:
        """The records of one statement, a row batch at a time.

        Args:
            database: Where to read, as the calling worker may.
            sql: The statement.
            binds: Its binds by name.
            may_restart: Whether the caller can drop what it was given.

        Raises:
            ReadAgain: only where `may_restart`: what this call gave is to be dropped, and the
                query read once more.
        """


class ReadAgain(TracekitError):
    """A query turned out to need another way of reading after some of it was read."""


def record_reader(
    kind: RecordKind, database: Database, batch_size: int | None, *, stream: bool = False
) -> RecordReader:
    """A reader for one fetch; `stream` says that records are let go of as they are read.

    Raises:
        ConfigError: `kind` is unknown.
    """
    if kind == "lean":
        return LeanReader(batch_size, database.fetchmany_size, stream=stream)
    if kind == "plain":
        return PlainReader(batch_size)
    raise ConfigError(f"records={kind!r}: expected {' or '.join(get_args(RecordKind))}")


class PlainReader:
    """One `dict(zip(columns, row))` for each row of fetchmany."""

    saves_memory = False

    def __init__(self, batch_size: int | None) -> None:
        self._batch_size = batch_size

    def read(
        self, database: Database, sql: str, binds: Mapping[str, Any], *, may_restart: bool
    ) -> Generator[list[Record], None, None]:
        """The records of one query, a row batch at a time."""
        batches = database.read_sql_df_slow_iter(sql, binds, batch_size=self._batch_size)
        with closing(batches):
            for columns, rows in batches:
                records = plain_records(columns, rows)
                del rows
                yield records
                del records


class LeanReader:
    """The same records, sharing keys and equal values across all queries of one fetch.

    In a stream values are shared inside a row batch only: what its consumer let go of is gone.

    Rows are decoded through Arrow where that gives exactly what rows of fetchmany hold, because a
    repeated value is then made once a batch and not once a cell; else through fetchmany. A NUMBER
    without precision is taken to hold whole numbers until one proves otherwise.
    """

    saves_memory = True

    def __init__(
        self, batch_size: int | None, fetchmany_size: int, *, stream: bool = False
    ) -> None:
        self._batch_size = batch_size
        self._stream = stream
        self._arrow_rows = batch_size or min(fetchmany_size, _ARROW_ROWS)
        self._lock = threading.Lock()
        self._described = False
        self._shape: ArrowShape | None = None
        self._guessing = False
        self._columns: list[ArrowColumn] = []
        self._rows: LeanRecords | None = None

    def read(
        self, database: Database, sql: str, binds: Mapping[str, Any], *, may_restart: bool
    ) -> Generator[list[Record], None, None]:
        """The records of one query, a row batch at a time."""
        shape = self._describe(database, sql)
        if shape is None or (self._guessing and not may_restart):
            return self._through_rows(database, sql, binds)
        return self._through_arrow(database, sql, binds, shape)

    def _describe(self, database: Database, sql: str) -> ArrowShape | None:
        # All queries of one fetch differ in their number of binds only.
        with self._lock:
            if not self._described:
                try:
                    shape = database.describe_arrow(sql)
                except NoArrowType:
                    shape = None
                if shape is not None and shape.same_as_rows:
                    self._guessing = bool(shape.unbounded)
                    self._shape = shape.with_whole_numbers()
                    check_distinct(self._shape.schema.names)
                    self._columns = [
                        ArrowColumn(field.type, across_batches=not self._stream)
                        for field in self._shape.schema
                    ]
                self._described = True
            return self._shape

    def _through_arrow(
        self, database: Database, sql: str, binds: Mapping[str, Any], shape: ArrowShape
    ) -> Generator[list[Record], None, None]:
        batches = database.read_sql_arrow_iter(sql, binds, batch_size=self._arrow_rows, shape=shape)
        make = record_constructor(tuple(shape.schema.names))
        with closing(batches), self._wrong_guess():
            for batch in batches:
                cells = self._cells(batch)
                del batch
                records = list(map(make, *cells))
                del cells
                yield records
                del records

    @contextmanager
    def _wrong_guess(self) -> Iterator[None]:
        try:
            yield
        except NotWholeNumber:
            with self._lock:
                self._shape = None
            raise ReadAgain from None

    def _cells(self, batch: pa.RecordBatch) -> list[list[object]]:
        with self._lock:
            return [
                column.values(array)
                for column, array in zip(self._columns, batch.columns, strict=True)
            ]

    def _through_rows(
        self, database: Database, sql: str, binds: Mapping[str, Any]
    ) -> Generator[list[Record], None, None]:
        batches = database.read_sql_df_slow_iter(sql, binds, batch_size=self._batch_size)
        with closing(batches):
            for columns, rows in batches:
                records = self._lean_rows(columns).records(rows)
                del rows
                yield records
                del records

    def _lean_rows(self, columns: list[str]) -> LeanRecords:
        with self._lock:
            if self._rows is None:
                check_distinct(columns)
                self._rows = LeanRecords(columns)
            return self._rows
