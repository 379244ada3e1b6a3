"""Jobs in Redis: their requests, their state and their end.

A job ends once, with its last shard, a failure or a cancellation. A transaction that finds the job
still open ends it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import msgspec
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ResponseError

from tracekit.config import TraceSettings
from tracekit.errors import JobNotFound, ResultIncomplete
from tracekit.jobs.chunk import pack_keys
from tracekit.jobs.keys import JobKeys, is_job_id
from tracekit.jobs.manifest import FILE_ENCODING, DomainContents, Manifest
from tracekit.jobs.redis_types import Fields, Value, as_bytes, as_fields, put_fields, transact
from tracekit.jobs.request import JobRequest
from tracekit.jobs.result_files import ResultFiles
from tracekit.jobs.status import JobFailure, JobState
from tracekit.keyed import Key


@dataclass(frozen=True)
class StoredJob:
    """A job's own key, read in one call."""

    request: JobRequest
    state: JobState
    created_at: float
    started_at: float | None
    ended_at: float | None
    failure: JobFailure | None
    rows: int | None
    result_bytes: int | None

    @classmethod
    def of(cls, fields: Fields) -> StoredJob:
        """Read a job from the fields of its hash.

        Raises:
            ResultIncomplete: a field is missing or damaged.
        """
        failure = fields.get(b"failure")
        with damage("job's entry"):
            return cls(
                request=JobRequest.from_json(fields[b"request"]),
                state=JobState(fields[b"state"].decode()),
                created_at=_number(fields, b"created_at") or 0.0,
                started_at=_number(fields, b"started_at"),
                ended_at=_number(fields, b"ended_at"),
                failure=msgspec.json.decode(failure, type=JobFailure) if failure else None,
                rows=int(fields[b"rows"]) if b"rows" in fields else None,
                result_bytes=int(fields[b"result_bytes"]) if b"result_bytes" in fields else None,
            )


