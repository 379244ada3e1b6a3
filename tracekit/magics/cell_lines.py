"""`%tracekit_cells on`: a line about memory under every cell of a running notebook."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from html import escape
from typing import Any, cast

from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell
from IPython.display import DisplayHandle, display

from tracekit import process_memory
from tracekit.profiling.cgroup import cgroup_memory
from tracekit.programs.cells_meter import CellFigures, CellMeter
from tracekit.records import CellReport, ProgramStatus
from tracekit.reports.program_sections import cell_line
from tracekit.sizes import format_size

_display = cast(Callable[..., None], display)  # IPython does not annotate it
_FIRST_SECONDS = 1.0
"""Shorter cells show no figure while they run."""
_EVERY_SECONDS = 0.5
_VARIABLE = "MEM_LIMIT"
"""A limit in bytes, which JupyterHub sets."""


class MemoryLine:
    """One line, as text and as HTML."""

    def __init__(self, line: str) -> None:
        self._line = line

    def __str__(self) -> str:
        return self._line

    def __repr__(self) -> str:
        return self._line

    def _repr_html_(self) -> str:
        return f'<small class="tracekit-memory">{escape(self._line)}</small>'


class CellLines:
    """Shows a line under each cell, and the kernel's memory while a cell runs.

    Args:
        shell: The shell that runs the cells.
        guard_bytes: Returns the limit of the memory guard; None if it is off.
    """

    def __init__(self, shell: InteractiveShell, guard_bytes: Callable[[], int | None]) -> None:
        self._shell: Any = shell
        self._guard_bytes = guard_bytes
        self._meter = CellMeter(self._shell.user_ns)
        self._depth = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def cell_begins(self, _info: ExecutionInfo) -> None:
        """IPython is about to run a cell, perhaps inside another one."""
        self._depth += 1
        if self._depth > 1:
            return
        self._ended.clear()
        if hasattr(self._shell, "kernel"):  # a terminal cannot replace a line
            self._thread = threading.Thread(
                target=self._show_running, name="tracekit-cells", daemon=True
            )
            self._thread.start()
        self._meter.begin()

    def cell_ends(self, result: ExecutionResult | None) -> None:
        """A cell has ended. The cell that switched the lines on gets no line."""
        if self._depth == 0:
            return
        self._depth -= 1
        if self._depth:
            return
        self._meter.stop()
        self.close()
        figures = self._meter.end(None if result is None else result.result)
        _display(MemoryLine(f"{_cell_line(figures, result)} · {self._kernel()}"))

    def close(self) -> None:
        """Stop showing memory while a cell runs."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _show_running(self) -> None:
        began = time.monotonic()
        if self._ended.wait(_FIRST_SECONDS):
            return
        handle = DisplayHandle()  # type: ignore[no-untyped-call]
        show = cast(Callable[[object], None], handle.display)
        while True:
            elapsed = time.monotonic() - began
            show(MemoryLine(f"running for {elapsed:.0f} s · {self._kernel()}"))
            show = cast(Callable[[object], None], handle.update)
            if self._ended.wait(_EVERY_SECONDS):
                break
        show(MemoryLine(""))

    def _kernel(self) -> str:
        """The kernel's memory and its limit, if one is known."""
        held_bytes = process_memory.resident_bytes()
        found = self._limit()
        if found is None:
            return f"kernel {format_size(held_bytes)}"
        used_bytes, limit_bytes, name = found
        shared = ""
        if used_bytes is not None:
            shared = f", {format_size(used_bytes)} of it used by all in it"
        return f"kernel {format_size(held_bytes)} of {format_size(limit_bytes)} ({name}{shared})"

    def _limit(self) -> tuple[int | None, int, str] | None:
        """The memory that a cgroup uses, the limit, and what sets it; None if there is no limit."""
        guard_bytes = self._guard_bytes()
        if guard_bytes is not None:
            return None, guard_bytes, "memory guard"
        group = cgroup_memory()
        if group is not None:
            return group.used_bytes, group.limit_bytes, "cgroup"
        text = os.environ.get(_VARIABLE, "")
        if text.isdecimal() and int(text):
            return None, int(text), _VARIABLE
        return None


def _cell_line(figures: CellFigures, result: ExecutionResult | None) -> str:
    report = CellReport(
        index=0,
        status=ProgramStatus.OK if result is not None and result.success else ProgramStatus.FAILED,
        wall_seconds=figures.wall_seconds,
        rss_net_peak_bytes=figures.net_peak_bytes,
        rss_held_bytes=figures.held_bytes,
        rows=figures.rows,
    )
    return cell_line(report)
