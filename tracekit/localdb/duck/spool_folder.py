"""The folder for a server's temporary files; removes those that killed servers left."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

_PREFIX = "tracekit-spool-"
_LOCK = "owner.lock"
_NEW_SECONDS = 60.0
"""A younger folder without a lock may belong to a server that is about to lock it."""


class SpoolFolder:
    """A folder that is removed when it is closed, or by the next server if this one is killed.

    Its owner holds a lock in it. The system releases the lock when the process ends for any reason.

    Args:
        parent: The parent folder; None for the system's folder for temporary files.
    """

    def __init__(self, parent: Path | None = None) -> None:
        sweep(parent)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self._lock = FileLock(self.path / _LOCK, thread_local=False)
        self._lock.acquire()

    def close(self) -> None:
        """Remove the folder and its contents."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()


def sweep(parent: Path | None = None) -> int:
    """Remove the folders of servers that have ended, and return their number."""
    swept = 0
    for folder in Path(parent or tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError, Timeout):
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                continue
            if not (folder / _LOCK).exists() and time.time() - status.st_mtime < _NEW_SECONDS:
                continue
            with FileLock(folder / _LOCK, timeout=0):
                shutil.rmtree(folder)
                swept += 1
    return swept
