"""The memory available to this process within its control groups (Linux, cgroups(7))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CGROUP = Path("/proc/self/cgroup")
_ROOT = Path("/sys/fs/cgroup")
_UNLIMITED_BYTES = 2**60
"""cgroup v1 writes `no limit` as a number near 2**63."""


@dataclass(frozen=True)
class CgroupMemory:
    """The group with the least available memory."""

    limit_bytes: int
    used_bytes: int
    """Used by all its processes, without the file cache that the kernel drops on demand."""
    throttled: bool = False
    """Whether the limit is `memory.high`, above which processes are slowed down, not killed."""

    @property
    def free_bytes(self) -> int:
        """The available memory."""
        return max(0, self.limit_bytes - self.used_bytes)


@dataclass(frozen=True)
class _Files:
    """The file names of one version of control groups."""

    limits: tuple[tuple[str, bool], ...]
    used: str
    cache: str


_VERSION_1 = _Files(
    (("memory.limit_in_bytes", False),), "memory.usage_in_bytes", "total_inactive_file"
)
_VERSION_2 = _Files(
    (("memory.max", False), ("memory.high", True)), "memory.current", "inactive_file"
)


def cgroup_memory(cgroup: Path = _CGROUP, root: Path = _ROOT) -> CgroupMemory | None:
    """The group of this process, or a parent of it, with the least memory; None without a limit.

    Args:
        cgroup: Lists the groups, like /proc/self/cgroup.
        root: The folder of their files.
    """
    try:
        lines = os.fsdecode(cgroup.read_bytes()).splitlines()
    except OSError:
        return None
    found = [memory for line in lines for memory in _groups(*line.split(":", 2)[1:], root=root)]
    return min(found, key=lambda memory: memory.free_bytes, default=None)


def _groups(controllers: str, group: str, *, root: Path) -> Iterator[CgroupMemory]:
    if controllers and "memory" not in controllers.split(","):
        return
    base, files = (root / "memory", _VERSION_1) if controllers else (root, _VERSION_2)
    inner = base / group.lstrip("/")
    for folder in (inner, *inner.parents):
        if folder.is_relative_to(base):
            yield from _limits(folder, files)


def _limits(folder: Path, files: _Files) -> Iterator[CgroupMemory]:
    for name, throttled in files.limits:
        limit = _number(folder / name)
        if limit is not None and limit < _UNLIMITED_BYTES:
            used = (_number(folder / files.used) or 0) - _cached(folder / "memory.stat", files)
            yield CgroupMemory(limit, max(0, used), throttled)


def _cached(stat: Path, files: _Files) -> int:
    for line in _text(stat).splitlines():
        name, _, size_bytes = line.partition(" ")
        if name == files.cache:
            return int(size_bytes)
    return 0


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdecimal() else None  # "max"


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
