"""A calmer cyclic garbage collector while many records are made."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Records are never part of a cycle, yet each full collection walks all lists that hold them, and
# with the default threshold of a few hundred new containers it comes every few thousand rows:
# on 1.1 million rows that was a third of the CPU time. Collections go on, only more rarely, so
# that cyclic garbage of other threads is still found. For lean records of 200,000 rows (20,000 keys
# of history, two workers, all with the same net peak) the client's CPU seconds were: thresholds as
# they come 0.96, gc.freeze() before the fetch 0.87 (what is made later is walked all the same),
# these thresholds 0.77, gc.disable() 0.77.
_CALM_THRESHOLDS = (50_000, 20, 100)

_lock = threading.Lock()
_fetches = 0
_thresholds_before = gc.get_threshold()


@contextmanager
def calm_collector() -> Iterator[None]:
    """Collect rarely inside the block; the last of several blocks restores the thresholds.

    A collector that is off stays off, and one that is calmer already stays as it is.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _fetches, _thresholds_before
    with _lock:
        _fetches += 1
        if _fetches == 1:
            _thresholds_before = gc.get_threshold()
            if 0 < _thresholds_before[0] < _CALM_THRESHOLDS[0]:
                gc.set_threshold(*_CALM_THRESHOLDS)


def _leave() -> None:
    global _fetches
    with _lock:
        _fetches -= 1
        if _fetches == 0:
            gc.set_threshold(*_thresholds_before)
