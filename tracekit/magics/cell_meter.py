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
    """The options of a `%%peak` line."""

    name: str = ""
    result: str | None = None
    """The expression to compare; None for the cell's last value."""
    children: bool = False
    """Whether to watch processes that the cell starts."""
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
    """The future result of `run_cell`; identifies the cell among cells that it runs itself."""
    measured: Measured | None = None
    """Set once the cell's code has ended; displaying its value is not measured."""
    value: Any = None
    """Its last value, even if a semicolon hides it."""

    def stop(self) -> Measured:
        """End the measurement; later calls return the same."""
        if self.measured is None:
            self.measured = self.measurement.stop()
        return self.measured


class CellMeter:
    """Measures one cell at a time, and keeps the named ones."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.named: dict[str, NamedCell] = {}
        self._shell = shell
        self._running: _Running | None = None
        self._counter = count(1)
        self._restore: Callable[[], None] = lambda: None

    def begin(self, options: PeakOptions) -> None:
        """Start to measure the cell that calls this.

        Raises:
            UsageError: another measurement is in progress.
        """
        # While a cell's code runs, the display hook holds the result that `run_cell` will return.
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
        """Stop when IPython shows the value or the error, because that takes memory, too."""
        shell: Any = self._shell
        # IPython puts its own hook back when the cell ends.
        show_value, sys.displayhook = sys.displayhook, lambda value: displayed(value)
        show_error = shell.showtraceback

        def is_outer() -> bool:
            return shell.displayhook.exec_result in (running.owner, None)

        def displayed(value: Any) -> None:
            if is_outer():
                running.value = value
                if shell.ast_node_interactivity != "all":  # otherwise more statements follow
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
        """Start a measurement; its capture is named after `name`.

        Raises:
            UsageError: another measurement is in progress.
        """
        try:
            return Measurement(self._capture(name), children=children, retention=retention)
        except TrackerTaken as exc:
            raise UsageError(f"%peak cannot measure: {exc}. Measure one cell at a time.") from exc

    def show(self, name: str, measured: Measured) -> PeakReport:
        """Show the report of a measurement and store it in `_peak`."""
        report = PeakReport.of(name, measured.stretch, measured.retention)
        self._shell.user_ns[LATEST] = report
        _display(report)
        return report

    def post_execute(self) -> None:
        """IPython's event: a cell ended, perhaps inside the measured one, perhaps a silent one."""
        running = self._running
        if running is None or running.owner is None:
            return
        if self._shell.last_execution_result is running.owner:
            self._finish(running.owner)

    def post_run_cell(self, result: ExecutionResult | None) -> None:
        """IPython's event: a cell ended; after an interrupt `result` is a new object."""
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
        except Exception as exc:  # a user's expression can raise anything
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
