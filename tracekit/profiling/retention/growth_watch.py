"""Find the retention whenever this process has grown, so that the last one is near its peak.

Each result is a file, which the forked process puts in place when it is complete. So it survives
when this process is killed, and another one can read it. Each look has a number, with which its
file's name ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from tracekit import process_memory
from tracekit.errors import ConfigError, ProfileError
from tracekit.profiling.retention.forked import LOOKER_NAME, fork_retention
from tracekit.records.retention import Retention
from tracekit.records.serial import from_json

_LOOK_SECONDS = 0.01
_WAIT_SECONDS = 0.05
_GROWTH_FRACTION = 0.25
_PART_SUFFIX, _LOOKER_SUFFIX = ".part", ".looker"
FIRST_LOOK_BYTES = 64 * 2**20
"""Growth after which the objects of an unknown program are searched first."""
_NEAR_FRACTION = 0.85
"""Share of a memory limit; the rest is for further growth and the forked process."""


class GrowthWatch:
    """Checks this process's memory a hundred times a second, and from time to time its objects.

    Only the latest two looks in progress continue, so that one is nearly done if this process is
    killed just after another has started. The contents of a `threading.local` are not searched
    for, because the search takes memory, which would count.

    Args:
        file: The start of the result files' names, before their number.
        from_bytes: Resident memory at which to look for the first time.
        again: Look again after each growth by a quarter.
        limit_bytes: Also look near this size, and then stop.
        survives: Let a look finish even if this process's group is killed.
        where: Returns what is running, for the name of the look.
    """

    def __init__(
        self,
        file: Path,
        from_bytes: int,
        *,
        again: bool = True,
        limit_bytes: int | None = None,
        survives: bool = False,
        where: Callable[[], str] = str,
    ) -> None:
        self._file = file
        self._next_bytes = from_bytes
        self._again = again
        self._near_bytes = 0 if limit_bytes is None else int(_NEAR_FRACTION * limit_bytes)
        self._where = where
        self._survives = survives
        self._lookers: list[int] = []
        self._count = 0
        self._looking = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="tracekit-growth", daemon=True)
        self._thread.start()

    def look_now(self, taken_at: str) -> None:
        """Look now, for example because an allocation was refused."""
        with self._looking:
            self._look(sys._getframe(1), taken_at)

    def stop(self) -> None:
        """Stop watching; a search in progress continues."""
        self._ended.set()
        self._thread.join()

    def found(self, *, timeout_seconds: float = 600) -> Retention | None:
        """The latest retention, once it is complete; None if this process never grew enough.

        Args:
            timeout_seconds: how long to wait for a forked process that is still looking; it is
                ended then.

        Raises:
            ProfileError: the forked process was killed, or takes too long.
        """
        self.stop()
        try:
            return awaited_retention(self._file, timeout_seconds=timeout_seconds)
        finally:
            self._give_up(all_but=0)
            self._reap()

    def close(self) -> None:
        """Stop watching, and end searches in progress."""
        self.stop()
        self._give_up(all_but=0)
        self._reap()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            used_bytes = process_memory.resident_bytes()
            if used_bytes < self._next_bytes:
                continue
            with self._looking:
                where = self._where()
                self._look(sys._getframe(), f"the highest so far{' in ' * bool(where)}{where}")
            if not self._again or 0 < self._near_bytes <= used_bytes:
                return
            self._next_bytes = int(used_bytes * (1 + _GROWTH_FRACTION))
            if self._near_bytes:
                self._next_bytes = min(self._next_bytes, self._near_bytes)

    def _look(self, frame: FrameType, taken_at: str) -> None:
        self._give_up(all_but=1)
        self._count += 1
        complete = self._file.with_name(f"{self._file.name}.{self._count}")
        part = Path(f"{complete}{_PART_SUFFIX}")
        with contextlib.suppress(OSError), part.open("wb") as opened:
            # The forked process shares the lock, so a waiting reader sees when it has ended.
            fcntl.flock(opened, fcntl.LOCK_EX)
            try:
                pid = fork_retention(
                    opened.fileno(),
                    frame,
                    thread_locals=False,
                    taken_at=taken_at,
                    survives=self._survives,
                    then=lambda: part.replace(complete),
                )
            except ProfileError as exc:
                opened.write(str(exc).encode())
                return
            self._lookers.append(pid)
            Path(f"{complete}{_LOOKER_SUFFIX}").write_bytes(str(pid).encode())

    def _give_up(self, *, all_but: int) -> None:
        """End the oldest looks, except for the given number.

        None is reaped yet, because a measurement would take it for a process of the program.
        """
        running = [pid for pid in self._lookers if not _has_ended(pid)]
        for pid in running[: max(0, len(running) - all_but)]:
            os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while self._lookers:
            with contextlib.suppress(ChildProcessError):  # the program waits for any child
                os.waitpid(self._lookers.pop(), 0)


def awaited_retention(file: Path, *, timeout_seconds: float = 600) -> Retention | None:
    """What a `GrowthWatch` found, even if its process was killed since.

    Args:
        file: The watch's file.
        timeout_seconds: How long to wait for a forked process that is still looking.

    Returns:
        The latest complete retention; None if the process never grew enough.

    Raises:
        ProfileError: none is complete: the forked process was killed, or takes too long.
    """
    deadline = time.monotonic() + timeout_seconds
    while any(map(_is_written, _parts(file))) and time.monotonic() < deadline:
        time.sleep(_WAIT_SECONDS)
    complete = sorted(
        (one for one in file.parent.glob(f"{file.name}.*") if one.suffix[1:].isdecimal()),
        key=lambda one: int(one.suffix[1:]),
    )
    if complete:
        try:
            return from_json(Retention, complete[-1].read_bytes(), source=str(complete[-1]))
        except ConfigError as exc:
            raise ProfileError(str(exc)) from exc
    parts = _parts(file)
    if not parts:
        return None
    if any(map(_is_written, parts)):
        said = f"it was still at work after {timeout_seconds:.0f} s"
    else:
        said = parts[-1].read_text("utf-8", "replace").strip() or "it was killed"
    raise ProfileError(f"the process that looked for what holds the memory did not finish: {said}")


def end_looks(folder: Path) -> None:
    """End the forked processes that are still working on files in `folder`."""
    for file in folder.glob(f"*{_LOOKER_SUFFIX}"):
        with contextlib.suppress(OSError, ValueError):
            pid = int(file.read_bytes())
            if Path(f"/proc/{pid}/comm").read_bytes().strip() == LOOKER_NAME.encode():
                os.kill(pid, signal.SIGKILL)


def _has_ended(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # the program waits for any child, including ours
        return True


def _parts(file: Path) -> list[Path]:
    """The files of looks that are not complete."""
    return list(file.parent.glob(f"{file.name}.*{_PART_SUFFIX}"))


def _is_written(part: Path) -> bool:
    """Whether a process is working on a file: it holds a lock on it."""
    try:
        with part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
