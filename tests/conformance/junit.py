"""Runs pytest in a process of its own and reads what came of each test."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from tests.conformance.outcome import Outcome, Verdict

_SECONDS = 1800
_VERDICTS: Mapping[str, Verdict] = {"failure": "failed", "error": "failed", "skipped": "skipped"}


def run_pytest(
    arguments: Sequence[str],
    folder: Path,
    name: Callable[[str, str], tuple[str, str]],
    environ: Mapping[str, str],
) -> list[Outcome]:
    """Run it and read its report.

    Args:
        arguments: pytest's.
        folder: where it runs.
        name: kind and name of a test by the report's class name and name.
        environ: its environment.

    Raises:
        RuntimeError: pytest could not run, with the end of what it said.
    """
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if not report.exists():
            raise RuntimeError(f"pytest exited with {ran.returncode}:\n{ran.stdout[-3000:]}")
        return _read(report, name)


def _read(report: Path, name: Callable[[str, str], tuple[str, str]]) -> list[Outcome]:
    outcomes: dict[str, Outcome] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kind, test = name(case.get("classname", ""), case.get("name", ""))
        verdict: Verdict = "passed"
        reason = ""
        for child in case:
            if child.tag in _VERDICTS:
                verdict, reason = _VERDICTS[child.tag], child.get("message") or ""
        before = outcomes.get(test)
        if before is None or before.verdict == "passed":  # an error in teardown comes second
            outcomes[test] = Outcome(kind, test, verdict, " ".join(reason.split())[:300])
    return list(outcomes.values())
