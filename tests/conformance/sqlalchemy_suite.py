"""SQLAlchemy's dialect suite, which its wheel carries, run against a local Oracle."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import oracledb
from sqlalchemy.testing import suite

from tests.conformance.junit import run_pytest
from tests.conformance.outcome import Outcome
from tracekit.testbed import LocalOracle

FOLDER = Path(__file__).parent / "dialect"
KINDS = sorted(
    path.stem.removeprefix("test_") for path in Path(suite.__file__).parent.glob("test_*.py")
)
_SCHEMAS = ("test_schema", "test_schema_2")
_DECORATED = re.compile(r"^suite\.|_oracle\+.*$")


def run_suite(kinds: Iterable[str], selection: str = "") -> list[Outcome]:
    """Run the tests of some kinds on a local Oracle of their own.

    Args:
        kinds: modules of `sqlalchemy.testing.suite` without their prefix: `cte`, `reflection` ...
        selection: pytest's `-k`, to run some tests only.

    Raises:
        RuntimeError: pytest could not run, with the end of what it said.
    """
    with LocalOracle(":memory:") as local:
        host, service = local.dsn.split("/")
        with oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as owner:
            for schema in _SCHEMAS:
                owner.cursor().execute(f"CREATE USER {schema} IDENTIFIED BY secret1")
        uri = f"oracle+oracledb://{local.user}:{local.password}@{host}/?service_name={service}"
        arguments = [
            *("-p", "sqlalchemy.testing.plugin.pytestplugin", "--dburi", uri, "-k", selection),
            *(f"--rootdir={FOLDER}", "-c", str(FOLDER / "setup.cfg"), f"--confcutdir={FOLDER}"),
            str(FOLDER / "suite.py"),
        ]
        environ = os.environ | {"CONFORMANCE_KINDS": ",".join(kinds)}
        return run_pytest(arguments, FOLDER, _named, environ)


def _named(class_name: str, name: str) -> tuple[str, str]:
    plain = _DECORATED.sub("", class_name)
    module = str(getattr(suite, plain).__module__)
    return f"sqlalchemy {module.rpartition('.test_')[2]}", f"{plain}::{name}"
