"""`Relay`: a relay to a real database in a separate process, and its recording."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from types import TracebackType
from typing import Any, Self

import msgspec

from tracekit.errors import ConnectError
from tracekit.oracle import Database
from tracekit.records import Shape, shape_from_json
from tracekit.testbed.server_process import ServerProcess, ServerReady

SERVICE = "TRACEKIT"
USER = "tracekit"
_NOT_DRIVER_OPTIONS = frozenset(
    {
        "call_timeout_ms",
        "connect_timeout_ms",
        "max_concurrent",
        "fetchmany_size",
        "retry_attempts",
        "retry_wait_ms",
        "retry_max_seconds",
    }
)
_SETTLE_SECONDS = 5.0
_ANSWER_SECONDS = 300.0
_POLL_SECONDS = 0.05


class Relay:
    """Runs its clients' statements on `database` and records them; a context manager.

    Records statistics of the traffic, outside the clients' processes.

    Args:
        database: The real database.
        keys: The key columns of the queries; empty for the columns with a list of binds.

    Example:
        with Relay(Database.from_env()) as relay:
            run_job(relay.dsn, relay.user, relay.password)
            shape = relay.shape()

    Raises:
        ConnectError: the database cannot be reached.
    """

    def __init__(self, database: Database, *, keys: Collection[str] = ()) -> None:
        self.user = USER
        self.password = secrets.token_urlsafe(18)
        self.remarks: tuple[str, ...] = ()
        """What could not be recorded completely, as of the last `shape`."""
        self._database = database
        self._keys = list(keys)
        self._process = ServerProcess("tracekit.testbed.relay", "the relay")
        self._ready: ServerReady | None = None

    def __enter__(self) -> Self:
        """Connect once, start the process and wait until it listens."""
        with self._database.without_retry().connect():
            pass  # raises tracekit's error for a failed connection
        arguments = self._database.arguments
        self._ready = self._process.start(
            {
                "upstream": {
                    name: value
                    for name, value in arguments.items()
                    if name not in _NOT_DRIVER_OPTIONS
                },
                "user": self.user,
                "password": self.password,
                "service": SERVICE,
                "keys": self._keys,
            }
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the process and close open sessions."""
        self._ready = None
        self._process.stop()

    @property
    def dsn(self) -> str:
        """`HOST:PORT/SERVICE` while the relay runs."""
        if self._ready is None:
            raise ConnectError("the relay is not running. Use it inside its with block")
        return f"127.0.0.1:{self._ready.port}/{SERVICE}"

    @property
    def server_pid(self) -> int | None:
        """The relay's process id while it runs."""
        return self._process.pid

    def shape(self) -> Shape:
        """The recorded shape; waits briefly for clients that are disconnecting.

        Raises:
            ConnectError: the relay has ended.
        """
        deadline = time.monotonic() + _SETTLE_SECONDS
        answer = self._asked()
        while answer["clients"] and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            answer = self._asked()
        self.remarks = tuple(answer["remarks"])
        return shape_from_json(msgspec.json.encode(answer["shape"]), source="the relay's shape")

    def _asked(self) -> dict[str, Any]:
        return self._process.ask({"do": "shape"}, seconds=_ANSWER_SECONDS)
