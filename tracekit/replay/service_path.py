"""The path `service`: events by way of the whole trace service, each of its processes measured."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import oracledb

from tracekit.config import WORKER_MEMORY_LIMIT
from tracekit.errors import ResultIncomplete
from tracekit.keyed import Events, Record
from tracekit.keyed.domains import CID_COLUMN, find_domain
from tracekit.oracle import Database
from tracekit.replay.counted_database import CountedDatabase
from tracekit.replay.path_kinds import Path
from tracekit.replay.pipeline import Pipeline, PipelineJob, Status
from tracekit.replay.pipeline_memory import PipelineFigures, PipelineMemory

_PIECE_RECORDS = 5000
_DATES = frozenset({oracledb.DB_TYPE_DATE, oracledb.DB_TYPE_TIMESTAMP})
_DATES_OF_A_ZONE = frozenset({oracledb.DB_TYPE_TIMESTAMP_TZ, oracledb.DB_TYPE_TIMESTAMP_LTZ})
_BYTES = frozenset({oracledb.DB_TYPE_RAW, oracledb.DB_TYPE_LONG_RAW, oracledb.DB_TYPE_BLOB})

Parser = Callable[[str], Any]


@dataclass(frozen=True)
class PipelineResult:
    """A finished job, whose records stay in the service's store."""

    job: PipelineJob
    status: Status
    figures: PipelineFigures


class ServicePath(Path[PipelineResult]):
    """A job of the trace service: accepted, fetched by workers, kept in the store, and streamed.

    The service runs from the first fetch until `close`.

    Args:
        database: What the service reads.
        workers: Batches of ids that each worker reads at once.
        memory_limit_bytes: Private memory that the web process and each worker may have.
    """

    keeps_events = False

    def __init__(
        self, database: Database, workers: int, memory_limit_bytes: int | None = None
    ) -> None:
        self._database = database
        self._workers = workers
        self._memory_limit_bytes = memory_limit_bytes
        self._pipeline: Pipeline | None = None

    def fetch(self, container_ids: Sequence[str], domain: str) -> PipelineResult:
        """Submit a job, wait for its end and read its stream, of which nothing is kept."""
        return measured_job(
            self._started(),
            container_ids,
            [domain],
            tell=self._count,
            web_memory_limit_bytes=self._memory_limit_bytes,
        )

    def pieces(
        self, kept: PipelineResult, container_ids: Sequence[str], domain: str
    ) -> Iterator[Events]:
        """The stream once more, as records of the types they had before they were JSON."""
        parsers = column_parsers(self._database, container_ids[:1], domain)
        piece: Events = {}
        records = 0
        with self._started().stream(kept.job) as stream:
            for _, record in stream:
                restore(record, parsers)
                piece.setdefault(record[CID_COLUMN], []).append(record)
                records += 1
                if records == _PIECE_RECORDS:
                    yield piece
                    piece, records = {}, 0
        yield piece

    def facts(self, kept: PipelineResult) -> dict[str, Any]:
        """The figures of the service's processes, and the size of the result in its store."""
        figures = kept.figures
        return {
            "cpu_seconds": figures.cpu_seconds,
            "rss_baseline_bytes": figures.rss_baseline_bytes,
            "rss_peak_bytes": figures.rss_peak_bytes,
            "samples": [asdict(one) for one in figures.samples],
            "processes": [asdict(one) for one in figures.processes],
            "result_bytes": kept.status["result_bytes"],
            "remarks": self._remarks(kept),
        }

    def close(self) -> None:
        """Stop the service."""
        if self._pipeline is not None:
            self._pipeline.__exit__(None, None, None)
            self._pipeline = None

    def _remarks(self, kept: PipelineResult) -> list[str]:
        status = kept.status
        remarks = [
            "its figures are sums over its processes, each process's peak at its own time; a "
            "worker's process takes one shard, and the one of the highest peak counts",
        ]
        if self._memory_limit_bytes is not None:
            remarks.append(
                "the memory limit was set for the web process and for each worker "
                "(RLIMIT_DATA, imports included), not for the store"
            )
        return remarks + [
            f"shard {one['shard']} was tried again after {one['code']}: {one['message']}"
            for one in status["retries"]
        ]

    def _started(self) -> Pipeline:
        if self._pipeline is None:
            limit = self._memory_limit_bytes
            settings = {} if limit is None else {WORKER_MEMORY_LIMIT: str(limit)}
            arguments = self._database.arguments
            pipeline = Pipeline(arguments, workers=self._workers, settings=settings)
            self._pipeline = pipeline.__enter__()
        return self._pipeline

    def _count(self, rows: int, cids: int) -> None:
        if isinstance(self._database, CountedDatabase):
            self._database.count(rows, cids)


