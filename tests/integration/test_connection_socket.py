"""What becomes of a connection's socket when the connection is reset or nobody waits for it."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import struct
import threading
import warnings
from collections.abc import Iterator

import pytest

from tracekit import Database, LocalOracle
from tracekit.errors import FetchError
from tracekit.oracle.connection_socket import copy_of
from tracekit.oracle.readers import Cancelled, Readers

ROUNDS = 40
_SECONDS = 30
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: closing sends a reset


class Relay:
    """Forwards one connection after another to `port`, and resets the client's on request."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._reset, self._requested = socket.socketpair()
        self.port = self._listener.getsockname()[1]

    def reset(self) -> None:
        self._reset.send(b"!")

    def run(self) -> None:
        with self._listener, self._reset, self._requested, contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client, socket.create_connection(("127.0.0.1", self._server)) as server:
                    self._forward(client, server)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([client, server, self._requested], [], [], _SECONDS)
            if self._requested in ready:
                break
            source, target = (client, server) if client in ready else (server, client)
            with contextlib.suppress(OSError):
                if data := source.recv(1 << 16):
                    target.sendall(data)
                    continue
            break  # whoever ended it tells so too
        self._requested.recv(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)


@pytest.fixture
def relay(local_oracle_server: LocalOracle) -> Iterator[Relay]:
    _, port = local_oracle_server.dsn.split("/")[0].split(":")
    relay = Relay(int(port))
    thread = threading.Thread(target=relay.run)
    thread.start()
    yield relay
    relay.stop()
    thread.join(_SECONDS)
    assert not thread.is_alive()


@pytest.fixture
def database(local_oracle_server: LocalOracle, relay: Relay) -> Database:
    server = local_oracle_server
    dsn = f"127.0.0.1:{relay.port}/{server.dsn.split('/')[1]}"
    return Database(dsn, server.user, server.password, retry_attempts=0)


def test_the_socket_of_a_connection_that_was_reset_is_closed(
    database: Database, relay: Relay
) -> None:
    """The driver forgets it, which Python warns of where it is asked to."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(FetchError, match="DPY-4011"), database.connect() as connection:
            cursor = connection.cursor()
            relay.reset()
            while True:
                cursor.execute("SELECT 1 FROM DUAL").fetchall()
    assert [str(one.message) for one in warned] == []


def test_readers_may_be_cancelled_while_their_connection_breaks(
    database: Database, relay: Relay
) -> None:
    """Whoever comes first, it is an error with a name and the process lives."""
    for _ in range(ROUNDS):
        readers, failed = Readers(), list[BaseException]()
        begun = threading.Event()

        def read(readers: Readers, failed: list[BaseException], begun: threading.Event) -> None:
            try:
                with database.read_by(readers).connect() as connection:
                    cursor = connection.cursor()
                    begun.set()
                    while True:
                        cursor.execute("SELECT 1 FROM DUAL").fetchall()
            except FetchError as exc:
                failed.append(exc)

        thread = threading.Thread(target=read, args=(readers, failed, begun))
        thread.start()
        assert begun.wait(_SECONDS)
        relay.reset()
        readers.cancel()
        thread.join(_SECONDS)
        assert not thread.is_alive()
        (error,) = failed
        assert isinstance(error, Cancelled) or "DPY-" in str(error)


def test_a_database_is_sent_a_break_and_then_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    server.settimeout(_SECONDS)
    readers = Readers()
    with client, server, readers._holding(client):
        readers.cancel()
        assert select.select([], [], [server], _SECONDS)[2]
        assert server.recv(1, socket.MSG_OOB) == b"!"
        assert server.recv(1) == b""


def test_too_many_open_files_are_an_error_that_says_so() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.create_server(("127.0.0.1", 0)) as one:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(FetchError, match="ulimit -n"):
                copy_of(one)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
