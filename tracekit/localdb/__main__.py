"""The local Oracle as a process of its own: `python -m tracekit.localdb`.

Reads one JSON line from stdin (so that the password is in no process list), prints one JSON line
`{"port": N, "banner": "..."}` once it listens, and serves until stdin ends (whoever started it
died or closed it) or SIGTERM or SIGINT comes. Exit code 0 then, 2 when it could not start.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path

import msgspec

from tracekit.errors import ConfigError, TracekitError
from tracekit.localdb.duck import open_backend
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.server import Server, serve


class ProcessSettings(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON line: what to serve, and `ServerOptions` by their names."""

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

    def server_options(self) -> ServerOptions:
        """The part that is the server's.

        Raises:
            ConfigError: a value makes no sense.
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
    """Serve what stdin asks for; the process's exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = _read_settings(sys.stdin.readline())
        _log_to(settings.log_file)
        _serve(settings, stop)
    except TracekitError as exc:
        print(f"tracekit.localdb: {exc}", file=sys.stderr)  # noqa: T201 - a door
        return 2
    return 0


def _serve(settings: ProcessSettings, stop: threading.Event) -> None:
    options = settings.server_options()
    backend = open_backend(
        settings.source,
        writable=settings.writable,
        sysdate=settings.sysdate,
        schema=settings.schema,
    )

    def announce(server: Server) -> None:
        line = json.dumps({"port": server.port, "banner": backend.banner})
        print(line, flush=True)  # noqa: T201 - what the parent waits for
        threading.Thread(target=_wait_for_parent, args=(stop,), daemon=True).start()

    try:
        serve(options, backend, announce, stop)
    finally:
        backend.close()


def _read_settings(line: str) -> ProcessSettings:
    try:
        return msgspec.json.decode(line, type=ProcessSettings)
    except msgspec.DecodeError as exc:
        raise ConfigError(f"stdin: expected one line of JSON with the settings: {exc}") from None


def _log_to(file: str | None) -> None:
    """Log everything to `file`, or to stderr what went wrong."""
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


def _wait_for_parent(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):  # not sys.stdin.read: its lock outlives main()
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
