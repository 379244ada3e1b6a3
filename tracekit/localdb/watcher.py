"""A thread that reads from every client whose call is running.

A session reads its own socket between calls. During a call, another thread must do it, so that a
break or a disconnect can interrupt a running query. One thread serves all clients, so that an idle
client costs one thread rather than two.
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

_INTERRUPT_SECONDS = 0.02


class Watched(Protocol):
    """A client whose call is running."""

    name: str

    def read_available(self) -> bool:
        """Read what has arrived, without waiting; returns whether to interrupt the call."""

    def interrupt_call(self) -> bool:
        """Interrupt the call if it still runs; returns whether to do so again."""


class Watcher:
    """Reads from watched clients when data arrive, and interrupts calls that must end.

    It interrupts repeatedly, because an interrupt just before a query starts is lost.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()  # can be changed while another thread waits
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="localdb-watch")
        self._thread.start()

    def watch(self, sock: socket.socket, client: Watched) -> None:
        """Start calling `client.read_available` whenever data arrive at `sock`."""
        self._selector.register(sock, selectors.EVENT_READ, client)

    def forget(self, sock: socket.socket) -> None:
        """Stop watching; a call of `read_available` may still be running."""
        self._selector.unregister(sock)

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping = True
        self._waker.close()
        self._thread.join()
        self._selector.close()
        self._wake.close()

    def _run(self) -> None:
        interrupted: set[Watched] = set()
        while not self._stopping:
            ready = self._selector.select(_INTERRUPT_SECONDS if interrupted else None)
            clients: list[Watched] = [key.data for key, _ in ready if key.data is not None]
            interrupted.update(one for one in clients if _asked(one, one.read_available))
            interrupted = {one for one in interrupted if _asked(one, one.interrupt_call)}


def _asked(client: Watched, question: Callable[[], bool]) -> bool:
    """The client's answer; one client's error must not end the thread that serves all."""
    try:
        return question()
    except Exception as exc:
        log_defect(_log, f"watching {client.name}", exc)
        return False
