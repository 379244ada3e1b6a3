"""What keeps memory alive, for a notebook."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, cast

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from tracekit.errors import ProfileError
from tracekit.profiling.retention import retention
from tracekit.records.retention import Retention
from tracekit.sizes import format_size

_NAMED = 5


def kept_alive_by(frame: FrameType | None) -> list[str]:
    """The largest holders of the process's memory, or why they are unknown."""
    try:
        held = retention(frame=frame).largest(_NAMED)
    except ProfileError as exc:
        return [f"unknown: {exc}"]
    return [f"{format_size(one.retained_bytes)} in {one.title}: {one.contents}" for one in held]


def retention_of(shell: InteractiveShell, line: str) -> Retention:
    """What keeps the shell's memory alive, or the object that the expression `line` gives.

    Raises:
        UsageError: the expression has no value, or only the expression holds it.
    """
    frame = sys._getframe(1)
    if not line.strip():
        return retention(frame=frame)
    value = cast(Any, shell).ev(line)
    found = retention(value, frame=frame)
    if value is None or not found.holders:
        raise UsageError(f"{line.strip()}: no variable refers to that object")
    return found
