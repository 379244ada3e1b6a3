"""Measures the cell that is running, from its first line to its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, cast

from IPython.core.error import UsageError
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from IPython.display import display

from tracekit.config import Settings
from tracekit.magics.peak_measurement import Measured, Measurement
from tracekit.magics.peak_report import PeakReport
from tracekit.profiling import TrackerTaken

_display = cast(Callable[[object], None], display)  # IPython does not annotate it
LATEST = "_peak"
"""The variable that holds the latest report, as `_` holds the latest value."""


@dataclass(frozen=True)
class PeakOptions:
    """What a `%%peak` line says."""

    name: str = ""
    result: str | None = None
    """The expression whose value is compared; None: the cell's last value."""
    children: bool = False
    """Whether processes that the cell starts are watched."""
    retention: bool = True
    """Whether to look for what holds the memory while the cell grows."""


@dataclass(frozen=True)
class NamedCell:
    """A measured cell and its value."""

    report: PeakReport
    value: Any


@dataclass
class _Running:
    options: PeakOptions
    shown: str
    measurement: Measurement
    owner: ExecutionResult | None
    """What the cell's `run_cell` will return; tells its end from that of a cell run inside it."""
    measured: Measured | None = None
    """Once its code has ended; what is displayed after that is not measured."""
    value: Any = None
    """Its last value, also where a semicolon keeps it from being displayed."""

    def stop(self) -> Measured:
        """End the measurement, at the first call."""
        if self.measured is None:
            self.measured = self.measurement.stop()
        return self.measured


class CellMeter:
    """At most one measurement at a time, and the named ones that ended."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.named: dict[str, NamedCell] = {}
        self._shell = shell
        self._running: _Running | None = None
        self._counter = count(1)
        self._restore: Callable[[], None] = lambda: None

    def begin(self, options: PeakOptions) -> None:
        """Start to measure the cell this is called from.

        Raises:
            UsageError: a measurement is under way.
        """
        # While a cell's code runs, the display hook knows the result it will be put into.
        owner: ExecutionResult | None = self._shell.displayhook.exec_result
        shown = options.name or f"cell {self._shell.execution_count}"
        measurement = self.start(
            options.name or f"cell-{self._shell.execution_count}",
            children=options.children,
            retention=options.retention,
        )
        self._running = _Running(options, shown, measurement, owner)
        self._stop_before_display(self._running)

    def _stop_before_display(self, running: _Running) -> None:
        """The cell ends where IPython shows its value or its error: showing takes memory, too."""
        shell: Any = self._shell
        # IPython puts its own hook back when the cell ends.
        show_value, sys.displayhook = sys.displayhook, lambda value: displayed(value)
        show_error = shell.showtraceback

        def is_outer() -> bool:
            return shell.displayhook.exec_result in (running.owner, None)

        def displayed(value: Any) -> None:
            if is_outer():
                running.value = value
                if shell.ast_node_interactivity != "all":  # else more of the cell is to come
                    running.stop()
            show_value(value)

        def showtraceback(*args: Any, **kwargs: Any) -> None:
            if is_outer():
                running.stop()
            show_error(*args, **kwargs)

        def restore() -> None:
            shell.showtraceback = show_error

        shell.showtraceback = showtraceback
        self._restore = restore

    def start(self, name: str, *, children: bool, retention: bool) -> Measurement:
        """A started measurement whose capture is named after `name`.

        Raises:
            UsageError: a measurement is under way.
        """
        try:
            return Measurement(self._capture(name), children=children, retention=retention)
        except TrackerTaken as exc:
            raise UsageError(f"%peak cannot measure: {exc}. Measure one cell at a time.") from exc

    def show(self, name: str, measured: Measured) -> PeakReport:
        """Show the report of what was measured and leave it in `_peak`."""
        report = PeakReport.of(name, measured.stretch, measured.retention)
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
        self._restore()
        options = running.options
        report = self.show(running.shown, running.stop())
        if not options.name:
            return
        ended_well = result is not None and result.success
        value = running.value if ended_well else None
        if options.result is not None and ended_well:
            value = self._evaluated(options.result)
        self.named[options.name] = NamedCell(report, value)

    def _evaluated(self, expression: str) -> Any:
        try:
            return eval(expression, self._shell.user_ns)  # noqa: S307 - the user's own
        except Exception as exc:  # any that a user's expression raises
            print(  # noqa: T201
                f"%%peak --result {expression}: {type(exc).__name__}: {exc}", file=sys.stderr
            )
            return None

    def _capture(self, name: str) -> Path:
        folder = (Settings.from_env().runs_dir / "cells").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"memray-{name}.{os.getpid()}-{next(self._counter)}.bin"


def _same_cell(one: ExecutionResult, other: ExecutionResult) -> bool:
    if one is other:
        return True
    return bool(one.info is not None and other.info and one.info.raw_cell == other.info.raw_cell)
