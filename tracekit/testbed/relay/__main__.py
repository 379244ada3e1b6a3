"""The relay as a separate process: `python -m tracekit.testbed.relay`.

Reads one JSON line from stdin (so that passwords are in no process list), prints one JSON line
`{"port": N, "banner": "..."}` once it listens, and serves until stdin ends or SIGTERM or SIGINT
comes. Exit code 0 then, 2 when it could not start. The line `{"do": "shape"}` on stdin is answered
by one line with what passed so far, `{"shape": {...}, "remarks": [...], "clients": 0}`.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from typing import Any

import msgspec

import tracekit.testbed.relay.without_pandas  # noqa: F401 - first of all
from tracekit.errors import ConfigError, ConnectError, TracekitError
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.server import Server, serve
from tracekit.localdb.standard_input import StandardInput
from tracekit.testbed.relay.backend import RelayBackend
from tracekit.testbed.relay.recording import Recording
from tracekit.testbed.relay.upstream import Upstream

_MOST_BYTES = 224 << 20
"""Queries that are recorded then may need some more, up to 256 MiB."""


class RelaySettings(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON line: where the relay listens, and the real database."""

    upstream: dict[str, Any]
    """What `oracledb.connect` takes."""
    user: str
    password: str
    service: str = "TRACEKIT"
    keys: list[str] = []


def main() -> int:
    """Relay what stdin asks for; the process's exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    logging.getLogger("tracekit").addHandler(handler)
    try:
        lines = StandardInput()
        try:
            settings = msgspec.json.decode(next(iter(lines), b""), type=RelaySettings)
        except msgspec.DecodeError as exc:
            raise ConfigError(f"stdin: expected one line of JSON with the settings: {exc}") from exc
        _serve(settings, lines, stop)
    except TracekitError as exc:
        print(f"tracekit.testbed.relay: {exc}", file=sys.stderr)  # noqa: T201 - a door
        return 2
    return 0


def _serve(settings: RelaySettings, lines: StandardInput, stop: threading.Event) -> None:
    recording = Recording(settings.keys, most_bytes=_MOST_BYTES)
    recording.server = _version(settings.upstream)
    backend = RelayBackend(settings.upstream, recording)
    options = ServerOptions(
        user=settings.user, password=settings.password, service=settings.service
    )
    commands: list[threading.Thread] = []

    def announce(server: Server) -> None:
        print(json.dumps({"port": server.port, "banner": backend.banner}), flush=True)  # noqa: T201
        commands.append(_obey(recording, server, lines, stop))

    try:
        serve(options, backend, announce, stop)
    finally:
        lines.end()
        for thread in commands:
            thread.join()
        backend.close()


def _version(upstream: dict[str, Any]) -> str:
    """The database's version, which also shows that it can be reached."""
    try:
        connected = Upstream(upstream)
    except OraError as exc:
        raise ConnectError(f"connecting to {upstream.get('dsn')} failed: {exc}") from exc
    try:
        return str(connected.connection.version)
    finally:
        connected.close()


def _obey(
    recording: Recording, server: Server, lines: StandardInput, stop: threading.Event
) -> threading.Thread:
    def run() -> None:
        try:
            for line in lines:
                sys.stdout.buffer.write(_answer(recording, server, line) + b"\n")
                sys.stdout.buffer.flush()
        except BrokenPipeError:  # nobody reads the answers any more
            pass
        finally:
            stop.set()

    thread = threading.Thread(target=run, name="relay-control")
    thread.start()
    return thread


def _answer(recording: Recording, server: Server, line: bytes) -> bytes:
    if json.loads(line) != {"do": "shape"}:
        return msgspec.json.encode({"error": f"no command: {line.decode()}"})
    try:
        shape = recording.shape()
    except TracekitError as exc:
        return msgspec.json.encode({"error": str(exc)})
    return msgspec.json.encode(
        {"shape": shape, "remarks": recording.remarks(), "clients": server.client_count}
    )


if __name__ == "__main__":
    sys.exit(main())
