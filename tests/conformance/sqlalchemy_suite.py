"""SQLAlchemy's dialect suite, which its wheel carries, run against a local Oracle."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import oracledb
from sqlalchemy.testing import suite

from tests.conformance.outcome import Outcome, Verdict
from tracekit.testbed import LocalOracle

FOLDER = Path(__file__).parent / "dialect"
KINDS = sorted(
    path.stem.removeprefix("test_") for path in Path(suite.__file__).parent.glob("test_*.py")
)
_SCHEMAS = ("test_schema", "test_schema_2")
_BACKEND = re.compile(r"^suite\.|_oracle\+.*$")
_SECONDS = 1800
_VERDICTS: Mapping[str, Verdict] = {"failure": "failed", "error": "failed", "skipped": "skipped"}


def run_suite(kinds: Iterable[str], selection: str = "") -> list[Outcome]:
    """Run the tests of some kinds on a local Oracle of their own.

    Args:
        kinds: modules of `sqlalchemy.testing.suite` without their prefix: `cte`, `reflection` ...
        selection: pytest's `-k`, to run some tests only.

    Raises:
        RuntimeError: pytest could not run, with the end of what it said.
    """
    with LocalOracle(":memory:") as local, tempfile.TemporaryDirectory() as folder:
        host, service = local.dsn.split("/")
        with oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as owner:
            for schema in _SCHEMAS:
                owner.cursor().execute(f"CREATE USER {schema} IDENTIFIED BY secret1")
        report = Path(folder) / "report.xml"
        command = [
            *(sys.executable, "-m", "pytest", "--quiet", "--tb=line", "--no-header"),
            *("-p", "sqlalchemy.testing.plugin.pytestplugin"),
            *("--rootdir", str(FOLDER), "-c", str(FOLDER / "setup.cfg")),
            *("--confcutdir", str(FOLDER), "--junitxml", str(report), "-k", selection),
            "--dburi",
            f"oracle+oracledb://{local.user}:{local.password}@{host}/?service_name={service}",
            str(FOLDER / "suite.py"),
        ]
        ran = subprocess.run(
            command,
            cwd=FOLDER,
            env=os.environ | {"CONFORMANCE_KINDS": ",".join(kinds)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if not report.exists():
            raise RuntimeError(f"pytest exited with {ran.returncode}:\n{ran.stdout[-3000:]}")
        return _read(report)


def _read(report: Path) -> list[Outcome]:
    outcomes: dict[str, Outcome] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{_BACKEND.sub('', _BACKEND.sub('', case.get('classname', '')))}"
        test = f"{name}::{case.get('name')}"
        verdict: Verdict = "passed"
        reason = ""
        for child in case:
            if child.tag in _VERDICTS:
                verdict, reason = _VERDICTS[child.tag], child.get("message") or ""
        before = outcomes.get(test)
        if before is None or before.verdict == "passed":  # an error in teardown comes second
            outcomes[test] = Outcome(_kind(name), test, verdict, " ".join(reason.split())[:300])
    return list(outcomes.values())


def _kind(class_name: str) -> str:
    module = str(getattr(suite, class_name).__module__)
    return f"sqlalchemy {module.rpartition('.test_')[2]}"
