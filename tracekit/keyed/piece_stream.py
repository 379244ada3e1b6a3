"""Worker threads that read batches of keys at most a few pieces ahead of a consumer."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from typing import Generic, TypeVar

from tracekit.keyed.channel import Abandoned, Channel
from tracekit.keyed.query import Key
from tracekit.oracle.readers import GRACE_SECONDS, Readers
from tracekit.oracle.retry import Retry

T = TypeVar("T")
Batch = Sequence[Key]

_PIECES_AHEAD = 2
"""Pieces that may wait for the consumer, for each batch of keys that is being read."""


class PieceStream(Generic[T]):
    """Yields the pieces of many batches of keys in order, read by several threads.

    A slow consumer stops the readers: each holds the piece in progress and at most two that wait.

    A batch whose connection failed is read again if the consumer took no piece of it. Waiting
    pieces are dropped first, so that all pieces come from one run of the query. Once a piece was
    taken the error is raised, because a second run may return rows in another order.

    Args:
        read: Reads one batch piece by piece for the given readers; called in a worker thread.
        batches: The batches to read.
        max_workers: Batches read at once.
        retry: The retry settings for a batch.
    """

    def __init__(
        self,
        read: Callable[[Batch, Readers], Generator[T, None, None]],
        batches: Sequence[Batch],
        *,
        max_workers: int,
        retry: Retry,
    ) -> None:
        self._read = read
        self._batches = batches
        self._max_workers = max_workers
        self._retry = retry
        self._readers = Readers()
        self._lock = threading.Condition()
        self._next_batch = 0
        self._stopped = False
        self.current_batch = 0
        """Position of the batch that is being yielded."""
        self._channels: defaultdict[int, Channel[T]] = defaultdict(lambda: Channel(_PIECES_AHEAD))

    def pieces(self) -> Generator[T, None, None]:
        """Each piece, batch by batch.

        A reader's error is raised in place of the next piece of its batch. Closing the iterator
        early ends its readers before it returns, and interrupts their database calls.
        """
        workers = [
            threading.Thread(target=self._work, name="tracekit-stream", daemon=True)
            for _ in range(min(self._max_workers, len(self._batches)))
        ]
        for worker in workers:
            worker.start()
        try:
            for index in range(len(self._batches)):
                self._move_on(index)
                for piece in self._channel(index):
                    yield piece
                    del piece
                self._forget(index)
        finally:
            self._stop()
            until = time.monotonic() + GRACE_SECONDS
            for worker in workers:
                worker.join(max(0, until - time.monotonic()))
            if any(worker.is_alive() for worker in workers):
                self._readers.cancel()
            for worker in workers:
                worker.join()
            self._readers.close()

    def _work(self) -> None:
        while (index := self._take()) is not None:
            channel = self._channel(index)
            try:
                self._retry.call(
                    partial(self._fill, channel, self._batches[index]),
                    unseen=channel.take_back,
                    pause=self._pause,
                )
            except Abandoned:
                return
            except BaseException as exc:
                channel.finish(exc)
                return
            channel.finish()

    def _fill(self, channel: Channel[T], batch: Batch) -> None:
        with closing(self._read(batch, self._readers)) as pieces:
            for piece in pieces:
                channel.put(piece)
                del piece

    def _pause(self, seconds: float) -> None:
        with self._lock:
            if self._lock.wait_for(lambda: self._stopped, timeout=seconds):
                raise Abandoned

    def _take(self) -> int | None:
        # In order, so that the batch the consumer waits for is always being read. Batches of few
        # pieces never fill their channel, so the number of batches read ahead is limited as well.
        with self._lock:
            self._lock.wait_for(
                lambda: self._stopped or self._next_batch - self.current_batch <= self._max_workers
            )
            if self._stopped or self._next_batch == len(self._batches):
                return None
            self._next_batch += 1
            return self._next_batch - 1

    def _move_on(self, index: int) -> None:
        with self._lock:
            self.current_batch = index
            self._lock.notify_all()

    def _channel(self, index: int) -> Channel[T]:
        with self._lock:
            return self._channels[index]

    def _forget(self, index: int) -> None:
        with self._lock:
            del self._channels[index]

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            self._lock.notify_all()
            for channel in self._channels.values():
                channel.abandon()