class JobStore:
    """The jobs in one Redis.

    Args:
        redis: A client that returns bytes.
        settings: The place of results in files, and the prefix of keys.
    """

    def __init__(self, redis: Redis, settings: TraceSettings | None = None) -> None:
        settings = settings or TraceSettings()
        results_dir = settings.results_dir
        self.redis = redis
        self._key_prefix = settings.redis_key_prefix
        self._files = ResultFiles(results_dir) if results_dir is not None else None

    def keys(self, job_id: str) -> JobKeys:
        """The names of a job's keys."""
        return JobKeys(job_id, self._key_prefix)

    @property
    def files(self) -> ResultFiles:
        """Results that are kept in files.

        Raises:
            ResultIncomplete: TRACEKIT_RESULTS_DIR is not set.
        """
        if self._files is None:
            raise ResultIncomplete(
                "the job's result is kept in files, but TRACEKIT_RESULTS_DIR is not set. Set it "
                "to the same folder for web processes and workers."
            )
        return self._files

    def create(self, job_id: str, request: JobRequest, shards: Iterable[list[Key]]) -> None:
        """Store a new job and the CIDs of its shards, one shard in memory at a time."""
        keys = self.keys(job_id)
        for number, cids in enumerate(shards):
            self.redis.set(keys.cids(number), pack_keys(cids), ex=request.working_ttl_seconds)
        with self.redis.pipeline(transaction=True) as pipe:
            fields: dict[str, Value] = {
                "request": request.to_json(),
                "state": JobState.QUEUED.value,
                "created_at": repr(time.time()),
            }
            put_fields(pipe, keys.meta, fields)
            pipe.expire(keys.meta, request.working_ttl_seconds)
            pipe.execute()

    def read(self, job_id: str) -> StoredJob:
        """The job's current state.

        Raises:
            JobNotFound: it never existed, or it expired.
            ResultIncomplete: its entry in the store is damaged.
        """
        try:
            found = self.redis.hgetall(self.keys(job_id).meta) if is_job_id(job_id) else {}
        except ResponseError:  # not a hash: another layout's key
            raise not_found(job_id) from None
        fields = as_fields(found)
        if b"request" not in fields:
            raise not_found(job_id)
        return StoredJob.of(fields)

    def shard_fields(self, job_id: str, shards: int) -> list[Fields]:
        """The hash of each shard; empty if no worker has taken it yet."""
        keys = self.keys(job_id)
        with self.redis.pipeline(transaction=False) as pipe:
            for number in range(shards):
                pipe.hgetall(keys.shard(number))
            found = pipe.execute(raise_on_error=False)
        with damage("progress of a shard"):
            return [as_fields(one) for one in found]

    def note_retry(self, job_id: str, failure: JobFailure) -> None:
        """Store why a shard has to be retried, for the job's status.

        Raises:
            JobNotFound: the job expired.
        """
        ttl = self.read(job_id).request.working_ttl_seconds
        key = self.keys(job_id).shard(failure.shard or 0)
        found = self.redis.hget(key, "retries")
        retries = msgspec.json.decode(as_bytes(found), type=list[JobFailure]) if found else []
        with self.redis.pipeline(transaction=True) as pipe:
            pipe.hset(key, "retries", msgspec.json.encode([*retries, failure]))
            pipe.expire(key, ttl)
            pipe.execute()

    def forget(self, job_id: str, request: JobRequest) -> None:
        """Remove a job that could not be queued, as if it had never existed."""
        keys = self.keys(job_id)
        self.redis.unlink(keys.meta, *map(keys.cids, range(request.shards)))

    def make_room(self, job_id: str) -> None:
        """Remove what a job has written: a full store refuses writes, but allows removals."""
        keys = self.keys(job_id)
        parts = [as_bytes(name) for name in self.redis.smembers(keys.parts)]
        self.redis.unlink(keys.parts, *parts)

    def fail(self, job_id: str, failure: JobFailure) -> bool:
        """End a job as failed and remove what it has written; False if it had already ended."""
        return self._end(job_id, JobState.FAILED, failure=failure)

    def cancel(self, job_id: str) -> bool:
        """End a job as canceled and remove what it has written; False if it had already ended."""
        return self._end(job_id, JobState.CANCELED)

    def finish(self, job_id: str) -> bool:
        """Assemble the parts of all shards once all are there; False if some are missing.

        Each part is renamed to the chunk of its number in the transaction that writes the
        manifest, so that readers see the complete result or none.
        """
        job = self.read(job_id)
        shards = self.shard_fields(job_id, job.request.shards)
        if job.state is not JobState.STARTED or not all(b"contents" in one for one in shards):
            return False
        found = [_contents(fields) for fields in shards]
        manifest = _manifest(job.request, found)
        names = [] if job.request.in_files else _part_names(self.keys(job_id), job.request, found)
        if not self._has_all(job_id, manifest, [part for part, _ in names]):
            failure = JobFailure(
                "RESULT_INCOMPLETE", "parts of the result are no longer in the store"
            )
            self.fail(job_id, failure)
            return False
        if job.request.in_files:
            self.files.drop(job_id, but=manifest.files)
            stored = manifest.to_json()
            self.files.finish(job_id, stored, keep_seconds=job.request.ttl_seconds)
        published = self._publish(job_id, job.request, manifest, names)
        if job.request.in_files and self.read(job_id).state is not JobState.FINISHED:
            self.files.drop(job_id)  # it was canceled in the meantime
        return published

    def _has_all(self, job_id: str, manifest: Manifest, parts: list[str]) -> bool:
        if parts and self.redis.exists(*parts) < len(parts):
            return False
        return not manifest.files or self.files.has_all(job_id, manifest.files)

    def _publish(
        self,
        job_id: str,
        request: JobRequest,
        manifest: Manifest,
        names: list[tuple[str, str]],
    ) -> bool:
        keys, ttl = self.keys(job_id), request.ttl_seconds
        leftovers = {as_bytes(name) for name in self.redis.smembers(keys.parts)}
        leftovers -= {part.encode() for part, _ in names}

        def publish(pipe: Pipeline) -> bool:
            if pipe.hget(keys.meta, "state") != JobState.STARTED.value.encode():
                return False
            pipe.multi()
            for part, chunk in names:
                pipe.rename(part, chunk)
                pipe.expire(chunk, ttl)
            pipe.set(keys.manifest, manifest.to_json(), ex=ttl)
            fields: dict[str, Value] = {
                "state": JobState.FINISHED.value,
                "ended_at": repr(time.time()),
                "rows": sum(contents.rows for contents in manifest.domains.values()),
                "result_bytes": manifest.size_bytes,
            }
            put_fields(pipe, keys.meta, fields)
            self._expire_work(pipe, keys, request, leftovers)
            return True

        return transact(self.redis, publish, keys.meta)

    def _end(self, job_id: str, state: JobState, failure: JobFailure | None = None) -> bool:
        keys = self.keys(job_id)
        request = self.read(job_id).request

        def end(pipe: Pipeline) -> bool:
            found = pipe.hget(keys.meta, "state")
            if found is None or JobState(as_bytes(found).decode()).final:
                return False
            parts = {as_bytes(name) for name in pipe.smembers(keys.parts)}
            pipe.multi()
            fields: dict[str, Value] = {
                "state": state.value,
                "ended_at": repr(time.time()),
            }
            if failure is not None:
                fields["failure"] = msgspec.json.encode(failure)
            put_fields(pipe, keys.meta, fields)
            self._expire_work(pipe, keys, request, parts)
            return True

        # A part is written in a transaction that watches the job, so none can come after this.
        ended = transact(self.redis, end, keys.meta, keys.parts)
        if ended and request.in_files and self._files is not None:
            self._files.drop(job_id)
        return ended

    def _expire_work(
        self, pipe: Pipeline, keys: JobKeys, request: JobRequest, parts: Iterable[bytes]
    ) -> None:
        pipe.expire(keys.meta, request.ttl_seconds)
        for number in range(request.shards):
            pipe.expire(keys.shard(number), request.ttl_seconds)
            pipe.unlink(keys.cids(number))
        pipe.unlink(keys.parts, *parts)


