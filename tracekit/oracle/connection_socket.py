"""The socket of a connection, through which another thread ends a call; it must be closed.

python-oracledb 26.1.0 does neither reliably. Its own `cancel()` crashes the process if the reading
thread drops the connection at that moment, and the socket of a connection that was reset is
forgotten without being closed. The driver does not expose its socket, but the connection's
references lead to it.
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
    """The driver's own socket, or None; closed at the end if the driver has dropped it."""
    found = _socket_of(connection)
    try:
        yield found
    finally:
        if found is not None and _socket_of(connection) is None:
            found.close()


def copy_of(original: socket.socket) -> socket.socket:
    """A duplicate descriptor of the same socket; the caller closes it.

    Shutting it down ends calls on the original, even if its number was reused meanwhile.

    Raises:
        FetchError: the process has no descriptor left.
    """
    try:
        return socket.fromfd(original.fileno(), original.family, original.type)
    except OSError as exc:
        raise FetchError(
            f"a connection's socket could not be copied: {exc}. Raise the limit on open files "
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
