"""Report a shard's progress between two chunks, when memory can also grow."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType

from redis.exceptions import RedisError

from tracekit.jobs.shard_work import WorkOver

_log = logging.getLogger("tracekit.jobs")

TICK_SECONDS = 1.0


class ProgressTicker:
    """Calls `report` every second, in a thread, while the block runs.

    Args:
        report: Writes the progress. If it raises WorkOver, the ticker ends and `over` is true; a
            store that does not answer is left to the writer of the next chunk.
        interval_seconds: Seconds between two calls.
    """

    def __init__(
        self, report: Callable[[], None], *, interval_seconds: float = TICK_SECONDS
    ) -> None:
        self._report = report
        self._interval_seconds = interval_seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracekit-progress", daemon=True)
        self.over = False
        """Whether the job has ended, or another worker has the shard."""

    def __enter__(self) -> ProgressTicker:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_seconds):
            try:
                self._report()
            except WorkOver:
                self.over = True
                return
            except (RedisError, MemoryError) as exc:
                _log.debug("progress could not be reported: %s", type(exc).__name__)
