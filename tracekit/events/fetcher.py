"""`EventFetcher`: the events of many CIDs, read in batches of ids by worker threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing, nullcontext

from tracekit.errors import BatchFetchError, ConfigError
from tracekit.events.batch_pool import Batch, BatchPool
from tracekit.events.collector import calm_collector
from tracekit.events.container_ids import batches_of, normalise_container_ids
from tracekit.events.domains import Domain, find_domain
from tracekit.events.grouping import Events, group
from tracekit.events.partial import PartialEvents
from tracekit.events.readers import RecordKind, RecordReader, record_reader
from tracekit.fetch import Database


class EventFetcher:
    """Events by fetchmany: each row batch is grouped at once and let go of.

    Args:
        database: Where to read; shared by the workers.
        records: `lean`: records that share their keys and equal values, a quarter of the memory;
            `plain`: one `dict(zip(columns, row))` a row. They cannot be told apart by value,
            type, order or behaviour.
        max_workers: Batches of ids read at once.
        batch_size: Rows of a row batch; default the database's `fetchmany_size`.

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

        Raises:
            ConfigError: `domain` or `records` is unknown.
            BatchFetchError: batches of ids failed. The others are not read to their end.
        """
        found = find_domain(domain)
        reader = self._reader(records)
        batches = list(batches_of(normalise_container_ids(container_ids)))

        def read(batch: Batch) -> Events:
            return _read_batch(found, batch, reader, pool.check_stopped)

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

    def _reader(self, records: RecordKind | None) -> RecordReader:
        return record_reader(records or self._records, self._database, self._batch_size)


def _read_batch(
    domain: Domain, batch: Batch, reader: RecordReader, check_stopped: Callable[[], None]
) -> Events:
    events: Events = {}
    with closing(reader.read(*domain.query(batch))) as record_batches:
        for records in record_batches:
            group(events, domain, batch, records)
            del records
            check_stopped()
    if reader.saves_memory:
        for cid, found in events.items():
            events[cid] = found[:]  # a list that grew by appending has room it will not need
    return events
