"""node-oracledb (thin) against the local Oracle: queries, changes, LOBs, errors, a pool.

The package is taken from where node finds it (NODE_PATH), else installed once by npm into the
user's cache. Without node, npm or a network the tests are skipped and say why.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from tracekit.testbed import LocalOracle

PACKAGE = "oracledb@26.0.0"
INSTALL_SECONDS = 120
RUN_SECONDS = 300
SCRIPT = Path(__file__).with_name("node_client.js")
pytestmark = pytest.mark.timeout(INSTALL_SECONDS + RUN_SECONDS + 60)


def _skip(why: str) -> None:
    pytest.skip(f"NODE-ORACLEDB IS NOT TESTED: {why}")


def _resolves(environment: dict[str, str]) -> bool:
    command = ["node", "-e", "require('oracledb')"]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=RUN_SECONDS)
    return done.returncode == 0


def _installed() -> Path:
    """The folder with the package, installed by npm unless it was before."""
    folder = platformdirs.user_cache_path("tracekit") / "node" / PACKAGE
    if (folder / "node_modules" / "oracledb").is_dir():
        return folder / "node_modules"
    if shutil.which("npm") is None:
        _skip("the package is not on NODE_PATH and npm is missing")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
        command = ["npm", "install", "--prefix", fresh, "--ignore-scripts", "--no-audit"]
        command += ["--no-fund", "--fetch-retries=1", "--fetch-timeout=30000", PACKAGE]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            _skip(f"npm install {PACKAGE} took more than {INSTALL_SECONDS} s")
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
            _skip(f"npm install {PACKAGE} failed: {said[0] if said else 'npm does not say why'}")
        try:
            Path(fresh, "node_modules").rename(_made(folder) / "node_modules")
        except OSError:  # another test run was quicker
            assert (folder / "node_modules" / "oracledb").is_dir()
    return folder / "node_modules"


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    if shutil.which("node") is None:
        _skip("node is missing")
    environment = dict(os.environ)
    if not _resolves(environment):
        environment["NODE_PATH"] = str(_installed())
        if not _resolves(environment):
            _skip("node cannot load the package that npm installed")
    return environment


@pytest.fixture(scope="module")
def results(environment: dict[str, str]) -> Iterator[dict[str, Any]]:
    """What every step of the script gave."""
    with LocalOracle(":memory:") as local:
        login = {"TEST_USER": local.user, "TEST_PASSWORD": local.password, "TEST_DSN": local.dsn}
        done = subprocess.run(
            ["node", str(SCRIPT)],
            env={**environment, **login, "TZ": "UTC"},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        assert "failed" not in answer, answer
        assert answer["thin"] is True
        yield answer


def test_binds_and_types(results: dict[str, Any]) -> None:
    assert results["query"] == [[42.5, "工單 A", "2026-01-02T03:04:05.000Z", None]]
    assert results["metadata"] == [
        ["ID", "NUMBER"],
        ["NAME", "VARCHAR2"],
        ["QTY", "NUMBER"],
        ["AT", "DATE"],
    ]


@pytest.mark.parametrize("size", [1, 7, 100, 5000])
def test_rows_in_batches_of_any_size(results: dict[str, Any], size: int) -> None:
    assert results[f"fetch {size}"] == [1234, 1234 * 1235 // 2, "n1234"]


def test_result_sets_and_objects(results: dict[str, Any]) -> None:
    assert results["getRows"] == [300, 300, 300, 100]
    assert results["objects"] == [{"ID": 1, "NAME": "n1"}, {"ID": 2, "NAME": "n2"}]


def test_changes(results: dict[str, Any]) -> None:
    assert results["create"] == "created"
    assert results["executeMany"] == 4
    assert results["batchErrors"] == [2, [[1, "ORA-00001"]]]
    assert results["returning"] == {"i": [1, 2], "n": ["站1", "站2"]}
    assert results["rollback"] == [[6, 9 + 9 + 0.75 + 1]]


def test_lobs_by_locator_and_whole(results: dict[str, Any]) -> None:
    assert results["lobs"] == [True, True, 40_000, 50_000, True, True]


def test_errors_have_their_numbers(results: dict[str, Any]) -> None:
    assert results["no table"]["number"] == 942
    assert results["duplicate"]["number"] == 1
    assert results["syntax"]["number"] == 900
    assert results["wrong password"]["number"] == 1017
    assert results["wrong service"]["code"] == "NJS-518"
    assert results["after errors"] == [[1]]


def test_a_pool(results: dict[str, Any]) -> None:
    assert results["pool"] == [[n * (n + 1) // 2 for n in range(10, 22)], True]
