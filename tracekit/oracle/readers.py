"""Stop reads in other threads: interrupt their database calls instead of waiting for them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import oracledb

from tracekit.errors import FetchError
from tracekit.oracle.connection_socket import copy_of, socket_of

GRACE_SECONDS = 0.1
"""Time for a reader to stop by itself before its call is interrupted."""
_BREAK = b"!"  # what Oracle Net clients send as urgent data


class Cancelled(FetchError):
    """A reader's call was interrupted, or never started, because its consumer had gone."""

    def __init__(self) -> None:
        super().__init__("the read was cancelled because its consumer had gone. Start it again")


class Readers:
    """Threads that read for one consumer, and the connections they have open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._cancelled = False
        self._endings: dict[object, Callable[[Readers], None]] = {}

    @property
    def cancelled(self) -> bool:
        """Whether their calls were interrupted."""
        return self._cancelled

    def at_end(self, owner: object, ending: Callable[[Readers], None]) -> None:
        """Call `ending` once all readers are done; per `owner` only the last one given counts."""
        with self._lock:
            self._endings[owner] = ending

    def close(self) -> None:
        """Run the `ending` callbacks: all readers are done."""
        with self._lock:
            endings, self._endings = list(self._endings.values()), {}
        for ending in endings:
            ending(self)

    def cancel(self) -> None:
        """End each reader's call with Cancelled, and refuse new ones.

        The database is sent an out-of-band break, so that the statement does not run on, and the
        connection is ended.
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
    """Interrupt `connection` if `readers` are cancelled inside this block.

    At the end the connection's socket is closed if the driver dropped it without closing it.

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
