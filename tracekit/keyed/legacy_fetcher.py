"""`LegacyFetcher`: a query through pandas DataFrames, kept to measure its memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

from tracekit.errors import BatchFailure, BatchFetchError, ConnectError, FetchError
from tracekit.keyed.grouping import Grouping
from tracekit.keyed.keys import batches_of
from tracekit.keyed.query import Key, Query
from tracekit.keyed.record import Record, RecordsByKey, check_distinct
from tracekit.oracle import Database

if TYPE_CHECKING:
    import pandas as pd

_TIMEOUT_SECONDS = 60.0


class LegacyFetcher:
    """Fetches records by key through DataFrames, as the legacy system did.

    It is unchanged, because its memory is measured: every finished frame stays alive until all
    batches are done, frames are walked row by row as Series, and batches are grouped in the order
    in which they complete. There is one difference: a failed batch raises an error; the legacy
    system logged and skipped it. Like the legacy system, it does not retry a failed connection.

    Args:
        database: The database to read from; each batch opens its own connection.
        query: The query to read.
        max_workers: Number of batches read at once.
    """

    def __init__(self, database: Database, query: Query, *, max_workers: int = 2) -> None:
        self._database = database.without_retry()
        self._query = query
        self._max_workers = max_workers

    def records(self, keys: Iterable[Any] | None = None) -> RecordsByKey:
        """The records of each key that has records.

        Raises:
            ConfigError: a key is invalid, or two columns have the same name.
            BatchFetchError: batches of keys failed.
        """
        batches = batches_of(keys, self._query)
        grouping = Grouping(self._query)
        found: RecordsByKey = {}
        failures: list[BatchFailure] = []
        with ThreadPoolExecutor(max_workers=self._max_workers) as pool:
            # The legacy defect: this mapping keeps each future, and so its frame, until the end.
            batch_of = {
                pool.submit(self._fetch_frame, batch): (index, batch)
                for index, batch in enumerate(batches)
            }
            for future in as_completed(batch_of):
                index, batch = batch_of[future]
                failure = _group_frame(found, grouping, index, batch, future)
                if failure:
                    failures.append(failure)
        if failures:
            failures.sort(key=lambda failure: failure.batch_index)
            raise BatchFetchError(self._query.name, failures, len(batches)) from failures[0].cause
        return found

    def _fetch_frame(self, batch: Sequence[Key]) -> pd.DataFrame:
        sql, binds = self._query.statement(batch)
        return self._database.read_sql_df(sql, binds, timeout_seconds=_TIMEOUT_SECONDS)


def _group_frame(
    found: RecordsByKey,
    grouping: Grouping,
    index: int,
    batch: Sequence[Key],
    future: Future[pd.DataFrame],
) -> BatchFailure | None:
    try:
        frame = future.result()
    except (ConnectError, FetchError) as exc:
        return BatchFailure(index, len(batch), exc)
    check_distinct(list(frame.columns))
    grouping.add(found, (_record(row) for _, row in frame.iterrows()))
    return None


def _record(row: pd.Series) -> Record:
    return {
        str(name): None if isinstance(value, float) and value != value else value
        for name, value in row.to_dict().items()
    }
