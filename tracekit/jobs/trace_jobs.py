"""`TraceJobs`: the interface to jobs."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress

import msgspec
from redis import Redis
from redis.exceptions import RedisError

from tracekit.config import TraceSettings
from tracekit.errors import ConfigError, JobNotFound
from tracekit.jobs.keys import new_job_id
from tracekit.jobs.legacy_result import LegacyResult
from tracekit.jobs.page import ResultPage
from tracekit.jobs.profiles import PROFILES
from tracekit.jobs.redis_types import Fields
from tracekit.jobs.request import JobRequest
from tracekit.jobs.result import open_result, read_page
from tracekit.jobs.result_document import result_document
from tracekit.jobs.result_lines import result_lines
from tracekit.jobs.rq_jobs import drop_queued, enqueue_shards, stop_running, worker_count
from tracekit.jobs.status import JobFailure, JobState, JobStatus, WorkerMemory
from tracekit.jobs.store import JobStore, StoredJob, damage
from tracekit.jsonvalue import encode_typed
from tracekit.keyed import Key, Query
from tracekit.ndjson import Position

SHARD_CIDS = 10_000
"""CIDs in a shard: a trade-off between lost work when a worker dies and the start of a process."""


class TraceJobs:
    """Fetches that run in workers and are read in pieces.

    Args:
        redis: The Redis shared by web processes and workers; the client must return bytes.
        settings: Limits, TTLs and the queue's name.
        shard_cids: CIDs that one worker takes at a time.

    Errors of the store itself are redis-py's (`redis.exceptions.RedisError`), from any method.
    """

    def __init__(
        self, redis: Redis, settings: TraceSettings | None = None, *, shard_cids: int = SHARD_CIDS
    ) -> None:
        self._redis = redis
        self._settings = settings or TraceSettings()
        self._store = JobStore(redis, self._settings)
        self._shard_cids = shard_cids

    def worker_count(self) -> int:
        """Workers listening to the queue."""
        return worker_count(self._redis, self._settings.worker_queue)

    def submit(
        self,
        profile: str,
        keys: Iterable[Key],
        queries: Sequence[Query],
        *,
        warnings: Sequence[tuple[str, str]] = (),
    ) -> str:
        """Queue a fetch; returns its id, which cannot be guessed.

        Args:
            profile: One of PROFILES.
            keys: The keys to fetch; duplicates are fetched once.
            queries: The queries to run, in the order of the result; duplicates are ignored.
            warnings: (code, message) to include in the status and the stream.

        Raises:
            ConfigError: the profile is unknown, or there are no keys or queries.
        """
        if profile not in PROFILES:
            raise ConfigError(f"unknown profile {profile!r}; expected one of {', '.join(PROFILES)}")
        wanted = {query.name: vars(query.definition) for query in queries}
        cids = list(dict.fromkeys(keys))
        if not cids or not wanted:
            raise ConfigError("a job needs at least one key and one query")
        request = JobRequest(
            profile=profile,
            domains=tuple(wanted),
            queries=encode_typed(wanted).decode(),
            cids=len(cids),
            shards=-(-len(cids) // self._shard_cids),
            batch_size=self._settings.stream_batch_size,
            ttl_seconds=self._settings.job_ttl_seconds,
            timeout_seconds=self._settings.job_timeout_seconds,
            queue=self._settings.worker_queue,
            in_files=self._settings.results_dir is not None
            and len(cids) > self._settings.results_dir_cid_threshold,
            warnings=tuple(warnings),
        )
        job_id = new_job_id()
        try:
            self._store.create(job_id, request, self._shards_of(cids))
            enqueue_shards(self._redis, job_id, request)
        except RedisError:
            with suppress(RedisError):
                self._store.forget(job_id, request)
            raise
        return job_id

    def status(self, job_id: str) -> JobStatus:
        """The job's current state.

        Raises:
            JobNotFound: the job does not exist, or it expired.
            ResultIncomplete: its entry in the store is damaged.
        """
        try:
            job = self._store.read(job_id)
        except JobNotFound:
            legacy = LegacyResult.read(self._store, job_id)
            if legacy is None:
                raise
            return _legacy_status(job_id, legacy)
        shards = self._store.shard_fields(job_id, job.request.shards)
        with damage("progress of a shard"):
            return _status(job_id, job, shards)

    def cancel(self, job_id: str) -> JobStatus:
        """Cancel the job, stop its workers and remove its data; an ended job is not changed.

        Raises:
            JobNotFound: the job does not exist, or it expired.
        """
        if self._store.cancel(job_id):
            request = self._store.read(job_id).request
            drop_queued(self._redis, job_id, request)
            stop_running(self._redis, job_id, request)
        return self.status(job_id)

    def page(self, job_id: str, domain: str, offset: int = 0, limit: int = 1000) -> ResultPage:
        """Records of a finished job, read from the chunks they are in.

        Raises:
            ConfigError: `offset` is below 0 or `limit` below 1.
            JobNotFound: the job does not exist.
            JobNotComplete: it has not finished, or never will.
            JobError: it does not include that domain.
            ResultIncomplete: a chunk is missing, expired or damaged.
        """
        if offset < 0 or limit < 1:
            raise ConfigError(f"offset={offset}, limit={limit}: expected at least 0 and 1")
        return read_page(open_result(self._store, job_id), domain, offset, limit)

    def document(
        self, job_id: str, offset: int = 0, limit: int | None = None
    ) -> Generator[bytes, None, None]:
        """All domains of a finished job as one JSON document, in pieces.

        Args:
            job_id: The job.
            offset: Number of records to skip at the start of each domain.
            limit: Maximum number of records of each domain; None for all.

        Raises:
            JobNotFound: the job does not exist.
            JobNotComplete: it has not finished, or never will.
            ResultIncomplete: the manifest (or, while iterating, a chunk) is missing or damaged.
        """
        return result_document(open_result(self._store, job_id), offset, limit)

    def stream(self, job_id: str, after: str | None = None) -> Generator[bytes, None, None]:
        """The lines of a finished job's NDJSON stream, one chunk in memory at a time.

        Errors after the first line become an `error` line. Errors are raised by this call, not
        while iterating.

        Args:
            job_id: The job.
            after: `DOMAIN:CHUNK` after which to resume.

        Raises:
            ConfigError: `after` is malformed, or the chunk does not exist.
            JobNotFound: the job does not exist.
            JobNotComplete: it has not finished, or never will.
            ResultIncomplete: the manifest is missing or damaged.
        """
        position = Position.parse(after) if after is not None else None
        return result_lines(open_result(self._store, job_id), job_id, position)

    def _shards_of(self, cids: list[Key]) -> Iterator[list[Key]]:
        for start in range(0, len(cids), self._shard_cids):
            yield cids[start : start + self._shard_cids]


def _status(job_id: str, job: StoredJob, shards: Sequence[Fields]) -> JobStatus:
    request = job.request
    end = job.ended_at or time.time()
    taken = [(number, fields) for number, fields in enumerate(shards) if b"worker" in fields]
    workers = tuple(
        WorkerMemory(
            shard=number,
            worker=fields[b"worker"].decode(),
            memory_bytes=_count(fields, b"memory"),
            peak_bytes=_count(fields, b"peak"),
            net_peak_bytes=_count(fields, b"net_peak"),
            active=not job.state.final and b"contents" not in fields,
        )
        for number, fields in taken
    )
    retries = [
        failure
        for fields in shards
        if b"retries" in fields
        for failure in msgspec.json.decode(fields[b"retries"], type=list[JobFailure])
    ]
    peaks = [one.peak_bytes for one in workers]
    peaks += [failure.peak_bytes for failure in retries if failure.peak_bytes]
    return JobStatus(
        job_id=job_id,
        state=job.state,
        profile=request.profile,
        domains=request.domains,
        cids=request.cids,
        cids_done=sum(_count(fields, b"cids_done") for fields in shards),
        rows=sum(_count(fields, b"rows") for fields in shards),
        shards=request.shards,
        shards_done=sum(b"contents" in fields for fields in shards),
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        elapsed_seconds=end - job.started_at if job.started_at else 0.0,
        memory_bytes=max((one.memory_bytes for one in workers if one.active), default=None),
        peak_bytes=max(peaks, default=None),
        net_peak_bytes=max((one.net_peak_bytes for one in workers), default=None),
        result_bytes=job.result_bytes,
        failure=job.failure,
        retries=tuple(retries),
        warnings=request.warnings,
        workers=workers,
    )


def _legacy_status(job_id: str, legacy: LegacyResult) -> JobStatus:
    manifest = legacy.manifest
    return JobStatus(
        job_id=job_id,
        state=JobState.FINISHED,
        profile=manifest.profile,
        domains=tuple(manifest.domains),
        cids=manifest.cids,
        cids_done=manifest.cids,
        rows=sum(contents.rows for contents in manifest.domains.values()),
        shards=0,
        shards_done=0,
        created_at=None,
    )


def _count(fields: Fields, name: bytes) -> int:
    return int(fields.get(name, b"0"))
