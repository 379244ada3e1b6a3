"""Partitions as tasks of Ray and of Spark, where these are installed: pip install ray pyspark.

Neither is in the lock files: they are large, and each brings a runtime of its own.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("cluster", "package"), [("ray", "ray"), ("spark", "pyspark")])
def test_a_cluster_fetches_the_same(cluster: str, package: str) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install {package}")
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.cluster_program", cluster],
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert "\nlevel exact" in done.stdout, done.stderr[-3000:]
