"""The listening socket: accept clients, and refuse those that cannot be served with a reason."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable

from tracekit.errors import ConfigError
from tracekit.localdb.wire.messages.connect import ERR_NO_HANDLER, make_refuse

_log = logging.getLogger(__name__)

_ACCEPT_PAUSE_SECONDS = 0.1
_REFUSED_SECONDS = 0.25
"""How long a refused client may take to send its request, so that it receives the reply."""
_BACKLOG = 512
_LONGEST_CONNECT = 8 << 10
_OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)


class Listener:
    """Accepts connections in its own thread until closed.

    Args:
        host: The address to listen on.
        port: The port to listen on; 0 for any free one.
        welcome: Takes over an accepted socket; raises OSError or RuntimeError if no more clients
            can be served.

    Raises:
        ConfigError: it cannot listen on the address.
    """

    def __init__(self, host: str, port: int, welcome: Callable[[socket.socket, str], None]) -> None:
        self._welcome = welcome
        self._socket = _listen(host, port)
        self._spare: int | None = os.open(os.devnull, os.O_RDONLY)
        self._wake, self._waker = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._accept_all, name="localdb-accept")
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        """Stop listening."""
        self._waker.close()
        self._thread.join()
        self._selector.close()
        self._socket.close()
        self._wake.close()
        if self._spare is not None:
            os.close(self._spare)

    def _accept_all(self) -> None:
        """Run the thread until the waker is closed."""
        while all(key.fileobj is self._socket for key, _ in self._selector.select()):
            try:
                self._accept()
            except OSError as exc:
                _log.warning("a connection could not be accepted: %s", exc)
                if exc.errno not in _OUT_OF_FILES or not self._refuse_with_spare():
                    time.sleep(_ACCEPT_PAUSE_SECONDS)

    def _accept(self) -> None:
        sock, peer = self._socket.accept()
        sock.setblocking(True)
        try:
            self._welcome(sock, f"{peer[0]}:{peer[1]}")
        except (OSError, RuntimeError) as exc:  # such as "can't start new thread"
            _log.warning("%s:%s was refused: %s", peer[0], peer[1], exc)
            _refuse(sock)

    def _refuse_with_spare(self) -> bool:
        """Refuse one client with the spare descriptor; False if there is none."""
        if self._spare is None:
            return False
        os.close(self._spare)
        self._spare = None
        with contextlib.suppress(OSError):
            _refuse(self._socket.accept()[0])
        with contextlib.suppress(OSError):  # another thread took the last descriptor
            self._spare = os.open(os.devnull, os.O_RDONLY)
        return True


def _refuse(sock: socket.socket) -> None:
    """Reply with the listener's error, and close the socket."""
    with sock, contextlib.suppress(OSError):
        sock.settimeout(_REFUSED_SECONDS)
        with contextlib.suppress(TimeoutError):
            sock.recv(_LONGEST_CONNECT)
        sock.sendall(make_refuse(ERR_NO_HANDLER))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as exc:
        raise ConfigError(f"host={host!r}, port={port}: cannot listen: {exc}") from exc
    listener.setblocking(False)
    return listener
