"""`python -m tracekit.service`: the web process. `tracekit serve` and systemd units start it."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Mapping
from typing import Any

import click
import uvicorn

from tracekit.config import Settings
from tracekit.errors import ConfigError, TracekitError
from tracekit.service.deadlines import DeadlineProtocol
from tracekit.service.web import make_app
from tracekit.service.wsgi_bridge import Lane, WsgiBridge

_STOP_SECONDS = 2
_BACKLOG = 1024


@click.command("tracekit.service")
@click.option(
    "--listen", "bind", required=True, help="HOST:PORT, unix:/PATH, or fd:N of a listening socket."
)
@click.option("--threads", type=click.IntRange(1), default=8, show_default=True)
@click.option(
    "--answers",
    type=click.IntRange(1),
    default=32,
    show_default=True,
    help="Maximum number of streams and pages that clients read at once.",
)
@click.option("--workload", help="Name of the workload that a local Oracle serves.")
def main(bind: str, threads: int, answers: int, workload: str | None) -> None:
    """Serve the trace service over HTTP until SIGINT or SIGTERM.

    Requests that fetch, streams and pages, and everything else have --threads threads each, so
    that none of them blocks the others. A thread is used while something is computed, not while a
    client reads.
    """
    try:
        settings = Settings.from_env()
        app = make_app(settings=settings, workload=workload)
        listener = _listen(bind)
    except TracekitError as exc:
        raise click.ClickException(str(exc)) from exc
    _allow_many_connections()
    bridge = WsgiBridge(app, _Lanes(threads, answers), settings.service.max_request_bytes)
    config = uvicorn.Config(
        bridge,
        http=DeadlineProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


class _Lanes:
    def __init__(self, threads: int, answers: int) -> None:
        self._fetches = Lane(threads, threads)
        self._results = Lane(threads, answers)
        self._others = Lane(threads, _BACKLOG)

    def __call__(self, scope: Mapping[str, Any]) -> Lane:
        if scope["method"] == "POST":
            return self._fetches
        if scope["path"].endswith(("/stream", "/result")):
            return self._results
        return self._others


def _listen(bind: str) -> socket.socket:
    """A listening socket.

    Raises:
        ConfigError: `bind` is malformed, or nothing can listen there.
    """
    kind, _, rest = bind.partition(":")
    try:
        if kind == "fd":
            return socket.socket(fileno=int(rest))
        if kind == "unix":
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(rest)
        else:
            host, _, port = bind.rpartition(":")
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listener = socket.create_server((host.strip("[]"), int(port)), family=family)
        listener.listen(_BACKLOG)
    except (OSError, ValueError) as exc:
        raise ConfigError(f"--listen {bind}: {exc}") from exc
    return listener


def _allow_many_connections() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
