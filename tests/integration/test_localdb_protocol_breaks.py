"""Breaks, timeouts, asyncio, lost connections and clients that talk nonsense."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import oracledb
import pyarrow as pa
import pytest

from tests.integration.canned_backend import CannedBackend, expected_rows
from tests.polling import until
from tracekit.localdb.hooks import SessionHooks
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.server import Server

USER, PASSWORD = "scott", "tiger"


@pytest.fixture
def backend() -> CannedBackend:
    return CannedBackend()


@pytest.fixture(params=[24, 12])
def server(backend: CannedBackend, request: pytest.FixtureRequest) -> Iterator[Server]:
    options = ServerOptions(USER, PASSWORD, field_version=request.param, login_seconds=2)
    with Server(options, backend) as running:
        yield running


@pytest.fixture
def connection(server: Server) -> Iterator[oracledb.Connection]:
    with connect(server) as connection:
        yield connection


def connect(server: Server) -> oracledb.Connection:
    return oracledb.connect(user=USER, password=PASSWORD, dsn=server.dsn)


def test_a_call_that_takes_too_long_is_given_up_and_the_next_works(
    connection: oracledb.Connection,
) -> None:
    cursor = connection.cursor()
    for _again in range(3):
        connection.call_timeout = 250
        with pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
            cursor.execute("select wait")
        connection.call_timeout = 0
        cursor.execute("select rows :n", [800])
        assert cursor.fetchall() == expected_rows(800)


def test_cancel_from_another_thread(
    connection: oracledb.Connection, backend: CannedBackend
) -> None:
    connection.ping()
    session = backend.sessions[-1]
    for _again in range(3):
        canceller = threading.Thread(
            target=lambda: session.waiting.wait(10) and connection.cancel()
        )
        canceller.start()
        with pytest.raises(oracledb.OperationalError) as info:
            connection.cursor().execute("select wait")
        canceller.join()
        assert info.value.args[0].code == 1013
        connection.ping()


def test_cancel_while_idle_hits_the_next_call_once(connection: oracledb.Connection) -> None:
    connection.ping()
    connection.cancel()
    with pytest.raises(oracledb.OperationalError) as info:
        connection.ping()
    assert info.value.args[0].code == 1013
    connection.ping()


def test_a_break_that_comes_just_before_the_query_runs_is_not_lost(
    connection: oracledb.Connection, backend: CannedBackend
) -> None:
    connection.ping()
    session = backend.sessions[-1]
    canceller = threading.Thread(target=lambda: session.waiting.wait(10) and connection.cancel())
    canceller.start()
    with pytest.raises(oracledb.OperationalError) as info:
        connection.cursor().execute("select wait late")
    canceller.join()
    assert info.value.args[0].code == 1013


def test_asyncio_fetches_arrow_and_rows(server: Server) -> None:
    async def run() -> None:
        connection = await oracledb.connect_async(user=USER, password=PASSWORD, dsn=server.dsn)
        cursor = connection.cursor()
        for arraysize in (50, 700, 5000):
            cursor.arraysize = arraysize
            await cursor.execute("select rows :n", [6000])
            assert await cursor.fetchall() == expected_rows(6000)
        ids: list[int] = []
        async for frame in connection.fetch_df_batches("select rows :n", [30_000], size=1000):
            ids += pa.table(frame).column("ID").to_pylist()
        assert ids == list(range(30_000))
        await connection.close()

    asyncio.run(run())


def test_asyncio_task_cancelled(server: Server, backend: CannedBackend) -> None:
    async def run() -> None:
        connection = await oracledb.connect_async(user=USER, password=PASSWORD, dsn=server.dsn)
        await connection.ping()
        session = backend.sessions[-1]
        task = asyncio.create_task(connection.cursor().execute("select wait"))
        while not session.waiting.is_set():
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await connection.ping()
        await connection.close()

    asyncio.run(run())


@pytest.mark.parametrize("continue_on_error", [True, False])
def test_pipelines(server: Server, backend: CannedBackend, continue_on_error: bool) -> None:
    async def run() -> Any:
        connection = await oracledb.connect_async(user=USER, password=PASSWORD, dsn=server.dsn)
        pipeline = oracledb.create_pipeline()
        pipeline.add_execute("insert :1", [1])
        pipeline.add_fetchall("select rows :n", [1500])
        pipeline.add_execute("insert :1", ["bad"])
        pipeline.add_execute("insert :1", [2])
        try:
            return await connection.run_pipeline(pipeline, continue_on_error=continue_on_error)
        finally:
            await connection.ping()
            await connection.close()

    if continue_on_error:
        results = asyncio.run(run())
        assert [bool(result.error) for result in results] == [False, False, True, False]
        assert results[1].rows == expected_rows(1500)
    else:
        with pytest.raises(oracledb.IntegrityError):
            asyncio.run(run())
    inserted = [rows for sql, rows, _ in backend.sessions[-1].executed if sql.startswith("insert")]
    assert ([[2]] in inserted) == continue_on_error


def test_a_client_killed_in_a_query_leaves_nothing_running(
    server: Server, backend: CannedBackend
) -> None:
    connection = connect(server)
    connection.ping()
    session = backend.sessions[-1]
    with contextlib.suppress(oracledb.Error):
        waiter = threading.Thread(target=_swallow, args=(connection,), daemon=True)
        waiter.start()
        until(session.waiting.is_set)
        _socket_of(server, connection).shutdown(socket.SHUT_RDWR)
        waiter.join()
    until(lambda: server.client_count == 0)
    assert session.closed
    connect(server).close()


def _swallow(connection: oracledb.Connection) -> None:
    with contextlib.suppress(oracledb.Error):
        connection.cursor().execute("select wait")


def _socket_of(server: Server, connection: oracledb.Connection) -> socket.socket:
    """The server's end of the connection: the driver hides its own."""
    (client,) = server._clients
    return client._socket


