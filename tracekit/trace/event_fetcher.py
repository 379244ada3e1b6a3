"""`EventFetcher` and `LegacyEventFetcher`: the legacy system's names over the keyed fetchers."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from os import PathLike
from typing import TYPE_CHECKING

from tracekit.keyed import KeyedFetcher, LegacyFetcher, RecordsByKey
from tracekit.keyed.readers import RecordKind
from tracekit.oracle import Database
from tracekit.trace.container_ids import normalise_container_ids
from tracekit.trace.queries import domain_query

if TYPE_CHECKING:
    from tracekit.keyed.keyed_table import KeyedTable
    from tracekit.keyed.parquet import ParquetExport


class EventFetcher:
    """Fetches events of production lots by CID and domain; arguments are those of `KeyedFetcher`.

    CIDs are normalised as in the legacy system: blanks, duplicates and everything that is not text
    are left out. Errors are those of `KeyedFetcher`, and a ConfigError for an unknown domain.
    """

    def __init__(
        self,
        database: Database,
        *,
        records: RecordKind = "lean",
        max_workers: int = 2,
        batch_size: int | None = None,
    ) -> None:
        self._database = database
        self._records: RecordKind = records
        self._max_workers = max_workers
        self._batch_size = batch_size
        self._of("history")  # raises early if arguments are wrong

    def fetch_events(
        self,
        container_ids: Iterable[object],
        domain: str,
        *,
        records: RecordKind | None = None,
        allow_partial: bool = False,
        memory_budget: int | str | None = None,
    ) -> RecordsByKey:
        """`KeyedFetcher.records` of a domain: `{CID: [{COLUMN: value}, ...]}`."""
        return self._of(domain, records).records(
            normalise_container_ids(container_ids),
            allow_partial=allow_partial,
            memory_budget=memory_budget,
        )

    def fetch_events_iter(
        self,
        container_ids: Iterable[object],
        domain: str,
        batch_size: int | None = None,
        *,
        whole_cids: bool = False,
    ) -> Generator[RecordsByKey, None, None]:
        """`KeyedFetcher.stream` of a domain."""
        return self._of(domain).stream(
            normalise_container_ids(container_ids), batch_size, whole_keys=whole_cids
        )

    def fetch_event_table(self, container_ids: Iterable[object], domain: str) -> KeyedTable:
        """`KeyedFetcher.table` of a domain."""
        return self._of(domain).table(normalise_container_ids(container_ids))

    def to_parquet(
        self, container_ids: Iterable[object], domain: str, path: str | PathLike[str]
    ) -> ParquetExport:
        """`KeyedFetcher.to_parquet` of a domain."""
        return self._of(domain).to_parquet(normalise_container_ids(container_ids), path)

    def _of(self, domain: str, records: RecordKind | None = None) -> KeyedFetcher:
        return KeyedFetcher(
            self._database,
            domain_query(domain),
            records=records or self._records,
            max_workers=self._max_workers,
            batch_size=self._batch_size,
        )


class LegacyEventFetcher:
    """Fetches events through DataFrames, as the legacy system did; see `LegacyFetcher`.

    Args:
        database: The database to read from; each batch opens its own connection.
        max_workers: Number of batches read at once.
    """

    def __init__(self, database: Database, *, max_workers: int = 2) -> None:
        self._database = database
        self._max_workers = max_workers

    def fetch_events(self, container_ids: Iterable[object], domain: str) -> RecordsByKey:
        """The records of each CID that has any.

        Raises:
            ConfigError: `domain` is unknown.
            BatchFetchError: batches of CIDs failed.
        """
        fetcher = LegacyFetcher(self._database, domain_query(domain), max_workers=self._max_workers)
        return fetcher.records(normalise_container_ids(container_ids))
