"""The local Oracle as a process of its own: `python -m tracekit.localdb`.

Reads one JSON line from stdin (so that the password is in no process list), prints one JSON line
`{"port": N, "banner": "..."}` once it listens, and serves until stdin ends (whoever started it
died or closed it) or SIGTERM or SIGINT comes. Exit code 0 then, 2 when it could not start.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from tracekit.errors import ConfigError, TracekitError
from tracekit.localdb.duck import open_backend
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.server import Server, serve

_SERVER_KEYS = ("user", "password", "host", "port", "service", "schema", "allow_remote")
_KEYS = frozenset({*_SERVER_KEYS, "source", "sysdate", "writable", "log_file"})


def main() -> int:
    """Serve what stdin asks for; the process's exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = _read_settings(sys.stdin.readline())
        _log_to(settings.get("log_file"))
        _serve(settings, stop)
    except TracekitError as exc:
        print(f"tracekit.localdb: {exc}", file=sys.stderr)  # noqa: T201 - a door
        return 2
    return 0


def _serve(settings: dict[str, Any], stop: threading.Event) -> None:
    options = ServerOptions(**{key: settings[key] for key in _SERVER_KEYS if key in settings})
    sysdate = settings.get("sysdate")
    backend = open_backend(
        settings["source"],
        writable=settings.get("writable", False),
        sysdate=datetime.fromisoformat(sysdate) if sysdate else None,
        schema=options.schema,
    )

    def announce(server: Server) -> None:
        line = json.dumps({"port": server.port, "banner": backend.banner})
        print(line, flush=True)  # noqa: T201 - what the parent waits for
        threading.Thread(target=_wait_for_parent, args=(stop,), daemon=True).start()

    try:
        serve(options, backend, announce, stop)
    finally:
        backend.close()


def _read_settings(line: str) -> dict[str, Any]:
    try:
        settings = json.loads(line)
    except json.JSONDecodeError:
        raise ConfigError("stdin: expected one line of JSON with the server's settings") from None
    if not isinstance(settings, dict) or not {"source", "user", "password"} <= settings.keys():
        raise ConfigError("stdin: expected a JSON object with source, user and password")
    if unknown := sorted(settings.keys() - _KEYS):
        raise ConfigError(f"stdin: unknown settings {', '.join(unknown)}")
    return settings


def _log_to(file: str | None) -> None:
    handler = logging.FileHandler(Path(file), encoding="utf-8") if file else logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("tracekit")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def _wait_for_parent(stop: threading.Event) -> None:
    while sys.stdin.read(1 << 16):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
