"""Stop a cell with an exception before the kernel is killed for lack of memory.

While a cell runs, a thread checks the process's resident memory a hundred times a second. Above the
limit it sends the main thread a signal, and the signal's handler raises MemoryGuardExceeded there.
This also ends a sleep, a lock or a wait for a socket. The guard fires again only after the memory
fell below the limit, or grew by a `MARGIN_SHARE` of it, so that a cell can free what an earlier one
took. Limits:

- The handler runs between two steps of Python code. A single call into C that takes all memory
  without returning is stopped only by a second limit: on Linux, the private memory of the process
  may grow by the rest of the limit and `SLACK_BYTES` (RLIMIT_DATA). Beyond that, allocations fail
  with MemoryError. The slack is for address space that libraries reserve and never touch. Child
  processes do not inherit this limit.
- If a thread of an earlier cell makes the process grow, the exception is raised in that thread
  (Linux only), and the cell continues.
- A cell that waits in `await` is cancelled: it gets CancelledError with the same message.
- A cell that allocates and ends between two checks is not stopped; the guard prints what is left.
- Memory of other processes does not count, and neither does swapped memory.
"""

from __future__ import annotations

import asyncio
import inspect
import signal
import sys
import threading
import traceback
from types import FrameType
from typing import Any

from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

from tracekit import process_memory
from tracekit.errors import ConfigError, MemoryGuardExceeded
from tracekit.magics.growing_thread import ThreadFaults, raise_in
from tracekit.magics.retained import kept_alive_by
from tracekit.profiling.data_limit import DataLimit
from tracekit.sizes import format_size

INTERVAL_SECONDS = 0.01
MARGIN_SHARE = 0.125
"""Share of the limit by which a process above it may grow before the guard fires again."""
SLACK_BYTES = 1280 * 2**20
"""Includes the 1 GiB that Arrow's default pool reserves at its first use."""


def _guard_signal() -> signal.Signals:
    """A signal that nothing else uses: a real-time signal, if the system has them."""
    return getattr(signal, "SIGRTMAX", signal.SIGUSR2)


