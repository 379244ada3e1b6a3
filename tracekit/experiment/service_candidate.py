"""The candidate `service`: records through the whole pipeline, with each process measured."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import oracledb

from tracekit.config import WORKER_MEMORY_LIMIT
from tracekit.errors import ConfigError, ResultIncomplete
from tracekit.experiment.candidate import Candidate, Keys
from tracekit.experiment.counted_database import CountedDatabase
from tracekit.experiment.pipeline import Pipeline, PipelineJob, Status
from tracekit.experiment.pipeline_memory import PipelineFigures, PipelineMemory
from tracekit.keyed import Key, Query, Record, RecordsByKey
from tracekit.keyed.grouping import Grouping
from tracekit.oracle import Database

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
    complete: Mapping[str, Any]
    """The stream's last line: its rows by query, and the verified checksum."""


class ServiceCandidate(Candidate[PipelineResult]):
    """A job of the trace service: accepted, fetched by workers, kept in the store, and streamed.

    The service runs from the first fetch until `close`.

    Args:
        database: The database that the service reads.
        query: The query, which the service must offer under its name.
        workers: Batches of keys that each worker reads at once.
        memory_limit_bytes: Limit of private memory of the web process and of each worker.
    """

    keeps_records = False

    def __init__(
        self,
        database: Database,
        query: Query,
        workers: int,
        memory_limit_bytes: int | None = None,
    ) -> None:
        self._database = database
        self._query = query
        self._grouping = Grouping(query)
        self._workers = workers
        self._memory_limit_bytes = memory_limit_bytes
        self._pipeline: Pipeline | None = None

    def fetch(self, keys: Keys) -> PipelineResult:
        """Submit a job, wait for its end and read its stream without keeping anything."""
        return measured_job(
            self._started(),
            check_texts(keys, self._query),
            [self._query.name],
            tell=self._count,
            web_memory_limit_bytes=self._memory_limit_bytes,
        )

    def pieces(self, kept: PipelineResult, keys: Keys) -> Iterator[RecordsByKey]:
        """Read the stream again, as records with the types they had before JSON."""
        parsers = column_parsers(self._database, self._query)
        piece: list[Record] = []
        with self._started().stream(kept.job) as stream:
            for _, record in stream:
                restore(record, parsers)
                piece.append(record)
                if len(piece) == _PIECE_RECORDS:
                    yield self._grouped(piece)
                    piece = []
        yield self._grouped(piece)

    def _grouped(self, records: Sequence[Record]) -> RecordsByKey:
        found: RecordsByKey = {}
        self._grouping.add(found, records)
        return found

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
            "figures are sums over the processes, whose peaks may be at different times; a worker "
            "process handles one shard, and the one with the highest peak counts",
        ]
        if self._memory_limit_bytes is not None:
            remarks.append(
                "the memory limit was set for the web process and for each worker "
                "(RLIMIT_DATA, imports included), not for the store"
            )
        return remarks + [
            f"shard {one['shard']} was retried after {one['code']}: {one['message']}"
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

    def _count(self, rows: int, keys: int) -> None:
        if isinstance(self._database, CountedDatabase):
            self._database.counter.add(rows, keys)


def measured_job(
    pipeline: Pipeline,
    keys: Sequence[str],
    queries: Sequence[str],
    *,
    profile: str = "query_tool",
    tell: Callable[[int, int], None] | None = None,
    web_memory_limit_bytes: int | None = None,
) -> PipelineResult:
    """Run a job, read its stream to the end and measure the pipeline's processes meanwhile.

    Args:
        pipeline: A running pipeline.
        keys: The keys to fetch.
        queries: Names of queries that the service offers.
        profile: The profile of the request.
        tell: Called with the rows and keys fetched since the last call.
        web_memory_limit_bytes: Limit of private memory of the web process.

    Raises:
        ConnectError: the service does not answer.
        JobError: the job failed; PipelineOutOfMemory if it ran out of memory.
        ResultIncomplete: the stream is not whole.
    """
    memory = PipelineMemory(pipeline.pid)
    memory.begin()
    try:
        if web_memory_limit_bytes is not None:
            memory.limit_web(web_memory_limit_bytes)
        memory.phase("accepting the request")
        job = pipeline.submit(keys, queries, profile)
        memory.phase("while workers fetch")
        status = pipeline.wait(job, None if tell is None else _differences(tell))
        memory.phase("streaming the result")
        with pipeline.stream(job) as stream:
            for _ in stream:
                pass
        assert stream.complete is not None
        return PipelineResult(job, status, memory.end(status), stream.complete)
    finally:
        memory.stop()


def column_parsers(database: Database, query: Query) -> dict[str, Parser]:
    """Converters from JSON back to the values of columns whose type JSON does not have.

    Raises:
        ConnectError, FetchError: the columns' types could not be read from the database.
    """
    sql, _ = query.statement([("any",) * query.key_width])
    parsers: dict[str, Parser] = {}
    for column in database.describe(sql):
        name, kind = column.name.upper(), column.type_code
        if kind in _DATES | _DATES_OF_A_ZONE:
            parsers[name] = parse_date
        elif kind in _BYTES:
            parsers[name] = base64.b64decode
    return parsers


def restore(record: Record, parsers: Mapping[str, Parser]) -> None:
    """Restore, in place, the values for which JSON has no type.

    Raises:
        ResultIncomplete: a value has the wrong format.
    """
    for name, parse in parsers.items():
        text = record.get(name)
        if text is not None:
            try:
                record[name] = parse(text)
            except (TypeError, ValueError) as exc:
                raise ResultIncomplete(f"a value of column {name} is damaged: {exc}") from exc


def parse_date(text: str) -> datetime:
    """The datetime that `isoformat()` wrote.

    Raises:
        TypeError, ValueError: it has another format.
    """
    value = datetime.fromisoformat(text)
    if value.isoformat() != text:  # the same time in another format would be different JSON
        raise ValueError("it is not in the format of isoformat()")
    return value


def _differences(tell: Callable[[int, int], None]) -> Callable[[Status], None]:
    reported = [0, 0]

    def tell_status(status: Status) -> None:
        sums = [int(status["rows"]), int(status["cids_done"])]
        tell(sums[0] - reported[0], sums[1] - reported[1])
        reported[:] = sums

    return tell_status


def check_texts(keys: Keys, query: Query) -> list[str]:
    """The keys as the service takes them.

    Raises:
        ConfigError: they are not text.
    """
    wrong: list[Key] = [key for key in keys or [None] if not isinstance(key, str)]
    if wrong:
        raise ConfigError(
            f"candidate 'service': query {query.name!r} has keys such as {wrong[0]!r}, but the "
            "service takes only text"
        )
    return list(keys or ())
