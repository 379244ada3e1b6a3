"""The legacy fetch, replayed with its faults: the path every other one is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from tracekit.errors import BatchFailure, BatchFetchError, ConnectError, FetchError
from tracekit.keyed.container_ids import batches_of, normalise_container_ids
from tracekit.keyed.domains import Domain, find_domain
from tracekit.keyed.grouping import Events, Record, group
from tracekit.oracle import Database
from tracekit.oracle.retry import NO_RETRY

if TYPE_CHECKING:
    import pandas as pd

_TIMEOUT_SECONDS = 60.0


class LegacyEventFetcher:
    """Events by DataFrame, as the legacy system fetched them.

    Kept as it was, because its memory is what is measured: every finished frame stays alive until
    all batches are done, frames are walked row by row as Series, and batches are grouped in the
    order they complete. One thing differs: a failed batch raises, where it was logged and skipped.
    Nothing is tried again when a connection fails: the legacy system did not.

    Args:
        database: Where to read; each batch opens a connection of its own.
        max_workers: Batches read at once.
    """

    def __init__(self, database: Database, *, max_workers: int = 2) -> None:
        self._database = database
        self._max_workers = max_workers

    def fetch_events(self, container_ids: Iterable[object], domain: str) -> Events:
        """The records of each CID that has any.

        Raises:
            ConfigError: `domain` is unknown.
            BatchFetchError: batches of ids failed.
        """
        found = find_domain(domain)
        batches = list(batches_of(normalise_container_ids(container_ids)))
        events: Events = {}
        failures: list[BatchFailure] = []
        with ThreadPoolExecutor(max_workers=self._max_workers) as pool:
            # This mapping is the fault: it keeps each future, and so its frame, until the end.
            batch_of = {
                pool.submit(self._fetch_frame, found, batch): (index, batch)
                for index, batch in enumerate(batches)
            }
            for future in as_completed(batch_of):
                index, batch = batch_of[future]
                failure = _group_frame(events, found, index, batch, future)
                if failure:
                    failures.append(failure)
        if failures:
            failures.sort(key=lambda failure: failure.batch_index)
            raise BatchFetchError(domain, failures, len(batches)) from failures[0].cause
        return events

    def _fetch_frame(self, domain: Domain, batch: Sequence[str]) -> pd.DataFrame:
        sql, binds = domain.query(batch)
        return NO_RETRY.call(
            lambda: self._database.read_sql_df(sql, binds, timeout_seconds=_TIMEOUT_SECONDS)
        )


def _group_frame(
    events: Events,
    domain: Domain,
    index: int,
    batch: Sequence[str],
    future: Future[pd.DataFrame],
) -> BatchFailure | None:
    try:
        frame = future.result()
    except (ConnectError, FetchError) as exc:
        return BatchFailure(index, len(batch), exc)
    group(events, domain, batch, (_record(row) for _, row in frame.iterrows()))
    return None


def _record(row: pd.Series) -> Record:
    return {
        str(name): None if isinstance(value, float) and value != value else value
        for name, value in row.to_dict().items()
    }
