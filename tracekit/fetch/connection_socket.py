"""The socket under a connection: for another thread to end a call by, and to be closed at the end.

python-oracledb 26.1.0 leaves both wanting. Its own `cancel()` crashes the process where the thread
that reads drops the connection in that moment. And of a connection that was reset it forgets the
socket without closing it. The driver does not name its socket, but it is among the objects that
the connection refers to.
"""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import oracledb

_DEPTH = 5  # connection, its implementation, protocol, transport, socket


@contextmanager
def socket_copied(connection: oracledb.Connection) -> Iterator[socket.socket | None]:
    """A descriptor of its own for the connection's socket; None where the driver has none.

    Shutting it down ends what waits on the original, whose number may be another file's by then.
    At the end of the block the copy is closed, and the original too if the driver has let go of it.
    """
    original = _socket_of(connection)
    if original is None:
        yield None
        return
    try:
        with socket.socket(fileno=os.dup(original.fileno())) as copied:
            yield copied
    finally:
        if _socket_of(connection) is None:
            original.close()


def _socket_of(connection: oracledb.Connection) -> socket.socket | None:
    level: list[object] = [connection]
    for _ in range(_DEPTH):
        for one in level:
            if isinstance(one, socket.socket) and one.fileno() >= 0:
                return one
        drivers = [one for one in level if type(one).__module__.startswith("oracledb")]
        level = gc.get_referents(*drivers)
    return None