def measured_job(
    pipeline: Pipeline,
    container_ids: Sequence[str],
    domains: Sequence[str],
    *,
    profile: str = "query_tool",
    tell: Callable[[int, int], None] | None = None,
    web_memory_limit_bytes: int | None = None,
) -> PipelineResult:
    """Run a job, read its stream to the end and measure the pipeline's processes meanwhile.

    Args:
        pipeline: A running one.
        container_ids: What to ask for.
        domains: Kinds of event.
        profile: The request's.
        tell: Called with the rows and CIDs fetched since the last call.
        web_memory_limit_bytes: Private memory that the web process may have.

    Raises:
        ConnectError: the service does not answer.
        JobError: the job failed; a PipelineOutOfMemory for lack of memory.
        ResultIncomplete: the stream is not whole.
    """
    memory = PipelineMemory(pipeline.pid)
    memory.begin()
    try:
        if web_memory_limit_bytes is not None:
            memory.limit_web(web_memory_limit_bytes)
        memory.phase("accepting the request")
        job = pipeline.submit(container_ids, domains, profile)
        memory.phase("while workers fetch")
        status = pipeline.wait(job, None if tell is None else _differences(tell))
        memory.phase("streaming the result")
        with pipeline.stream(job) as stream:
            for _ in stream:
                pass
        return PipelineResult(job, status, memory.end(status))
    finally:
        memory.stop()


def column_parsers(database: Database, cids: Sequence[str], domain: str) -> dict[str, Parser]:
    """What makes a column's values again of their JSON, for columns whose values JSON has not.

    Raises:
        ConnectError, FetchError: the database could not be asked for the columns' types.
    """
    sql, _ = find_domain(domain).query(cids)
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.parse(sql)
        columns = [(column[0].upper(), column[1]) for column in cursor.description]
    parsers: dict[str, Parser] = {}
    for name, kind in columns:
        if kind in _DATES | _DATES_OF_A_ZONE:
            parsers[name] = parse_date
        elif kind in _BYTES:
            parsers[name] = base64.b64decode
    return parsers


def restore(record: Record, parsers: Mapping[str, Parser]) -> None:
    """Make the values that JSON has no type for again, in place.

    Raises:
        ResultIncomplete: a value is not written as it should be.
    """
    for name, parse in parsers.items():
        text = record.get(name)
        if text is not None:
            try:
                record[name] = parse(text)
            except (TypeError, ValueError) as exc:
                raise ResultIncomplete(f"a value of column {name} is damaged: {exc}") from exc


def parse_date(text: str) -> datetime:
    """The moment that `isoformat()` wrote.

    Raises:
        TypeError, ValueError: it was written otherwise.
    """
    value = datetime.fromisoformat(text)
    if value.isoformat() != text:  # other bytes of the same moment are another JSON
        raise ValueError("it is not written as isoformat() writes it")
    return value


def _differences(tell: Callable[[int, int], None]) -> Callable[[Status], None]:
    told = [0, 0]

    def tell_status(status: Status) -> None:
        sums = [int(status["rows"]), int(status["cids_done"])]
        tell(sums[0] - told[0], sums[1] - told[1])
        told[:] = sums

    return tell_status
