"""What kept the memory alive when a test exceeded its limit."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tracekit import process_memory
from tracekit.errors import ProfileError
from tracekit.profiling.retention import GrowthWatch

_NAMED = 5
_LONGEST_SECONDS = 30
"""The search takes longer with millions of objects, and other tests must wait."""


class OverrunWatch:
    """Watches this process and, once it exceeds a limit, looks for what holds its memory.

    The result is read only when needed, so that it does not affect the measurement.

    Args:
        limit_bytes: How much resident memory may grow.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tracekit-")
        self._watch = GrowthWatch(
            Path(self._folder.name) / "retention.json",
            process_memory.resident_bytes() + limit_bytes,
            again=False,
        )

    def holders(self) -> list[str]:
        """The largest holders at that time, or why they are unknown; none if it stayed below."""
        try:
            found = self._watch.found(timeout_seconds=_LONGEST_SECONDS)
        except ProfileError as exc:
            return [f"unknown: {exc}"]
        return [] if found is None else [str(holder) for holder in found.largest(_NAMED)]

    def close(self) -> None:
        """Stop watching, and end searches in progress."""
        self._watch.close()
        self._folder.cleanup()
