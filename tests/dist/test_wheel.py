"""The wheel, with no extras, in a bare environment and outside the checkout: it is all there.

`make dist` runs this; `uv` fills the environment with the versions of the lock.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tracekit import __version__

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
USERS_OWN = ["pytest", "ipython", "pandas-stubs"]
"""What a user has beside tracekit, and no extra of it brings."""


def _run(*command: str | Path, cwd: Path, expect: int = 0, **environ: str) -> str:
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env={"HOME": str(cwd), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stdout[-4000:]
    return done.stdout


def _build(source: Path, folder: Path) -> Path:
    _run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=source)
    return folder


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    return dist / f"tracekit-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bare")
    python = folder / "env/bin/python"
    # Not HOME: uv's cache is the user's.
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, folder / "env"], check=True)
    lock = ROOT / "requirements.lock"
    install = [*uv, "pip", "install", "--python", python, "-c", lock, wheel, *USERS_OWN]
    subprocess.run(install, cwd=folder, check=True)
    return python


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """A folder outside the checkout."""
    assert ROOT not in tmp_path.parents
    return tmp_path


def _sources(folder: str) -> set[str]:
    """The files that git tracks below it, or would."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.split() if (ROOT / name).exists()}


def test_the_wheel_holds_every_file_of_the_package(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    definitions = {
        name.replace("profiles/workloads", "tracekit/workloads/definitions")
        for name in _sources("profiles/workloads")
    }
    beside = {"tracekit/programs/start.pth"}  # is put where Python looks for it
    assert held == (_sources("tracekit") - beside) | definitions | {"tracekit_programs.pth"}
    assert "tracekit/py.typed" in held


def test_the_sdist_builds_the_same_wheel(dist: Path, wheel: Path, tmp_path: Path):
    with tarfile.open(dist / f"tracekit-{__version__}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    again = _build(tmp_path / f"tracekit-{__version__}", tmp_path / "dist") / wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_it_says_its_version(python: Path, away: Path):
    said = _run(python.parent / "tracekit", "--version", cwd=away)
    assert said == f"tracekit, version {__version__}\n"
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_replay_and_prove(python: Path, away: Path):
    tracekit = python.parent / "tracekit"
    said = _run(tracekit, "replay", "trace-smoke", "-q", "-o", "run", cwd=away)
    assert said.startswith("PASSED: EQUAL at level value")
    assert {"report.html", "memory.png"} <= {path.name for path in (away / "run").iterdir()}
    sides = ("--left", "legacy", "--right", "lean")
    said = _run(tracekit, "prove", "trace-smoke", *sides, "--keys", "50", "-q", cwd=away)
    assert said.startswith("lean against legacy: equal at level value")


def test_a_program_is_redirected(python: Path, away: Path):
    (away / "job.py").write_text(
        "import oracledb\n"
        "connection = oracledb.connect('scott/tiger@prod.example/PROD')\n"
        "print(connection.username, connection.cursor().execute('SELECT 1 FROM dual').fetchall())"
    )
    tracekit = python.parent / "tracekit"
    command = ("run", "--workload", "trace-smoke", "--keys", "10", "--", python, "job.py")
    said = _run(tracekit, *command, cwd=away)
    assert "tracekit [(1,)]" in said
    assert "redirected: 1 × prod.example:1521/PROD" in said


def test_the_pytest_plugin(python: Path, away: Path):
    (away / "test_mine.py").write_text(
        "import pytest\n\n\n"
        "@pytest.mark.peak_memory(max='1MiB')\n"
        "def test_too_much():\n"
        "    assert bytearray(8 << 20)\n\n\n"
        "def test_dual(local_oracle):\n"
        "    with local_oracle.database.connect() as connection:\n"
        "        assert connection.cursor().execute('SELECT 1 FROM dual').fetchall() == [(1,)]\n"
    )
    said = _run(python, "-m", "pytest", "-q", cwd=away, expect=1)
    assert "1 failed, 1 passed" in said
    assert "1 test measured, 1 above the limit" in said


def test_the_magics(python: Path, away: Path):
    (away / "cells.ipy").write_text("%load_ext tracekit\n%peak x = bytearray(8 << 20)\n")
    said = _run(python, "-m", "IPython", "--no-banner", "cells.ipy", cwd=away)
    assert "8.0" in said and "MiB" in said


@pytest.mark.parametrize(
    "command",
    ["serve", "worker", "replay trace-smoke --keys 10 --candidate lean --candidate service"],
)
def test_a_missing_extra_is_an_error_that_names_it(python: Path, away: Path, command: str):
    said = _run(python.parent / "tracekit", *command.split(), cwd=away, expect=2)
    assert said.count("\n") == 1
    assert "not installed: pip install 'tracekit[service]'" in said


def test_user_code_is_typed(python: Path, away: Path):
    code = (ROOT / "tests/typing/user_code.py").read_text(encoding="utf-8")
    (away / "user_code.py").write_text(code, encoding="utf-8")
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", python)
    assert _run(*mypy, "user_code.py", cwd=away).startswith("Success")
