"""One worker's claim on one shard, under which it may write."""

from __future__ import annotations

import secrets
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from redis.client import Pipeline

from tracekit.errors import JobError, TracekitError
from tracekit.jobs.manifest import DomainContents
from tracekit.jobs.redis_types import Value, as_bytes, as_fields, put_fields, transact
from tracekit.jobs.request import JobRequest
from tracekit.jobs.result_files import chunk_file_name
from tracekit.jobs.status import JobState
from tracekit.jobs.store import JobStore, StoredJob
from tracekit.jsonvalue import decode_typed
from tracekit.keyed import Key


class WorkOver(TracekitError):
    """The job has ended, or another worker has taken the shard: stop without writing."""


@dataclass(frozen=True)
class ShardProgress:
    """A shard's progress, and the memory of its process."""

    cids_done: int
    rows: int
    memory_bytes: int
    peak_bytes: int
    net_peak_bytes: int


class ShardWork:
    """Writes the parts of one shard.

    Parts have the same names in every attempt, so a retry overwrites them. Each claim renews a
    token, so a worker that was believed dead cannot write.
    """

    def __init__(
        self, store: JobStore, job_id: str, shard: int, request: JobRequest, started_at: float
    ) -> None:
        self._store = store
        self._keys = store.keys(job_id)
        self._job_id = job_id
        self._token = secrets.token_hex(8).encode()
        self.shard = shard
        self.request = request
        self.deadline = started_at + request.timeout_seconds
        """When the time limit of the whole job ends, in seconds since 1970."""

    @classmethod
    def claim(cls, store: JobStore, job_id: str, shard: int, worker: str) -> ShardWork | None:
        """Claim the shard from any other worker; None if nothing is left to do.

        Raises:
            JobNotFound: the job expired.
            ResultIncomplete: its result is kept in files, and TRACEKIT_RESULTS_DIR is not set.
        """
        request = store.read(job_id).request
        keys = store.keys(job_id)
        if request.in_files:
            _ = store.files

        def take(pipe: Pipeline) -> ShardWork | None:
            job = StoredJob.of(as_fields(pipe.hgetall(keys.meta)))
            if job.state.final or pipe.hexists(keys.shard(shard), "contents"):
                return None
            started_at = job.started_at or time.time()
            work = cls(store, job_id, shard, request, started_at)
            pipe.multi()
            fields = {"state": JobState.STARTED.value, "started_at": repr(started_at)}
            put_fields(pipe, keys.meta, fields)
            pipe.expire(keys.meta, request.working_ttl_seconds)
            zeros = dict.fromkeys(("cids_done", "rows", "memory", "peak", "net_peak"), 0)
            hold: dict[str, Value] = {"owner": work._token, "worker": worker, **zeros}
            put_fields(pipe, keys.shard(shard), hold)
            pipe.expire(keys.shard(shard), request.working_ttl_seconds)
            return work

        return transact(store.redis, take, keys.meta, keys.shard(shard))

    def shard_keys(self) -> list[Key]:
        """The keys of this shard.

        Raises:
            JobError: they are no longer in the store.
        """
        stored = self._store.redis.get(self._keys.cids(self.shard))
        if stored is None:
            raise JobError(f"the keys of shard {self.shard} are no longer in the store.")
        ids: list[Key] = decode_typed(zlib.decompress(as_bytes(stored)))
        return ids

    def file_name(self, domain: str, number: int) -> str:
        """The name of a chunk's file, if chunks are kept in files."""
        return chunk_file_name(domain, self.shard, number, self._token.decode())

    def write_file(self, name: str, stored: bytes, progress: ShardProgress) -> None:
        """Write one chunk to its file, and report progress.

        Raises:
            WorkOver: the job has ended, or another worker has the shard.
            ExportError: the file could not be written.
        """
        files = self._store.files
        files.write(self._job_id, name, stored, keep_seconds=self.request.working_ttl_seconds)
        try:
            self.report(progress)
        except WorkOver:
            files.remove(self._job_id, name)
            raise

    def write_part(self, domain: str, number: int, stored: bytes, progress: ShardProgress) -> None:
        """Write one chunk, and report progress.

        Raises:
            WorkOver: the job has ended, or another worker has the shard.
        """
        name = self._keys.part(domain, self.shard, number)

        def write(pipe: Pipeline) -> None:
            pipe.set(name, stored, ex=self.request.working_ttl_seconds)
            pipe.sadd(self._keys.parts, name)
            pipe.expire(self._keys.parts, self.request.working_ttl_seconds)
            self._tell(pipe, progress)

        self._while_held(write)

    def report(self, progress: ShardProgress) -> None:
        """Report progress.

        Raises:
            WorkOver: the job has ended, or another worker has the shard.
        """
        self._while_held(lambda pipe: self._tell(pipe, progress))

    def done(self, contents: dict[str, DomainContents], progress: ShardProgress) -> None:
        """Report what was written; the shard is finished.

        Raises:
            WorkOver: the job has ended, or another worker has the shard.
        """

        def close(pipe: Pipeline) -> None:
            self._tell(pipe, progress)
            pipe.hset(self._keys.shard(self.shard), "contents", msgspec.json.encode(contents))

        self._while_held(close)

    def _tell(self, pipe: Pipeline, progress: ShardProgress) -> None:
        fields = {
            "cids_done": progress.cids_done,
            "rows": progress.rows,
            "memory": progress.memory_bytes,
            "peak": progress.peak_bytes,
            "net_peak": progress.net_peak_bytes,
        }
        put_fields(pipe, self._keys.shard(self.shard), fields)

    def _while_held(self, write: Callable[[Pipeline], None]) -> None:
        shard = self._keys.shard(self.shard)

        def attempt(pipe: Pipeline) -> None:
            state = pipe.hget(self._keys.meta, "state")
            if state != JobState.STARTED.value.encode() or pipe.hget(shard, "owner") != self._token:
                raise WorkOver
            pipe.multi()
            write(pipe)

        transact(self._store.redis, attempt, self._keys.meta, shard)
