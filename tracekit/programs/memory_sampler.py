"""The memory of a process and its children, sampled from outside, even if it is killed."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tracekit.profiling.retention import LOOKER_NAME

INTERVAL_SECONDS = 0.01
_PROC = Path("/proc")
_RESIDENT = re.compile(rb"^Vm(RSS|HWM):\s+(\d+) kB$", re.MULTILINE)
_LOOKER = LOOKER_NAME.encode()
_FORKED_NOT_EXECUTED = 0x40
"""PF_FORKNOEXEC, in the flags of proc_pid_stat(5)."""
_CHILDREN_SHARE = 0.1
"""Share of the time to spend on the children's memory: the kernel walks their page tables."""
_NO_CHILDREN_SHARE = 0.003
"""Share of the time to spend on looking for children if there are none."""


@dataclass(frozen=True)
class Sample:
    """One sample."""

    at: float
    """Time on the monotonic clock."""
    rss_bytes: int
    rss_peak_bytes: int
    """VmHWM since the process last reset it."""
    children_bytes: int
    children_at: float
    """When the children were last looked at, which is less often."""

    @property
    def total_bytes(self) -> int:
        """The process and its children."""
        return self.rss_bytes + self.children_bytes


class MemorySampler:
    """Samples one of our processes; Linux only.

    The memory of a child is its proportional share (PSS), so that memory shared by children counts
    once. For a forked child that runs no other program, only the memory that it does not share
    counts; the rest belongs to its parent.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._folder = _PROC / str(pid)
        self._children_bytes = 0
        self._children_at = self._next_children = 0.0
        self._seen: set[int] = set()

    def sample(self) -> Sample | None:
        """Its memory now; None once it has ended."""
        figures = _status(self._folder)
        if figures is None:
            return None
        now = time.monotonic()
        if now >= self._next_children:
            children = self._descendants()
            self._children_bytes = sum(map(self._held_by, children))
            self._children_at = now
            share = _CHILDREN_SHARE if children else _NO_CHILDREN_SHARE
            cost = time.monotonic() - now
            self._next_children = now + max(INTERVAL_SECONDS, cost / share)
        return Sample(now, *figures, self._children_bytes, self._children_at)

    def thread_faults(self) -> dict[int, int]:
        """Page faults of each thread so far, which show the threads that touched new memory."""
        found = {}
        with contextlib.suppress(OSError):
            for task in (self._folder / "task").iterdir():
                with contextlib.suppress(OSError):
                    found[int(task.name)] = int(_stat_fields(task)[7])
        return found

    @property
    def children(self) -> set[int]:
        """Every process it started that was seen, except our own that look for retention."""
        return {pid for pid in self._seen if not _is_looker(pid)}

    def _descendants(self) -> list[int]:
        found = [pid for pid in _started_by(self._pid) if not _is_looker(pid)]
        self._seen.update(found)
        return found

    def _held_by(self, pid: int) -> int:
        folder = _PROC / str(pid)
        with contextlib.suppress(OSError, IndexError, ValueError):
            forked = int(_stat_fields(folder)[6]) & _FORKED_NOT_EXECUTED
            if forked and _same_memory(folder, self._folder):
                return 0  # vfork: it is about to run a program, in its parent's own memory
            rollup = _fields(folder / "smaps_rollup")
            if forked:
                return rollup["Private_Clean"] + rollup["Private_Dirty"]
            return rollup["Pss"]
        return 0


def _is_looker(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "comm").read_bytes().strip() == _LOOKER
    return False


def _started_by(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - some 100 times a second
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{pid}/task/{task}/children").read_bytes().split()
                for child in children:
                    yield int(child)
                    yield from _started_by(int(child))


def _status(folder: Path) -> tuple[int, int] | None:
    """Resident memory and its peak; None for a process that ended."""
    try:
        found = dict(_RESIDENT.findall((folder / "status").read_bytes()))
    except OSError:
        return None
    if b"RSS" not in found:  # a zombie
        return None
    return int(found[b"RSS"]) * 1024, int(found[b"HWM"]) * 1024


def _same_memory(one: Path, other: Path) -> bool:
    return (one / "statm").read_bytes() == (other / "statm").read_bytes()


def _fields(file: Path) -> dict[str, int]:
    found = {}
    for line in file.read_bytes().splitlines():
        name, _, value = line.decode("ascii", "replace").partition(":")
        if value.endswith(" kB"):
            found[name] = int(value.split()[0]) * 1024
    return found


def _stat_fields(folder: Path) -> list[str]:
    """The fields of proc_pid_stat(5) from the third on; the second is a name of any content."""
    text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()
