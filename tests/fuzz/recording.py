"""Records sessions of the real driver, through a relay between it and the server."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

import oracledb

from tests.fuzz.scenarios import SCENARIOS
from tests.fuzz.wire import Recording, Turn

_BYTES = 1 << 20
_SECONDS = 60


def record_all(port: int, service: str, user: str, password: str) -> list[Recording]:
    """Every scenario's session with the server that listens on `port`.

    A scenario that the server answers with an error is recorded until there.
    """
    recordings = []
    for scenario in SCENARIOS:
        with socket.create_server(("127.0.0.1", 0)) as relay:
            turns: list[Turn] = []
            thread = threading.Thread(target=_relay, args=(relay, port, turns))
            thread.start()
            dsn = f"127.0.0.1:{relay.getsockname()[1]}/{service}"
            with (
                oracledb.connect(user=user, password=password, dsn=dsn) as connection,
                contextlib.suppress(oracledb.Error),
            ):
                scenario(connection)
            thread.join(_SECONDS)
        recordings.append(Recording(scenario.__name__, tuple(turns)))
    return recordings


def _relay(listener: socket.socket, port: int, turns: list[Turn]) -> None:
    listener.settimeout(_SECONDS)
    client, _ = listener.accept()
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        request, response = b"", b""
        while True:
            ready, _, _ = select.select([client, server], [], [], _SECONDS)
            source = client if client in ready else server
            data = source.recv(_BYTES)
            if not data:
                break
            if source is client:
                if response:
                    turns.append(Turn(request, response))
                    request, response = b"", b""
                request += data
                server.sendall(data)
            else:
                response += data
                client.sendall(data)
        if response:  # what follows the last answer is the client's farewell, seen or not
            turns.append(Turn(request, response))
