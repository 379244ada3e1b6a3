"""Why a kernel's process ended, and where its code was."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tracekit.profiling.cgroup import cgroup_memory
from tracekit.profiling.kernel_kills import kernel_kills
from tracekit.programs.cells import Death
from tracekit.programs.cells_ending import is_own_code
from tracekit.programs.memory_sampler import Sample
from tracekit.records.program import ProgramStatus
from tracekit.sizes import format_size

_AT_LIMIT_FRACTION = 0.9
_NEAR_FRACTION = 0.85
_LAST_WORDS = re.compile(r"bad_alloc|out of memory|memory allocation of \d+|Cannot allocate", re.I)
_FRAME = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)')
_THREAD = re.compile(r"^(?:Current thread|Thread) (0x[0-9a-f]+).*$", re.MULTILINE)
_CRASHES = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
_STACKS_SECONDS = 0.2
_STACKS_EVERY_SECONDS = 0.25
_MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class CodeLine:
    """A line of the user's own code, where a thread was."""

    file: str
    number: int
    function: str


def death_of(
    exit_code: int | None,
    *,
    last: Sample | None,
    limit_bytes: int | None,
    stopped_at_limit: bool,
    system_kills: int,
    last_words: str,
    process: str = "the kernel",
    used_bytes: int | None = None,
) -> Death:
    """How a process ended.

    Args:
        exit_code: Minus the signal's number if a signal ended it; None if unknown.
        last: Its last sample.
        limit_bytes: Its memory limit, if it has one.
        stopped_at_limit: Whether tracekit killed it there.
        system_kills: Number of kills for lack of memory on this system meanwhile.
        last_words: The end of its standard error.
        process: Its name in messages.
        used_bytes: The limited memory in use at the last sample; None for its resident memory.
    """
    held = f"it held {format_size(last.total_bytes)} when last seen" if last else "it was not seen"
    if stopped_at_limit and limit_bytes is not None:
        reason = f"SIGKILL at the memory limit of {format_size(limit_bytes)}: {held}"
        return Death(ProgramStatus.KILLED, reason)
    if exit_code is None or exit_code >= 0:
        ended = f"{process} ended" if exit_code is None else f"{process} exited with {exit_code}"
        return Death(ProgramStatus.FAILED, f"{ended}; {held}")
    name = _signal_name(-exit_code)
    if exit_code == -signal.SIGKILL:
        who = "by the system, for lack of memory" if system_kills else "its sender is unknown"
        return Death(ProgramStatus.KILLED, f"SIGKILL, {who}; {held}")
    words = _LAST_WORDS.search(last_words)
    if used_bytes is None:
        used_bytes = last.rss_bytes if last is not None else 0
    at_limit = limit_bytes is not None and used_bytes >= _AT_LIMIT_FRACTION * limit_bytes
    if words is not None or at_limit:
        said = f" ({words[0]})" if words else ""
        return Death(
            ProgramStatus.KILLED, f"native code gave up for lack of memory{said}: {name}; {held}"
        )
    verb = "crashed" if -exit_code in _CRASHES else "was ended"
    return Death(ProgramStatus.FAILED, f"{process} {verb}: {name}; {held}")


class SystemKills:
    """Kills for lack of memory since this object was made."""

    def __init__(self) -> None:
        self._before = kernel_kills()

    def count(self) -> int:
        """Their number; 0 if the system does not report them."""
        now = kernel_kills()
        return 0 if now is None or self._before is None else now - self._before


class Pressure:
    """Whether the system is about to run out of memory, so that a kill is likely."""

    def __init__(self, pid: int) -> None:
        self._cgroup = Path(f"/proc/{pid}/cgroup")
        self._next = 0.0

    def is_near(self, sample: Sample) -> bool:
        """Whether to write the stacks now; at most a few times a second."""
        if sample.at < self._next:
            return False
        self._next = sample.at + _STACKS_EVERY_SECONDS
        group = cgroup_memory(self._cgroup)
        if group is not None and group.used_bytes >= _NEAR_FRACTION * group.limit_bytes:
            return True
        available, total = _available()
        return total > 0 and available < (1 - _NEAR_FRACTION) * total


class Stacks:
    """The file that the kernel writes the stacks of its threads to when it gets a signal."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.touch()

    def forget(self) -> None:
        """Discard earlier stacks, before the signal is sent."""
        with contextlib.suppress(OSError):
            os.truncate(self._file, 0)

    def wait(self) -> None:
        """Wait briefly until they are written."""
        deadline = time.monotonic() + _STACKS_SECONDS
        size = 0
        while time.monotonic() < deadline:
            time.sleep(0.01)
            before, size = size, self._file.stat().st_size
            if size and size == before:
                return

    def innermost(self, cells: Mapping[str, int]) -> dict[int, CodeLine]:
        """The innermost line of the user's own code in each thread, the main thread's first.

        Args:
            cells: The execution count of each cell by the file that tracebacks name.
        """
        text = self._file.read_text(encoding="utf-8", errors="replace")
        found: dict[int, CodeLine] = {}
        # Threads are listed from the newest to the oldest, which is the main thread.
        _, *parts = _THREAD.split(text)
        for thread, stack in reversed(list(zip(parts[::2], parts[1::2], strict=True))):
            for frame in _FRAME.finditer(stack):
                if is_own_code(frame["file"], cells):
                    line = CodeLine(frame["file"], int(frame["line"]), frame["function"])
                    found[int(thread, 16)] = line
                    break
        return found


def _available() -> tuple[int, int]:
    with contextlib.suppress(OSError):
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
        fields = {line.partition(":")[0]: line.split()[1] for line in lines}
        return int(fields.get("MemAvailable", 0)), int(fields["MemTotal"])
    return 0, 0


def _signal_name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"
