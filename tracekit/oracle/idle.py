"""Connections kept open between the queries of one fetch: logging on is expensive."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import oracledb

from tracekit.errors import ConnectError
from tracekit.oracle.readers import Readers

_Idle = tuple[Readers, Mapping[str, Any], oracledb.Connection]


class Connections:
    """At most `limit` connections to one database, in use or idle.

    An idle connection is kept for the next query of the readers that used it. It is closed if
    someone else is waiting for a free slot.
    """

    def __init__(self, limit: int) -> None:
        self._slots = threading.BoundedSemaphore(limit)
        self._lock = threading.Lock()
        self._idle: list[_Idle] = []
        self._waiting = 0

    def take(
        self, options: Mapping[str, Any], timeout_seconds: float
    ) -> oracledb.Connection | None:
        """An idle connection made with `options`; None allows the caller to open one.

        Raises:
            TimeoutError: none came free in time.
        """
        while (found := self._take_idle(options)) is not None:
            if found.is_healthy():
                return found
            self.give_up(found)
        if self._slots.acquire(blocking=False):
            return None
        with self._lock:
            other = self._idle.pop() if self._idle else None
            self._waiting += other is None
        if other is not None:
            _close(other[2])  # and keep its slot
            return None
        try:
            if not self._slots.acquire(timeout=timeout_seconds):
                raise TimeoutError
        finally:
            with self._lock:
                self._waiting -= 1
        return None

    def give_back(
        self, connection: oracledb.Connection, options: Mapping[str, Any], readers: Readers | None
    ) -> None:
        """Return a working connection; it stays open if `readers` may use it again.

        Once they are cancelled it is closed: its socket may have been shut down.
        """
        with self._lock:
            if readers is not None and not readers.cancelled and not self._waiting:
                self._idle.append((readers, options, connection))
                readers.at_end(self, self.close_idle)
                return
        self.give_up(connection)

    def give_up(self, connection: oracledb.Connection | None) -> None:
        """Close a connection, if one was opened, and free its slot."""
        try:
            if connection is not None:
                _close(connection)
        finally:
            self._slots.release()

    def close_idle(self, readers: Readers | None = None) -> None:
        """Close the idle connections of some readers, or of all."""
        with self._lock:
            chosen = [idle for idle in self._idle if readers is None or idle[0] is readers]
            self._idle = [idle for idle in self._idle if idle not in chosen]
        for _, _, connection in chosen:
            self.give_up(connection)

    def _take_idle(self, options: Mapping[str, Any]) -> oracledb.Connection | None:
        with self._lock:
            for index, (_, made_with, connection) in enumerate(self._idle):
                if made_with == options:
                    del self._idle[index]
                    return connection
        return None


def no_free_connection(dsn: str, limit: int, timeout_ms: int) -> ConnectError:
    """The error raised if no connection came free in time."""
    return ConnectError(
        f"no connection to {dsn} came free within {timeout_ms:,} ms: all {limit} are in use. Close "
        "iterators that you do not read to the end, or raise DB_SLOW_MAX_CONCURRENT."
    )


def _close(connection: oracledb.Connection) -> None:
    # A connection that timed out or was dropped cannot log off; it is gone already.
    with suppress(oracledb.Error):
        connection.close()
