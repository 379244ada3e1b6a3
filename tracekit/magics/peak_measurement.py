"""Measures this process, and finds what holds its memory meanwhile."""

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
    """What a cell or a statement cost, and what held its memory."""

    stretch: Stretch
    retention: Retention | str | None
    """Found near the highest point; why it is not known; None for what stayed small."""


class Measurement:
    """A started measurement of this process.

    Args:
        capture: Where memray writes.
        children: Watch processes started meanwhile, too.
        retention: Look for what holds the memory while it grows.

    Raises:
        TrackerTaken: this process is tracked already.
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
        """End, and read the figures; a look at the objects that continues is waited for."""
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
