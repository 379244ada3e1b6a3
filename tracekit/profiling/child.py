"""The measured process: `python -m tracekit.profiling.child`, its assignment on standard input.

It loads only a small part of this package, then what the subject needs, so that its memory is the
subject's. Messages go to a separate pipe, so what the subject prints does no harm.
"""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import gc
import importlib
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tracekit import process_memory
from tracekit.profiling.arrow_pool import ArrowPools
from tracekit.profiling.ended_processes import ended_processes
from tracekit.profiling.memory_limit import (
    AtMemoryLimit,
    error_chain,
    is_out_of_memory,
    limited_memory,
)
from tracekit.profiling.messages import (
    Assignment,
    Baseline,
    Finished,
    Measured,
    Message,
    Progress,
    Raised,
    Retained,
)
from tracekit.profiling.subject import Subject

if TYPE_CHECKING:
    from tracekit.profiling.children import ChildrenWatch
    from tracekit.profiling.retention import RetentionWatch, Trigger
    from tracekit.records.retention import Retention

T = TypeVar("T")

REPORT_INTERVAL_SECONDS = 0.02
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Channel:
    """The pipe to the parent; each message is one write, so threads do not mix their lines."""

    def __init__(self, fd: int) -> None:
        os.set_inheritable(fd, False)
        self._fd = fd
        self._encoder = msgspec.json.Encoder()
        self._lock = threading.Lock()
        self._next_report = 0.0
        self._unsent: Progress | None = None

    def send(self, message: Message) -> None:
        """Write `message`; blocks until the parent reads."""
        line = memoryview(self._encoder.encode(message) + b"\n")
        with self._lock:
            while line:
                line = line[os.write(self._fd, line) :]

    def report(self, rows: int, keys: int) -> None:
        """Send progress, at most every `REPORT_INTERVAL_SECONDS`; `flush` sends the rest."""
        self._unsent = Progress(rows, keys)
        now = time.monotonic()
        if now >= self._next_report:
            self._next_report = now + REPORT_INTERVAL_SECONDS
            self.flush()

    def flush(self) -> None:
        """Send the latest progress, if it was not sent yet."""
        if self._unsent is not None:
            progress, self._unsent = self._unsent, None
            self.send(progress)


def main() -> None:
    """Carry out the assignment on standard input; ends the process."""
    assignment = msgspec.json.decode(sys.stdin.buffer.readline(), type=Assignment)
    channel = Channel(assignment.message_fd)
    _die_with_parent(assignment.parent_pid)
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _carry_out(assignment, channel)
        code = 0
    except BaseException as exc:  # however it ends, the parent needs a result
        channel.send(_raised(exc))
        traceback.print_exception(exc)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # freeing gigabytes object by object would only take time


def _carry_out(assignment: Assignment, channel: Channel) -> None:
    sys.path[:0] = assignment.search_path
    subject: Subject[Any] = _load(assignment.factory)(**assignment.arguments)
    try:
        subject.prepare()
        outcome = _measure(subject, assignment, channel)
        again = assignment.capture is not None or assignment.retention is not None
        values = {} if again else dict(subject.finish(outcome))
        channel.send(Finished(values))
    finally:
        subject.close()


def _measure(subject: Subject[T], assignment: Assignment, channel: Channel) -> T:
    """The measured region, with its baseline before and its figures sent after it."""
    tracker = _tracker(assignment.capture)
    children = _children_watch(wanted=assignment.children)
    gc.collect()
    process_memory.return_free_memory()
    watch = _retention_watch(assignment.retention, channel)  # its baseline has nothing that is free
    with limited_memory(assignment.memory_limit_bytes):
        remark = process_memory.reset_peak()
        channel.send(Baseline(process_memory.resident_bytes(), (remark,) if remark else ()))
        files, ended_before, pools = process_memory.file_bytes(), ended_processes(), ArrowPools()
        wall = cpu = 0.0
        completed = False
        try:
            with tracker:
                began = time.perf_counter(), time.process_time()
                try:
                    outcome = subject.run(_reporter(channel, watch))
                    completed = True
                    if watch is not None:
                        watch.end()
                finally:  # before memray compresses its capture
                    wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
        finally:
            peak = process_memory.peak_resident_bytes()
            channel.flush()
            channel.send(
                Measured(
                    wall,
                    cpu,
                    peak,
                    completed,
                    file_bytes=max(0, process_memory.file_bytes() - files),
                    unseen_bytes=pools.unseen_bytes(),
                    children_peak_bytes=None if children is None else children.stop(),
                    started_processes=ended_processes() > ended_before,
                )
            )
        return outcome


def _retention_watch(trigger: Trigger | None, channel: Channel) -> RetentionWatch | None:
    if trigger is None:
        return None
    from tracekit.profiling.retention import RetentionWatch

    def tell(found: Retention | str) -> None:
        channel.send(Retained(None, found) if isinstance(found, str) else Retained(found))

    return RetentionWatch(trigger, tell)


def _reporter(channel: Channel, watch: RetentionWatch | None) -> Callable[[int, int], None]:
    if watch is None:
        return channel.report

    def report(rows: int, keys: int) -> None:
        channel.report(rows, keys)
        watch.rows(rows)

    watch.start()
    return report


def _children_watch(*, wanted: bool) -> ChildrenWatch | None:
    if not wanted:
        return None
    from tracekit.profiling.children import ChildrenWatch

    watch = ChildrenWatch()
    watch.start()
    return watch


def _tracker(capture: str | None) -> AbstractContextManager[Any]:
    if capture is None:
        return nullcontext()
    import memray

    # The default format keeps what happened until a SIGKILL; an aggregated one would be empty.
    return memray.Tracker(capture)


def _load(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def _raised(exc: BaseException) -> Raised:
    kind = type(exc.__cause__ if isinstance(exc, AtMemoryLimit) else exc)
    return Raised(
        error_type=f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
        text=str(exc)[:2000],
        out_of_memory=is_out_of_memory(exc),
        disk_full=any(
            isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
            for cause in error_chain(exc)
        ),
    )


def _die_with_parent(parent_pid: int) -> None:
    """End with the parent, even if the parent is killed.

    Linux sends SIGKILL (prctl(2), PR_SET_PDEATHSIG); elsewhere a thread waits for the end of
    standard input, which the parent holds open.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # it ended before the call
            os._exit(1)
    else:
        threading.Thread(target=_end_with_standard_input, daemon=True).start()


def _end_with_standard_input() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()
