"""The progress of a replay, for a door to draw."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tracekit.profiling import ChildProgress, ProgressListener
from tracekit.sizes import format_size


@dataclass(frozen=True)
class ReplayProgress:
    """The progress of one step of a replay."""

    step: str
    """Such as `build trace-114k`, `legacy`, `legacy under memray`, `compare iterator`."""
    fraction: float
    """Done, from 0 to 1."""
    detail: str = ""
    """Rows and memory so far."""


Listener = Callable[[ReplayProgress], None]


def one_at_a_time(listener: Listener) -> Listener:
    """`listener`, never called by two threads at once."""
    lock = threading.Lock()

    def tell(progress: ReplayProgress) -> None:
        with lock:
            listener(progress)

    return tell


def child_listener(
    listener: Listener, step: str, keys: int, *, with_memory: bool = True
) -> ProgressListener:
    """Reports a child that fetches `keys` keys to `listener`, as `step`.

    Memory is left out if the child's own memory is not what is measured.
    """

    def tell(progress: ChildProgress) -> None:
        # A finished fetch is not a finished step: its output still has to be digested.
        fraction = 1.0 if progress.phase == "ended" else min(0.99, progress.keys / keys)
        listener(ReplayProgress(step, fraction, _detail(progress, with_memory=with_memory)))

    return tell


def _detail(progress: ChildProgress, *, with_memory: bool) -> str:
    if progress.phase == "prepare":
        return "starting"
    # Only tracekit's own candidates count their rows as they read them.
    known = [f"{progress.rows:,} rows"] if progress.rows else []
    if progress.phase == "finish":
        known.append("digesting")
    elif progress.phase != "ended" and with_memory and progress.rss_bytes:
        known.append(f"{format_size(progress.rss_bytes)} resident")
    return ", ".join(known)