class MemoryGuard:
    """Watches the cells of one shell.

    Args:
        shell: The shell that runs the cells.
        limit_bytes: Limit of the process's resident memory.

    Raises:
        ConfigError: the process already uses that much, or this is not the main thread.
    """

    def __init__(self, shell: InteractiveShell, limit_bytes: int) -> None:
        used_bytes = process_memory.resident_bytes()
        if limit_bytes <= used_bytes:
            raise ConfigError(
                f"a guard of {format_size(limit_bytes)} is too small: the process already uses "
                f"{format_size(used_bytes)}"
            )
        if threading.current_thread() is not threading.main_thread():
            raise ConfigError("the memory guard works only if cells run in the main thread")
        self.limit_bytes = limit_bytes
        self._shell = shell
        self._main_ident = threading.main_thread().ident or 0
        self._tripped_bytes = 0
        self._error: MemoryGuardExceeded | None = None
        self._acted = False
        self._task: asyncio.Task[Any] | None = None
        self._depth = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._data_limit = DataLimit()
        self._faults = ThreadFaults()
        self._threshold_bytes = limit_bytes
        self._begun_bytes = used_bytes
        self._reporting = False
        self._handler_before = signal.signal(_guard_signal(), self._trip)

    def close(self) -> None:
        """Stop watching."""
        self._disarm()
        signal.signal(_guard_signal(), self._handler_before)

    def cell_begins(self, info: ExecutionInfo | None = None) -> None:
        """IPython is about to run a cell, perhaps inside another one; None if one already runs."""
        self._depth += 1
        if self._depth > 1:
            return
        self._task = asyncio.current_task() if info and self._waits(info) else None
        self._error = None
        self._acted = False
        self._faults = ThreadFaults()
        self._begun_bytes = process_memory.resident_bytes()
        self._set_threshold(self._begun_bytes)
        self._limit_data()
        self._ended.clear()
        self._thread = threading.Thread(target=self._watch, name="tracekit-guard", daemon=True)
        self._thread.start()

    def cell_ends(self, result: ExecutionResult | None) -> None:
        """A cell has ended. Release what the functions of a stopped cell held."""
        if result is not None and result.info is not None and not result.info.raw_cell.strip():
            return  # an empty cell never began
        self._depth = max(0, self._depth - 1)
        if self._depth:
            return
        self._disarm()
        if not self._acted:
            self._tell_what_it_left()
        if self._error is not None:
            _let_go(self._error)
            self._error = None
            process_memory.return_free_memory()

    def _tell_what_it_left(self) -> None:
        """Say so if the cell should have been stopped, but was not."""
        left_bytes = process_memory.resident_bytes()
        if self._begun_bytes <= self.limit_bytes < left_bytes:
            print(  # noqa: T201 - what users read below the cell
                f"memory guard: the cell ended before it could be stopped; the process now uses "
                f"{format_size(left_bytes)}, above the limit of {format_size(self.limit_bytes)}",
                file=sys.stderr,
            )

    def _waits(self, info: ExecutionInfo) -> bool:
        """Whether the cell runs as a separate task, which can wait in `await`."""
        shell: Any = self._shell
        return bool(shell.should_run_async(info.raw_cell, transformed_cell=info.transformed_cell))

    def _disarm(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._data_limit.lift()
        self._task = None

    def _set_threshold(self, used_bytes: int) -> None:
        """The limit or, if the process is already above it, slightly more than it uses."""
        margin_bytes = int(MARGIN_SHARE * self.limit_bytes)
        above = used_bytes > self.limit_bytes
        self._threshold_bytes = used_bytes + margin_bytes if above else self.limit_bytes

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            self._data_limit.look()
            used_bytes = process_memory.resident_bytes()
            if self._reporting:
                self._set_threshold(used_bytes)
            elif used_bytes > self._threshold_bytes:
                self._set_threshold(used_bytes)
                self._tripped_bytes = used_bytes
                self._stop_who_grows()
            elif used_bytes <= self.limit_bytes:
                self._threshold_bytes = self.limit_bytes

    def _stop_who_grows(self) -> None:
        thread = self._faults.culprit(self._tripped_bytes - self._begun_bytes)
        if thread is None:
            signal.pthread_kill(self._main_ident, _guard_signal())
        else:
            self._acted = True
            raise_in(thread, MemoryGuardExceeded(self.limit_bytes, self._tripped_bytes, []))

    def _trip(self, _signal_number: int, frame: FrameType | None) -> None:
        """Runs in the main thread, between two steps of its code."""
        if self._reporting or self._ended.is_set() or self._thread is None:
            return  # the cell ended before the signal arrived
        runs = _runs(frame, self._shell)
        if _is_shown(frame) or (not runs and (self._task is None or self._error is not None)):
            return  # the cell's code has ended; its value or its error is being shown
        self._reporting = True
        try:
            held = kept_alive_by(frame)
        finally:
            self._reporting = False
        error = MemoryGuardExceeded(self.limit_bytes, self._tripped_bytes, held)
        self._acted = True
        if self._task is not None and not runs:
            # The cell waits in `await`: an exception here would reach the event loop instead.
            self._task.cancel(str(error))
            self._task.get_loop().call_soon_threadsafe(lambda: None)  # wake it
            return
        self._error = error
        raise error

    def _limit_data(self) -> None:
        """The second limit, for calls that do not return to Python."""
        data_bytes = process_memory.data_bytes()
        if data_bytes is not None:
            free_bytes = max(0, self.limit_bytes - process_memory.resident_bytes())
            self._data_limit.impose(data_bytes + free_bytes + SLACK_BYTES)


def _is_shown(frame: FrameType | None) -> bool:
    """Whether IPython is showing an error in `frame` or one of its callers."""
    return _is_called_by(frame, ("showtraceback", "CustomTB"), ("IPython", "tracekit"))


def _runs(frame: FrameType | None, shell: InteractiveShell) -> bool:
    """Whether a cell is running: its code, or IPython between two of its statements."""
    if _is_called_by(frame, ("run_ast_nodes",), ("IPython",)):
        return True
    while frame is not None:
        if frame.f_globals is shell.user_ns or frame.f_globals is shell.user_global_ns:
            return True
        frame = frame.f_back
    return False


def _is_called_by(
    frame: FrameType | None, functions: tuple[str, ...], packages: tuple[str, ...]
) -> bool:
    while frame is not None:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if frame.f_code.co_name in functions and package in packages:
            return True
        frame = frame.f_back
    return False


def _let_go(error: BaseException) -> None:
    """Clear the frames that `error` ended, because the shell keeps its traceback and so the frames.

    Before Python 3.13 a frame also keeps a dict of its variables after they were inspected.
    """
    traceback.clear_frames(error.__traceback__)
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED:
            variables = frame.f_locals
            if isinstance(variables, dict):
                variables.clear()
