"""Worker threads that read batches of keys, stop at the first failure and leave nothing running."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from typing import Generic, TypeVar

from tracekit.errors import (
    BatchFailure,
    ConnectError,
    FetchError,
    MemoryBudgetExceeded,
    TracekitError,
)
from tracekit.keyed.query import Key
from tracekit.oracle.readers import GRACE_SECONDS, Cancelled, Readers

T = TypeVar("T")
Batch = Sequence[Key]


class Stopped(TracekitError):
    """Raised in a worker whose batch is no longer needed."""


class BatchPool(Generic[T]):
    """Reads batches of keys in worker threads and hands their results out in order.

    Args:
        read: Reads one batch for the given readers; called in a worker thread. It calls
            `check_stopped` between steps.
        batches: The batches to read.
        max_workers: Batches read at once.
        stop_at_failure: Whether batches that have not started are dropped once one has failed.
    """

    def __init__(
        self,
        read: Callable[[Batch, Readers], T],
        batches: Sequence[Batch],
        *,
        max_workers: int,
        stop_at_failure: bool,
    ) -> None:
        self._read = read
        self._batches = batches
        self._max_workers = max_workers
        self._stop_at_failure = stop_at_failure
        self._stopped = threading.Event()
        self._readers = Readers()
        self.failures: list[BatchFailure] = []
        """The failures so far, in the order of the batches."""

    def check_stopped(self) -> None:
        """Raise Stopped if the batch is no longer needed."""
        if self._stopped.is_set():
            raise Stopped

    def pause(self, seconds: float) -> None:
        """Wait for the given time, or raise Stopped as soon as the batch is no longer needed."""
        self._stopped.wait(seconds)
        self.check_stopped()

    def results(self) -> Generator[T, None, None]:
        """The result of each batch that could be read, in the order of the batches.

        Each result is dropped when the next one is requested. The iterator ends when all workers
        have ended. Closing it early stops them and interrupts their database calls.
        """
        with (
            closing(self._readers),
            ThreadPoolExecutor(self._max_workers, thread_name_prefix="tracekit-batch") as pool,
        ):
            futures: deque[Future[T]] = deque()
            try:
                futures.extend(pool.submit(self._run, batch) for batch in self._batches)
                for index, batch in enumerate(self._batches):
                    yield from self._result(index, batch, futures.popleft())
            finally:
                self._stopped.set()  # which ends those that have not started, too
                if wait(futures, timeout=GRACE_SECONDS).not_done:
                    self._readers.cancel()

    def _run(self, batch: Batch) -> T:
        self.check_stopped()
        try:
            return self._read(batch, self._readers)
        except Stopped:
            raise
        except Cancelled as exc:
            raise Stopped from exc
        except BaseException:
            if self._stop_at_failure:
                self._stopped.set()
                self._readers.cancel()
            raise

    def _result(self, index: int, batch: Batch, future: Future[T]) -> Iterator[T]:
        try:
            result = future.result()
        except Stopped:
            return
        except MemoryBudgetExceeded:
            raise
        except (ConnectError, FetchError) as exc:
            self.failures.append(BatchFailure(index, len(batch), exc))
            return
        del future
        yield result
