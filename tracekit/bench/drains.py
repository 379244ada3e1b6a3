"""Subjects that read every batch of ids and keep nothing."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tracekit.keyed.container_ids import batches_of, normalise_container_ids
from tracekit.keyed.domains import find_domain
from tracekit.oracle import Database
from tracekit.profiling import Report, Subject

CountRows = Callable[[int], None]


class BatchDrain(Subject[None]):
    """Reads the queries of one domain in worker threads, row batch after row batch.

    Args:
        database: Database's arguments without secrets.
        container_ids: what to ask for.
        domain: the kind of event.
        workers: batches of ids read at once.
        secrets: Database's other arguments.
    """

    def __init__(
        self,
        *,
        database: Mapping[str, Any],
        container_ids: Sequence[str],
        domain: str,
        workers: int,
        **secrets: Any,
    ) -> None:
        self.database = Database(**database, **secrets)
        self._container_ids = container_ids
        self._domain = find_domain(domain)
        self._workers = workers

    @abstractmethod
    def drain(self, sql: str, binds: Mapping[str, str], count_rows: CountRows) -> None:
        """Read one query to its end and tell the rows of each row batch."""

    def prepare(self) -> None:
        """Read one CID, so that all that is used once is loaded."""
        self._drain_all(self._container_ids[:1], lambda rows, cids: None)

    def run(self, report: Report) -> None:
        """Read everything."""
        self._drain_all(self._container_ids, report)

    def _drain_all(self, container_ids: Sequence[str], report: Report) -> None:
        lock = threading.Lock()
        rows = cids = 0

        def count(more_rows: int, more_cids: int) -> None:
            nonlocal rows, cids
            with lock:
                rows += more_rows
                cids += more_cids
                sums = rows, cids
            report(*sums)

        def drain(batch: Sequence[str]) -> None:
            sql, binds = self._domain.query(batch)
            self.drain(sql, binds, lambda more: count(more, 0))
            count(0, len(batch))

        with ThreadPoolExecutor(self._workers) as pool:
            for done in pool.map(drain, batches_of(list(container_ids))):
                assert done is None


class IdsHeld(BatchDrain):
    """Holds the ids as every path does while it reads, and reads nothing."""

    def run(self, report: Report) -> None:
        """Normalise the ids and put them in batches."""
        self._held = list(batches_of(normalise_container_ids(self._container_ids)))

    def drain(self, sql: str, binds: Mapping[str, str], count_rows: CountRows) -> None:
        """Nothing."""


class CursorDrain(BatchDrain):
    """fetchmany: what any reader of rows has to pay."""

    def drain(self, sql: str, binds: Mapping[str, str], count_rows: CountRows) -> None:
        """Read one query by fetchmany."""
        for _, rows in self.database.read_sql_df_slow_iter(sql, binds):
            count_rows(len(rows))
            del rows


class DataFrameBatchesDrain(BatchDrain):
    """`Connection.fetch_df_batches` as python-oracledb's documentation has it."""

    def drain(self, sql: str, binds: Mapping[str, str], count_rows: CountRows) -> None:
        """Read one query into Arrow batches."""
        import pyarrow as pa

        with self.database.connect() as connection:
            size = self.database.fetchmany_size
            for frame in connection.fetch_df_batches(sql, dict(binds), size=size):
                count_rows(pa.table(frame).num_rows)
                del frame
