"""`tracekit serve`: the whole trace service on one machine."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import resource
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from tracekit.cli.source_options import refuse_empty
from tracekit.cli.steps import Steps
from tracekit.config import DatabaseSettings, Settings
from tracekit.errors import ConfigError, ConnectError
from tracekit.extras import require
from tracekit.oracle import Database
from tracekit.testbed import LocalOracle
from tracekit.testbed.companion import Companion

if TYPE_CHECKING:
    from tracekit.jobs import EmbeddedStore

_START_SECONDS = 30.0
_POLL_SECONDS = 0.05
_WATCH_SECONDS = 0.5
_FIRST_DESCRIPTOR = 64  # a Companion needs one below
_WORKLOAD = "trace-smoke"
_DSN = re.compile(r"[^/\s]+:\d+/[^/\s]+")


@click.command("serve")
@click.argument("workload", required=False)
@click.option(
    "--workload",
    "named",
    metavar="NAME|FILE",
    help="Serve this workload, instead of the argument WORKLOAD.",
)
@click.option("--keys", type=click.IntRange(1), help="Size of the workload.")
@click.option(
    "--dsn",
    metavar="HOST:PORT/SERVICE",
    help="Read this Oracle instead; user and password come from DB_USER and DB_PASSWORD.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8114,
    show_default=True,
    help="Port to listen on; 0 takes any free one.",
)
@click.option("-q", "--quiet", is_flag=True, help="Only errors on stderr.")
def command(
    workload: str | None,
    named: str | None,
    keys: int | None,
    dsn: str | None,
    host: str,
    port: int,
    quiet: bool,
) -> None:
    """Serve the trace service and its page until Ctrl-C, without anything else installed.

    Starts a local Oracle with WORKLOAD, by default trace-smoke (or reads the one that --dsn
    names), a store for jobs and results (or uses the one that REDIS_URL names), TRACE_WORKER_COUNT
    workers and the web process, and prints the page's address. On a --host that other machines can
    reach, TRACEKIT_SERVICE_TOKEN must be set to the token that requests have to carry.

    \b
    Examples:
      tracekit serve
      tracekit serve trace-114k --port 0
      TRACE_ASYNC_CID_THRESHOLD=500 tracekit serve
      DB_USER=me DB_PASSWORD_FILE=pw tracekit serve --dsn db.example:1521/MES
    """
    require("service")
    settings = Settings.from_env()
    _check_host(host, settings)
    refuse_empty({"--workload": named, "--dsn": dsn})
    if workload and named:
        raise ConfigError(
            f"WORKLOAD {workload} and --workload {named} cannot be used together; give only one"
        )
    workload = workload or named
    if dsn is not None and (workload or keys):
        raise ConfigError("--dsn cannot be used with WORKLOAD or --keys; name one source")
    endings: dict[str, Callable[[], str | None]] = {}
    with ExitStack() as running:
        listener = running.enter_context(closing(_listen(host, port)))
        if dsn is not None:
            database = _named_database(dsn, settings)
        else:
            workload = workload or _WORKLOAD
            with Steps(quiet=quiet) as steps:
                oracle = LocalOracle(workload, keys=keys, progress=steps.update)
                running.enter_context(oracle)
            database = DatabaseSettings(oracle.dsn, oracle.user, oracle.password)
            endings["local Oracle"] = partial(_ended, oracle.exit_code)
        redis_url = settings.trace.redis_url
        if redis_url is None:
            store = running.enter_context(_embedded_store())
            redis_url = store.url
            endings["store"] = lambda: None if store.listening() else "ended."
        environment = _environment(database, redis_url)
        companions = {
            f"worker {number + 1}": _worker(environment)
            for number in range(settings.trace.worker_count)
        }
        companions["web process"] = _web(environment, listener, workload)
        for name, companion in companions.items():
            running.enter_context(companion)
            endings[name] = partial(_ended, companion.exit_code)
        url = f"http://{_url_host(host)}:{listener.getsockname()[1]}/"
        _wait_until_ready(url, companions["web process"])
        click.echo(url)
        if not quiet:
            click.echo("Open this address in a browser. Ctrl-C stops the service.", err=True)
        _watch(endings)


def _check_host(host: str, settings: Settings) -> None:
    if host not in {"127.0.0.1", "::1", "localhost"} and settings.service.token is None:
        raise ConfigError(
            f"--host {host}: other machines can reach this address. Set TRACEKIT_SERVICE_TOKEN to "
            "the token that their requests must carry."
        )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        with socket.create_server((host, port), family=family) as listener:
            above = fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD_CLOEXEC, _FIRST_DESCRIPTOR)
            return socket.socket(fileno=above)
    except OSError as exc:
        if exc.errno in {errno.EMFILE, errno.EINVAL}:  # EINVAL: a descriptor past the limit
            raise ConfigError(
                f"the limit on open files (`ulimit -n`) is {limit}, which is too low. Raise it to "
                "256 or more."
            ) from exc
        raise ConfigError(f"--host {host} --port {port}: {exc.strerror}.") from exc


def _embedded_store() -> EmbeddedStore:
    from tracekit.jobs import EmbeddedStore

    return EmbeddedStore()


def _named_database(dsn: str, settings: Settings) -> DatabaseSettings:
    named = replace(settings.database, dsn=dsn)
    Database.from_env(replace(settings, database=named))  # raises now if a setting is missing
    if not _DSN.fullmatch(dsn):
        raise ConfigError(f"--dsn {dsn!r}: expected HOST:PORT/SERVICE")
    return named


def _environment(database: DatabaseSettings, redis_url: str) -> dict[str, str]:
    assert database.dsn is not None and database.user is not None
    address, _, service = database.dsn.partition("/")
    host, _, port = address.rpartition(":")
    return {
        **os.environ,
        "REDIS_URL": redis_url,
        "DB_HOST": host,
        "DB_PORT": port,
        "DB_SERVICE": service,
        "DB_USER": database.user,
        "DB_PASSWORD": database.password or "",
    }


def _worker(environment: Mapping[str, str]) -> Companion:
    return Companion([sys.executable, "-m", "tracekit", "worker", "--quiet"], environment)


def _web(
    environment: Mapping[str, str], listener: socket.socket, workload: str | None
) -> Companion:
    descriptor = listener.fileno()
    command = [sys.executable, "-m", "tracekit.service", "--listen", f"fd:{descriptor}"]
    if workload is not None:
        command += ["--workload", workload]
    return Companion(command, environment, [descriptor])


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _wait_until_ready(url: str, web: Companion) -> None:
    pause = threading.Event()
    for _ in range(int(_START_SECONDS / _POLL_SECONDS)):
        if web.exit_code() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=_START_SECONDS):  # noqa: S310 (our own)
                return
        except urllib.error.HTTPError:
            return  # it answers, whatever the status
        except OSError:
            pause.wait(_POLL_SECONDS)
    raise ConnectError("the web process did not start; its log is above.")


def _ended(exit_code: Callable[[], int | None]) -> str | None:
    code = exit_code()
    return None if code is None else f"ended with exit code {code}; its log is above."


def _watch(endings: Mapping[str, Callable[[], str | None]]) -> None:
    # What others depend on comes first, because it is the cause.
    pause = threading.Event()
    while True:
        for name, ending in endings.items():
            if (said := ending()) is not None:
                raise ConnectError(f"the {name} {said}")
        pause.wait(_WATCH_SECONDS)
