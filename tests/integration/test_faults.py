"""Faults of a running local Oracle, as the real driver meets them."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import oracledb
import pytest

from tests.polling import until
from tracekit.errors import ConfigError, ConnectError, FetchError
from tracekit.oracle import Database
from tracekit.testbed import LocalOracle

NUMBERS = "SELECT LEVEL AS N FROM DUAL CONNECT BY LEVEL <= 1000"


@pytest.fixture(scope="module")
def oracle() -> Iterator[LocalOracle]:
    with LocalOracle(":memory:") as local:
        yield local


@pytest.fixture
def local(oracle: LocalOracle) -> Iterator[LocalOracle]:
    yield oracle
    oracle.faults.clear()
    until(lambda: oracle.client_count == 0)


def connect(local: LocalOracle) -> oracledb.Connection:
    return oracledb.connect(user=local.user, password=local.password, dsn=local.dsn)


def rows_until_failure(connection: oracledb.Connection, size: int) -> tuple[int, str]:
    cursor = connection.cursor()
    cursor.arraysize = cursor.prefetchrows = size
    got: list[int] = []
    try:
        cursor.execute(NUMBERS)
        while rows := cursor.fetchmany(size):
            got += [row[0] for row in rows]
    except oracledb.Error as exc:
        assert got == list(range(1, len(got) + 1))
        return len(got), exc.args[0].full_code
    return len(got), ""


@pytest.mark.parametrize(
    ("fault", "got", "code"),
    [
        ("drop", 0, "DPY-4011"),
        ("drop_after rows=0", 0, "DPY-4011"),
        ("drop_after rows=500", 500, "DPY-4011"),
        ("drop_after rows=1000", 1000, "DPY-4011"),
        ("drop_after rows=1001", 1000, ""),
        ("drop_in_row row=1", 0, "DPY-4011"),
        ("drop_in_row row=501", 500, "DPY-4011"),
        ("drop_in_row row=599", 500, "DPY-4011"),
        ("truncate", 0, "DPY-4011"),
        ("truncate rows=500", 500, "DPY-4011"),
        ("error code=1555", 0, "ORA-01555"),
        ("error code=1555 rows=599", 500, "ORA-01555"),
        ("error code=12345 rows=500 text=whoops", 500, "ORA-12345"),
        ("error code=28 rows=500", 500, "DPY-4011"),
        ("error code=3113 rows=500", 500, "DPY-4011"),
        ("error code=942 statement=DW_MES", 1000, ""),
        ("drop_after rows=500 statement='connect by'", 500, "DPY-4011"),
        ("delay_rows seconds=0.00001", 1000, ""),
    ],
)
def test_a_result_stops_exactly_there(local: LocalOracle, fault: str, got: int, code: str) -> None:
    with connect(local) as connection:
        set_fault = local.faults.add(fault)
        assert rows_until_failure(connection, 100) == (got, code)
        assert (local.faults.fired[set_fault] > 0) == (code != "" or "delay" in fault)
    local.faults.clear()
    with connect(local) as connection:
        assert rows_until_failure(connection, 100) == (1000, "")


def test_an_error_has_the_text_it_was_given(local: LocalOracle) -> None:
    local.faults.error(12345, text="der Plan ist voll 已滿")
    with connect(local) as connection, pytest.raises(oracledb.Error) as info:
        connection.ping()
    assert str(info.value).startswith("ORA-12345: der Plan ist voll 已滿")


def test_every_third_connect_is_refused(local: LocalOracle) -> None:
    fault = local.faults.refuse(every=3)
    outcomes = []
    for _ in range(7):
        try:
            connect(local).close()
            outcomes.append("in")
        except oracledb.Error as exc:
            outcomes.append(str(exc.__cause__)[:8])
    assert outcomes == ["in", "in", "DPY-6001", "in", "in", "DPY-6001", "in"]
    assert local.faults.fired == {fault: 2}


def once(local: LocalOracle) -> Database:
    """A Database that never tries again."""
    return Database(local.dsn, local.user, local.password, retry_attempts=0)


def test_what_refused_us_is_said(local: LocalOracle) -> None:
    database = once(local)
    local.faults.refuse(once=True)
    with pytest.raises(ConnectError, match=r"DPY-6001: Service .* check DB_SERVICE"):
        database.read_sql_df(NUMBERS)
    local.faults.refuse(12528, once=True)
    with pytest.raises(ConnectError, match=r"DPY-6000: Listener refused .* check DB_SERVICE"):
        database.read_sql_df(NUMBERS)
    local.faults.deny_login(once=True)
    with pytest.raises(ConnectError, match=r"ORA-01017.*Check DB_USER"):
        database.read_sql_df(NUMBERS)
    local.faults.deny_login(28000, once=True)
    with pytest.raises(ConnectError, match=r"ORA-28000: the account is locked"):
        database.read_sql_df(NUMBERS)


def test_a_stall_waits_until_released(local: LocalOracle) -> None:
    stall = local.faults.stall(rows=300)
    outcome: list[tuple[int, str]] = []

    def read() -> None:
        with connect(local) as connection:
            outcome.append(rows_until_failure(connection, 100))

    reading = threading.Thread(target=read)
    reading.start()
    until(lambda: local.faults.fired[stall] == 1)
    assert reading.is_alive()
    local.faults.release()
    reading.join(10)
    assert outcome == [(1000, "")]


def test_a_stall_answers_a_break_and_a_half_open_socket_does_not(local: LocalOracle) -> None:
    with connect(local) as connection:
        connection.call_timeout = 200
        local.faults.stall(once=True)
        with pytest.raises(oracledb.Error, match="DPY-4024"):
            connection.ping()
        connection.ping()
        local.faults.half_open(once=True)
        with pytest.raises(oracledb.Error, match=r"(?s)DPY-4011.*recovering from previous"):
            connection.ping()
        with pytest.raises(oracledb.Error, match="DPY-1001"):
            connection.ping()


def test_a_delay_is_paid_on_every_round_trip(local: LocalOracle) -> None:
    with connect(local) as connection:
        fault = local.faults.delay(0.03)
        start = time.monotonic()
        for _ in range(4):
            connection.ping()
        assert time.monotonic() - start >= 0.12
        assert local.faults.fired[fault] == 4
        local.faults.clear()
        local.faults.delay_rows(0.0002)
        start = time.monotonic()
        assert rows_until_failure(connection, 100) == (1000, "")
        assert time.monotonic() - start >= 0.2


def test_a_connect_that_is_never_answered_ends_with_its_client(local: LocalOracle) -> None:
    fault = local.faults.hang_connect()
    host, port = local.dsn.split("/")[0].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        sock.sendall(CONNECT_PACKET)
        until(lambda: local.faults.fired[fault] == 1)
        assert local.client_count == 1
        sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            sock.recv(1)
    until(lambda: local.client_count == 0)


CONNECT_DATA = b"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=TRACEKIT)))"
CONNECT_PACKET = (
    (74 + len(CONNECT_DATA)).to_bytes(2, "big")
    + bytes.fromhex("0000 0100 0000 013f 012c 0401 2000 2000 4f98 0000 0001")
    + len(CONNECT_DATA).to_bytes(2, "big")
    + (74).to_bytes(2, "big")
    + bytes(46)
    + CONNECT_DATA
)


def test_a_server_that_stops_ends_all_who_wait() -> None:
    failures: list[BaseException] = []
    with LocalOracle(":memory:") as local:
        connect(local).close()  # the driver's very first connect keeps all others waiting
        local.faults.add("hang_connect connection=1")
        local.faults.add("stall")

        def read() -> None:
            try:
                once(local).read_sql_df(NUMBERS)
            except (ConnectError, FetchError) as exc:
                failures.append(exc)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        until(lambda: sum(local.faults.fired.values()) == 3)
    for reader in readers:
        reader.join(10)
    assert sorted(type(failure).__name__ for failure in failures) == [
        "ConnectError",
        "FetchError",
        "FetchError",
    ]


def test_a_restart_ends_connections_and_keeps_the_port() -> None:
    with LocalOracle(":memory:", faults=["delay seconds=0.001"]) as local:
        dsn, pid, database = local.dsn, local.server_pid, local.database
        with connect(local) as connection:
            connection.ping()
            local.faults.drop_after(rows=10)
            local.restart()
            assert (local.dsn, local.server_pid == pid) == (dsn, False)
            with pytest.raises(oracledb.Error, match="DPY-4011"):
                connection.ping()
        assert len(database.read_sql_df(NUMBERS)) == 1000
        assert [fault.kind for fault in local.faults.fired] == ["delay"]


def test_faults_are_checked_before_they_are_set(local: LocalOracle) -> None:
    with pytest.raises(ConfigError, match="rows"):
        local.faults.drop_after(rows=-1)
    with pytest.raises(ConfigError, match="one text"):
        LocalOracle(":memory:", faults="drop")
    assert local.faults.fired == {}
    stopped = LocalOracle(":memory:")
    with pytest.raises(ConnectError, match="not running"):
        stopped.faults.drop()


def test_unknown_commands_are_answered(local: LocalOracle) -> None:
    for command in ({"do": "dance"}, {}, {"do": "add_fault", "fault": {"kind": "drop", "x": 1}}):
        with pytest.raises(ConfigError, match=r"refused .*: not a command"):
            local._process.ask(command)
    assert json.dumps(local._process.ask({"do": "status"})) == '{"clients": 0, "faults": []}'
