"""The watcher inside a kernel: an IPython extension that reports the cost of each cell.

It adds no name to the notebook's variables and changes no cell. A killed kernel has reported
everything up to the cell in which it died; `tracekit.programs.memory_sampler` saw the rest.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import msgspec
from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

from tracekit import process_memory
from tracekit.profiling.data_limit import DataLimit
from tracekit.profiling.memory_limit import lacks_memory
from tracekit.profiling.retention import FIRST_LOOK_BYTES, GrowthWatch
from tracekit.programs.cells_ending import ENDED_WELL, Ending, ending_of
from tracekit.programs.cells_meter import CellFigures, CellMeter
from tracekit.programs.kernel_messages import (
    VARIABLE,
    Began,
    Ended,
    KernelOptions,
    MessageWriter,
    Ready,
    SizedVariable,
    StartedThread,
    Stopped,
    ThreadDied,
)

_LOOK_SECONDS = 0.05
_LONGEST_KILL_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_OUR_ARGUMENTS = ("--IPKernelApp.extra_extensions", "--HistoryManager.")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Called by the kernel when it starts."""
    options = msgspec.json.decode(os.environ.pop(VARIABLE), type=KernelOptions)
    sys.argv[:] = [word for word in sys.argv if not word.startswith(_OUR_ARGUMENTS)]
    KernelWatcher(shell, options).start()


