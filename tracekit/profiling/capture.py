"""Figures of a memray capture.

Reading streams the file once; memory is bounded by the allocations alive at once and by the
distinct call stacks, not by the length of the capture.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from memray import AllocationRecord, FileReader

from tracekit.errors import ProfileError

_LARGE_BYTES = 16 * 2**20
_LARGE_ALLOCATION_BYTES = 2**20
_RESERVATION_BYTES = 256 * 2**20
_SAMPLED_FRACTION = 0.25
_SAMPLED_BYTES = 64 * 2**20


@dataclass(frozen=True)
class HeapFigures:
    """The figures of a run under memray."""

    peak_bytes: int
    """High-water mark of what was allocated while tracked, less `untouched_bytes`; earlier
    allocations are not included."""
    allocations: int | None
    """Number of allocating calls, without frees; unknown for an aggregated capture."""
    untouched_bytes: int = 0
    """Allocated at the peak, but never backed by memory."""


def read_heap(capture: Path, *, rss_net_peak_bytes: int | None = None) -> HeapFigures:
    """Peak and number of allocations of `capture`, even if a SIGKILL cut it off.

    Args:
        capture: memray's file, in its default or aggregated format.
        rss_net_peak_bytes: The exact OS peak of the tracked stretch above its start; without it,
            memray's samples of resident memory are used, which are less exact.

    Raises:
        ProfileError: `capture` is missing or is not a memray capture.
    """
    # Private, but `memray stats` uses it: FileReader counts frees as allocations.
    from memray._memray import compute_statistics

    allocations: int | None = None
    try:
        with FileReader(capture) as reader:
            peak_bytes = int(reader.metadata.peak_memory)
            # memray writes the peak at the end, so a capture that was cut off has none.
            try:
                stats = compute_statistics(str(capture))
            except NotImplementedError:  # aggregated
                pass
            else:
                peak_bytes, allocations = stats.peak_memory_allocated, stats.total_num_allocations
            untouched = untouched_bytes(reader, peak_bytes, rss_net_peak_bytes)
    except (OSError, ValueError) as exc:
        raise ProfileError(f"{capture} could not be read as a memray capture: {exc}") from exc
    return HeapFigures(peak_bytes - untouched, allocations, untouched)


def untouched_bytes(
    reader: FileReader, peak_bytes: int, rss_net_peak_bytes: int | None = None
) -> int:
    """The part of a heap peak that was only reserved: memray counts it, but no memory backs it.

    Only large blocks count, such as the 1 GiB that an allocator maps at its first use: small ones
    may have reused freed memory, where resident memory does not rise either.
    """
    if rss_net_peak_bytes is None:
        sampled = _sampled_rise(reader)
        # Samples are taken 100 times a second; a short peak can be between two of them.
        if sampled is None or peak_bytes - sampled <= max(
            _SAMPLED_BYTES, _SAMPLED_FRACTION * peak_bytes
        ):
            return 0
        rss_net_peak_bytes = sampled
    excess = peak_bytes - rss_net_peak_bytes
    if excess < _LARGE_BYTES:
        return 0
    records = reader.get_high_watermark_allocation_records()
    return min(excess, sum(record.size for record in records if _may_be_reserved(record)))


def imported_bytes(capture: Path) -> int:
    """How much of the heap at the peak was allocated by imports."""
    with closing(FileReader(capture)) as reader:
        return sum(
            record.size
            for record in reader.get_high_watermark_allocation_records()
            if any("importlib._bootstrap" in file for _, file, _ in record.stack_trace())
        )


def _may_be_reserved(record: AllocationRecord) -> bool:
    if record.size >= _RESERVATION_BYTES:
        return True
    return (
        record.size >= _LARGE_BYTES
        and record.size >= _LARGE_ALLOCATION_BYTES * record.n_allocations
    )


def _sampled_rise(reader: FileReader) -> int | None:
    samples = [snapshot.rss for snapshot in reader.get_memory_snapshots()]
    return max(samples) - samples[0] if samples else None
