"""`EventFetcher`: the events of many CIDs, read in batches of ids by worker threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Literal, get_args

from tracekit.errors import BatchFetchError, ConfigError
from tracekit.events.batch_pool import Batch, BatchPool
from tracekit.events.container_ids import batches_of, normalise_container_ids
from tracekit.events.domains import Domain, find_domain
from tracekit.events.grouping import Events, Record, group, plain_records
from tracekit.events.partial import PartialEvents
from tracekit.fetch import Database
from tracekit.fetch.rows import Row

RecordKind = Literal["plain"]
RecordMaker = Callable[[Sequence[str], Sequence[Row]], list[Record]]


class EventFetcher:
    """Events by fetchmany: each row batch is grouped at once and let go of.

    Args:
        database: Where to read; shared by the workers.
        records: How records are made: `plain`, one `dict(zip(columns, row))` a row.
        max_workers: Batches of ids read at once.
        batch_size: Rows of a row batch; default the database's `fetchmany_size`.

    Raises:
        ConfigError: `records` is unknown or `max_workers` is below 1.
    """

    def __init__(
        self,
        database: Database,
        *,
        records: RecordKind = "plain",
        max_workers: int = 2,
        batch_size: int | None = None,
    ) -> None:
        if max_workers < 1:
            raise ConfigError(f"max_workers={max_workers!r}: expected a whole number of at least 1")
        self._database = database
        self._records = _known_kind(records)
        self._max_workers = max_workers
        self._batch_size = batch_size

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
        make = _record_maker(_known_kind(records or self._records))
        batches = list(batches_of(normalise_container_ids(container_ids)))

        def read(batch: Batch) -> Events:
            return self._read_batch(found, batch, make, pool.check_stopped)

        pool = BatchPool(
            read, batches, max_workers=self._max_workers, stop_at_failure=not allow_partial
        )
        events: Events = {}
        with closing(pool.results()) as parts:
            for part in parts:
                events.update(part)
        if not pool.failures:
            return events
        if allow_partial:
            return PartialEvents(events, pool.failures, len(batches))
        raise BatchFetchError(domain, pool.failures, len(batches)) from pool.failures[0].cause

    def _read_batch(
        self, domain: Domain, batch: Batch, make: RecordMaker, check_stopped: Callable[[], None]
    ) -> Events:
        events: Events = {}
        sql, binds = domain.query(batch)
        row_batches = self._database.read_sql_df_slow_iter(sql, binds, batch_size=self._batch_size)
        with closing(row_batches):
            for columns, rows in row_batches:
                group(events, domain, batch, make(columns, rows))
                del rows
                check_stopped()
        return events


def _known_kind(kind: RecordKind) -> RecordKind:
    if kind not in get_args(RecordKind):
        raise ConfigError(f"records={kind!r}: expected {' or '.join(get_args(RecordKind))}")
    return kind


def _record_maker(kind: RecordKind) -> RecordMaker:
    return plain_records
