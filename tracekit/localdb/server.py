"""The server: a listening socket, and a thread per client."""

from __future__ import annotations

import itertools
import logging
import resource
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tracekit.errors import RemoteWireError
from tracekit.localdb.backend import Backend, BackendSession
from tracekit.localdb.connection import Connection, ConnectionClosed
from tracekit.localdb.defect import log_defect
from tracekit.localdb.hooks import Cut, Manner, SessionHooks
from tracekit.localdb.listener import Listener
from tracekit.localdb.login import Login
from tracekit.localdb.memory_guard import MemoryGuard
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.session import Session
from tracekit.localdb.watcher import Watcher
from tracekit.localdb.wire.verifier import Verifier

_log = logging.getLogger(__name__)

_STOP_SECONDS = 10.0
_OTHER_FILES = 64
"""File descriptors reserved for the database: its file, spooled results, the log."""


class Server:
    """Listens and serves clients until stopped; use it as a context manager.

    Args:
        options: The address to listen on, and the user.
        backend: The database; closed by the caller.
        hooks: Makes the hooks of each session.

    Raises:
        ConfigError: the server cannot listen on the address.
    """

    def __init__(
        self,
        options: ServerOptions,
        backend: Backend,
        hooks: Callable[[], SessionHooks] = SessionHooks,
    ) -> None:
        self.options = options
        self._backend = backend
        self._hooks = hooks
        self._verifier = Verifier.from_password(options.password)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._clients: dict[Connection, threading.Thread] = {}
        self._most_clients = max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _OTHER_FILES)
        self._watcher = Watcher()
        self._guard = MemoryGuard()
        try:
            self._listener = Listener(options.host, options.port, self._start_client)
        except BaseException:
            self._watcher.stop()
            self._guard.stop()
            raise

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return self._listener.port

    @property
    def dsn(self) -> str:
        """The DSN for clients: `127.0.0.1:PORT/SERVICE`."""
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        return f"{host}:{self.port}/{self.options.service}"

    @property
    def client_count(self) -> int:
        """The number of connections, including those logging on."""
        with self._lock:
            return len(self._clients)

    def stop(self) -> None:
        """Stop listening, close all connections and wait for their threads."""
        self._listener.close()
        with self._lock:
            clients = dict(self._clients)
        for connection in clients:
            connection.hang_up("the server is stopping")
        for connection, thread in clients.items():
            thread.join(_STOP_SECONDS)
            if thread.is_alive():
                _log.error("%s did not end in %.0f s", connection.name, _STOP_SECONDS)
        self._watcher.stop()
        self._guard.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        self.stop()

    def _start_client(self, sock: socket.socket, peer: str) -> None:
        """Start a thread for an accepted client.

        Raises:
            OSError: the client has disconnected.
            RuntimeError: no more clients can be served.
        """
        with self._lock:
            if len(self._clients) >= self._most_clients:
                raise RuntimeError(
                    f"{self._most_clients:,} clients are connected, the most that the limit on "
                    "open files (ulimit -n) allows"
                )
            number = next(self._numbers)
            name = f"client {number} ({peer})"
            connection = Connection(sock, name, self._watcher, self.options.login_seconds)
            thread = threading.Thread(
                target=self._serve_client, args=(connection, number), name=f"localdb-{number}"
            )
            thread.start()
            self._clients[connection] = thread

    def _serve_client(self, connection: Connection, number: int) -> None:
        """Run a client's thread, from its first packet to its last."""
        try:
            self._serve(connection, number)
            _log.info("%s: logged off", connection.name)
        except ConnectionClosed as exc:
            _log.info("%s: %s", connection.name, exc)
        except RemoteWireError as exc:
            _log.warning("%s: closed, because it sent malformed data: %s", connection.name, exc)
        except Exception as exc:
            log_defect(_log, connection.name, exc)
        finally:
            connection.close()
            with self._lock:
                del self._clients[connection]

    def _serve(self, connection: Connection, number: int) -> None:
        hooks = self._hooks()
        hooks.begin(connection.check)
        banner = self._backend.banner
        login = Login(
            connection,
            self.options,
            self._verifier,
            banner,
            number,
            hooks,
            self._backend.has_clone,
        )
        try:
            logged_on = login.run()
        except Cut as cut:
            if cut.manner is Manner.SILENT:
                connection.ignore_client()
            raise ConnectionClosed(f"cut off by a fault: {cut.manner.value}") from cut
        connection.admit()
        _log.info("%s: logged on", connection.name)
        backend = self._backend.open_session(self.options.schema, logged_on.clone, logged_on.client)
        try:
            if logged_on.alter_session:
                _alter_session(backend, logged_on.alter_session)
            Session(
                connection, logged_on.reader, logged_on.agreement, backend, hooks, self._guard
            ).run()
        finally:
            connection.end_call()
            backend.close()


def serve(
    options: ServerOptions,
    backend: Backend,
    ready: Callable[[Server], None],
    stop: threading.Event | None = None,
    hooks: Callable[[], SessionHooks] = SessionHooks,
) -> None:
    """Serve in the calling thread until `stop` is set or an exception such as Ctrl-C ends it.

    Args:
        options: The address to listen on, and the user.
        backend: The database; closed by the caller.
        ready: Called once the server listens.
        stop: Ends the service when set; without it, only an exception does.
        hooks: Makes the hooks of each session.

    Raises:
        ConfigError: the server cannot listen on the address.
    """
    with Server(options, backend, hooks) as server:
        ready(server)
        (stop or threading.Event()).wait()


def _alter_session(backend: BackendSession, statement: str) -> None:
    """Apply the client's initial settings; settings that the database does not know are ignored."""
    try:
        backend.execute(backend.prepare(statement), [()])
    except OraError as error:
        _log.info("the statement sent at log-on failed: ORA-%05d", error.number)
