"""The hooks around each test, and the summary at the end."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

from tracekit.errors import ConfigError
from tracekit.pytest_plugin.captures import Captures
from tracekit.pytest_plugin.limits import limits_of
from tracekit.pytest_plugin.meter import Meter, References
from tracekit.pytest_plugin.options import Options
from tracekit.pytest_plugin.peak import Peak, PeakStatus
from tracekit.pytest_plugin.summary import peaks_json, summary_lines

_METER = pytest.StashKey[Meter]()
_PEAK = pytest.StashKey[Peak]()
_REPORTED = "tracekit_peak"
_PROPERTY = "tracekit_peak_bytes"


class PeakSession:
    """Measures the tests of this process, and reports on those of all processes.

    Under pytest-xdist a worker measures and sends each peak along with the test's report; the
    controller, which runs no test, collects and writes.
    """

    def __init__(self, options: Options, *, is_worker: bool) -> None:
        self._options = options
        self._is_worker = is_worker
        self._captures = Captures(options.captures_dir)
        self._references = References(self._captures)
        self._peaks: list[Peak] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Request the fixtures of a marker's `of`, as if the test requested them."""
        for item in items:
            names: list[str] | None = getattr(item, "fixturenames", None)
            try:
                limits = limits_of(item, None)
            except ConfigError:
                continue  # the test itself reports it, when it is set up
            if limits is not None and names is not None:
                names += [name for name in limits.of_arguments if name not in names]

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Start before the fixtures are set up, if they count."""
        meter = self._meter(item)
        if meter is None or not meter.limits.fixtures:
            yield
            return
        meter.start()
        try:
            yield
        except BaseException:
            meter.discard()
            raise

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Measure the test's own call, then judge it."""
        meter = item.stash.get(_METER, None)
        if meter is None:
            return (yield)
        if not meter.limits.fixtures:
            meter.start()
        try:
            result = yield
        except pytest.skip.Exception:
            meter.discard()
            raise
        except BaseException as exc:
            item.stash[_PEAK] = meter.fail(exc)
            raise
        own = _own_outcome(item)
        if isinstance(own, pytest.skip.Exception):
            meter.discard()
            return result
        if own is not None:
            item.stash[_PEAK] = meter.fail(own)
            return result
        item.stash[_PEAK], failure = meter.judge()
        if failure:
            pytest.fail(failure, pytrace=False)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send the peak along with the report of the test's call."""
        peak = item.stash.get(_PEAK, None)
        if call.when != "call" or peak is None:
            return (yield)
        if peak.peak_bytes is not None:  # on the item: JUnit XML takes those of the teardown
            others = [each for each in item.user_properties if each[0] != _PROPERTY]
            item.user_properties[:] = [*others, (_PROPERTY, peak.peak_bytes)]
        report = yield
        setattr(report, _REPORTED, peak.data())
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the peaks, in the order in which the tests ended."""
        data = getattr(report, _REPORTED, None)
        if data is not None:
            self._peaks.append(Peak.from_data(data))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the JSON file."""
        file = self._options.json_file
        if file is not None and not self._is_worker:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(peaks_json(self._peaks), encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the summary."""
        if not self._peaks:
            return
        terminalreporter.section("memory peaks (tracekit)")
        verbosity = terminalreporter.config.get_verbosity()
        python_malloc = os.environ.get("PYTHONMALLOC")
        for line in summary_lines(self._peaks, verbosity, python_malloc=python_malloc):
            terminalreporter.write_line(line)

    def pytest_unconfigure(self) -> None:
        """Remove captures that are not kept."""
        self._captures.close()

    def _meter(self, item: pytest.Item) -> Meter | None:
        """The meter of `item`, a new one for each time it runs."""
        item.stash.setdefault(_PEAK, Peak(item.nodeid, PeakStatus.NOT_MEASURED))
        del item.stash[_PEAK]
        try:
            limits = limits_of(item, self._options.max_bytes, self._options.gate)
        except ConfigError as exc:
            pytest.fail(str(exc), pytrace=False)
        if limits is None:
            return None
        meter = Meter(item, limits, self._captures, self._references)
        item.stash[_METER] = meter
        return meter


def _own_outcome(item: pytest.Item) -> BaseException | None:
    """How a failed unittest test ended; pytest stores it here and raises nothing."""
    excinfo = getattr(item, "_excinfo", None)
    return excinfo[0].value if excinfo else None
