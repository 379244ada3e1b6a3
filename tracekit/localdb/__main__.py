"""The local Oracle as a separate process: `python -m tracekit.localdb`.

Reads its settings as one line of JSON from stdin, so that the password is not in the process list.
Prints one line of JSON, `{"port": N, "banner": "..."}`, once it listens. Serves until stdin ends
(the parent died or closed it) or it gets SIGTERM or SIGINT, and then exits with code 0; the exit
code is 2 if it could not start. Further lines on stdin are commands (`tracekit.localdb.control`);
each gets one line on stdout.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path

import msgspec

from tracekit.errors import ConfigError, TracekitError
from tracekit.localdb.control import Control
from tracekit.localdb.duck import open_backend
from tracekit.localdb.faults import AnyFault
from tracekit.localdb.faults_board import FaultBoard
from tracekit.localdb.faults_hooks import FaultHooks
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.recorded import recorded_backend
from tracekit.localdb.server import Server, serve
from tracekit.localdb.standard_input import StandardInput


class ProcessSettings(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON settings: the source, and the fields of `ServerOptions`."""

    source: str
    user: str
    password: str
    host: str = "127.0.0.1"
    port: int = 0
    service: str = "TRACEKIT"
    schema: str = "DWH"
    allow_remote: bool = False
    sysdate: datetime | None = None
    writable: bool = False
    log_file: str | None = None
    faults: list[AnyFault] = []

    def server_options(self) -> ServerOptions:
        """The options of the server.

        Raises:
            ConfigError: a value is invalid.
        """
        return ServerOptions(
            user=self.user,
            password=self.password,
            host=self.host,
            port=self.port,
            service=self.service,
            schema=self.schema,
            allow_remote=self.allow_remote,
        )


def main() -> int:
    """Serve with the settings on stdin, and return the process's exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        lines = StandardInput()
        settings = _read_settings(next(iter(lines), b""))
        _log_to(settings.log_file)
        _serve(settings, lines, stop)
    except TracekitError as exc:
        print(f"tracekit.localdb: {exc}", file=sys.stderr)  # noqa: T201 - a door
        return 2
    return 0


def _serve(settings: ProcessSettings, lines: StandardInput, stop: threading.Event) -> None:
    options = settings.server_options()
    board = FaultBoard(settings.faults)
    backend = recorded_backend(
        open_backend(
            settings.source,
            writable=settings.writable,
            sysdate=settings.sysdate,
            schema=settings.schema,
        )
    )
    commands: list[threading.Thread] = []

    def announce(server: Server) -> None:
        line = json.dumps({"port": server.port, "banner": backend.banner})
        print(line, flush=True)  # noqa: T201 - what the parent waits for
        commands.append(_start_commands(Control(server, board, backend), lines, stop))

    try:
        serve(options, backend, announce, stop, lambda: FaultHooks(board))
    finally:
        lines.end()
        for thread in commands:
            thread.join()
        backend.close()


def _read_settings(line: bytes) -> ProcessSettings:
    try:
        return msgspec.json.decode(line, type=ProcessSettings)
    except msgspec.DecodeError as exc:
        raise ConfigError(f"stdin: expected one line of JSON with the settings: {exc}") from None


def _log_to(file: str | None) -> None:
    """Log everything to `file`, or only errors to stderr."""
    handler: logging.Handler
    if file:
        try:
            handler = logging.FileHandler(Path(file), encoding="utf-8")
        except OSError as exc:
            raise ConfigError(f"log_file={file!r} cannot be written: {exc}") from exc
    else:
        handler = logging.StreamHandler()
        handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("tracekit")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def _start_commands(
    control: Control, lines: StandardInput, stop: threading.Event
) -> threading.Thread:
    """Start a thread that runs the parent's commands until they end."""

    def run() -> None:
        try:
            for line in lines:
                sys.stdout.buffer.write(control.answer(line) + b"\n")
                sys.stdout.buffer.flush()
        except BrokenPipeError:  # the parent no longer reads
            pass
        finally:
            stop.set()

    thread = threading.Thread(target=run, name="localdb-control")
    thread.start()
    return thread


if __name__ == "__main__":
    sys.exit(main())
