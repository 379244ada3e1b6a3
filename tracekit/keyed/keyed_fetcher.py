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
    """Records by key through fetchmany: each row batch is grouped and let go of.

    A batch of keys whose connection failed is read again as a whole, on a fresh connection, as
    often as `database.retry` says, and only if none of its rows left the fetcher: so no record can
    be doubled or lost. `records`, `stream(whole_keys=True)`, `table` and `to_parquet` hand a batch
    over once it is complete; there only a batch of keys of many megabytes goes in parts. `stream`
    without `whole_keys` hands out its row batches: it survives a fault only in batches that it
    reads ahead.

    Args:
        database: Where to read; shared by the workers.
        query: What to read.
        records: `lean`: records that share their keys and equal values, a quarter of the memory;
            `plain`: one `dict(zip(columns, row))` a row. They cannot be told apart by value,
            type, order or behaviour.
        max_workers: Batches of keys read at once. Each adds its buffers to the net peak.
        batch_size: Rows of a row batch; default the database's `fetchmany_size`, or 2,000 where
            lean records of a whole result are read through Arrow and that is less.

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
        self._reader()  # refuses an unknown kind of records early

    def records(
        self,
        keys: Iterable[Any] | None = None,
        *,
        allow_partial: bool = False,
        memory_budget: int | str | None = None,
    ) -> RecordsByKey:
        """The records of each key that has any: `{key: [{COLUMN: value}, ...]}`.

        Keys are as the rows hold them. They stand in the order of their batches, and inside one
        batch in the order the query first names them; the records of a key stand in the query's
        order. So the same request gives the same mapping, however the workers were scheduled.

        Args:
            keys: What to ask for; equal ones are asked for once. None for a query without keys.
            allow_partial: Return what could be read, as `PartialRecords` that name the failed
                batches, instead of raising. A complete result is a `dict` itself.
            memory_budget: Bytes, or a size such as `2GiB`, by which the process may grow.

        Raises:
            ConfigError: a key cannot be asked for, or the result lacks a key column.
            BatchFetchError: batches of keys failed. The others are not read to their end.
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
        """The mapping of `records` in pieces, in its order, in the memory of a few pieces.

        A piece is one grouped row batch: a key may go on in a later piece of the same batch of
        keys, its records in the query's order. Workers read a few pieces ahead and wait while
        nobody takes them. Closing the iterator half-way closes every cursor and connection.

        Args:
            keys: What to ask for; equal ones are asked for once. None for a query without keys.
            batch_size: Rows of a row batch, instead of what the fetcher was built with.
            whole_keys: Give one piece for each batch of keys, with every key complete.

        Raises:
            ConfigError: a key cannot be asked for; raised before anything is read.
            BatchFetchError: a batch of keys failed; what came before it was given already, and
                without `whole_keys` maybe a part of it.
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

        Takes a fraction of the memory of records, which are made when they are asked for. Where
        a number turns out not to fit the column's type so far, the fetch begins again with a
        wider one.

        Args:
            keys: What to ask for; equal ones are asked for once. None for a query without keys.

        Raises:
            ConfigError: a key cannot be asked for, or the result lacks a key column.
            BatchFetchError: a batch of keys failed; nothing is returned.
        """
        from tracekit.keyed.keyed_table import build_table

        def build(schema: pa.Schema, pieces: Iterable[KeyedRows]) -> KeyedTable:
            return build_table(schema, self.query.column_names, pieces)

        return self._consume_columns(keys, build)

    def to_parquet(self, keys: Iterable[Any] | None, path: str | PathLike[str]) -> ParquetExport:
        """All rows in one Parquet file, in the memory of a few batches of keys.

        The rows of a key stand together, in the query's order; keys stand in the order of
        `records`. `tracekit.open_parquet(path)` reads the file as the mapping it stands for;
        any other reader finds plain columns. The file is there only once it is complete, and
        replaces one that was. Where a number turns out not to fit the column's type so far, the
        fetch begins again with a wider one.

        Args:
            keys: What to ask for; equal ones are asked for once. None for a query without keys.
            path: The file to make, or its URL in object storage (s3://, gs://, abfs://, or what
                fsspec knows); such a file is made in the folder for temporary files first.

        Raises:
            ConfigError: a key cannot be asked for, or no file can be made at `path`.
            BatchFetchError: a batch of keys failed; nothing was written.
            ExportError: the file could not be written, as when the disk is full.
        """
        from tracekit.keyed.object_storage import is_url, open_url, shown, upload
        from tracekit.keyed.parquet import ParquetTarget, parquet_path

        if is_url(path):
            open_url(str(path), name="to_parquet()")  # refuses early what nothing here can open
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
        """A task for each batch of keys, to be run by other processes: Dask, Ray, Spark, a pool.

        Tasks can be pickled and hold no secret: whoever runs one takes the password from its own
        environment. Calling one gives an Arrow table; all have the same schema.

        Example::

            tasks = fetcher.partitions(keys)
            with ProcessPoolExecutor() as pool:
                tables = pool.map(Partition.__call__, tasks)

        Args:
            keys: What to ask for; equal ones are asked for once. None for a query without keys.

        Raises:
            ConfigError: a key cannot be asked for.
            ConnectError: the database, which describes the columns, could not be reached.
        """
        from tracekit.keyed.partition import partitions_of

        return partitions_of(KeyedFetcher, self._database, self.query, keys)

    def to_dask(self, keys: Iterable[Any] | None = None) -> dd.DataFrame:
        """A Dask DataFrame whose partitions are the batches of keys, fetched by Dask's workers.

        Nothing but the columns' types is read before it is computed. A partition whose worker dies
        is fetched again by another.

        Args:
            keys: What to ask for; equal ones are asked for once. None for a query without keys.

        Raises:
            ConfigError: Dask is not installed, or a key cannot be asked for.
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
                plan = changed.plan

    def _stream(
        self, batches: list[Batch], read: Callable[[Batch, Readers], Generator[T, None, None]]
    ) -> Generator[T, None, None]:
        release_freed_memory()  # of very many keys, what sorting out repetitions took
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
        return record_reader(self._records, self.query, self._database, self._batch_size)

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
                    found[key] = records[:]  # a list that grew by appending has room to spare
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
    """Add the records of a batch of keys; a key that an earlier batch brought goes on."""
    if found.keys().isdisjoint(part):
        found.update(part)
        return
    for key, records in part.items():
        if key in found:
            found[key] += records
        else:
            found[key] = records
