"""Many clients, idle clients, slow clients, and more clients than there are descriptors."""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import oracledb
import pytest

from tests.integration.canned_backend import CannedBackend
from tests.integration.test_localdb_protocol_breaks import _connect_packet
from tests.polling import until
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.server import Server
from tracekit.testbed import LocalOracle

CLIENTS = 500
SECONDS = 60
MOST_BYTES_EACH = 256 << 10
"""Seen: 25 to 40 KiB, nearly all of it the thread's stack."""
pytestmark = pytest.mark.timeout(600)
_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc of the server")


@pytest.fixture(scope="module")
def local() -> Iterator[LocalOracle]:
    with LocalOracle(":memory:") as running, connect(running) as first:
        first.cursor().execute("SELECT 1 FROM dual")
        yield running


def connect(local: LocalOracle) -> oracledb.Connection:
    return oracledb.connect(user=local.user, password=local.password, dsn=local.dsn)


def address(local: LocalOracle) -> tuple[str, int]:
    host, port = local.dsn.split("/")[0].split(":")
    return host, int(port)


def _status(local: LocalOracle) -> dict[str, int]:
    """Resident KiB and threads of the server."""
    lines = Path(f"/proc/{local.server_pid}/status").read_text(encoding="ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[name].split()[0]) for name in ("VmRSS", "Threads")}


@contextmanager
def _bounded(local: LocalOracle) -> Iterator[Callable[[], None]]:
    """Gives a check that the clients opened since cost one thread and little memory each."""
    before = _status(local)

    def check() -> None:
        now = _status(local)
        assert now["Threads"] - before["Threads"] <= CLIENTS + 5
        assert (now["VmRSS"] - before["VmRSS"]) * 1024 <= CLIENTS * MOST_BYTES_EACH

    yield check


def _answers_a_new_client(local: LocalOracle) -> None:
    with connect(local) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT SUM(LEVEL) FROM dual CONNECT BY LEVEL <= 1000")
        assert cursor.fetchall() == [(500_500,)]


@_linux
@pytest.mark.parametrize("said", [b"", _connect_packet()], ids=["silent", "connecting"])
def test_five_hundred_who_never_log_on(local: LocalOracle, said: bytes) -> None:
    already = local.client_count
    with ExitStack() as stack, _bounded(local) as check:
        for _ in range(CLIENTS):
            sock = stack.enter_context(socket.create_connection(address(local), timeout=SECONDS))
            sock.sendall(said)
        until(lambda: local.client_count >= already + CLIENTS, "not all were accepted")
        _answers_a_new_client(local)
        check()
    until(lambda: local.client_count <= already, "the server holds on to clients that are gone")


@_linux
def test_five_hundred_idle_sessions(local: LocalOracle) -> None:
    already = local.client_count
    with ExitStack() as stack, _bounded(local) as check, ThreadPoolExecutor(4) as pool:
        for connection in pool.map(lambda _: connect(local), range(CLIENTS)):
            stack.enter_context(connection)
        _answers_a_new_client(local)
        check()
        assert local.client_count >= already + CLIENTS
    until(lambda: local.client_count <= already, "the server holds on to sessions that are gone")


def test_who_dribbles_is_let_go_and_hinders_nobody() -> None:
    packet = _connect_packet()
    options = ServerOptions("scott", "tiger", login_seconds=1)
    with Server(options, CannedBackend()) as server, ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            for _ in range(20)
        ]
        deadline = time.monotonic() + SECONDS
        at = 0
        while slow:
            assert time.monotonic() < deadline, f"{len(slow)} slow clients were kept"
            with oracledb.connect(user="scott", password="tiger", dsn=server.dsn) as quick:
                quick.ping()
            for sock in slow:
                try:
                    sock.sendall(packet[at % len(packet) :][:1])
                except ConnectionError:
                    continue
            at += 1
            gone, _, _ = select.select(slow, [], [], 0)
            slow = [sock for sock in slow if sock not in gone]
        until(lambda: server.client_count == 0, "a slow client's thread goes on")


_FEW_FILES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
from tracekit.localdb.__main__ import main
sys.exit(main())
"""


def test_more_clients_than_files_get_an_error_that_says_so() -> None:
    settings = {"source": ":memory:", "user": "scott", "password": "tiger"}
    with _python(_FEW_FILES, json.dumps(settings)) as (line, process), ExitStack() as stack:
        port = json.loads(line)["port"]
        login = {"user": "scott", "password": "tiger", "dsn": f"127.0.0.1:{port}/TRACEKIT"}
        first = stack.enter_context(oracledb.connect(**login))
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(15)]
        for sock in idle:
            stack.enter_context(sock)
        with pytest.raises(oracledb.OperationalError, match="ORA-12519"):
            oracledb.connect(**login)
        first.cursor().execute("SELECT 1 FROM dual")  # who is in stays in
        idle[0].close()
        stack.enter_context(_eventually_connected(login))
        assert process.poll() is None


def _eventually_connected(login: dict[str, Any]) -> oracledb.Connection:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return oracledb.connect(**login)
        except oracledb.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


_NO_FILES = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
from tracekit.localdb.listener import Listener
listener = Listener("127.0.0.1", 0, lambda sock, peer: sys.exit("nobody can be taken in"))
try:
    while True:
        os.open(os.devnull, os.O_RDONLY)
except OSError:
    print(listener.port, flush=True)
sys.stdin.read()
"""


def test_clients_get_an_error_even_without_a_free_descriptor() -> None:
    with _python(_NO_FILES, None) as (line, process):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", int(line)), timeout=SECONDS) as sock:
                sock.sendall(_connect_packet())
                assert b"(ERR=12519)" in sock.recv(4096)
        assert process.poll() is None


@contextmanager
def _python(program: str, said: str | None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A Python process and the first line it prints."""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdin is not None and process.stdout is not None
        if said is not None:
            process.stdin.write(said + "\n")
            process.stdin.flush()
        yield process.stdout.readline(), process
    finally:
        process.kill()
        process.communicate()
