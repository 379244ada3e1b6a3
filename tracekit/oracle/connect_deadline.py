"""A time limit for connecting, which python-oracledb lacks once TCP is connected.

Its `tcp_connect_timeout` covers TCP alone, and `call_timeout` cannot be set before there is a
connection, so a listener that accepts and stays silent blocks the client forever. The driver calls
back before each round trip (`round_trip_callback`) and when it opens a connection
(`operation_callback`), which lets us put a time limit on the socket before the first packet.
The TLS handshake of `tcps` comes before the first callback and has no limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import oracledb

from tracekit.errors import ConnectError

_WAITS = 2
"""After a time-out the driver sends a break and waits just as long for its answer."""
_DRIVERS_TCP_SECONDS = 20.0


def connect_within(
    timeout_ms: int, dsn: str, options: Mapping[str, Any], **login: Any
) -> oracledb.Connection:
    """Call `oracledb.connect`, but raise an error after `timeout_ms`.

    Args:
        timeout_ms: Limit of the whole attempt; each answer may take half of the remaining time.
        dsn: The database to connect to.
        options: Other parameters of `oracledb.connect`; its callbacks are called as well.
        login: User and password.

    Raises:
        ConnectError: nothing answered in time.
        oracledb.Error: the driver failed in another way.
    """
    deadline = _Deadline(timeout_ms / 1000, options)
    tcp_seconds = min(timeout_ms / 1000, _DRIVERS_TCP_SECONDS)
    ours = {
        "operation_callback": deadline.on_operation,
        "round_trip_callback": deadline.on_round_trip,
    }
    try:
        connection = oracledb.connect(
            dsn=dsn, **login, **({"tcp_connect_timeout": tcp_seconds} | dict(options) | ours)
        )
    except oracledb.Error as exc:
        if not _timed_out(exc):
            raise
        raise ConnectError(
            f"connecting to {dsn} failed: no answer within {timeout_ms:,} ms. Check that an Oracle "
            "listener is running there (DB_HOST, DB_PORT) and is not overloaded, or raise "
            "TRACEKIT_CONNECT_TIMEOUT_MS."
        ) from exc
    finally:
        deadline.forget()
    connection.operation_callback = deadline.users_operation
    connection.round_trip_callback = deadline.users_round_trip
    return connection


class _Deadline:
    """Sets the remaining time on a connection's socket before each round trip."""

    def __init__(self, seconds: float, options: Mapping[str, Any]) -> None:
        self.users_operation: Callable[..., Any] | None = options.get("operation_callback")
        self.users_round_trip: Callable[..., Any] | None = options.get("round_trip_callback")
        self._end = time.monotonic() + seconds
        self._opened: Any = None

    def on_operation(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """The driver begins the operation `name`; if it connects, remember the connection."""
        if name == "connect":
            self._opened = arguments["impl"]
        return self.users_operation(name, arguments) if self.users_operation else None

    def on_round_trip(self, name: str) -> Any:
        """The driver is about to send a packet and wait for the answer."""
        if self._opened is not None:
            left_ms = round((self._end - time.monotonic()) * 1000)
            self._opened.set_call_timeout(max(1, left_ms // _WAITS))
        return self.users_round_trip(name) if self.users_round_trip else None

    def forget(self) -> None:
        """Drop the connection, because its parameters keep these callbacks alive."""
        self._opened = None


def _timed_out(exc: BaseException) -> bool:
    link: BaseException | None = exc
    while link is not None:
        if isinstance(link, TimeoutError):
            return True
        link = link.__cause__ or link.__context__
    return False
