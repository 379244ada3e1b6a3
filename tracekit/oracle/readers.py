"""Ending what other threads read: their database calls are broken off, not waited for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import oracledb

from tracekit.errors import FetchError
from tracekit.oracle.connection_socket import copy_of, socket_of

GRACE_SECONDS = 0.1
"""How long a reader that is to end may take to see so for itself before its call is broken off."""
_BREAK = b"!"  # what Oracle Net clients send as urgent data


class Cancelled(FetchError):
    """A reader's call was broken off, or had not begun, since its consumer had gone."""

    def __init__(self) -> None:
        super().__init__("nobody waits any more for what was to be read; ask for it again")


class Readers:
    """Threads that read for one consumer, and the connections they have open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._cancelled = False
        self._endings: dict[object, Callable[[Readers], None]] = {}

    @property
    def cancelled(self) -> bool:
        """Whether their calls were broken off."""
        return self._cancelled

    def at_end(self, owner: object, ending: Callable[[Readers], None]) -> None:
        """Have `ending` called once all have read, for each `owner` the one given last."""
        with self._lock:
            self._endings[owner] = ending

    def close(self) -> None:
        """Tell those who wait for it that all have read."""
        with self._lock:
            endings, self._endings = list(self._endings.values()), {}
        for ending in endings:
            ending(self)

    def cancel(self) -> None:
        """End each reader's call, which then fails with Cancelled, and let none begin.

        The database is sent a break out of band, for a statement that would run on for nobody,
        and the connection ends.
        """
        with self._lock:
            self._cancelled = True
            for one in self._sockets:
                with suppress(OSError):
                    one.send(_BREAK, socket.MSG_OOB | socket.MSG_DONTWAIT)
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _holding(self, original: socket.socket) -> Iterator[None]:
        with copy_of(original) as copied:
            with self._lock:
                if self._cancelled:
                    raise Cancelled
                self._sockets.add(copied)
            try:
                yield
            except oracledb.Error:
                if self._cancelled:
                    raise Cancelled from None
                raise
            finally:
                with self._lock:
                    self._sockets.discard(copied)


@contextmanager
def held_by(readers: Readers | None, connection: oracledb.Connection) -> Iterator[None]:
    """In this block `connection` is broken off when `readers` are cancelled.

    At its end the connection's socket is closed if the driver has let go of it without that.

    Raises:
        Cancelled: they were cancelled, before or meanwhile.
        FetchError: the process has too many files open.
    """
    with socket_of(connection) as found:
        if readers is None or found is None:
            yield
            return
        with readers._holding(found):
            yield
