"""Ending what other threads read: their database calls are broken off, not waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import oracledb

from tracekit.errors import FetchError

GRACE_SECONDS = 0.1
"""How long a reader that is to end may take to see so for itself before its call is broken off."""
_CANCELLED = "ORA-01013"
_here = threading.local()


class Cancelled(FetchError):
    """A reader was about to begin when its consumer had gone."""


class Readers:
    """Threads that read for one consumer, and the connections they have open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: set[oracledb.Connection] = set()
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

    @contextmanager
    def reading_here(self) -> Iterator[None]:
        """In this block the calling thread is one of the readers."""
        before = readers_here()
        _here.readers = self
        try:
            yield
        finally:
            _here.readers = before

    def cancel(self) -> None:
        """Break off each reader's call, which then fails with ORA-01013, and let none begin.

        A database that does not answer the break either keeps its reader until the call times
        out.
        """
        with self._lock:
            self._cancelled = True
            for connection in self._connections:
                with suppress(oracledb.Error, OSError):
                    connection.cancel()

    @contextmanager
    def _holding(self, connection: oracledb.Connection) -> Iterator[None]:
        with self._lock:
            if self._cancelled:
                raise Cancelled("nobody waits any more for what was to be read; ask for it anew")
            self._connections.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)


def readers_here() -> Readers | None:
    """The readers the calling thread is one of."""
    return getattr(_here, "readers", None)


@contextmanager
def held_by_readers(connection: oracledb.Connection) -> Iterator[None]:
    """In this block `connection` is broken off with the readers the calling thread is one of.

    Raises:
        Cancelled: they were cancelled before.
    """
    readers = readers_here()
    if readers is None:
        yield
        return
    with readers._holding(connection):
        yield


def was_cancelled(error: BaseException) -> bool:
    """Whether a reader failed because its call was broken off, or had not begun."""
    cause = error.__cause__
    if isinstance(error, Cancelled):
        return True
    return isinstance(cause, oracledb.Error) and str(cause).startswith(_CANCELLED)
