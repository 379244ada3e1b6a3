"""Measure each cell of this process, from just before its code to just after its display.

A cell that fails is measured until its error is about to be shown.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tracekit import process_memory
from tracekit.programs.cells_variables import (
    Named,
    frame_variables,
    largest_variables,
    notebook_variables,
    row_count,
)
from tracekit.records.program import VariableSize

_WORTH_COLLECTING_BYTES = 4 * 2**20
_COLLECTING_SHARE = 0.02


@dataclass(frozen=True)
class CellFigures:
    """One cell's figures."""

    wall_seconds: float
    rss_baseline_bytes: int
    rss_peak_bytes: int
    rss_after_bytes: int
    """Resident memory once free memory was returned to the system; at most the peak."""
    rows: int | None
    variables: tuple[VariableSize, ...]
    threads: tuple[threading.Thread, ...]
    """Threads that it started and left running."""

    @property
    def net_peak_bytes(self) -> int:
        """The peak above the memory before the cell."""
        return max(0, self.rss_peak_bytes - self.rss_baseline_bytes)

    @property
    def held_bytes(self) -> int:
        """Memory that the process holds in addition to that before the cell; may be negative."""
        return self.rss_after_bytes - self.rss_baseline_bytes


class CellMeter:
    """Measures one cell after another.

    Before each cell, free memory is returned to the system, because the cell could otherwise reuse
    it unnoticed. The same is done before reading what a cell keeps.

    Args:
        namespace: The notebook's variables.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._before: dict[str, tuple[int, int | None]] = {}
        self._threads: set[threading.Thread] = set()
        self._baseline_bytes = 0
        self._began = 0.0
        self._stopped: tuple[float, int] | None = None
        self._held_bytes: int | None = None
        self._collected_at = 0.0
        self._collecting_seconds = 0.0
        self.remark = process_memory.reset_peak()
        """Why peaks include earlier memory, if they do."""
        self._collect()
        process_memory.return_free_memory()

    def begin(self) -> int:
        """A cell is about to run: take the baseline."""
        self._before = dict(self._rows())
        self._threads = set(threading.enumerate())
        process_memory.return_free_memory()
        process_memory.reset_peak()
        self._baseline_bytes = process_memory.resident_bytes()
        self._stopped = self._held_bytes = None
        self._began = time.perf_counter()
        return self._baseline_bytes

    def stop(self) -> None:
        """Read the peak: the cell's error is about to be shown. Only the first call counts."""
        if self._stopped is None:
            wall_seconds = time.perf_counter() - self._began
            self._stopped = wall_seconds, process_memory.peak_resident_bytes()

    def resume(self) -> None:
        """The cell caught the error that was shown, and went on."""
        self._stopped = self._held_bytes = None

    def settle(self) -> None:
        """Read what the cell keeps, once it has stopped. Only the first call counts."""
        if self._held_bytes is None:
            if self._is_worth_collecting():
                self._collect()
            process_memory.return_free_memory()
            self._held_bytes = process_memory.resident_bytes()

    def end(self, value: Any = None, error: BaseException | None = None) -> CellFigures:
        """The cell has ended, with a value or an error."""
        self.stop()
        self.settle()
        wall_seconds, peak_bytes = self._stopped or (0.0, 0)
        variables = largest_variables(self._variables(error), thoroughly=error is not None)
        rows = self._most_rows(value)
        return CellFigures(
            wall_seconds=wall_seconds,
            rss_baseline_bytes=self._baseline_bytes,
            rss_peak_bytes=peak_bytes,
            # What was added after the cell stopped is not the cell's.
            rss_after_bytes=min(peak_bytes, self._held_bytes or 0),
            rows=rows,
            variables=variables,
            threads=tuple(one for one in threading.enumerate() if one not in self._threads),
        )

    def _variables(self, error: BaseException | None) -> Iterator[Named]:
        yield from notebook_variables(self._namespace)
        if error is not None:
            yield from frame_variables(error.__traceback__, self._namespace)

    def _rows(self) -> Iterator[tuple[str, tuple[int, int | None]]]:
        for name, value in notebook_variables(self._namespace):
            yield name, (id(value), row_count(value))

    def _most_rows(self, value: Any) -> int | None:
        """Rows of the largest variable or result that is new, or that has a new number of rows."""
        found = [
            rows
            for name, (identity, rows) in self._rows()
            if rows is not None and self._before.get(name) != (identity, rows)
        ]
        rows = row_count(value)
        return max([*found, *([] if rows is None else [rows])], default=None)

    def _is_worth_collecting(self) -> bool:
        """Whether to collect garbage: the cell grew, or collecting is cheap for these cells.

        A large heap takes seconds to collect, which should not be added to a trivial cell.
        """
        if process_memory.resident_bytes() - self._baseline_bytes >= _WORTH_COLLECTING_BYTES:
            return True
        used_seconds = time.process_time() - self._collected_at
        return self._collecting_seconds <= _COLLECTING_SHARE * used_seconds

    def _collect(self) -> None:
        began = time.process_time()
        gc.collect()
        self._collected_at = time.process_time()
        self._collecting_seconds = self._collected_at - began
