"""A finished result: pages and the stream, read from only the chunks they need."""

from __future__ import annotations

import json
from typing import Any, Protocol

from tracekit.errors import JobNotComplete, ResultIncomplete
from tracekit.jobs.chunk import unpack
from tracekit.jobs.chunk_file import unpack_file
from tracekit.jobs.legacy_result import LegacyResult
from tracekit.jobs.manifest import FILE_ENCODING, Manifest
from tracekit.jobs.page import ResultPage
from tracekit.jobs.redis_types import as_bytes
from tracekit.jobs.result_files import ResultFiles
from tracekit.jobs.status import JobState
from tracekit.jobs.store import JobStore


class Result(Protocol):
    """The source of pages and streams."""

    manifest: Manifest

    def records_json(self, domain: str, chunk: int) -> bytes:
        """The JSON array of one chunk.

        Raises:
            ResultIncomplete: it is missing or damaged.
        """


class ChunkedResult:
    """A result in chunks, one key each."""

    def __init__(self, store: JobStore, job_id: str, manifest: Manifest) -> None:
        self._redis = store.redis
        self._keys = store.keys(job_id)
        self.manifest = manifest

    def records_json(self, domain: str, chunk: int) -> bytes:
        """The JSON array of one chunk.

        Raises:
            ResultIncomplete: it is missing or damaged.
        """
        stored = self._redis.get(self._keys.chunk(domain, chunk))
        entry = self.manifest.contents(domain).chunks[chunk]
        return unpack(None if stored is None else as_bytes(stored), entry, f"{domain}:{chunk}")


class FileResult:
    """A result in Parquet files, one per chunk."""

    def __init__(self, files: ResultFiles, job_id: str, manifest: Manifest) -> None:
        self._files = files
        self._job_id = job_id
        self.manifest = manifest

    def records_json(self, domain: str, chunk: int) -> bytes:
        """The JSON array of one chunk.

        Raises:
            ResultIncomplete: its file is missing or damaged.
        """
        entry = self.manifest.contents(domain).chunks[chunk]
        return unpack_file(self._files.read(self._job_id, entry.file), entry, f"{domain}:{chunk}")


def open_result(store: JobStore, job_id: str) -> Result:
    """The result of a finished job.

    Raises:
        JobNotFound: the job does not exist.
        JobNotComplete: it has not finished, or failed, or was canceled.
        ResultIncomplete: its manifest is missing or damaged, or it is kept in files and
            TRACEKIT_RESULTS_DIR is not set.
    """
    keys = store.keys(job_id)
    legacy = LegacyResult.read(store, job_id)
    if legacy is not None:
        return legacy
    job = store.read(job_id)
    if job.state is not JobState.FINISHED:
        why = f": {job.failure.message}" if job.failure else ""
        reason = job.failure.code if job.failure else None
        raise JobNotComplete(f"job {job_id} is {job.state}{why}", reason, status=job.state)
    stored = store.redis.get(keys.manifest)
    if stored is None:
        raise ResultIncomplete(f"the result of job {job_id} is no longer in the store.")
    manifest = Manifest.from_json(as_bytes(stored))
    if manifest.encoding == FILE_ENCODING:
        return FileResult(store.files, job_id, manifest)
    return ChunkedResult(store, job_id, manifest)


def read_page(result: Result, domain: str, offset: int, limit: int) -> ResultPage:
    """Records `offset` to `offset + limit` of `domain`.

    Raises:
        JobError: the job does not include that domain.
        ResultIncomplete: a chunk of the page is missing or damaged.
    """
    contents = result.manifest.contents(domain)
    records: list[dict[str, Any]] = []
    place = 0
    for number, entry in enumerate(contents.chunks):
        first, last = max(offset - place, 0), min(offset + limit - place, entry.rows)
        if first < last:
            found = json.loads(result.records_json(domain, number))
            if len(found) != entry.rows:
                raise ResultIncomplete(f"chunk {domain}:{number} does not have the expected rows.")
            records += found[first:last]
        place += entry.rows
    return ResultPage(domain, offset, limit, contents.rows, records)
