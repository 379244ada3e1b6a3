"""A program's Oracle connections go to the redirect's target, by every way of connecting."""

from __future__ import annotations

import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import threading
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


def run(redirect: Redirect, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | redirect.environment() | environment,
        capture_output=True,
        text=True,
    )


def test_a_connection_goes_to_the_target_and_the_log_names_what_the_program_named(
    redirect: Redirect, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("customized = True")  # the user's own

    done = run(
        redirect,
        "import oracledb, sitecustomize; assert sitecustomize.customized\n"
        "c = oracledb.connect('scott/tiger@prod.example:1521/PROD', externalauth=True)\n"
        "print(c.username, c.cursor().execute('SELECT 42 FROM DUAL').fetchone())",
        PYTHONPATH=str(tmp_path),
    )

    assert done.stdout.split(maxsplit=1) == ["tracekit", "(42,)\n"], done.stderr
    assert [(r.dsn, r.connections) for r in redirect.redirected()] == [
        ("prod.example:1521/PROD", 1)
    ]
    assert "tiger" not in redirect.log.read_text()


class Production:
    """A listener at the address that programs name; nobody may come."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.7", 0))
        self.address = "{}:{}".format(*self._socket.getsockname())
        self.visitors: list[object] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, address = self._socket.accept()
            except OSError:  # closed
                return
            self.visitors.append(address)
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def production() -> Iterator[Production]:
    listening = Production()
    yield listening
    listening.close()


def outcomes(program: str, production: Production, redirect: Redirect) -> dict[str, str]:
    """What each part of one of the programs beside this file said."""
    file = Path(__file__).with_name(program)
    done = subprocess.run(
        [sys.executable, str(file), production.address],
        env=os.environ | redirect.environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_every_way_of_connecting_ends_at_the_target(
    redirect: Redirect, production: Production
) -> None:
    found = outcomes("redirected_ways.py", production, redirect)

    assert len(found) > 50
    # What gives no connection to ask for its user gives the answer alone.
    assert {name: said for name, said in found.items() if said != "tracekit 42"} == {
        "pandas": "42",
        "polars": "42.0",
        "fetch_df_batches": "1",
        "async SQLAlchemy": "42",
    }
    named = {one.dsn: one.connections for one in redirect.redirected()}
    assert named[f"{production.address}/PROD"] > 30
    assert named["PRODALIAS"] == 2
    assert named["config-azure://prod.azconfig.io/"] == 1
    assert "tiger" not in redirect.log.read_text()
    assert production.visitors == []


def test_a_connection_fails_when_the_target_is_gone() -> None:
    with LocalOracle(":memory:") as stopped:
        redirect = Redirect(dsn=stopped.dsn, user=stopped.user, password=stopped.password)
        told = f"tracekit redirected this connection to {stopped.dsn}\n"
    with redirect:
        done = run(
            redirect,
            "import asyncio, oracledb\n"
            "async def main(): await oracledb.connect_async('scott/tiger@prod.example/PROD')\n"
            "try:\n"
            "    asyncio.run(main())\n"
            "except oracledb.OperationalError as exc:\n"
            "    print(*exc.__notes__)\n"
            "oracledb.connect('scott/tiger@prod.example/PROD')",
        )

    assert done.returncode == 1
    assert "DPY-6005" in done.stderr
    assert done.stdout == told
    assert done.stderr.endswith(told)


@pytest.mark.slow
def test_every_way_of_connecting_fails_when_the_target_is_gone(production: Production) -> None:
    with LocalOracle(":memory:") as stopped:
        redirect = Redirect(dsn=stopped.dsn, user=stopped.user, password=stopped.password)
    with redirect:
        found = outcomes("redirected_ways.py", production, redirect)

    assert [name for name, said in found.items() if "Error" not in said] == []
    assert production.visitors == []


def test_a_program_that_would_escape_is_refused_with_the_reason(
    redirect: Redirect, production: Production
) -> None:
    found = outcomes("redirected_escapes.py", production, redirect)

    refused = ("RedirectError: ", "DriverRefused: ")
    assert {name: said for name, said in found.items() if not said.startswith(refused)} == {}
    for said in found.values():
        assert said.partition(": ")[2] in redirect.refused()
    assert production.visitors == []


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


def test_the_installed_package_has_the_file_that_turns_the_redirect_on() -> None:
    installed = [str(file) for file in importlib.metadata.files("tracekit") or ()]

    assert "tracekit_programs.pth" in installed


def test_without_the_variable_nothing_is_loaded() -> None:
    code = "import sys; print([name for name in sys.modules if name.startswith('tracekit')])"
    environment = {k: v for k, v in os.environ.items() if k != "TRACEKIT_REDIRECT"}

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )

    assert done.stdout == "[]\n"
