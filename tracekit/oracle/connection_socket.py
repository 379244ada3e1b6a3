"""The socket under a connection: for another thread to end a call by, and to be closed at the end.

python-oracledb 26.1.0 leaves both wanting. Its own `cancel()` crashes the process where the thread
that reads drops the connection in that moment. And of a connection that was reset it forgets the
socket without closing it. The driver does not name its socket, but it is among the objects that
the connection refers to.
"""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import oracledb

from tracekit.errors import FetchError

_DEPTH = 5  # connection, its implementation, protocol, transport, socket


@contextmanager
def socket_of(connection: oracledb.Connection) -> Iterator[socket.socket | None]:
    """The driver's own socket, or None; closed at the end if the driver has let go of it."""
    found = _socket_of(connection)
    try:
        yield found
    finally:
        if found is not None and _socket_of(connection) is None:
            found.close()


def copy_of(original: socket.socket) -> socket.socket:
    """A descriptor of its own for the same end of the line; the caller closes it.

    Shutting it down ends what waits on the original, whose number may be another file's by then.

    Raises:
        FetchError: the process has no descriptor left.
    """
    try:
        return socket.fromfd(original.fileno(), original.family, original.type)
    except OSError as exc:
        raise FetchError(
            f"a connection's socket could not be copied: {exc}. Raise the limit of open files "
            "(ulimit -n), or read with fewer workers."
        ) from exc


def _socket_of(connection: oracledb.Connection) -> socket.socket | None:
    level: list[object] = [connection]
    for _ in range(_DEPTH):
        for one in level:
            if isinstance(one, socket.socket) and one.fileno() >= 0:
                return one
        drivers = [one for one in level if type(one).__module__.startswith("oracledb")]
        level = gc.get_referents(*drivers)
    return None
