"""Our own tests of what python-oracledb expects of a server, as rows of the same table."""

from __future__ import annotations

import os
from pathlib import Path

from tests.conformance.junit import run_pytest
from tests.conformance.outcome import Outcome

_FOLDER = Path(__file__).parent / "driver"


def run_driver_tests(selection: str = "") -> list[Outcome]:
    """Run them.

    Args:
        selection: pytest's `-k`, to run some tests only.
    """
    return run_pytest(["-k", selection, str(_FOLDER)], Path.cwd(), _named, os.environ)


def _named(class_name: str, name: str) -> tuple[str, str]:
    return "driver " + class_name.rpartition(".test_")[2].replace("_", " "), name
