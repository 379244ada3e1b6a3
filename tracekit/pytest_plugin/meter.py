"""Measure one test, and judge its peak."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tracekit.pytest_plugin.captures import Captures
from tracekit.pytest_plugin.counted import Counted, Figure, imports_remark
from tracekit.pytest_plugin.held_stacks import held_stacks
from tracekit.pytest_plugin.judgement import over_maximum, over_share
from tracekit.pytest_plugin.limits import MARKER, Gate, Limits
from tracekit.pytest_plugin.memray_peer import memray_saw, memray_tracks
from tracekit.pytest_plugin.peak import Peak, PeakStatus

if TYPE_CHECKING:
    from tracekit.profiling import StretchMeasurement
    from tracekit.pytest_plugin.overrun import OverrunWatch

_BUSY = "No more than one Tracker"
_BUSY_NOTE = (
    f"tracekit measures this test, and memray allows one Tracker per process. Mark the test with "
    f"{MARKER}(max=None) to exclude it."
)
_MEMRAY_SEES_CALLS = (
    "pytest-memray has the process's only Tracker, which sees neither fixtures nor children"
)
_MEMRAY_SEES_HEAP = "pytest-memray measures this test, and does not report an OS peak"
_MEMRAY_SAW_NOTHING = "pytest-memray has the process's only Tracker, and kept no result"


class References:
    """Measures the callables that tests are compared with."""

    def __init__(self, captures: Captures) -> None:
        self._captures = captures
        self._known: dict[tuple[int, bool], Counted] = {}

    def counted(self, item: pytest.Item, limits: Limits) -> Counted:
        """The peak of `limits.of`; one without parameters is measured once per session."""
        assert limits.of is not None
        names = limits.of_arguments
        key = (id(limits.of), limits.children)  # the marker keeps it alive, hashable or not
        if not names and key in self._known:
            return self._known[key]
        counted = self._measured(item, limits, names)
        if not names:
            self._known[key] = counted
        return counted

    def _measured(self, item: pytest.Item, limits: Limits, names: list[str]) -> Counted:
        from tracekit.profiling import measure_call

        of = limits.of
        assert of is not None
        funcargs = getattr(item, "funcargs", {})
        arguments = {name: funcargs[name] for name in names}
        capture = self._captures.path(f"{item.nodeid}-of-{reference_name(limits)}")
        try:
            stretch = measure_call(lambda: of(**arguments), capture, children=limits.children)
        except Exception as exc:
            exc.add_note(f"raised by {MARKER}'s of={reference_name(limits)}, not by the test")
            raise
        self._captures.drop(capture)
        return Counted.of(stretch)


def reference_name(limits: Limits) -> str:
    """The name of `of` in messages."""
    return str(getattr(limits.of, "__qualname__", limits.of))


class Meter:
    """The measurement of one test: `start`, then one of `fail`, `discard` and `judge`."""

    def __init__(
        self, item: pytest.Item, limits: Limits, captures: Captures, references: References
    ) -> None:
        self.limits = limits
        self._item = item
        self._captures = captures
        self._references = references
        self._measurement: StretchMeasurement | None = None
        self._overrun: OverrunWatch | None = None
        self._by_memray = memray_tracks(item)
        self._peak = Peak(
            item.nodeid,
            PeakStatus.NOT_MEASURED,
            max_bytes=limits.max_bytes,
            at_most=limits.at_most,
            of=None if limits.of is None else reference_name(limits),
        )

    def start(self) -> None:
        """Start, unless another Tracker is active."""
        if self._by_memray:
            if self.limits.fixtures or self.limits.children:
                self._peak = replace(self._peak, reason=_MEMRAY_SEES_CALLS)
            elif self.limits.gate is Gate.OS:
                self._peak = replace(self._peak, reason=_MEMRAY_SEES_HEAP)
            return
        from tracekit.profiling import StretchMeasurement, TrackerTaken

        measurement = StretchMeasurement(
            self._captures.path(self._item.nodeid),
            aggregated=True,
            children=self.limits.children,
        )
        overrun = self._watch()
        try:
            measurement.start()
        except TrackerTaken as exc:
            self._peak = replace(self._peak, reason=str(exc))
            if overrun is not None:
                overrun.close()
        else:
            self._measurement, self._overrun = measurement, overrun

    def _watch(self) -> OverrunWatch | None:
        if self.limits.max_bytes is None:
            return None
        from tracekit.pytest_plugin.overrun import OverrunWatch

        return OverrunWatch(self.limits.max_bytes)

    def discard(self) -> None:
        """The test did not finish for its own reasons, such as a skip."""
        if self._measurement is not None:
            self._drop_own(self._measurement.stop().capture)

    def fail(self, error: BaseException) -> Peak:
        """The test itself failed: its peak so far."""
        if self._measurement is not None and _BUSY in str(error):
            error.add_note(_BUSY_NOTE)
        peak, counted, capture = self._measured()
        if capture is not None:
            self._drop_own(capture)
        return peak if counted is None else replace(peak, status=PeakStatus.TEST_FAILED)

    def judge(self) -> tuple[Peak, str]:
        """The test passed: its peak, and a message if that is too high."""
        peak, counted, capture = self._measured()
        if counted is None or capture is None:
            if capture is not None:
                self._drop_own(capture)
            return peak, ""
        peak, breach = self._judged(peak, counted)
        if breach is None:
            self._drop_own(capture)
            return peak, ""
        config = self._item.config
        lines = self._kept_alive() + held_stacks(
            capture,
            config.get_verbosity(),
            self._item.path,
            config.rootpath,
            rss_net_peak_bytes=counted.os_bytes,
        )
        self._drop_own(capture)
        notes = [f"note: {remark}" for remark in peak.remarks]
        return (
            replace(peak, status=PeakStatus.EXCEEDED, reason=breach),
            "\n".join([breach, *notes, *lines]),
        )

    def _judged(self, peak: Peak, counted: Counted) -> tuple[Peak, str | None]:
        limits = self.limits
        figure = counted.figure(limits.gate)
        peak = replace(peak, figure=figure, peak_bytes=counted.total(figure))
        if limits.max_bytes is not None:
            breach = over_maximum(counted.total(figure), limits.max_bytes, figure)
            if breach is not None:
                return peak, breach
        if limits.at_most is None:
            return peak, None
        reference = self._references.counted(self._item, limits)
        if reference.figure(limits.gate) is Figure.OS:  # the same figure for both
            figure = Figure.OS
        reference_bytes = reference.total(figure)
        peak = replace(
            peak,
            figure=figure,
            peak_bytes=counted.total(figure),
            reference_peak_bytes=reference_bytes,
        )
        return peak, over_share(
            counted.total(figure), limits.at_most, reference_bytes, reference_name(limits), figure
        )

    def _measured(self) -> tuple[Peak, Counted | None, Path | None]:
        """The peak (not yet judged), what counts, and its capture; None if nothing was measured."""
        if self._measurement is not None:
            stretch = self._measurement.stop()
            counted = Counted.of(stretch)
            if self.limits.gate is Gate.OS and not counted.knows_os:
                return replace(self._peak, reason=stretch.remarks[0]), None, stretch.capture
            peak = replace(
                self._within(counted),
                children_peak_bytes=stretch.children_peak_bytes,
                rss_net_peak_bytes=stretch.rss_net_peak_bytes,
                imported_bytes=stretch.imported_bytes,
                remarks=(*imports_remark(stretch.imported_bytes), *stretch.remarks),
                capture=str(stretch.capture) if self._captures.kept else None,
            )
            return peak, counted, stretch.capture
        if not self._by_memray or self._peak.reason is not None:
            return self._peak, None, None
        seen = memray_saw(self._item)
        if seen is None:
            return replace(self._peak, reason=_MEMRAY_SAW_NOTHING), None, None
        heap_bytes, capture = seen
        counted = Counted(heap_bytes)
        return self._within(counted), counted, capture

    def _within(self, counted: Counted) -> Peak:
        figure = counted.figure(self.limits.gate)
        return replace(
            self._peak,
            status=PeakStatus.WITHIN,
            figure=figure,
            peak_bytes=counted.total(figure),
            heap_peak_bytes=counted.heap_bytes,
        )

    def _kept_alive(self) -> list[str]:
        if self._overrun is None or self._item.config.get_verbosity() < 0:
            return []
        holders = [f"  {each}" for each in self._overrun.holders()]
        return ["Kept alive when it exceeded the limit:", *holders] if holders else []

    def _drop_own(self, capture: Path) -> None:
        if self._overrun is not None:
            self._overrun.close()
        if self._measurement is not None:
            self._captures.drop(capture)
