"""The real driver against the protocol server, in front of canned rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import oracledb
import pyarrow as pa
import pytest

from tests.integration.canned_backend import CannedBackend, CannedSession, expected_rows
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.server import Server
from tracekit.localdb.wire.column import OracleType

USER, PASSWORD = "scott", "tiger"
LEVELS = [(24, True), (24, False), (12, True), (12, False), (7, False)]


@pytest.fixture(scope="module", autouse=True)
def _driver_thread() -> None:
    """The driver's first pool starts a thread for the process's lifetime: no test's leak."""
    oracledb.create_pool(user=USER, password=PASSWORD, dsn="127.0.0.1:1/none", min=0).close()


@pytest.fixture
def backend() -> CannedBackend:
    return CannedBackend()


@pytest.fixture(params=[(24, True)], ids=lambda level: f"fv{level[0]}-fast{level[1]:d}")
def server(backend: CannedBackend, request: pytest.FixtureRequest) -> Iterator[Server]:
    field_version, fast_auth = request.param
    options = ServerOptions(USER, PASSWORD, field_version=field_version, fast_auth=fast_auth)
    with Server(options, backend) as running:
        yield running


@pytest.fixture
def connection(server: Server) -> Iterator[oracledb.Connection]:
    with connect(server) as connection:
        yield connection


@pytest.fixture
def session(connection: oracledb.Connection, backend: CannedBackend) -> CannedSession:
    connection.ping()
    return backend.sessions[-1]


def connect(server: Server, **changed: Any) -> oracledb.Connection:
    return oracledb.connect(**{"user": USER, "password": PASSWORD, "dsn": server.dsn, **changed})


def error_of(info: pytest.ExceptionInfo[oracledb.Error]) -> Any:
    return info.value.args[0]


every_level = pytest.mark.parametrize("server", LEVELS, indirect=True)


