"""Find the retention in a forked process, where the objects do not change.

The program waits only for the fork: some milliseconds per GiB. The price is memory: reading an
object's references changes its page, which is then copied. Up to the size of the Python heap can be
added while the forked process works. If a group of processes has a memory limit, that
counts; the kernel is set to kill the forked process first.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import sys
import threading
import time
import traceback
import warnings
from array import array
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from tracekit import process_memory
from tracekit.errors import ProfileError
from tracekit.profiling.retention.moment import Moment, this_moment
from tracekit.records.retention import Retention
from tracekit.records.serial import from_json, to_json

_LONGEST_SECONDS = 900
LOOKER_NAME = "tracekit-look"
"""The name of the forked process, so that it is not taken for one of the program's own."""


def retention(
    only: Any = None,
    *,
    baseline: Retention | None = None,
    taken_at: str | None = None,
    frame: FrameType | None = None,
) -> Retention:
    """Find what keeps this process's memory alive now.

    Args:
        only: An object, to report only what holds it and what it holds; None for everything.
        baseline: An earlier retention; what it contains is left out.
        taken_at: A name for this point in time; the date and time if None.
        frame: The frame at which the calling thread's stack starts; the caller's if None.

    Raises:
        ProfileError: this system cannot fork, or the forked process was killed.
    """
    read_fd, write_fd = os.pipe()
    pid = None
    with os.fdopen(read_fd, "rb") as pipe:
        try:
            with _interrupts_held():  # one between the fork and `pid =` would lose the process
                try:
                    pid = fork_retention(
                        write_fd,
                        frame or sys._getframe(1),
                        only=only,
                        baseline=baseline,
                        taken_at=taken_at,
                    )
                finally:
                    os.close(write_fd)
            answer = pipe.read()
        except BaseException:  # Ctrl-C: nobody waits for the answer
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            raise
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        reason = f"signal {-code}" if code < 0 else answer.decode().strip()
        raise ProfileError(
            f"the process that looked for what holds the memory ended early: {reason}"
        )
    return from_json(Retention, answer, source="retention")


def fork_retention(
    fd: int,
    frame: FrameType,
    *,
    thread_locals: bool = True,
    only: Any = None,
    baseline: Retention | None = None,
    taken_at: str | None = None,
    survives: bool = False,
    then: Callable[[], object] | None = None,
) -> int:
    """Fork a process that writes the retention as JSON to `fd`; its id.

    Args:
        fd: A pipe or file; the forked process closes it by its end.
        frame: Where the stack of the calling thread begins.
        thread_locals: As `this_moment`'s.
        only: As `retention`'s.
        baseline: As `retention`'s.
        taken_at: As `retention`'s.
        survives: Let it finish even if this process's group is killed.
        then: Called in the forked process once everything is written.

    Raises:
        ProfileError: this system cannot fork.
    """
    taken_at = taken_at or datetime.now().astimezone().isoformat(timespec="seconds")
    file_bytes = process_memory.file_bytes()
    if not hasattr(os, "fork"):
        raise ProfileError("this system cannot fork, which retention needs")
    with warnings.catch_warnings():
        # Python 3.12 warns if other threads run. The forked process takes none of their locks.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            with _called(LOOKER_NAME):
                moment = this_moment(frame, thread_locals=thread_locals)
                pid = os.fork()
                if pid == 0:
                    _look(fd, then, survives, file_bytes, moment, taken_at, baseline, only)
        except OSError as exc:
            raise ProfileError(
                f"the process to look for what holds the memory could not be started: {exc}"
            ) from exc
    if survives:  # the forked process does so, too: whichever comes first
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
    return pid


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait until the block has ended."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted, and only Python can put its handler back
        return
    held = []
    signal.signal(signal.SIGINT, lambda *interrupt: held.append(interrupt))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if held:
            signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def _called(name: str) -> Iterator[None]:
    """Rename this thread, so that a process that it forks has that name from the start."""
    file = Path("/proc/thread-self/comm")
    with contextlib.ExitStack() as restore:
        with contextlib.suppress(OSError):  # Linux
            before = file.read_bytes().removesuffix(b"\n")
            file.write_text(name, encoding="ascii")
            restore.callback(file.write_bytes, before)
        yield


def _look(
    fd: int,
    then: Callable[[], object] | None,
    survives: bool,
    file_bytes: int,
    moment: Moment,
    taken_at: str,
    baseline: Retention | None,
    only: Any,
) -> NoReturn:
    """The forked process's work; it never returns to the program's code."""
    gc.disable()
    code = 1
    try:
        # As the program had it in the moment of the fork, which hands on all but mapped files.
        total_bytes = file_bytes + process_memory.resident_bytes() - process_memory.file_bytes()
        _become_a_bystander(survives)
        _keep_open_only(fd)
        began = time.perf_counter()
        tracked = array("Q", map(id, gc.get_objects()))
        # Imported only here: the program itself needs neither numpy nor its memory.
        from tracekit.profiling.retention.record import retention_record

        record = retention_record(began, moment, tracked, total_bytes, taken_at, baseline, only)
        _write_all(fd, to_json(record).encode())
        if then is not None:
            then()
        code = 0
    except BaseException as exc:  # the program's code must not continue in this process
        _write_all(fd, "".join(traceback.format_exception_only(exc)).encode())
    finally:
        os._exit(code)


def _become_a_bystander(survives: bool) -> None:
    if survives:
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_LONGEST_SECONDS)  # a lock that another thread held is never released here
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
    with contextlib.suppress(OSError):  # Linux: of both processes this is the one to end
        Path("/proc/self/oom_score_adj").write_bytes(b"1000")


def _keep_open_only(fd: int) -> None:
    """Close pipes and sockets, whose other ends would otherwise wait for this process, too."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nowhere, standard)
    os.closerange(3, fd)
    os.closerange(fd + 1, os.sysconf("SC_OPEN_MAX"))


def _write_all(fd: int, text: bytes) -> None:
    while text:
        text = text[os.write(fd, text) :]
