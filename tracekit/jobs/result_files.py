"""Large results as Parquet datasets that web processes, workers and other programs share.

A job has a folder with `domain=NAME/SHARD.NUMBER-ATTEMPT.parquet` for each chunk, which any reader
of partitioned datasets can read, and `_manifest.json`, written last: without it the dataset is
incomplete.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tracekit.errors import ExportError, ResultIncomplete
from tracekit.jobs.keys import is_job_id
from tracekit.jobs.result_place import open_place

_NAME = re.compile(r"domain=[A-Za-z0-9_-]{1,64}/[0-9]+\.[0-9]+-[0-9a-f]{16}\.parquet", re.ASCII)
_EXPIRY = ".expires"
"""The file with the job's expiry time, in seconds since 1970."""
MANIFEST = "_manifest.json"


def chunk_file_name(domain: str, shard: int, number: int, attempt: str) -> str:
    """The path of one chunk's file; each attempt at the shard has its own."""
    return f"domain={domain}/{shard}.{number}-{attempt}.parquet"


class ResultFiles:
    """A place with a folder for each job.

    Args:
        location: A folder shared by all processes, created when first written to, or a URL of
            object storage.

    Raises:
        ConfigError: no installed library can open such a URL.
    """

    def __init__(self, location: Path | str) -> None:
        self._place = open_place(location)
        self._marked: set[str] = set()

    def write(self, job_id: str, name: str, stored: bytes, *, keep_seconds: int) -> None:
        """Write a chunk; its file appears only when it is complete.

        Raises:
            ExportError: it could not be written.
        """
        if job_id not in self._marked:
            self.keep(job_id, keep_seconds)
            self._marked.add(job_id)
        self._place.write(_path(job_id, name), stored)

    def finish(self, job_id: str, manifest: bytes, *, keep_seconds: int) -> None:
        """Write the manifest, which marks the dataset as complete.

        Raises:
            ExportError: it could not be written.
        """
        self.keep(job_id, keep_seconds)
        self._place.write(_path(job_id, MANIFEST), manifest)

    def keep(self, job_id: str, seconds: int) -> None:
        """Keep the job's files for at least this many seconds.

        Raises:
            ExportError: it could not be written.
        """
        self._place.write(_path(job_id, _EXPIRY), f"{time.time() + seconds:.0f}".encode())

    def read(self, job_id: str, name: str) -> bytes | None:
        """A chunk's file; None if it does not exist."""
        return self._place.read(_path(job_id, name)) if _NAME.fullmatch(name) else None

    def remove(self, job_id: str, name: str) -> None:
        """Remove one chunk's file."""
        self._place.remove([_path(job_id, name)])

    def has_all(self, job_id: str, names: Iterable[str]) -> bool:
        """Whether all of these files exist."""
        return set(names) <= self._place.names(job_id)

    def drop(self, job_id: str, *, but: Iterable[str] = ()) -> None:
        """Remove the job's files except some, and its expiry file if none is left."""
        kept = {*but}
        if kept:
            kept.add(_EXPIRY)
        self._marked.discard(job_id)
        with suppress(ExportError):  # the rest is removed once it has expired
            self._place.remove(_path(job_id, name) for name in self._place.names(job_id) - kept)

    def sweep(self) -> int:
        """Remove expired jobs; returns their number."""
        swept = 0
        with suppress(ExportError):
            for job_id in self._place.folders():
                if is_job_id(job_id) and self._expired(job_id):
                    self.drop(job_id)
                    swept += 1
        return swept

    def _expired(self, job_id: str) -> bool:
        try:
            mark = self._place.read(_path(job_id, _EXPIRY))
        except ResultIncomplete:
            return False
        # A folder without one is not a job's; other files are left unchanged.
        return mark is not None and mark.isdigit() and int(mark) < time.time()


def _path(job_id: str, name: str) -> str:
    assert is_job_id(job_id)
    return f"{job_id}/{name}"
