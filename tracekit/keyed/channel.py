"""A queue between one producer and one consumer, which either side can end at any time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from tracekit.errors import TracekitError

T = TypeVar("T")


class Abandoned(TracekitError):
    """Raised in a producer whose consumer has gone."""


class Channel(Generic[T]):
    """Holds at most `capacity` items; a full one makes its producer wait.

    Args:
        capacity: Maximum number of waiting items.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._finished = False
        self._abandoned = False
        self._taken = False
        self._error: BaseException | None = None

    def put(self, item: T) -> None:
        """Add `item`, waiting while the channel is full.

        Raises:
            Abandoned: the consumer is gone.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._abandoned or len(self._items) < self._capacity,
            )
            if self._abandoned:
                raise Abandoned
            self._items.append(item)
            self._changed.notify_all()

    def take_back(self) -> bool:
        """Drop the waiting items if none was ever taken; then the producer may start again.

        Returns:
            Whether the consumer has taken none of them; if so, it never will.
        """
        with self._changed:
            if self._taken:
                return False
            self._items.clear()
            return True

    def finish(self, error: BaseException | None = None) -> None:
        """No more items will come; `error`, if any, is raised after the last of them."""
        with self._changed:
            self._finished = True
            self._error = error
            self._changed.notify_all()

    def abandon(self) -> None:
        """No more items will be taken; those waiting are dropped."""
        with self._changed:
            self._abandoned = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._finished)
                if not self._items:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._items.popleft()
                self._taken = True
                self._changed.notify_all()
            yield item
            del item
