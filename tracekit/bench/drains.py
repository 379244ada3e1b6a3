"""Subjects that read every batch of keys and keep nothing."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tracekit.jsonvalue import decode_typed
from tracekit.keyed import Key, Query
from tracekit.keyed.keys import batches_of
from tracekit.oracle import Database
from tracekit.profiling import Report, Subject
from tracekit.records import QueryDefinition

CountRows = Callable[[int], None]


class BatchDrain(Subject[None]):
    """Reads one query in worker threads, row batch after row batch.

    Args:
        database: Arguments of Database without secrets.
        query: The QueryDefinition to read, as `encode_typed` wrote it.
        keys: The keys to fetch, likewise.
        workers: Batches of keys read at once.
        secrets: The other arguments of Database.
    """

    def __init__(
        self,
        *,
        database: Mapping[str, Any],
        query: str,
        keys: str,
        workers: int,
        **secrets: Any,
    ) -> None:
        self.database = Database(**database, **secrets)
        self.query = Query.from_definition(QueryDefinition(**decode_typed(query)))
        self._keys: Sequence[Key] | None = decode_typed(keys)
        self._workers = workers

    @abstractmethod
    def drain(self, sql: str, binds: Mapping[str, Any], count_rows: CountRows) -> None:
        """Read one statement to its end, and pass the rows of each row batch to `count_rows`."""

    def prepare(self) -> None:
        """Read one key, so that everything that is loaded once is loaded."""
        if self._keys is not None:
            self._drain_all(self._keys[:1], lambda rows, keys: None)

    def run(self, report: Report) -> None:
        """Read everything."""
        self._drain_all(self._keys, report)

    def _drain_all(self, asked: Sequence[Key] | None, report: Report) -> None:
        lock = threading.Lock()
        rows = keys = 0

        def count(more_rows: int, more_keys: int) -> None:
            nonlocal rows, keys
            with lock:
                rows += more_rows
                keys += more_keys
                sums = rows, keys
            report(*sums)

        def drain(batch: Sequence[Key]) -> None:
            sql, binds = self.query.statement(batch)
            self.drain(sql, binds, lambda more: count(more, 0))
            count(0, len(batch))

        with ThreadPoolExecutor(self._workers) as pool:
            for done in pool.map(drain, batches_of(asked, self.query)):
                assert done is None


class KeysHeld(BatchDrain):
    """Reads nothing; only holds the keys as every candidate does while it reads."""

    def run(self, report: Report) -> None:
        """Check the keys and divide them into batches."""
        self._held = batches_of(self._keys, self.query)

    def drain(self, sql: str, binds: Mapping[str, Any], count_rows: CountRows) -> None:
        """Read nothing."""


class CursorDrain(BatchDrain):
    """fetchmany alone, which every reader of rows needs."""

    def drain(self, sql: str, binds: Mapping[str, Any], count_rows: CountRows) -> None:
        """Read one statement by fetchmany."""
        for _, rows in self.database.read_sql_df_slow_iter(sql, binds):
            count_rows(len(rows))
            del rows


class DataFrameBatchesDrain(BatchDrain):
    """`Connection.fetch_df_batches`, used as in python-oracledb's documentation."""

    def drain(self, sql: str, binds: Mapping[str, Any], count_rows: CountRows) -> None:
        """Read one statement into Arrow batches."""
        import pyarrow as pa

        with self.database.connect() as connection:
            size = self.database.fetchmany_size
            for frame in connection.fetch_df_batches(sql, dict(binds), size=size):
                count_rows(pa.table(frame).num_rows)
                del frame
