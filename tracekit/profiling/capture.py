"""Figures of a memray capture.

Reading streams the file once; memory is bounded by the allocations alive at once and by the
distinct call stacks, not by the length of the capture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tracekit.errors import ProfileError


@dataclass(frozen=True)
class HeapFigures:
    """What memray saw of a run."""

    peak_bytes: int
    """High-water mark of what was allocated while tracked; what stood before is not in it."""
    allocations: int | None
    """Calls that allocated; frees are not counted. An aggregated capture does not tell."""


def read_heap(capture: Path) -> HeapFigures:
    """Peak and number of allocations of `capture`, also of one that a SIGKILL cut off.

    Raises:
        ProfileError: `capture` is missing or no memray capture.
    """
    # Private, but what `memray stats` calls: FileReader counts frees as allocations.
    from memray._memray import FileReader, compute_statistics

    try:
        stats = compute_statistics(str(capture), num_largest=1)
    except NotImplementedError:  # aggregated
        with FileReader(str(capture)) as reader:
            return HeapFigures(peak_bytes=reader.metadata.peak_memory, allocations=None)
    except (OSError, ValueError) as exc:
        raise ProfileError(f"{capture} could not be read as a memray capture: {exc}") from exc
    return HeapFigures(
        peak_bytes=stats.peak_memory_allocated, allocations=stats.total_num_allocations
    )
