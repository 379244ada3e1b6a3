"""Read the records of a query, in one of several ways."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from tracekit.errors import ConfigError, TracekitError
from tracekit.keyed.arrow_columns import ArrowColumn
from tracekit.keyed.grouping import ReadRecords
from tracekit.keyed.lean import LeanRecords
from tracekit.keyed.query import Query
from tracekit.keyed.record import Record, check_distinct, plain_records
from tracekit.keyed.rows_by_key import RowsByKey, joined, rows_by_key
from tracekit.keyed.shared_keys import record_maker
from tracekit.oracle import Database
from tracekit.oracle.arrow import ArrowShape, NoArrowType, NotWholeNumber

if TYPE_CHECKING:
    import pyarrow as pa

_ARROW_ROWS = 2_000
"""Default rows of an Arrow batch: as fast as larger ones, with smaller buffers."""
_GATHERED_ROWS = 12_000
_GATHERED_BYTES = 4 * 2**20
"""Rows of a whole result turned into records at once, so that the work per column and per key is
not repeated for every Arrow batch. More rows save CPU time and add to the peak."""

RecordKind = Literal["lean", "plain"]


class RecordReader(Protocol):
    """Reads the records of one query, one batch of keys at a time, from several threads."""

    saves_memory: bool
    """Whether the fetch also saves memory and time of the garbage collector."""

    def read(
        self, database: Database, sql: str, binds: Mapping[str, Any], *, may_restart: bool
    ) -> Generator[ReadRecords, None, None]:
        """The records of one statement, a row batch at a time.

        Args:
            database: The database, as the calling worker may use it.
            sql: The statement.
            binds: Its binds by name.
            may_restart: Whether the caller can discard what it was given.

        Raises:
            ReadAgain: only if `may_restart`: discard the records of this call, and read again.
        """


class ReadAgain(TracekitError):
    """A query turned out to need another reading method after some of it was read."""


def record_reader(
    kind: RecordKind,
    query: Query,
    database: Database,
    batch_size: int | None,
    *,
    stream: bool,
) -> RecordReader:
    """A reader for one fetch of `query`; `stream`: records are dropped as they are read.

    Raises:
        ConfigError: `kind` is unknown.
    """
    if kind == "lean":
        return LeanReader(query, batch_size, database.fetchmany_size, stream=stream)
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
    ) -> Generator[ReadRecords, None, None]:
        """The records of one query, a row batch at a time."""
        batches = database.read_sql_df_slow_iter(sql, binds, batch_size=self._batch_size)
        with closing(batches):
            for columns, rows in batches:
                read = ReadRecords(plain_records(columns, rows))
                del rows
                yield read
                del read


class LeanReader:
    """The same records, sharing keys and equal values across all queries of one fetch.

    In a stream values are shared within a row batch only, so that what its consumer drops is freed.

    Rows are decoded through Arrow if that gives exactly what fetchmany's rows hold, because a
    repeated value is then made once per batch and not once per cell; else through fetchmany. A
    NUMBER without precision is taken to hold whole numbers until a value proves otherwise.
    """

    saves_memory = True

    def __init__(
        self, query: Query, batch_size: int | None, fetchmany_size: int, *, stream: bool
    ) -> None:
        self._key_columns = query.column_names
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
    ) -> Generator[ReadRecords, None, None]:
        """The records of one query, a row batch at a time."""
        shape = self._describe(database, sql)
        if shape is None or (self._guessing and not may_restart):
            return self._through_rows(database, sql, binds)
        return self._through_arrow(database, sql, binds, shape, gather=may_restart)

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
        self,
        database: Database,
        sql: str,
        binds: Mapping[str, Any],
        shape: ArrowShape,
        *,
        gather: bool,
    ) -> Generator[ReadRecords, None, None]:
        batches = database.read_sql_arrow_iter(sql, binds, batch_size=self._arrow_rows, shape=shape)
        make = record_maker(tuple(shape.schema.names))
        # Keys in records are the caller's own texts, so that they take no memory twice.
        asked = {value: value for value in binds.values() if type(value) is str}
        with closing(batches), self._wrong_guess():
            for parts in _gathered(batches) if gather else ([batch] for batch in batches):
                places = rows_by_key(parts, self._key_columns) if gather else None
                cells = self._cells(parts, asked)
                parts.clear()
                records = make(cells)
                del cells
                read = _key_by_key(records, places)
                del records
                yield read
                del read

    @contextmanager
    def _wrong_guess(self) -> Iterator[None]:
        try:
            yield
        except NotWholeNumber:
            with self._lock:
                self._shape = None
            raise ReadAgain from None

    def _cells(self, parts: list[pa.RecordBatch], asked: Mapping[str, str]) -> list[list[object]]:
        names = parts[0].schema.names
        with self._lock:
            return [
                column.values(
                    joined([part.column(place) for part in parts]),
                    asked if name in self._key_columns else None,
                )
                for place, (name, column) in enumerate(zip(names, self._columns, strict=True))
            ]

    def _through_rows(
        self, database: Database, sql: str, binds: Mapping[str, Any]
    ) -> Generator[ReadRecords, None, None]:
        batches = database.read_sql_df_slow_iter(sql, binds, batch_size=self._batch_size)
        with closing(batches):
            for columns, rows in batches:
                read = ReadRecords(self._lean_rows(columns).records(rows))
                del rows
                yield read
                del read

    def _lean_rows(self, columns: list[str]) -> LeanRecords:
        with self._lock:
            if self._rows is None:
                check_distinct(columns)
                self._rows = LeanRecords(columns)
            return self._rows


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """`batches`, grouped by what is turned into records at once."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        if waiting and (rows + len(batch) > _GATHERED_ROWS or size >= _GATHERED_BYTES):
            yield waiting
            waiting, rows, size = [], 0, 0
        waiting.append(batch)
        rows += len(batch)
        size += batch.nbytes
        del batch
    yield waiting


def _key_by_key(records: list[Record], places: RowsByKey | None) -> ReadRecords:
    if places is None:
        return ReadRecords(records)
    return ReadRecords(places.sort(records), places.counts)
