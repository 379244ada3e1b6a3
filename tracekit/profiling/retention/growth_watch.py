"""Take the retention whenever this process has grown, so that the last one is of nearly its peak.

What was found is a file, which the forked process puts in place when it is complete. So it is
there also when this process is killed, and another one can read it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from tracekit import process_memory
from tracekit.errors import ConfigError, ProfileError
from tracekit.profiling.retention.forked import fork_retention
from tracekit.profiling.retention.moment import this_moment
from tracekit.records.retention import Retention
from tracekit.records.serial import from_json
from tracekit.sizes import format_size

_LOOK_SECONDS = 0.01
_WAIT_SECONDS = 0.05
_GROWTH_FRACTION = 0.25
NEAR_LIMIT_FRACTION = 0.85
"""Of a memory limit: what is left is for the rest of the way and for the forked process."""


class GrowthWatch:
    """Looks at this process's memory a hundred times a second, and now and then at its objects.

    A look that is still under way when the next one is due is given up for it. What threads keep
    in a `threading.local` is not searched for: the search takes memory, which counts.

    Args:
        file: where the latest retention shall be; what is there is removed.
        from_bytes: resident memory at which to look for the first time.
        again: look again after each growth by a quarter.
        survives: let a look finish also if this process's group is killed.
    """

    def __init__(
        self, file: Path, from_bytes: int, *, again: bool = True, survives: bool = False
    ) -> None:
        file.unlink(missing_ok=True)
        self._file = file
        self._next_bytes = from_bytes
        self._again = again
        self._survives = survives
        self._pid: int | None = None
        self._looking = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="tracekit-growth", daemon=True)
        self._thread.start()

    @classmethod
    def near_limit(cls, file: Path, limit_bytes: int) -> GrowthWatch:
        """Looks once, when this process comes near its memory limit, and survives its end."""
        return cls(file, int(NEAR_LIMIT_FRACTION * limit_bytes), again=False, survives=True)

    def look_now(self, taken_at: str) -> None:
        """Look here and now if that was not done yet, such as where memory was refused at once."""
        with self._looking:
            if not (self._file.exists() or _unfinished(self._file).exists()):
                self._look(sys._getframe(1), taken_at)

    def stop(self) -> None:
        """Look no more; a look that is under way goes on."""
        self._ended.set()
        self._thread.join()

    def found(self) -> Retention | None:
        """The latest retention, once it is complete; None where this process never grew so far.

        Raises:
            ProfileError: the forked process was ended.
        """
        self.stop()
        if self._pid is not None:
            os.waitpid(self._pid, 0)
            self._pid = None
        return awaited_retention(self._file)

    def close(self) -> None:
        """Look no more, and end a look that is under way."""
        self.stop()
        self._give_up()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            used_bytes = process_memory.resident_bytes()
            if used_bytes < self._next_bytes:
                continue
            with self._looking:
                self._look(sys._getframe(), f"{format_size(used_bytes)} resident")
            if not self._again:
                return
            self._next_bytes = int(used_bytes * (1 + _GROWTH_FRACTION))

    def _look(self, frame: FrameType, taken_at: str) -> None:
        self._give_up()
        part = _unfinished(self._file)
        moment = this_moment(frame, thread_locals=False)
        with contextlib.suppress(OSError), part.open("wb") as opened:
            # The forked process shares the lock, and whoever waits sees when it has ended.
            fcntl.flock(opened, fcntl.LOCK_EX)
            try:
                self._pid = fork_retention(
                    opened.fileno(),
                    moment,
                    taken_at=taken_at,
                    survives=self._survives,
                    then=lambda: part.replace(self._file),
                )
            except ProfileError as exc:
                opened.write(str(exc).encode())

    def _give_up(self) -> None:
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = None


def awaited_retention(file: Path, *, timeout_seconds: float = 600) -> Retention | None:
    """What a `GrowthWatch` found, perhaps in a process that was killed meanwhile.

    Args:
        file: the watch's.
        timeout_seconds: how long to wait for a forked process that is still looking.

    Returns:
        The latest that is complete; None where the process never grew so far.

    Raises:
        ProfileError: none is complete: the forked process was ended, or takes too long.
    """
    part = _unfinished(file)
    deadline = time.monotonic() + timeout_seconds
    while _is_written(part):
        if time.monotonic() > deadline:
            break
        time.sleep(_WAIT_SECONDS)
    try:
        return from_json(Retention, file.read_bytes(), source=str(file))
    except FileNotFoundError:
        if not part.exists():
            return None
        said = part.read_text("utf-8", "replace").strip() or "it was ended"
        raise ProfileError(
            f"the process that looked for the holders of memory did not finish: {said}"
        ) from None
    except ConfigError as exc:
        raise ProfileError(str(exc)) from exc


def _unfinished(file: Path) -> Path:
    return file.with_name(f"{file.name}.part")


def _is_written(part: Path) -> bool:
    """Whether a process is at work on a file: it holds a lock on it."""
    try:
        with part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
