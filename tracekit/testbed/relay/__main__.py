"""The relay as a separate process: `python -m tracekit.testbed.relay`.

Reads its settings as one line of JSON from stdin, so that passwords are not in the process list.
Prints one line of JSON, `{"port": N, "banner": "..."}`, once it listens. Serves until stdin ends or
it gets SIGTERM or SIGINT, and then exits with code 0; the exit code is 2 if it could not start. It
answers the line `{"do": "shape"}` on stdin with one line about the traffic so far, `{"shape":
{...}, "remarks": [...], "clients": 0}`.
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
"""Leaves room, up to 256 MiB, for queries whose recording has started."""


class RelaySettings(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON settings: the address to listen on, and the real database."""

    upstream: dict[str, Any]
    """Arguments of `oracledb.connect`."""
    user: str
    password: str
    service: str = "TRACEKIT"
    keys: list[str] = []


def main() -> int:
    """Relay with the settings on stdin, and return the process's exit code."""
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
    """The database's version; fails if the database cannot be reached."""
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
        except BrokenPipeError:  # the parent no longer reads
            pass
        finally:
            stop.set()

    thread = threading.Thread(target=run, name="relay-control")
    thread.start()
    return thread


def _answer(recording: Recording, server: Server, line: bytes) -> bytes:
    if json.loads(line) != {"do": "shape"}:
        return msgspec.json.encode({"error": f"not a command: {line.decode()}"})
    try:
        shape = recording.shape()
    except TracekitError as exc:
        return msgspec.json.encode({"error": str(exc)})
    return msgspec.json.encode(
        {"shape": shape, "remarks": recording.remarks(), "clients": server.client_count}
    )


if __name__ == "__main__":
    sys.exit(main())
