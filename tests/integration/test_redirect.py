"""A program's Oracle connections go to the redirect's target, by every way of connecting."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracekit import LocalOracle
from tracekit.errors import ConfigError
from tracekit.programs.redirect import Redirect


@pytest.fixture(scope="module")
def local() -> Iterator[LocalOracle]:
    with LocalOracle(":memory:") as running:
        yield running


@pytest.fixture
def redirect(local: LocalOracle) -> Iterator[Redirect]:
    with Redirect(dsn=local.dsn, user=local.user, password=local.password) as on:
        yield on


def run(redirect: Redirect, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | redirect.environment(),
        capture_output=True,
        text=True,
    )


def test_a_connection_goes_to_the_target_and_the_log_names_what_the_program_named(
    redirect: Redirect,
) -> None:
    done = run(
        redirect,
        "import oracledb\n"
        "c = oracledb.connect('scott/tiger@prod.example:1521/PROD', externalauth=True)\n"
        "print(c.username, c.cursor().execute('SELECT 42 FROM DUAL').fetchone())",
    )

    assert done.stdout.split(maxsplit=1) == ["tracekit", "(42,)\n"], done.stderr
    assert [(r.dsn, r.connections) for r in redirect.redirected()] == [
        ("prod.example:1521/PROD", 1)
    ]
    assert "tiger" not in redirect.log.read_text()


@pytest.mark.parametrize("value", ["", "/nowhere", os.devnull])
def test_no_python_starts_with_a_target_that_cannot_be_read(value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "print('ran')"],
        env=os.environ | {"TRACEKIT_REDIRECT": value},
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert f"TRACEKIT_REDIRECT={value!r}" in done.stderr


def test_the_target_is_kept_from_others_and_gone_afterwards(local: LocalOracle) -> None:
    with Redirect(dsn=local.dsn, user=local.user, password="secret-word") as on:
        (path,) = map(Path, on.environment().values())
        assert path.stat().st_mode & 0o777 == 0o600
        assert "secret-word" in path.read_text()
    assert not path.exists()


@pytest.mark.parametrize("missing", ["dsn", "user", "password"])
def test_an_empty_target_is_refused(missing: str) -> None:
    given = {"dsn": "127.0.0.1:1521/X", "user": "u", "password": "p"} | {missing: ""}

    with pytest.raises(ConfigError, match=missing):
        Redirect(**given)


def test_a_python_without_tracekit_is_refused_before_it_runs(redirect: Redirect) -> None:
    redirect.check(sys.executable)
    with pytest.raises(ConfigError, match="does not load the redirect"):
        redirect.check(getattr(sys, "_base_executable", "/usr/bin/python3"))
