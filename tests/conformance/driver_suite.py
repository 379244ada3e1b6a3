"""Our own tests of what python-oracledb expects of a server, as rows of the same table."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from tests.conformance.outcome import Outcome, Verdict

FOLDER = Path(__file__).parent / "driver"


class _Collector:
    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            verdict: Verdict = report.outcome
            path, _, test = report.nodeid.partition("::")
            kind = "driver " + Path(path).stem.removeprefix("test_").replace("_", " ")
            self.outcomes.append(Outcome(kind, test, verdict, report.longreprtext[-300:]))


def run_driver_tests(selection: str = "") -> list[Outcome]:
    """Run them in this process.

    Args:
        selection: pytest's `-k`, to run some tests only.
    """
    collector = _Collector()
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main(["--quiet", "-k", selection, str(FOLDER)], [collector])
    return collector.outcomes