def not_found(job_id: str) -> JobNotFound:
    """The error for an unknown job."""
    return JobNotFound(
        f"unknown job {job_id[:80]!r}: it never existed, it expired, or the store evicted it (set "
        "the store's maxmemory-policy to noeviction)."
    )


@contextmanager
def damage(what: str) -> Iterator[None]:
    """Turn an error in decoding a stored value into a ResultIncomplete.

    Raises:
        ResultIncomplete: `what` could not be decoded.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError, RecursionError) as exc:  # msgspec's are ValueErrors
        raise ResultIncomplete(
            f"the {what} in the store is damaged ({type(exc).__name__}). Submit the job again."
        ) from exc


def _number(fields: Fields, name: bytes) -> float | None:
    if name not in fields:
        return None
    number = float(fields[name])
    if not math.isfinite(number):
        raise ValueError(f"{name.decode()} is {number}")
    return number


def _contents(fields: Fields) -> dict[str, DomainContents]:
    with damage("list of a shard's chunks"):
        return msgspec.json.decode(fields[b"contents"], type=dict[str, DomainContents])


def _manifest(request: JobRequest, shards: list[dict[str, DomainContents]]) -> Manifest:
    domains = {
        domain: DomainContents(
            chunks=tuple(chunk for shard in shards for chunk in shard[domain].chunks),
            cids_with_rows=sum(shard[domain].cids_with_rows for shard in shards),
        )
        for domain in request.domains
    }
    manifest = Manifest(request.profile, request.cids, domains, request.warnings)
    return replace(manifest, encoding=FILE_ENCODING) if request.in_files else manifest


def _part_names(
    keys: JobKeys, request: JobRequest, shards: list[dict[str, DomainContents]]
) -> list[tuple[str, str]]:
    """(name while it is written, name in the result) of each chunk."""
    names = []
    for domain in request.domains:
        written = [
            keys.part(domain, shard, number)
            for shard, contents in enumerate(shards)
            for number in range(len(contents[domain].chunks))
        ]
        names += [(part, keys.chunk(domain, chunk)) for chunk, part in enumerate(written)]
    return names
