"""What a connection has received and its session has not yet taken, bounded in bytes."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from tracekit.localdb.wire.packets import Marker

_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Closed:
    """The last thing an inbox gives: nothing more will come."""

    reason: str


Item = bytes | Marker | Closed
"""A DATA payload, a marker, or the end."""


class Inbox:
    """A queue between the thread that reads the socket and the one that serves the session."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._closed: Closed | None = None

    def put(self, item: Item) -> None:
        """Append `item`; waits while more than 64 MiB lie there."""
        with self._changed:
            while self._bytes > _MOST_BYTES and self._closed is None:
                self._changed.wait()
            if isinstance(item, Closed):
                self._closed = self._closed or item
            elif self._closed is None:
                self._items.append(item)
                self._bytes += len(item) if isinstance(item, bytes) else 0
            self._changed.notify_all()

    def get(self) -> Item:
        """The next item, waiting for one; once closed and emptied always the `Closed`."""
        with self._changed:
            while not self._items and self._closed is None:
                self._changed.wait()
            if not self._items:
                assert self._closed is not None
                return self._closed
            item = self._items.popleft()
            if isinstance(item, bytes):
                self._bytes -= len(item)
                self._changed.notify_all()
            return item
