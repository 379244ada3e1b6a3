"""Run the cyclic garbage collector less often while many records are made."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Records are never part of a cycle, but each full collection walks all lists that hold them, and
# with the default thresholds it runs every few thousand rows. Collections continue less often, so
# that other threads' cyclic garbage is still found. These thresholds cost as little CPU time as
# gc.disable(); gc.freeze() saves less, because it does not cover what is made later.
_CALM_THRESHOLDS = (50_000, 20, 100)

_lock = threading.Lock()
_fetches = 0
_thresholds_before = gc.get_threshold()


@contextmanager
def calm_collector() -> Iterator[None]:
    """Collect rarely inside the block; the last of several blocks restores the thresholds.

    A collector that is off, or already runs less often, stays as it is.
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