class KernelWatcher:
    """Watches the cells of one kernel.

    Args:
        shell: The kernel's shell.
        options: The options for watching.
    """

    def __init__(self, shell: InteractiveShell, options: KernelOptions) -> None:
        self._shell: Any = shell  # IPython annotates only parts of it
        self._options = options
        self._writer = MessageWriter(Path(options.messages))
        self._meter = CellMeter(self._shell.user_ns)
        self._limit = _Limit(options.refuse_above_bytes)
        self._cells: dict[str, int] = {}
        self._depth = 0
        self._stopped = False
        self._count: int = self._shell.execution_count
        self._used_bytes: int | None = None
        self._tracker: AbstractContextManager[Any] | None = None
        self._capture: str | None = None
        self._not_profiled: str | None = None
        self._retention: GrowthWatch | None = None

    def start(self) -> None:
        """Report that the kernel is ready, and start to watch."""
        _die_with_parent(self._options.parent_pid)
        stacks_signal = _write_stacks_on_signal(self._options.stacks)
        if self._options.captures is not None:
            import memray  # noqa: F401 - loaded now, so that the first cell does not pay for it
        if self._options.retention is not None:
            self._retention = GrowthWatch(
                Path(self._options.retention),
                process_memory.resident_bytes() + FIRST_LOOK_BYTES,
                limit_bytes=self._options.limit_bytes,
                survives=True,
                where=lambda: f"In [{self._count}]",
            )
        self._stop_before_an_error_is_shown()
        self._tell_of_threads()
        events = self._shell.events
        events.register("pre_run_cell", self._begins)
        events.register("post_run_cell", self._ended)
        self._writer.write(
            Ready(
                os.getpid(),
                process_memory.resident_bytes(),
                stacks_signal,
                (self._meter.remark,) if self._meter.remark else (),
            )
        )

    def _begins(self, info: ExecutionInfo) -> None:
        self._depth += 1
        if self._depth > 1:  # a cell that a cell runs
            return
        file = self._shell.compile.get_code_name(
            info.raw_cell, info.transformed_cell or info.raw_cell, self._count
        )
        self._cells[file] = self._count
        self._used_bytes = None
        self._stopped = False
        rss_bytes = self._meter.begin()
        self._writer.write(Began(time.monotonic(), self._count, file, rss_bytes))
        self._track()
        self._limit.impose()

    def _ended(self, result: ExecutionResult | None) -> None:
        if self._depth == 0:  # loaded while a cell ran
            return
        self._depth -= 1
        if self._depth:
            return
        self._await_kill()
        error = None if result is None else result.error_before_exec or result.error_in_exec
        if error is None:
            self._meter.resume()  # an error that it showed, if any, was not its end
        self._meter.stop()
        self._stop()
        figures = self._meter.end(None if result is None else result.result, error)
        ending = ENDED_WELL
        if error is not None:
            ending = self._ending(error, self._used_bytes)
        self._writer.write(self._message(ending, figures))
        # When a cell starts, some versions of IPython have already raised the number.
        self._count = self._shell.execution_count

    def _await_kill(self) -> None:
        """If a cell exceeded a limit that kills, wait in the cell until the kill.

        The other process checks every few milliseconds. A short cell would be over by then, and the
        next one would be blamed.
        """
        options = self._options
        if options.limit_bytes is None or options.refuse_above_bytes is not None:
            return
        end = time.monotonic() + _LONGEST_KILL_SECONDS
        while process_memory.resident_bytes() >= options.limit_bytes and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS / 10)

    def _ending(self, error: BaseException, used_bytes: int | None) -> Ending:
        return ending_of(
            error, self._cells, used_bytes=used_bytes, limit_bytes=self._options.refuse_above_bytes
        )

    def _message(self, ending: Ending, figures: CellFigures) -> Ended:
        return Ended(
            at=time.monotonic(),
            execution_count=self._count,
            status=ending.status.value,
            reason=ending.reason,
            line=ending.line,
            code=ending.code,
            wall_seconds=figures.wall_seconds,
            rss_peak_bytes=figures.rss_peak_bytes,
            rss_after_bytes=figures.rss_after_bytes,
            rows=figures.rows,
            variables=tuple(
                SizedVariable(one.name, one.kind, one.size_bytes) for one in figures.variables
            ),
            threads=tuple(
                StartedThread(one.native_id or 0, one.ident or 0, one.name)
                for one in figures.threads
            ),
            capture=self._capture,
            not_profiled=self._not_profiled,
        )

    def _track(self) -> None:
        if self._options.captures is None:
            return
        import memray

        self._capture = self._not_profiled = None
        name = f"cell-{self._count}.bin"
        try:
            # The default format keeps what happened until a SIGKILL; an aggregated one nothing.
            file = memray.FileDestination(Path(self._options.captures) / name, overwrite=True)
            tracker = memray.Tracker(destination=file)
            tracker.__enter__()
        except RuntimeError:
            self._not_profiled = (
                "the notebook uses memray itself, which allows one tracker at a time"
            )
        except OSError as exc:
            self._not_profiled = f"not profiled: {exc}"
        else:
            self._tracker, self._capture = tracker, name

    def _stop(self) -> None:
        """The cell's code has ended; a second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        self._meter.stop()
        self._writer.write(Stopped(time.monotonic()))
        if self._limit.is_imposed:
            self._used_bytes = self._limit.lift()
        if self._tracker is not None:
            self._tracker.__exit__(None, None, None)
            self._tracker = None

    def _stop_before_an_error_is_shown(self) -> None:
        """End the cell there: showing an error takes memory, maybe more than the limit leaves."""
        for name in ("showtraceback", "showsyntaxerror", "showindentationerror"):
            setattr(self._shell, name, self._after_stopping(getattr(self._shell, name)))

    def _after_stopping(self, show: Callable[..., None]) -> Callable[..., None]:
        def shown(*args: Any, **kwargs: Any) -> None:
            if self._depth == 1 and not self._stopped:
                self._stop()
                self._look_where_memory_was_refused()
                self._meter.settle()
            show(*args, **kwargs)

        return shown

    def _look_where_memory_was_refused(self) -> None:
        # No variable of ours may hold the error, or we would be named as its holder.
        if self._retention is None or sys.exception() is None:
            return
        limit_bytes = self._options.refuse_above_bytes
        if lacks_memory(cast(BaseException, sys.exception()), self._used_bytes, limit_bytes):
            self._retention.look_now(f"the refused allocation in In [{self._count}]")

    def _tell_of_threads(self) -> None:
        show = threading.excepthook

        def tell(thread: threading.ExceptHookArgs) -> None:
            try:
                self._tell_of_thread(thread)
            finally:
                show(thread)

        threading.excepthook = tell

    def _tell_of_thread(self, died: threading.ExceptHookArgs) -> None:
        if died.exc_value is None or died.thread is None:
            return
        ending = self._ending(died.exc_value, self._limit.used_bytes())
        self._writer.write(
            ThreadDied(
                time.monotonic(),
                died.thread.native_id or 0,
                died.thread.name,
                ending.status.value,
                ending.reason or "",
                ending.line,
                ending.code,
            )
        )


class _Limit:
    """Refuses allocations while a cell runs, in terms of resident memory.

    The system counts private writable memory, touched or not (RLIMIT_DATA). So the
    kernel's reservations from before the cell are left out, and those of the cell count.
    """

    def __init__(self, limit_bytes: int | None) -> None:
        self._limit_bytes = limit_bytes
        self._data = DataLimit()
        self._data_limit_bytes = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_imposed(self) -> bool:
        return self._thread is not None

    def impose(self) -> None:
        data_bytes = process_memory.data_bytes()
        if self._limit_bytes is None or data_bytes is None:
            return
        free_bytes = max(0, self._limit_bytes - process_memory.resident_bytes())
        self._data_limit_bytes = data_bytes + free_bytes
        self._ended.clear()
        self._thread = threading.Thread(target=self._look, name="tracekit-limit", daemon=True)
        self._thread.start()
        self._data.impose(self._data_limit_bytes)

    def lift(self) -> int | None:
        """Remove the limit, and return how much of it was used."""
        used_bytes = self.used_bytes()
        self._data.lift()
        if self._thread is not None:
            self._ended.set()
            self._thread.join()
            self._thread = None
        return used_bytes

    def used_bytes(self) -> int | None:
        """The limited memory in use, in terms of resident memory as the limit is written."""
        data_bytes = process_memory.data_bytes()
        if self._limit_bytes is None or data_bytes is None or not self.is_imposed:
            return None
        return max(0, self._limit_bytes - (self._data_limit_bytes - data_bytes))

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            self._data.look()


def _write_stacks_on_signal(file: str) -> int:
    """Make a signal write the stacks of all threads, even during native code; 0 if impossible.

    The handler is written in C, so no Python code has to run for it.
    """
    if not hasattr(signal, "SIGRTMAX") or not hasattr(faulthandler, "register"):
        return 0
    number = int(signal.SIGRTMAX) - 3
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    faulthandler.register(number, file=opened, all_threads=True)
    return number


def _die_with_parent(parent_pid: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent_pid:  # it ended before the call
            os._exit(1)
