"""`EventFetcher`: the events of many CIDs, read in batches of ids by worker threads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing, nullcontext
from os import PathLike
from typing import TYPE_CHECKING, TypeVar

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
from tracekit.keyed.container_ids import batches_of, normalise_container_ids
from tracekit.keyed.domains import Domain, find_domain
from tracekit.keyed.freed_memory import release_freed_memory
from tracekit.keyed.grouping import Events, group
from tracekit.keyed.memory_budget import MemoryBudget
from tracekit.keyed.partial import PartialEvents
from tracekit.keyed.piece_stream import PieceStream
from tracekit.keyed.readers import ReadAgain, RecordKind, RecordReader, record_reader
from tracekit.oracle import Database

if TYPE_CHECKING:
    import pyarrow as pa

    from tracekit.keyed.column_reader import Piece
    from tracekit.keyed.event_table import EventTable
    from tracekit.keyed.parquet import ParquetExport

T = TypeVar("T")


class EventFetcher:
    """Events by fetchmany: each row batch is grouped at once and let go of.

    A batch of ids whose connection failed is read anew as a whole, on a fresh connection, as often
    as `database.retry` says, and only if none of its rows left the fetcher: so no record can be
    doubled or lost. `fetch_events`, `fetch_events_iter(whole_cids=True)`, `fetch_event_table` and
    `to_parquet` hand a batch over once it is complete; there only a batch of ids of many megabytes
    goes in parts. `fetch_events_iter` without `whole_cids` hands out its row batches: it survives a
    fault only in batches that it reads ahead.

    Args:
        database: Where to read; shared by the workers.
        records: `lean`: records that share their keys and equal values, a quarter of the memory;
            `plain`: one `dict(zip(columns, row))` a row. They cannot be told apart by value,
            type, order or behaviour.
        max_workers: Batches of ids read at once. Each adds its buffers to the net peak, some 3 MiB
            to that of `fetch_events`, 8 to Parquet's and 10 to a stream's (measured with 1 to 4 on
            history); the client's CPU time stays the same, so more help where the database waits.
        batch_size: Rows of a row batch; default the database's `fetchmany_size`, or 2,000 where
            lean records of a whole result are read through Arrow and that is less.

    Raises:
        ConfigError: `records` is unknown or `max_workers` is below 1.
    """

    def __init__(
        self,
        database: Database,
        *,
        records: RecordKind = "lean",
        max_workers: int = 2,
        batch_size: int | None = None,
    ) -> None:
        if max_workers < 1:
            raise ConfigError(f"max_workers={max_workers!r}: expected a whole number of at least 1")
        self._database = database
        self._records: RecordKind = records
        self._max_workers = max_workers
        self._batch_size = batch_size
        self._reader(None)  # refuses an unknown kind of records early

    def fetch_events(
        self,
        container_ids: Iterable[object],
        domain: str,
        *,
        records: RecordKind | None = None,
        allow_partial: bool = False,
        memory_budget: int | str | None = None,
    ) -> Events:
        """The records of each CID that has any.

        CIDs stand in the order of their batches of ids, and inside one batch in the order the
        query first names them; the records of a CID stand in the query's order. So the same
        request gives the same mapping, however the workers were scheduled.

        Args:
            container_ids: CIDs; blanks, repetitions and whatever is no text are left out.
            domain: One of the seven, such as `history`.
            records: How records are made, instead of what the fetcher was built with.
            allow_partial: Return what could be read, as `PartialEvents` that name the failed
                batches, instead of raising. A complete result is a `dict` itself.
            memory_budget: Bytes, or a size such as `2GiB`, by which the process may grow.

        Raises:
            ConfigError: `domain` or `records` is unknown.
            BatchFetchError: batches of ids failed. The others are not read to their end.
            MemoryBudgetExceeded: the process grew past `memory_budget`; nothing is returned.
        """
        found = find_domain(domain)
        reader = self._reader(records)
        batches = list(batches_of(normalise_container_ids(container_ids)))

        budget = MemoryBudget(memory_budget) if memory_budget is not None else None

        def read(batch: Batch) -> Events:
            return self._database.retry.call(
                lambda: _read_batch(found, batch, reader, budget, pool.check_stopped),
                pause=pool.pause,
            )

        pool = BatchPool(
            read, batches, max_workers=self._max_workers, stop_at_failure=not allow_partial
        )
        events: Events = {}
        calm = calm_collector() if reader.saves_memory else nullcontext()
        with calm, closing(pool.results()) as parts:
            for part in parts:
                events.update(part)
        if not pool.failures:
            return events
        if allow_partial:
            return PartialEvents(events, pool.failures, len(batches))
        raise BatchFetchError(domain, pool.failures, len(batches)) from pool.failures[0].cause

    def fetch_events_iter(
        self,
        container_ids: Iterable[object],
        domain: str,
        batch_size: int | None = None,
        *,
        whole_cids: bool = False,
    ) -> Generator[Events, None, None]:
        """The mapping of `fetch_events` in pieces, in its order, in the memory of a few pieces.

        A piece is one grouped row batch: a CID may go on in a later piece of the same batch of
        ids, its records in the query's order. Workers read a few pieces ahead and wait while
        nobody takes them. Closing the iterator half-way closes every cursor and connection.

        Args:
            container_ids: CIDs; blanks, repetitions and whatever is no text are left out.
            domain: One of the seven, such as `history`.
            batch_size: Rows of a row batch, instead of what the fetcher was built with.
            whole_cids: Give one piece for each batch of ids, with every CID complete.

        Raises:
            ConfigError: `domain` is unknown; raised before anything is read.
            BatchFetchError: a batch of ids failed; what came before it was given already, and
                without `whole_cids` maybe a part of it.
        """
        found = find_domain(domain)
        batches = list(batches_of(normalise_container_ids(container_ids)))
        size = batch_size or self._batch_size or self._database.fetchmany_size
        reader = record_reader(self._records, self._database, size, stream=True)

        def read(batch: Batch) -> Generator[Events, None, None]:
            if whole_cids:
                yield _read_batch(found, batch, reader)
            else:
                yield from _read_pieces(found, batch, reader)
            release_freed_memory()

        return self._stream(domain, batches, read)

    def to_parquet(
        self, container_ids: Iterable[object], domain: str, path: str | PathLike[str]
    ) -> ParquetExport:
        """All events in one Parquet file, in the memory of a few batches of ids.

        The rows of a CID stand together, in the query's order; CIDs stand in the order of
        `fetch_events`. `tracekit.open_events(path)` reads the file as the mapping it stands for;
        any other reader finds plain columns. The file is there only once it is complete, and
        replaces one that was. Where a number turns out not to fit the column's type so far, the
        fetch begins again with a wider one.

        Args:
            container_ids: CIDs; blanks, repetitions and whatever is no text are left out.
            domain: One of the seven, such as `history`.
            path: The file to make.

        Raises:
            ConfigError: `domain` is unknown or `path` names no place for a file.
            BatchFetchError: a batch of ids failed; nothing was written.
            ExportError: the file could not be written, as when the disk is full.
        """
        from tracekit.keyed.parquet import ParquetTarget, parquet_path

        target_path = parquet_path(path)

        def write(schema: pa.Schema, pieces: Iterable[Piece]) -> ParquetExport:
            with ParquetTarget(target_path, schema, domain) as target:
                for piece in pieces:
                    target.write(piece)
                    del piece
            return target.export()

        return self._consume_columns(container_ids, domain, write)

    def fetch_event_table(self, container_ids: Iterable[object], domain: str) -> EventTable:
        """All events as Arrow columns that read like the mapping of `fetch_events`.

        Takes a fraction of the memory of records, which are made when they are asked for. Where
        a number turns out not to fit the column's type so far, the fetch begins again with a
        wider one.

        Args:
            container_ids: CIDs; blanks, repetitions and whatever is no text are left out.
            domain: One of the seven, such as `history`.

        Raises:
            ConfigError: `domain` is unknown.
            BatchFetchError: a batch of ids failed; nothing is returned.
        """
        from tracekit.keyed.event_table import build_table

        return self._consume_columns(container_ids, domain, build_table)

    def _consume_columns(
        self,
        container_ids: Iterable[object],
        domain: str,
        consume: Callable[[pa.Schema, Iterable[Piece]], T],
    ) -> T:
        from tracekit.keyed.column_plan import PlanChanged, first_plan
        from tracekit.keyed.column_reader import ColumnReader

        found = find_domain(domain)
        batches = list(batches_of(normalise_container_ids(container_ids)))
        size = self._batch_size or self._database.fetchmany_size
        plan = first_plan(self._database, found)
        while True:
            reader = ColumnReader(self._database, found, plan, size)
            try:
                pieces = self._stream(domain, batches, reader.read)
                with calm_collector(), closing(pieces):
                    return consume(plan.schema, pieces)
            except PlanChanged as changed:
                plan = changed.plan

    def _stream(
        self,
        domain: str,
        batches: list[Batch],
        read: Callable[[Batch], Generator[T, None, None]],
    ) -> Generator[T, None, None]:
        release_freed_memory()  # of very many ids, what sorting out repetitions took
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
                raise BatchFetchError(domain, [failure], len(batches)) from exc

    def _reader(self, records: RecordKind | None) -> RecordReader:
        return record_reader(records or self._records, self._database, self._batch_size)


def _read_batch(
    domain: Domain,
    batch: Batch,
    reader: RecordReader,
    budget: MemoryBudget | None = None,
    check_stopped: Callable[[], None] = lambda: None,
) -> Events:
    """All events of one batch of ids."""
    while True:
        events: Events = {}
        rows = 0
        try:
            with closing(reader.read(*domain.query(batch), may_restart=True)) as record_batches:
                for records in record_batches:
                    check_stopped()
                    before = len(events)
                    group(events, domain, batch, records)
                    rows += len(records)
                    if budget is not None:
                        budget.spend(len(records), len(events) - before)
                    del records
        except MemoryBudgetExceeded:
            raise
        except (ReadAgain, ConnectError, FetchError) as exc:
            if budget is not None:
                budget.give_back(rows, len(events))
            if isinstance(exc, ReadAgain):
                continue
            raise
        if reader.saves_memory:
            for cid, found in events.items():
                events[cid] = found[:]  # a list that grew by appending has room to spare
        return events


def _read_pieces(
    domain: Domain, batch: Batch, reader: RecordReader
) -> Generator[Events, None, None]:
    with closing(reader.read(*domain.query(batch), may_restart=False)) as record_batches:
        for records in record_batches:
            piece: Events = {}
            group(piece, domain, batch, records)
            del records
            yield piece
            del piece
