"""One thread that listens to every client whose call is running.

A session reads its own socket between calls. During a call somebody else has to: a break, or the
client's end, must reach a query that runs. That is one thread for all clients, so that an idle
client costs one thread and not two.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Protocol

from tracekit.localdb.defect import log_defect

_log = logging.getLogger(__name__)

_URGE_SECONDS = 0.02


class Watched(Protocol):
    """A client whose call runs."""

    name: str

    def look(self) -> bool:
        """Take what has arrived, without waiting; whether the call is to be urged to end."""

    def urge(self) -> bool:
        """Interrupt the call if it still runs; whether to do so again."""


class Watcher:
    """Looks at watched clients when something arrives, and urges calls that are to end.

    It urges again and again, since an interrupt that comes just before a query starts is lost.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()  # may be changed while another thread waits
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="localdb-watch")
        self._thread.start()

    def watch(self, sock: socket.socket, client: Watched) -> None:
        """Begin to look at `client` whenever something arrives at `sock`."""
        self._selector.register(sock, selectors.EVENT_READ, client)

    def forget(self, sock: socket.socket) -> None:
        """Begin no more looks; one that has begun may still be under way."""
        self._selector.unregister(sock)

    def stop(self) -> None:
        """End the thread; nobody is watched any more."""
        self._stopping = True
        self._waker.close()
        self._thread.join()
        self._selector.close()
        self._wake.close()

    def _run(self) -> None:
        urged: set[Watched] = set()
        while not self._stopping:
            ready = self._selector.select(_URGE_SECONDS if urged else None)
            clients: list[Watched] = [key.data for key, _ in ready if key.data is not None]
            urged.update(client for client in clients if _asked(client, client.look))
            urged = {client for client in urged if _asked(client, client.urge)}


def _asked(client: Watched, question: Callable[[], bool]) -> bool:
    """The client's answer; no client's trouble may end the thread that serves all of them."""
    try:
        return question()
    except Exception as exc:
        log_defect(_log, f"watching {client.name}", exc)
        return False