@every_level
def test_rows_arrive_as_they_are(connection: oracledb.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("select rows :n", [2500])
    assert cursor.fetchall() == expected_rows(2500)
    assert [column.name for column in cursor.description] == ["ID", "NAME", "QTY", "AT"]
    assert cursor.rowcount == 2500


@every_level
def test_errors_name_number_and_position(connection: oracledb.Connection) -> None:
    cursor = connection.cursor()
    with pytest.raises(oracledb.DatabaseError) as info:
        cursor.execute("select * from nowhere")
    assert error_of(info).code == 942
    assert error_of(info).offset == 14
    cursor.execute("select rows :n", [3])
    assert len(cursor.fetchall()) == 3


@every_level
def test_dml_counts_batch_errors_and_transactions(connection: oracledb.Connection) -> None:
    cursor = connection.cursor()
    cursor.executemany("insert :1 :2", [(1, "a"), (2, "b")], arraydmlrowcounts=True)
    assert cursor.rowcount == 4
    assert cursor.getarraydmlrowcounts() == [2, 2]
    assert connection.transaction_in_progress
    connection.commit()
    assert not connection.transaction_in_progress
    rows = [(1, "a"), (2, "bad"), (3, "c"), (4, "bad")]
    cursor.executemany("insert :1 :2", rows, batcherrors=True)
    assert [(error.offset, error.code) for error in cursor.getbatcherrors()] == [(1, 1), (3, 1)]
    assert cursor.rowcount == 4
    with pytest.raises(oracledb.IntegrityError):
        cursor.execute("insert :1 :2", [1, "bad"])


def test_the_version_is_that_of_19c(connection: oracledb.Connection) -> None:
    assert connection.version.startswith("19.")
    assert connection.service_name == "TRACEKIT"


@every_level
@pytest.mark.parametrize(
    "wrong", [{"password": "lion"}, {"user": "nobody"}, {"user": '"scott"'}, {"password": "x" * 99}]
)
def test_only_the_user_with_the_password_gets_in(
    server: Server, backend: CannedBackend, wrong: dict[str, str]
) -> None:
    with pytest.raises(oracledb.DatabaseError) as info:
        connect(server, **wrong)
    assert error_of(info).code == 1017
    assert backend.sessions == []


def test_user_names_are_not_case_sensitive(server: Server) -> None:
    connect(server, user="Scott").close()


@pytest.mark.parametrize(
    ("dsn", "code"),
    [
        ("127.0.0.1:{port}/OTHER", "DPY-6001"),
        ("(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT={port}))"
         "(CONNECT_DATA=(SID=OTHER)))", "DPY-6003"),
    ],
)  # fmt: skip
def test_unknown_databases_are_refused(server: Server, dsn: str, code: str) -> None:
    with pytest.raises(oracledb.DatabaseError, match=code):
        connect(server, dsn=dsn.format(port=server.port))


def test_long_connect_strings_come_in_a_packet_of_their_own(server: Server) -> None:
    program = "p" * 300
    dsn = (
        f"(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT={server.port}))"
        f"(CONNECT_DATA=(SERVICE_NAME=TRACEKIT)(CID=(PROGRAM={program}))))"
    )
    connect(server, dsn=dsn, program=program).close()


@pytest.mark.parametrize("prefetch", [0, 1, 2, 699, 700, 701, 5000])
@pytest.mark.parametrize("array", [1, 7, 700, 5000])
def test_any_prefetch_and_array_size(
    connection: oracledb.Connection, prefetch: int, array: int
) -> None:
    for count in (0, 1, 2, 700, 701) if array > 1 else (0, 1, 9):
        cursor = connection.cursor()
        cursor.prefetchrows, cursor.arraysize = prefetch, array
        for _again in range(2):
            cursor.execute("select rows :n", [count])
            assert cursor.fetchall() == expected_rows(count)
        cursor.close()


def test_fetchmany_and_changing_array_sizes(connection: oracledb.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("select rows :n", [3000])
    found = []
    for size in (1, 10, 1000, 3, 5000):
        cursor.arraysize = size
        found += cursor.fetchmany(size)
    assert found == expected_rows(3000)
    assert cursor.fetchmany(5) == []


def test_a_cursor_runs_again_with_new_values_and_types(
    connection: oracledb.Connection, session: CannedSession
) -> None:
    cursor = connection.cursor()
    for values in ([5], [6], ["7"], [Decimal(8)], [9.0]):
        cursor.execute("select rows :n", values)
        assert len(cursor.fetchall()) == int(values[0])
    types = [bind_types[0].type for _, _, bind_types in session.executed[-5:]]
    number, text = OracleType.NUMBER, OracleType.VARCHAR2
    assert types == [number, number, text, number, number]
    assert not session.open_results


@every_level
def test_values_reach_the_backend_as_they_were_bound(
    connection: oracledb.Connection, backend: CannedBackend
) -> None:
    values = [
        1,
        -(10**30),
        2.5,
        Decimal("1.23456789012345678901234567890123456"),
        "日本" * 5000,
        None,
        datetime(2026, 2, 3, 4, 5, 6),
        b"\x00\xff",
        timedelta(days=-3, seconds=7, microseconds=8),
        "x" * 40_000,
        "",
    ]
    names = " ".join(f":v{i}" for i in range(len(values)))
    cursor = connection.cursor()
    cursor.execute(f"insert {names}", values)
    expected: list[Any] = [*values[:-1], None]
    expected[2] = Decimal("2.5")
    _, rows, _ = backend.sessions[-1].executed[-1]
    assert rows == [expected]


def test_named_binds_come_once_per_occurrence(
    connection: oracledb.Connection, session: CannedSession
) -> None:
    connection.cursor().execute("insert :a :b :a", {"a": 1, "b": "x"})
    assert session.executed[-1][1] == [[1, "x", 1]]


def test_a_thousand_binds(connection: oracledb.Connection, session: CannedSession) -> None:
    ids = {f"p{i}": f"{i:016d}" for i in range(1000)}
    text = ", ".join(f":{name}" for name in ids)
    for _again in range(2):
        connection.cursor().execute(f"insert in ({text})", ids)
    assert session.executed[-1][1] == [list(ids.values())]


def test_an_error_in_mid_result_comes_after_the_rows_before_it_and_closes_it(
    connection: oracledb.Connection, session: CannedSession
) -> None:
    cursor = connection.cursor()
    cursor.prefetchrows = cursor.arraysize = 700
    cursor.execute("select fail :n", [5000])
    assert len(cursor.fetchmany(1400)) == 1400
    with pytest.raises(oracledb.DatabaseError) as info:
        cursor.fetchmany(700)
    assert error_of(info).code == 1555
    assert not session.open_results
    cursor.execute("select rows :n", [1])
    assert len(cursor.fetchall()) == 1


def test_describing_runs_nothing(connection: oracledb.Connection, session: CannedSession) -> None:
    before = len(session.executed)
    cursor = connection.cursor()
    cursor.parse("select rows :n")
    assert [column.name for column in cursor.description] == ["ID", "NAME", "QTY", "AT"]
    assert len(session.executed) == before


def test_autocommit(connection: oracledb.Connection, session: CannedSession) -> None:
    connection.autocommit = True
    cursor = connection.cursor()
    for _again in range(2):
        cursor.execute("insert :1", [1])
        assert not session.in_transaction


def test_ddl_and_plsql(connection: oracledb.Connection, session: CannedSession) -> None:
    cursor = connection.cursor()
    for _again in range(2):
        cursor.execute("create table t (x number)")
    cursor.execute("begin p(:1, :2); end;", [1, "a"])
    cursor.execute("begin p(:1, :2); end;", [2, "b"])
    assert [rows for _, rows, _ in session.executed[-2:]] == [[[1, "a"]], [[2, "b"]]]


def test_session_attributes_ride_in_front(
    connection: oracledb.Connection, session: CannedSession
) -> None:
    connection.module = "m" * 30
    connection.action = "a"
    connection.client_identifier = "c"
    connection.clientinfo = "i"
    connection.dbop = "d"
    connection.current_schema = "HR"
    connection.ping()
    assert session.schema == "HR"
    connection.rollback()


def test_temporary_lobs_need_no_database(connection: oracledb.Connection) -> None:
    lob = connection.createlob(oracledb.DB_TYPE_CLOB, "製程")
    lob.write("ab", 4)
    assert lob.read() == "製程 ab"
    del lob
    connection.ping()


def test_a_defect_is_answered_without_its_text(
    server: Server, connection: oracledb.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(oracledb.DatabaseError) as info:
        connection.cursor().execute("select crash")
    assert error_of(info).code == 604  # 600 would end the connection
    connect(server).close()
    assert "ZeroDivisionError" in caplog.text
    assert "secret-value" not in caplog.text + str(info.value)


def test_ten_clients_fetch_at_once(server: Server) -> None:
    def fetch(index: int) -> bool:
        with connect(server) as connection:
            cursor = connection.cursor()
            cursor.arraysize = 100 + index * 37
            cursor.execute("select rows :n", [4000 + index])
            return bool(cursor.fetchall() == expected_rows(4000 + index))

    with ThreadPoolExecutor(10) as pool:
        assert all(pool.map(fetch, range(10)))


def test_a_pool_gives_healthy_connections_out_again(server: Server) -> None:
    pool = oracledb.create_pool(
        user=USER, password=PASSWORD, dsn=server.dsn, min=1, max=3, increment=1, ping_interval=0
    )
    for _ in range(6):
        with pool.acquire() as connection:
            connection.cursor().execute("insert :1", [1])
    with pool.acquire() as one, pool.acquire() as two:
        for connection in (one, two):
            cursor = connection.cursor()
            cursor.execute("select rows :n", [10])
            assert cursor.fetchall() == expected_rows(10)
    pool.close()


def test_arrow_batches(connection: oracledb.Connection) -> None:
    ids: list[int] = []
    for frame in connection.fetch_df_batches("select rows :n", [12_345], size=5000):
        ids += pa.table(frame).column("ID").to_pylist()
    assert ids == list(range(12_345))


@pytest.mark.parametrize("sdu", [512, 8192, 65_535, 2_097_152])
def test_any_packet_size(server: Server, sdu: int) -> None:
    with connect(server, sdu=sdu) as connection:
        cursor = connection.cursor()
        cursor.arraysize = 3000
        cursor.execute("select rows :n", [6000])
        assert cursor.fetchall() == expected_rows(6000)
        text = "y" * 100_000
        cursor.execute("insert :1", [text])


def test_logging_off_ends_the_session(server: Server, backend: CannedBackend) -> None:
    connection = connect(server)
    connection.cursor().execute("insert :1", [1])
    connection.close()
    _wait_until_no_client(server)
    assert backend.sessions[-1].closed
    assert not backend.sessions[-1].in_transaction


def _wait_until_no_client(server: Server) -> None:
    deadline = time.monotonic() + 10
    while server.client_count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.client_count == 0
