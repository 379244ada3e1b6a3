"""Chunks of large results as files that web processes and workers share."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tracekit.errors import ExportError
from tracekit.jobs.keys import is_job_id

_NAME = re.compile(r"[a-z_]{1,40}-[0-9]+\.[0-9]+-[0-9a-f]{16}\.parquet", re.ASCII)
_EXPIRY = ".expires"
"""Its time of last change is when nobody can ask for the job any more."""
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
"""Records are for the service's own user, whatever its umask is."""


def chunk_file_name(domain: str, shard: int, number: int, attempt: str) -> str:
    """The name of one chunk's file; another attempt at the shard gives it another."""
    return f"{domain}-{shard}.{number}-{attempt}.parquet"


class ResultFiles:
    """A folder with a folder for each job.

    Args:
        folder: Shared by all processes that take part; made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, job_id: str, name: str, stored: bytes, *, keep_seconds: int) -> None:
        """Keep a chunk: under its name there is the whole of it or nothing.

        Raises:
            ExportError: it could not be written.
        """
        home = self._home(job_id)
        partial = home / f".{name}.{secrets.token_hex(4)}.partial"
        try:
            if not self._folder.exists():
                self._folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            home.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            self.keep(job_id, keep_seconds)
            try:
                with open(partial, "xb", opener=_private) as file:
                    file.write(stored)
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(home / name)
            finally:
                partial.unlink(missing_ok=True)
        except OSError as exc:
            raise ExportError(
                f"a chunk of the result could not be written to TRACEKIT_RESULTS_DIR: "
                f"{exc.strerror}. Free some room, or check that the folder may be written to."
            ) from exc

    def keep(self, job_id: str, seconds: int) -> None:
        """Let the job's files be swept no sooner than in so many seconds."""
        mark = self._home(job_id) / _EXPIRY
        with suppress(FileNotFoundError):
            mark.touch(mode=_FILE_MODE)
            os.utime(mark, (time.time() + seconds,) * 2)

    def read(self, job_id: str, name: str) -> bytes | None:
        """A chunk's file; None where there is none."""
        if not _NAME.fullmatch(name):
            return None
        try:
            return (self._home(job_id) / name).read_bytes()
        except OSError:
            return None

    def remove(self, job_id: str, name: str) -> None:
        """Remove one chunk's file."""
        with suppress(OSError):
            (self._home(job_id) / name).unlink()

    def has_all(self, job_id: str, names: Iterable[str]) -> bool:
        """Whether there is a file of each name."""
        return all((self._home(job_id) / name).is_file() for name in names)

    def drop(self, job_id: str, *, but: Iterable[str] = ()) -> None:
        """Remove the job's files, except some; the folder too where none stays."""
        home, kept = self._home(job_id), {*but, _EXPIRY}
        with suppress(OSError):
            for path in home.iterdir():
                if path.name not in kept:
                    path.unlink(missing_ok=True)
            if kept == {_EXPIRY}:
                shutil.rmtree(home, ignore_errors=True)

    def sweep(self) -> int:
        """Remove what has expired; the number of jobs it was of."""
        swept = 0
        with suppress(OSError):
            for home in self._folder.iterdir():
                if is_job_id(home.name) and _expired(home / _EXPIRY):
                    shutil.rmtree(home, ignore_errors=True)
                    swept += 1
        return swept

    def _home(self, job_id: str) -> Path:
        assert is_job_id(job_id)
        return self._folder / job_id


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _FILE_MODE)


def _expired(mark: Path) -> bool:
    try:
        return mark.stat().st_mtime < time.time()
    except OSError:  # none, so no job of ours: what else is in the folder is left alone
        return False