def test_a_client_that_stops_reading_is_ended_with_the_server(
    backend: CannedBackend,
) -> None:
    with Server(ServerOptions(USER, PASSWORD), backend) as server:
        connection = connect(server)
        cursor = connection.cursor()
        cursor.prefetchrows = 0
        cursor.execute("select rows :n", [10])
    with pytest.raises(oracledb.DatabaseError, match=r"DPY-4011|DPY-1001"):
        cursor.fetchall()
        connection.ping()
    assert backend.sessions[-1].closed
    assert not backend.sessions[-1].open_results


NONSENSE = [
    b"",
    b"\x00",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\xff" * 4096,
    bytes(4096),
    struct.pack(">HHBBH", 8, 0, 1, 0, 0),
    struct.pack(">HHBBH", 65535, 0, 1, 0, 0) + b"x" * 100,
    struct.pack(">HHBBH", 10, 0, 6, 0, 0) + b"\0\0",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


@pytest.mark.parametrize("garbage", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_before_logging_on(server: Server, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(garbage)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
    connect(server).close()


def test_nonsense_in_place_of_any_request(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """A client whose stream is replaced by random bytes at any point loses its own connection."""
    randomness = random.Random(7)
    for _case in range(40):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(_connect_packet())
            assert client.recv(4096)[4] == 2
            payload = randomness.choice(_OPENINGS) + randomness.randbytes(300)
            client.sendall(struct.pack(">IBBHH", 10 + len(payload), 6, 0, 0, 0) + payload)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                while client.recv(4096):
                    pass
    until(lambda: server.client_count == 0)
    connect(server).close()
    assert "Traceback" not in caplog.text


_OPENINGS = [b"", b"\x01\x06\x00x\x00", b"\x22\x01\x01\x00\x01\x06\x00x\x00", b"\x03\x76\x01"]


def _connect_packet() -> bytes:
    data = b"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=TRACEKIT)))"
    body = struct.pack(
        ">HHHHHHHHHHIBB24xIIII",
        *(319, 300, 1, 8192, 8192, 0x4F98, 0, 1, len(data), 74, 0, 0x84, 0x84, 8192, 8192, 0, 0),
    )
    return struct.pack(">HHBBH", 8 + len(body + data), 0, 1, 0, 0) + body + data


def test_who_does_not_log_on_in_time_is_let_go(backend: CannedBackend) -> None:
    options = ServerOptions(USER, PASSWORD, login_seconds=0.2)
    with (
        Server(options, backend) as server,
        socket.create_connection(("127.0.0.1", server.port)) as silent,
        socket.create_connection(("127.0.0.1", server.port)) as half,
        connect(server) as quick,
    ):
        half.sendall(_connect_packet())
        assert silent.recv(1) == b""
        until(lambda: server.client_count == 1)
        quick.ping()  # who logged on may stay idle for longer


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (struct.pack(">IBBHBBB", 11, 12, 0, 0, 1, 0, 3), "a break from a client that has not"),
        (struct.pack(">IBBHH", 1 << 20, 6, 0, 0, 0), "a packet with a length of 1,048,576 bytes"),
    ],
    ids=["break", "packet"],
)
def test_little_is_allowed_before_logging_on(
    server: Server, caplog: pytest.LogCaptureFixture, sent: bytes, said: str
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(_connect_packet())
        assert client.recv(4096)[4] == 2
        client.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(4096) == b""
    until(lambda: server.client_count == 0)
    assert said in caplog.text
    assert "Traceback" not in caplog.text


class _Locked(SessionHooks):
    """Locks every account."""

    def before_login(self, user: str) -> None:
        raise OraError(28000, "the account is locked")


def test_hooks_may_refuse_a_login(backend: CannedBackend) -> None:
    with Server(ServerOptions(USER, PASSWORD), backend, hooks=_Locked) as server:
        with pytest.raises(oracledb.DatabaseError) as info:
            connect(server)
        assert info.value.args[0].code == 28000


class _FailsAtRow(SessionHooks):
    def before_rows(self, sent: int, wanted: int) -> int:
        if sent == 1000:
            raise OraError(1555, "snapshot too old")
        return min(wanted, 1000 - sent)


def test_hooks_may_fail_a_result_at_a_row(backend: CannedBackend) -> None:
    with (
        Server(ServerOptions(USER, PASSWORD), backend, hooks=_FailsAtRow) as server,
        connect(server) as connection,
    ):
        cursor = connection.cursor()
        cursor.prefetchrows = cursor.arraysize = 500
        cursor.execute("select rows :n", [5000])
        assert cursor.fetchmany(1000) == expected_rows(1000)
        with pytest.raises(oracledb.DatabaseError) as info:
            cursor.fetchmany(1)
        assert info.value.args[0].code == 1555
