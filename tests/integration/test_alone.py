"""The files of `ALONE`, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.alone import ALONE


@pytest.mark.parametrize("file", ALONE, ids=lambda file: file.stem)
def test_its_tests_pass_in_a_process_of_their_own(file: Path) -> None:
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(
        run, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stdout + done.stderr
