"""Waiting for what another thread or process does, without a fixed sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
DEADLINE_SECONDS = 60.0
"""Far past what anything takes: only a test that fails waits for it."""
_STEP_SECONDS = 0.005
_STEADY_SECONDS = 0.2


def until(
    condition: Callable[[], object], what: str = "it", seconds: float = DEADLINE_SECONDS
) -> None:
    """Wait until `condition` is true; a failure names `what` did not happen."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen within {seconds:g} s"
        time.sleep(_STEP_SECONDS)


def steady(value: Callable[[], T]) -> T:
    """The value once it has stopped changing."""
    end = time.monotonic() + DEADLINE_SECONDS
    last, since = value(), time.monotonic()
    while time.monotonic() - since < _STEADY_SECONDS:
        assert time.monotonic() < end, f"it never settled: {last!r}"
        time.sleep(_STEP_SECONDS)
        if (now := value()) != last:
            last, since = now, time.monotonic()
    return last
