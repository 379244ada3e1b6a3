"""Fetch one shard of a job, in a worker's process.

It holds only a few pieces of `KeyedFetcher.stream` and one chunk, however large the request is.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from itertools import chain

from redis.exceptions import OutOfMemoryError

from tracekit import process_memory
from tracekit.config import Settings
from tracekit.errors import JobError
from tracekit.jobs.chunk import ChunkEntry, pack
from tracekit.jobs.chunk_file import ChunkColumns
from tracekit.jobs.connection import connect_store
from tracekit.jobs.manifest import DomainContents
from tracekit.jobs.shard_work import ShardProgress, ShardWork, WorkOver
from tracekit.jobs.store import JobStore
from tracekit.jobs.ticker import ProgressTicker
from tracekit.jsonvalue import encode
from tracekit.keyed import KeyedFetcher, Record, RecordsByKey
from tracekit.oracle import Database
from tracekit.profiling.memory_limit import limited_memory

_WARM_UP = "SELECT 1 FROM DUAL"


class JobTimedOut(JobError):
    """All shards of a job together exceeded its time limit."""


def run_shard(job_id: str, shard: int) -> None:
    """Fetch the shard and write its parts; the last shard finishes the job.

    Raises:
        JobNotFound: the job expired.
        JobTimedOut: the job's time is over.
        BatchFetchError: batches of keys failed.
        MemoryError, ProfileError: the process reached TRACEKIT_WORKER_MEMORY_LIMIT.
    """
    settings = Settings.from_env()
    store = JobStore(connect_store(settings.trace), settings.trace)
    worker = os.environ.get("RQ_WORKER_ID", f"pid {os.getpid()}")
    work = ShardWork.claim(store, job_id, shard, worker)
    if work is not None:
        database = Database.from_env(settings)
        fetch = ShardFetch(work, database, max_workers=settings.trace.max_workers)
        with limited_memory(settings.trace.worker_memory_limit_bytes):
            try:
                fetch.run()
            except WorkOver:
                return
            except OutOfMemoryError:
                store.make_room(job_id)  # RQ also writes before it reports that the shard failed
                raise
    store.finish(job_id)


class ShardFetch:
    """Reads one shard, domain after domain, and writes it chunk by chunk.

    Args:
        work: The claim on the shard.
        database: The database to read.
        max_workers: Batches of keys read at once.
    """

    def __init__(self, work: ShardWork, database: Database, *, max_workers: int) -> None:
        self._work = work
        self._database = database
        self._max_workers = max_workers
        self._cids = work.shard_keys()
        self._places = {cid: place for place, cid in enumerate(self._cids)}
        self._telling = threading.Lock()  # reported progress never decreases
        self._baseline_bytes = 0
        self._domain_index = 0
        self._place = 0
        self._rows = 0

    def run(self) -> None:
        """Fetch all domains of the shard.

        Raises:
            WorkOver: the job has ended, or another worker has the shard.
            JobTimedOut: the job's time is over.
            BatchFetchError: batches of keys failed.
        """
        self._take_baseline()
        contents = {}
        with ProgressTicker(self._report) as ticker:
            for index, domain in enumerate(self._work.request.domains):
                self._domain_index, self._place = index, 0
                contents[domain] = self._fetch(domain, ticker)
        self._domain_index, self._place = len(contents), 0
        self._work.done(contents, self._progress())

    def _report(self) -> None:
        with self._telling:
            self._work.report(self._progress())

    def _take_baseline(self) -> None:
        import pyarrow  # noqa: F401 - loaded before the baseline

        for _ in self._database.read_sql_df_slow_iter(_WARM_UP):
            pass
        process_memory.return_free_memory()
        process_memory.reset_peak()
        self._baseline_bytes = process_memory.resident_bytes()
        self._report()

    def _fetch(self, domain: str, ticker: ProgressTicker) -> DomainContents:
        entries: list[ChunkEntry] = []
        cids_with_rows = 0
        write = self._file_writer(domain) if self._work.request.in_files else self._writer(domain)

        def counted(pieces: Iterator[RecordsByKey]) -> Generator[Record, None, None]:
            nonlocal cids_with_rows
            for piece in pieces:
                if ticker.over:
                    raise WorkOver
                self._check_deadline()
                cids_with_rows += len(piece)
                yield from chain.from_iterable(piece.values())
                self._place = self._places.get(next(reversed(piece)), self._place) + 1
                del piece

        query = self._work.request.query(domain)
        fetcher = KeyedFetcher(self._database, query, max_workers=self._max_workers)
        with closing(fetcher.stream(self._cids, whole_keys=True)) as pieces:
            for records in _groups(counted(pieces), self._work.request.batch_size):
                entries.append(write(len(entries), records))
                del records
        return DomainContents(tuple(entries), cids_with_rows)

    def _writer(self, domain: str) -> Callable[[int, list[Record]], ChunkEntry]:
        def write(number: int, records: list[Record]) -> ChunkEntry:
            entry, stored = pack([encode(record) for record in records])
            with self._telling:
                self._rows += entry.rows
                self._work.write_part(domain, number, stored, self._progress())
            return entry

        return write

    def _file_writer(self, domain: str) -> Callable[[int, list[Record]], ChunkEntry]:
        columns = ChunkColumns()

        def write(number: int, records: list[Record]) -> ChunkEntry:
            entry, stored = columns.pack(records, self._work.file_name(domain, number))
            with self._telling:
                self._rows += entry.rows
                self._work.write_file(entry.file, stored, self._progress())
            return entry

        return write

    def _check_deadline(self) -> None:
        if time.time() > self._work.deadline:
            seconds = self._work.request.timeout_seconds
            raise JobTimedOut(
                f"the job took longer than {seconds:,} s. Request fewer CIDs, run more workers, "
                "or raise TRACE_JOB_TIMEOUT_SECONDS."
            )

    def _progress(self) -> ShardProgress:
        peak_bytes = process_memory.peak_resident_bytes()
        done = self._domain_index * len(self._cids) + self._place
        return ShardProgress(
            cids_done=done // len(self._work.request.domains),
            rows=self._rows,
            memory_bytes=process_memory.resident_bytes(),
            peak_bytes=peak_bytes,
            net_peak_bytes=max(0, peak_bytes - self._baseline_bytes),
        )


def _groups(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    group: list[Record] = []
    for record in records:
        group.append(record)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
