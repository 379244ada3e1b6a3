"""`KeyedFetcher`: the records of a query for many keys, read in batches of keys by threads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing, nullcontext
from dataclasses import replace
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from tracekit.errors import (
    BatchFailure,
    BatchFetchError,
    ConfigError,
    ConnectError,
    FetchError,
    MemoryBudgetExceeded,
)
from tracekit.keyed.batch_pool import Batch, BatchPool
from tracekit.keyed.collector import calm_collector
from tracekit.keyed.freed_memory import release_freed_memory
from tracekit.keyed.grouping import Grouping
from tracekit.keyed.keys import batches_of
from tracekit.keyed.memory_budget import MemoryBudget
from tracekit.keyed.partial_records import PartialRecords
from tracekit.keyed.piece_stream import PieceStream
from tracekit.keyed.query import Query
from tracekit.keyed.readers import ReadAgain, RecordKind, RecordReader, record_reader
from tracekit.keyed.record import RecordsByKey
from tracekit.oracle import Database
from tracekit.oracle.readers import Readers
from tracekit.sizes import at_least_one

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pyarrow as pa

    from tracekit.keyed.column_reader import KeyedRows
    from tracekit.keyed.keyed_table import KeyedTable
    from tracekit.keyed.parquet import ParquetExport
    from tracekit.keyed.partition import Partition

T = TypeVar("T")


class KeyedFetcher:
    """Fetches records by key through fetchmany: each row batch is grouped and then dropped.

    If a connection fails, its batch of keys is read again as a whole, on a new connection, as
    often as `database.retry` allows, and only if none of its rows left the fetcher. So no record
    is ever duplicated or lost. `records`, `stream(whole_keys=True)`, `table` and `to_parquet` pass
    a batch on once it is complete (batches of many megabytes go in parts). `stream` without
    `whole_keys` yields row batches as they come, so it survives a fault only in batches that it
    reads ahead.

    Args:
        database: The database to read from; shared by the workers.
        query: The query to read.
        records: `lean`: records that share their keys and equal values and take a fraction of the
            memory; `plain`: one `dict(zip(columns, row))` per row. Both have the same values,
            types, order and behaviour.
        max_workers: Number of batches of keys read at once. Each adds its buffers to the net peak.
        batch_size: Rows in a row batch; by default the database's `fetchmany_size`, or at most
            2,000 if lean records of a whole result are read through Arrow.

    Raises:
        ConfigError: `records` is unknown or `max_workers` is below 1.
    """

    def __init__(
        self,
        database: Database,
        query: Query,
        *,
        records: RecordKind = "lean",
        max_workers: int = 2,
        batch_size: int | None = None,
    ) -> None:
        if not isinstance(query, Query):
            raise ConfigError(
                f"query={query!r}: expected a Query, such as Query(sql, key='ACCOUNT_ID')"
            )
        if batch_size is not None:
            at_least_one("batch_size", batch_size)
        self.query = query
        self._database = database
        self._records: RecordKind = records
        self._max_workers = at_least_one("max_workers", max_workers)
        self._batch_size = batch_size
        self._grouping = Grouping(query)
        self._reader()  # raises early if the kind of records is unknown

    def records(
        self,
        keys: Iterable[Any] | None = None,
        *,
        allow_partial: bool = False,
        memory_budget: int | str | None = None,
    ) -> RecordsByKey:
        """The records of each key that has records: `{key: [{COLUMN: value}, ...]}`.

        Keys have the values that the rows hold. They come in the order of their batches, and
        within a batch in the order in which the query first returns them; the records of a key are
        in the query's order. So the same request always gives the same mapping, however the
        workers were scheduled.

        Args:
            keys: The keys to fetch; duplicates are fetched once. None for a query without keys.
            allow_partial: If batches fail, return the others as `PartialRecords`, which lists the
                failures, instead of raising. A complete result is a plain `dict`.
            memory_budget: Bytes, or a size such as `2GiB`, by which the process may grow.

        Raises:
            ConfigError: a key is invalid, or the result lacks a key column.
            BatchFetchError: batches of keys failed. The remaining ones are not read.
            MemoryBudgetExceeded: the process grew past `memory_budget`; nothing is returned.
        """
        reader = self._reader()
        batches = batches_of(keys, self.query)
        budget = MemoryBudget(memory_budget) if memory_budget is not None else None

        def read(batch: Batch, readers: Readers) -> RecordsByKey:
            database = self._database.read_by(readers)
            return self._database.retry.call(
                lambda: self._read_batch(database, batch, reader, budget, pool.check_stopped),
                pause=pool.pause,
            )

        pool = BatchPool(
            read, batches, max_workers=self._max_workers, stop_at_failure=not allow_partial
        )
        found: RecordsByKey = {}
        calm = calm_collector() if reader.saves_memory else nullcontext()
        with calm, closing(pool.results()) as parts:
            for part in parts:
                _add_batch(found, part)
        if not pool.failures:
            return found
        if allow_partial:
            return PartialRecords(found, pool.failures, len(batches))
        raise BatchFetchError(self.query.name, pool.failures, len(batches)) from pool.failures[
            0
        ].cause

    def stream(
        self,
        keys: Iterable[Any] | None = None,
        batch_size: int | None = None,
        *,
        whole_keys: bool = False,
    ) -> Generator[RecordsByKey, None, None]:
        """The mapping of `records` in pieces, in the same order, in the memory of a few pieces.

        A piece is one grouped row batch: a key may continue in a later piece of the same batch of
        keys, with its records in the query's order. Workers read a few pieces ahead and then wait
        for the consumer. Closing the iterator early closes every cursor and connection.

        Args:
            keys: The keys to fetch; duplicates are fetched once. None for a query without keys.
            batch_size: Rows in a row batch; default the fetcher's own.
            whole_keys: Yield one piece for each batch of keys, with every key complete.

        Raises:
            ConfigError: a key is invalid; raised before anything is read.
            BatchFetchError: a batch of keys failed. The batches before it were yielded already,
                and without `whole_keys` perhaps a part of it.
        """
        batches = batches_of(keys, self.query)
        if batch_size is not None:
            at_least_one("batch_size", batch_size)
        size = batch_size or self._batch_size or self._database.fetchmany_size
        reader = record_reader(self._records, self.query, self._database, size, stream=True)

        def read(batch: Batch, readers: Readers) -> Generator[RecordsByKey, None, None]:
            database = self._database.read_by(readers)
            if whole_keys:
                yield self._read_batch(database, batch, reader)
            else:
                yield from self._read_pieces(database, batch, reader)
            release_freed_memory()

        return self._stream(batches, read)

    def table(self, keys: Iterable[Any] | None = None) -> KeyedTable:
        """All rows as Arrow columns that read like the mapping of `records`.

        Takes a fraction of the memory, because records are made on access. If a number does not
        fit the column's type so far, the fetch starts again with a wider one.

        Args:
            keys: The keys to fetch; duplicates are fetched once. None for a query without keys.

        Raises:
            ConfigError: a key is invalid, or the result lacks a key column.
            BatchFetchError: a batch of keys failed; nothing is returned.
        """
        from tracekit.keyed.keyed_table import build_table

        def build(schema: pa.Schema, pieces: Iterable[KeyedRows]) -> KeyedTable:
            return build_table(schema, self.query.column_names, pieces)

        return self._consume_columns(keys, build)

    def to_parquet(self, keys: Iterable[Any] | None, path: str | PathLike[str]) -> ParquetExport:
        """Write all rows to one Parquet file, in the memory of a few batches of keys.

        The rows of a key are together, in the query's order; keys are in the order of `records`.
        `tracekit.open_parquet(path)` reads the file as the same mapping; any other reader finds
        plain columns. The file appears, or replaces an older one, only once it is complete. If a
        number does not fit the column's type so far, the fetch starts again with a wider one.

        Args:
            keys: The keys to fetch; duplicates are fetched once. None for a query without keys.
            path: The file to write, or a URL in object storage (s3://, gs://, abfs://, or any
                that fsspec knows), which is first written to the folder for temporary files.

        Raises:
            ConfigError: a key is invalid, or no file can be made at `path`.
            BatchFetchError: a batch of keys failed; nothing was written.
            ExportError: the file could not be written, for example because the disk is full.
        """
        from tracekit.keyed.object_storage import is_url, open_url, shown, upload
        from tracekit.keyed.parquet import ParquetTarget, parquet_path

        if is_url(path):
            open_url(str(path), name="to_parquet()")  # raises early if nothing here can open it
            with TemporaryDirectory(prefix="tracekit-parquet-") as folder:
                export = self.to_parquet(keys, Path(folder) / "records.parquet")
                upload(Path(export.path), str(path))
            return replace(export, path=shown(str(path)))
        target_path = parquet_path(path)

        def write(schema: pa.Schema, pieces: Iterable[KeyedRows]) -> ParquetExport:
            with ParquetTarget(target_path, schema, self.query) as target:
                for piece in pieces:
                    target.write(piece)
                    del piece
            return target.export()

        return self._consume_columns(keys, write)

    def partitions(self, keys: Iterable[Any] | None = None) -> list[Partition]:
        """A task for each batch of keys, to run in other processes: Dask, Ray, Spark, a pool.

        Tasks can be pickled and hold no secret: the process that runs one reads the password from
        its own environment. Calling a task returns an Arrow table; all have the same schema.

        Example::

            tasks = fetcher.partitions(keys)
            with ProcessPoolExecutor() as pool:
                tables = pool.map(Partition.__call__, tasks)

        Args:
            keys: The keys to fetch; duplicates are fetched once. None for a query without keys.

        Raises:
            ConfigError: a key is invalid.
            ConnectError: the database, which describes the columns, could not be reached.
        """
        from tracekit.keyed.partition import partitions_of

        return partitions_of(KeyedFetcher, self._database, self.query, keys)

    def to_dask(self, keys: Iterable[Any] | None = None) -> dd.DataFrame:
        """A Dask DataFrame whose partitions are the batches of keys, fetched by Dask's workers.

        Only the columns' types are read before it is computed. If a worker dies, another one
        fetches its partition again.

        Args:
            keys: The keys to fetch; duplicates are fetched once. None for a query without keys.

        Raises:
            MissingExtra: Dask is not installed.
            ConfigError: a key is invalid, or there are none.
            ConnectError: the database could not be reached.
        """
        from tracekit.keyed.partition import dask_frame

        return dask_frame(self.partitions(keys))

    def _consume_columns(
        self,
        keys: Iterable[Any] | None,
        consume: Callable[[pa.Schema, Iterable[KeyedRows]], T],
    ) -> T:
        from tracekit.keyed.column_plan import PlanChanged, first_plan
        from tracekit.keyed.column_reader import ColumnReader

        batches = batches_of(keys, self.query)
        size = self._batch_size or self._database.fetchmany_size
        plan = first_plan(self._database, self.query)
        while True:
            reader = ColumnReader(self.query, plan, size)

            def read(
                batch: Batch, readers: Readers, reader: ColumnReader = reader
            ) -> Generator[KeyedRows, None, None]:
                return reader.read(self._database.read_by(readers), batch)

            try:
                pieces = self._stream(batches, read)
                with calm_collector(), closing(pieces):
                    return consume(plan.schema, pieces)
            except PlanChanged as changed:
                assert changed.plan != plan, "the same plan would fail the same way, for ever"
                plan = changed.plan

    def _stream(
        self, batches: list[Batch], read: Callable[[Batch, Readers], Generator[T, None, None]]
    ) -> Generator[T, None, None]:
        release_freed_memory()  # used to remove duplicates from very many keys
        stream = PieceStream(
            read, batches, max_workers=self._max_workers, retry=self._database.retry
        )
        with closing(stream.pieces()) as pieces:
            try:
                for piece in pieces:
                    if piece:
                        yield piece
                    del piece
            except (ConnectError, FetchError) as exc:
                index = stream.current_batch
                failure = BatchFailure(index, len(batches[index]), exc)
                raise BatchFetchError(self.query.name, [failure], len(batches)) from exc

    def _reader(self) -> RecordReader:
        return record_reader(
            self._records, self.query, self._database, self._batch_size, stream=False
        )

    def _read_batch(
        self,
        database: Database,
        batch: Batch,
        reader: RecordReader,
        budget: MemoryBudget | None = None,
        check_stopped: Callable[[], None] = lambda: None,
    ) -> RecordsByKey:
        """All records of one batch of keys."""
        while True:
            found: RecordsByKey = {}
            rows = 0
            have_room = False
            try:
                sql, binds = self.query.statement(batch)
                with closing(reader.read(database, sql, binds, may_restart=True)) as row_batches:
                    for read in row_batches:
                        check_stopped()
                        before = len(found)
                        self._grouping.take(found, read)
                        have_room |= read.counts is None
                        rows += len(read.records)
                        if budget is not None:
                            budget.spend(len(read.records), len(found) - before)
                        del read
            except MemoryBudgetExceeded:
                raise
            except (ReadAgain, ConnectError, FetchError) as exc:
                if budget is not None:
                    budget.give_back(rows, len(found))
                if isinstance(exc, ReadAgain):
                    continue
                raise
            if reader.saves_memory and have_room:
                for key, records in found.items():
                    found[key] = records[:]  # a list that grew by appending over-allocates
            return found

    def _read_pieces(
        self, database: Database, batch: Batch, reader: RecordReader
    ) -> Generator[RecordsByKey, None, None]:
        sql, binds = self.query.statement(batch)
        with closing(reader.read(database, sql, binds, may_restart=False)) as row_batches:
            for read in row_batches:
                piece: RecordsByKey = {}
                self._grouping.take(piece, read)
                del read
                yield piece
                del piece


def _add_batch(found: RecordsByKey, part: RecordsByKey) -> None:
    """Add the records of a batch of keys; a key of an earlier batch is continued."""
    if found.keys().isdisjoint(part):
        found.update(part)
        return
    for key, records in part.items():
        if key in found:
            found[key] += records
        else:
            found[key] = records
