"""Measures the cell that is running, from its first line to its end."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, cast

from IPython.core.error import UsageError
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from IPython.display import display

from tracekit.config import Settings
from tracekit.magics.peak_report import PeakReport
from tracekit.profiling import StretchMeasurement, TrackerTaken

_display = cast(Callable[[object], None], display)  # IPython does not annotate it
LATEST = "_peak"
"""The variable that holds the latest report, as `_` holds the latest value."""


@dataclass(frozen=True)
class NamedCell:
    """A measured cell and its last value."""

    report: PeakReport
    value: Any


@dataclass
class _Running:
    name: str
    is_named: bool
    measurement: StretchMeasurement
    owner: ExecutionResult | None
    """What the cell's `run_cell` will return; tells its end from that of a cell run inside it."""


class CellMeter:
    """At most one measurement at a time, and the named ones that ended."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.named: dict[str, NamedCell] = {}
        self._shell = shell
        self._running: _Running | None = None
        self._counter = count(1)

    def begin(self, name: str) -> None:
        """Start to measure the cell this is called from.

        Raises:
            UsageError: a measurement is under way.
        """
        # While a cell's code runs, the display hook knows the result it will be put into.
        owner: ExecutionResult | None = self._shell.displayhook.exec_result
        shown = name or f"cell {self._shell.execution_count}"
        measurement = self.start(name or f"cell-{self._shell.execution_count}")
        self._running = _Running(shown, bool(name), measurement, owner)

    def start(self, name: str) -> StretchMeasurement:
        """A started measurement whose capture is named after `name`.

        Raises:
            UsageError: a measurement is under way.
        """
        measurement = StretchMeasurement(self._capture(name))
        try:
            measurement.start()
        except TrackerTaken as exc:
            raise UsageError(f"%peak cannot measure: {exc}. Measure one cell at a time.") from exc
        return measurement

    def show(self, name: str, measurement: StretchMeasurement) -> PeakReport:
        """End `measurement`, show its report and leave it in `_peak`."""
        report = PeakReport.of(name, measurement.stop())
        self._shell.user_ns[LATEST] = report
        _display(report)
        return report

    def post_execute(self) -> None:
        """IPython's event: some cell ended, perhaps one run inside ours, perhaps silently."""
        running = self._running
        if running is None or running.owner is None:
            return
        if self._shell.last_execution_result is running.owner:
            self._finish(running.owner)

    def post_run_cell(self, result: ExecutionResult | None) -> None:
        """IPython's event: some cell ended; `result` is another one when it was interrupted."""
        running = self._running
        if running is None:
            return
        if result is None or running.owner is None or _same_cell(result, running.owner):
            self._finish(result)

    def _finish(self, result: ExecutionResult | None) -> None:
        running, self._running = self._running, None
        assert running is not None
        report = self.show(running.name, running.measurement)
        if running.is_named:
            self.named[running.name] = NamedCell(report, None if result is None else result.result)

    def _capture(self, name: str) -> Path:
        folder = (Settings.from_env().runs_dir / "cells").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"memray-{name}.{os.getpid()}-{next(self._counter)}.bin"


def _same_cell(one: ExecutionResult, other: ExecutionResult) -> bool:
    if one is other:
        return True
    return bool(one.info is not None and other.info and one.info.raw_cell == other.info.raw_cell)
