"""Measure this process, and find what holds its memory while it grows."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tracekit import process_memory
from tracekit.errors import ProfileError
from tracekit.profiling import Stretch, StretchMeasurement
from tracekit.profiling.retention import FIRST_LOOK_BYTES, GrowthWatch
from tracekit.records.retention import Retention


@dataclass(frozen=True)
class Measured:
    """The cost of a cell or a statement, and what held its memory."""

    stretch: Stretch
    retention: Retention | str | None
    """What held the memory near its peak, or why it is unknown; None after small growth."""


class Measurement:
    """A started measurement of this process.

    Args:
        capture: The file that memray writes.
        children: Also watch processes that are started meanwhile.
        retention: Look for what holds the memory while it grows.

    Raises:
        TrackerTaken: another Tracker is active in this process.
    """

    def __init__(self, capture: Path, *, children: bool, retention: bool) -> None:
        self._stretch = StretchMeasurement(capture, children=children)
        self._stretch.start()
        self._folder = tempfile.TemporaryDirectory(prefix="tracekit-peak-")
        self._watch: GrowthWatch | None = None
        if retention:
            self._watch = GrowthWatch(
                Path(self._folder.name) / "retention",
                process_memory.resident_bytes() + FIRST_LOOK_BYTES,
            )

    def stop(self) -> Measured:
        """End the measurement and return its figures; a search for holders is waited for."""
        stretch = self._stretch.stop()
        found: Retention | str | None = None
        try:
            if self._watch is not None:
                found = self._watch.found()
        except ProfileError as exc:
            found = str(exc)
        finally:
            if self._watch is not None:
                self._watch.close()
            self._folder.cleanup()
        return Measured(stretch, found)
