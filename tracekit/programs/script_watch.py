"""The watcher inside a program's Python: how much memory it held, and the error that ended it.

It changes nothing that the program can see. Imports for an error report are made only then.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from tracekit import process_memory

if TYPE_CHECKING:
    from tracekit.profiling.retention import GrowthWatch

VARIABLE = "TRACEKIT_WATCH"
"""The variable with the file to which messages are appended."""
RETENTION = "TRACEKIT_WATCH_RETENTION"
"""The variable with the memory limit in bytes (0 for none), if retention is to be taken."""


def stacks_file(messages: str, pid: int) -> str:
    """Where a process writes the stacks of its threads."""
    return f"{messages}.{pid}.stacks"


class ScriptWatch:
    """Watches this process until it ends.

    Args:
        file: The file to which messages are appended.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._retention: GrowthWatch | None = None

    def start(self) -> None:
        """Report that this Python has started, and hook its exits."""
        atexit.register(self._ended)  # the first one registered runs last
        self._show, self._show_thread = sys.excepthook, threading.excepthook
        sys.excepthook = self._raised
        threading.excepthook = self._raised_in_thread
        stacks_signal = _write_stacks(stacks_file(self._file, os.getpid()))
        if RETENTION in os.environ:
            self._look_for_holders(int(os.environ[RETENTION]))
        process_memory.reset_peak()
        self._write(
            "started", rss_bytes=process_memory.resident_bytes(), stacks_signal=stacks_signal
        )

    def _look_for_holders(self, limit_bytes: int) -> None:
        from pathlib import Path

        from tracekit.profiling.retention import FIRST_LOOK_BYTES, GrowthWatch

        self._retention = GrowthWatch(
            Path(retention_file(self._file, os.getpid())),
            process_memory.resident_bytes() + FIRST_LOOK_BYTES,
            limit_bytes=limit_bytes or None,
            survives=True,
        )

    def _ended(self) -> None:
        with contextlib.suppress(OSError):  # the watching process has ended
            self._write("ended", **_memory())

    def _raised(
        self, kind: type[BaseException], error: BaseException, tb: TracebackType | None
    ) -> None:
        # After Ctrl-C, Python ends by SIGINT unless an import gets in between.
        if not isinstance(error, KeyboardInterrupt):
            self._tell(error, tb, None)
        self._show(kind, error, tb)

    def _raised_in_thread(self, thread: threading.ExceptHookArgs) -> None:
        if thread.exc_value is not None:
            name = thread.thread.name if thread.thread is not None else "unknown"
            self._tell(thread.exc_value, thread.exc_traceback, name)
        self._show_thread(thread)

    def _tell(self, error: BaseException, tb: TracebackType | None, thread: str | None) -> None:
        used_bytes = process_memory.data_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit_bytes = None if soft == resource.RLIM_INFINITY else soft
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))  # the report takes memory, too
        memory = _memory()
        try:
            from dataclasses import asdict

            from tracekit.profiling.memory_limit import lacks_memory
            from tracekit.programs.cells_ending import ending_of
            from tracekit.programs.cells_variables import largest_variables

            if self._retention is not None and lacks_memory(error, used_bytes, limit_bytes):
                self._retention.look_now("the refused allocation")
            ending = ending_of(error, {}, used_bytes=used_bytes, limit_bytes=limit_bytes)
            self._write(
                "raised",
                thread=thread,
                status=ending.status.value,
                reason=ending.reason,
                line=ending.line,
                code=ending.code,
                variables=[asdict(one) for one in largest_variables(_variables(tb))],
                **memory,
            )
        except Exception as failure:
            # The program's own traceback must be shown, even if our report fails.
            sys.stderr.write(f"tracekit: cannot report how the program ended: {failure}\n")
        finally:
            if thread is not None:  # the program continues
                resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

    def _write(self, kind: str, **fields: object) -> None:
        """Append a message as one write, so that messages of several processes do not mix."""
        line = json.dumps({"type": kind, "pid": os.getpid(), **fields}) + "\n"
        fd = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(fd, line.encode("utf-8"))
        finally:
            os.close(fd)


def retention_file(messages: str, pid: int) -> str:
    """The file in which the process `pid` reports what held its memory."""
    return f"{messages}.retention-{pid}"


def _memory() -> dict[str, int]:
    return {
        "rss_bytes": process_memory.resident_bytes(),
        "rss_peak_bytes": process_memory.peak_resident_bytes(),
    }


def _variables(tb: TracebackType | None) -> Iterator[tuple[str, Any]]:
    """The script's global variables, then the local variables of its running functions."""
    main = sys.modules.get("__main__")
    for name, value in list(vars(main).items()) if main is not None else ():
        if not name.startswith("__") and not isinstance(value, ModuleType | type):
            yield name, value
    while tb is not None:
        frame = tb.tb_frame
        if frame.f_locals is not frame.f_globals:
            for name, value in list(frame.f_locals.items()):
                yield f"{name} in {frame.f_code.co_name}", value
        tb = tb.tb_next


def _write_stacks(file: str) -> int:
    """Make a crash or our signal write the stacks of all threads; returns the signal's number."""
    if not hasattr(signal, "SIGRTMAX") or not hasattr(faulthandler, "register"):
        return 0
    number = int(signal.SIGRTMAX) - 3
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not faulthandler.is_enabled():  # otherwise the user has them on stderr
        faulthandler.enable(file=opened)
    faulthandler.register(number, file=opened, all_threads=True)
    return number
