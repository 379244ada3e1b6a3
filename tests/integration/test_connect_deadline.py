"""Connecting to something that accepts and says nothing ends with an error in time."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack
from typing import Any

import oracledb
import pytest

from tracekit.config import Settings
from tracekit.errors import ConnectError
from tracekit.oracle import Database
from tracekit.testbed import LocalOracle

QUERY = "SELECT 1 FROM DUAL"
GENEROUS_SECONDS = 60
DRIVERS_SECONDS = 20
"""The driver's default time limit for TCP."""


@pytest.fixture
def local(local_oracle_server: LocalOracle) -> LocalOracle:
    return local_oracle_server


def quick(local: LocalOracle, **options: Any) -> Database:
    return Database(
        local.dsn, local.user, local.password, connect_timeout_ms=300, retry_attempts=0, **options
    )


def test_a_listener_that_accepts_and_never_answers_is_a_connect_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"127.0.0.1:{silent.getsockname()[1]}/MES"
        database = Database(
            dsn, "scott", "tiger-and-more", connect_timeout_ms=100, retry_attempts=0
        )
        threads, start = threading.active_count(), time.monotonic()
        with pytest.raises(ConnectError, match="no answer within 100 ms") as caught:
            database.read_sql_df(QUERY)
        assert time.monotonic() - start < GENEROUS_SECONDS
        assert threading.active_count() == threads
        accepted, _ = silent.accept()
        with accepted:
            accepted.settimeout(GENEROUS_SECONDS)
            while accepted.recv(4096):  # ends, since the driver closed its end
                pass
    assert "TRACEKIT_CONNECT_TIMEOUT_MS" in str(caught.value)
    assert "tiger" not in str(caught.value)
    assert isinstance(caught.value.__cause__, oracledb.Error)


def test_a_host_that_answers_no_connect_is_a_connect_error() -> None:
    with socket.socket() as full, ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):  # whoever comes later is not answered
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        dsn = f"127.0.0.1:{full.getsockname()[1]}/MES"
        database = Database(dsn, "scott", "tiger", connect_timeout_ms=100, retry_attempts=0)
        start = time.monotonic()
        with pytest.raises(ConnectError, match="no answer within 100 ms"):
            database.read_sql_df(QUERY)
        assert time.monotonic() - start < DRIVERS_SECONDS / 2


def test_a_connect_that_hangs_frees_its_slot_and_its_connection(local: LocalOracle) -> None:
    database = quick(local, max_concurrent=1)
    fault = local.faults.hang_connect(once=True)
    with pytest.raises(ConnectError, match="no answer within 300 ms"):
        database.read_sql_df(QUERY)
    assert local.faults.fired[fault] == 1
    patient = Database(local.dsn, local.user, local.password, max_concurrent=1)
    assert len(patient.read_sql_df(QUERY)) == 1
    end = time.monotonic() + GENEROUS_SECONDS
    while local.client_count:
        assert time.monotonic() < end, "the server still holds a connection"
        time.sleep(0.01)
    local.faults.clear()


def test_once_connected_only_the_call_timeout_counts(local: LocalOracle) -> None:
    patient = Database(local.dsn, local.user, local.password, connect_timeout_ms=30_000)
    with patient.connect(timeout_seconds=45) as connection:
        assert connection.call_timeout == 45_000
        assert connection.round_trip_callback is None
        assert connection.operation_callback is None
        assert connection.cursor().execute(QUERY).fetchall() == [(1,)]


def test_the_callers_own_callbacks_are_called_and_stay(local: LocalOracle) -> None:
    operations: list[tuple[str, dict[str, Any]]] = []
    trips: list[str] = []
    database = Database(
        local.dsn,
        local.user,
        local.password,
        operation_callback=lambda name, arguments: operations.append((name, arguments)),
        round_trip_callback=trips.append,
    )
    with database.connect() as connection:
        connection.ping()
    name, arguments = operations[0]
    assert name == "connect"
    assert "impl" in arguments
    assert trips[0] == "connect"
    assert "ping" in dict(operations)
    assert "ping" in trips


def test_a_refusal_stays_a_refusal(local: LocalOracle) -> None:
    database = Database(local.dsn, local.user, "wrong", connect_timeout_ms=30_000)
    with pytest.raises(ConnectError, match="ORA-01017"):
        database.read_sql_df(QUERY)


def test_the_environment_sets_it() -> None:
    settings = Settings.from_env(
        {
            "DB_HOST": "db",
            "DB_SERVICE": "MES",
            "DB_USER": "scott",
            "DB_PASSWORD": "x",
            "TRACEKIT_CONNECT_TIMEOUT_MS": "1234",
        }
    )
    database = Database.from_env(settings)
    assert database.connect_timeout_ms == 1234
    assert Database(**database.arguments).connect_timeout_ms == 1234
