"""RLIMIT_DATA for this process alone, not for the processes it starts.

A limit is inherited by fork and exec. So it is lifted just before Python starts a process and
restored a moment later. From a child that was started in another way (multiprocessing's `spawn`,
native code) the guard removes it by prlimit(2) at its next look.
"""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from pathlib import Path
from typing import Any

_SPAWNS = frozenset(
    {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"}
)
"""Audit events before a process is started (docs.python.org, audit events table)."""
_SPAWN_SECONDS = 0.5
_PROC = Path("/proc")


class DataLimit:
    """Limits the private memory of this process; does nothing except on Linux."""

    _imposed: DataLimit | None = None
    _hooked = False

    def __init__(self) -> None:
        self._before: tuple[int, int] | None = None
        self._limit_bytes = 0
        self._spawned = 0.0
        self._freed: set[int] = set()

    def impose(self, limit_bytes: int) -> None:
        """Limit private memory to `limit_bytes`, unless a lower limit is set already."""
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        known = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
        if not sys.platform.startswith("linux") or any(limit_bytes >= one for one in known):
            return
        self._before, self._limit_bytes = (soft, hard), limit_bytes
        DataLimit._imposed = self
        if not DataLimit._hooked:  # an audit hook cannot be removed
            sys.addaudithook(_before_spawn)
            DataLimit._hooked = True
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, hard))

    def lift(self) -> None:
        """Remove the limit from this process and its children permanently."""
        if self._before is None:
            return
        resource.setrlimit(resource.RLIMIT_DATA, self._before)
        self._free_children()
        self._before = DataLimit._imposed = None

    def suspend(self) -> None:
        """Suspend the limit: a process is about to be started, and must start without it."""
        if self._before is not None:
            self._spawned = time.monotonic()
            resource.setrlimit(resource.RLIMIT_DATA, self._before)

    def look(self) -> None:
        """Restore a suspended limit after a while, and remove it from new children."""
        if self._before is None:
            return
        self._free_children()
        if self._spawned and time.monotonic() - self._spawned > _SPAWN_SECONDS:
            self._spawned = 0.0
            resource.setrlimit(resource.RLIMIT_DATA, (self._limit_bytes, self._before[1]))

    def _free_children(self) -> None:
        assert self._before is not None
        for pid in _descendants("self"):
            if pid in self._freed:
                continue
            self._freed.add(pid)
            with contextlib.suppress(OSError):  # it ended, or became another user's
                soft, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
                if soft == self._limit_bytes:
                    resource.prlimit(pid, resource.RLIMIT_DATA, (self._before[0], hard))


def _before_spawn(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in _SPAWNS and DataLimit._imposed is not None:
        DataLimit._imposed.suspend()


def _descendants(process: str) -> list[int]:
    """Ids of the processes that `process` started, and that those started."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in (_PROC / process / "task").iterdir():
            children = (task / "children").read_text(encoding="ascii").split()
            for child in children:
                found += [int(child), *_descendants(child)]
    return found
