"""The local Oracle as the process that the testbed starts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import oracledb
import pytest

SETTINGS = {"source": ":memory:", "user": "scott", "password": "tiger-in-the-tank"}


@contextmanager
def running(**changed: Any) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A server process and the line it printed once it listened."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tracekit.localdb"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps({**SETTINGS, **changed}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        yield process, json.loads(line) if line else {}
    finally:
        process.kill()
        process.communicate()


def connect(ready: dict[str, Any]) -> oracledb.Connection:
    return oracledb.connect(
        user="scott", password=SETTINGS["password"], dsn=f"127.0.0.1:{ready['port']}/TRACEKIT"
    )


def test_it_serves_until_stdin_ends() -> None:
    with running() as (process, ready):
        assert ready["banner"].startswith("local Oracle (duckdb")
        with connect(ready) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT 1 + :n FROM DUAL", [2])
            assert cursor.fetchall() == [(3,)]
        idle = connect(ready)
        out, err = process.communicate(timeout=20)  # closes stdin
        assert (process.returncode, out, err) == (0, "", "")
        with pytest.raises(oracledb.DatabaseError):
            idle.ping()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_in_order(number: signal.Signals) -> None:
    with running() as (process, ready):
        connection = connect(ready)
        connection.ping()
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"host": "0.0.0.0"}, "allow_remote"),
        ({"port": 70000}, "port=70000"),
        ({"port": "many"}, "$.port"),
        ({"sourse": "x"}, "unknown field `sourse`"),
        ({"user": ""}, "user is empty"),
        ({"sysdate": "yesterday"}, "$.sysdate"),
        ({"source": "/nowhere/at/all.duckdb"}, "/nowhere/at/all.duckdb"),
    ],
)
def test_invalid_input_is_an_error_and_exit_code_2(changed: dict[str, Any], said: str) -> None:
    with running(**changed) as (process, ready):
        assert ready == {}
        assert process.wait(20) == 2
        assert process.stderr is not None
        message = process.stderr.read()
        assert said in message
        assert "Traceback" not in message
        assert SETTINGS["password"] not in message


def test_the_log_names_clients_and_no_secrets(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with running(log_file=str(log)) as (process, ready):
        with connect(ready) as connection:
            connection.cursor().execute("SELECT :secret FROM DUAL", ["hush-hush"])
        with pytest.raises(oracledb.DatabaseError):
            oracledb.connect(
                user="scott", password="wrong-one", dsn=f"127.0.0.1:{ready['port']}/TRACEKIT"
            )
        process.communicate(timeout=20)
    text = log.read_text(encoding="utf-8")
    assert "logged on" in text
    assert "logon denied with ORA-01017" in text
    for secret in ("hush-hush", "wrong-one", SETTINGS["password"]):
        assert secret not in text


def test_one_file_two_servers_and_a_pinned_sysdate(tmp_path: Path) -> None:
    path = tmp_path / "served.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE SCHEMA DWH")
        database.execute("CREATE TABLE DWH.T AS SELECT range AS ID FROM range(10)")
    settings = {"source": str(path), "sysdate": "2026-01-02T03:04:05"}
    with (
        running(**settings) as (_, one),
        running(**settings) as (_, two),
        connect(one) as left,
        connect(two) as right,
    ):
        changing, looking = left.cursor(), right.cursor()
        changing.execute("INSERT INTO T VALUES (99)")
        left.commit()
        looking.execute("SELECT COUNT(*), TO_CHAR(SYSDATE, 'YYYY-MM-DD HH24:MI:SS') FROM T")
        assert looking.fetchall() == [(10, "2026-01-02 03:04:05")]
        changing.execute("SELECT COUNT(*) FROM T")
        assert changing.fetchall() == [(11,)]
