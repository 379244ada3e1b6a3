"""Read the memory alive at a capture's heap peak, by call stack, in bounded memory.

memray's reader streams the file twice: once to find the peak, once up to it. Its memory grows with
the allocations alive at the peak, not with the capture's length. In addition, at most `MOST_STACKS`
stacks of at most `stacks_frames.MOST_FRAMES` locations are held; if there are more, the smallest
are summed up and reported as left out.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path

from memray import AllocationRecord, FileFormat, FileReader, Metadata

from tracekit.errors import ProfileError
from tracekit.profiling.agreement import untouched_reason
from tracekit.profiling.capture import untouched_bytes
from tracekit.profiling.cell_names import CellOf, cell_number
from tracekit.profiling.stacks_frames import locations
from tracekit.sizes import format_size

MOST_STACKS = 20_000
_A_TICK = timedelta(milliseconds=2)
_ALL_FRAMES = 1_000_000
CUT_OFF_REMARK = (
    "the capture was cut off (the process was killed): it shows the highest point until then"
)
ARENA_REMARK = (
    "small Python objects live in arenas of 1 MiB, and memray charges each arena to the call that "
    "needed a new one; differences of a few MiB at one call stack are random"
)


@dataclass
class Held:
    """The memory of one call stack at the peak."""

    size_bytes: int = 0
    allocations: int = 0


@dataclass(frozen=True)
class HeapStacks:
    """Everything alive at the heap peak of one capture, by call stack."""

    stacks: dict[tuple[str, ...], Held]
    """By locations, the outermost caller first."""
    size_bytes: int
    """Total bytes alive; `stacks` may leave out the smallest."""
    allocations: int
    remarks: tuple[str, ...] = ()


def read_stacks(
    capture: Path,
    *,
    most_stacks: int = MOST_STACKS,
    whole: bool = False,
    rss_net_peak_bytes: int | None = None,
    cell_of: CellOf = cell_number,
) -> HeapStacks:
    """The memory alive at the heap peak of `capture`, even if a SIGKILL cut it off.

    Args:
        capture: memray's file, in its default or aggregated format, with or without native frames.
        most_stacks: Maximum number of distinct stacks held at once.
        whole: Keep the frames that were running when the tracker was started. memray drops that
            many of the outermost frames; if the tracker was started in a function that has since
            returned, the measured work's own frames would be dropped instead.
        rss_net_peak_bytes: The exact OS peak of the tracked stretch above its start, as for
            `read_heap`; what was only reserved is subtracted from the stack that reserved it.
        cell_of: Recognises notebook cells, possibly of another process; by default this one's.

    Raises:
        ProfileError: `capture` is missing, empty or not a memray capture.
    """
    with _opened(capture) as reader:
        metadata = reader.metadata
        native = metadata.has_native_traces
        gathered = _Gathered(most_stacks, cache(cell_of))
        for record in reader.get_high_watermark_allocation_records():
            gathered.add(record, native=native, whole=whole)
        gathered.leave_out(untouched_bytes(reader, gathered.size_bytes, rss_net_peak_bytes))
    return HeapStacks(
        stacks=gathered.stacks,
        size_bytes=gathered.size_bytes,
        allocations=gathered.allocations,
        remarks=(*_about(metadata), *gathered.remarks()),
    )


def _about(metadata: Metadata) -> Iterator[str]:
    whole = metadata.file_format is FileFormat.AGGREGATED_ALLOCATIONS
    # The header of a capture that was never closed has two clock readings from its start, in
    # milliseconds, which can be a tick apart.
    if not whole and metadata.end_time - metadata.start_time <= _A_TICK:
        yield CUT_OFF_REMARK
    if metadata.python_allocator == "pymalloc" and not metadata.trace_python_allocators:
        yield ARENA_REMARK


@contextmanager
def _opened(capture: Path) -> Iterator[FileReader]:
    if capture.is_file() and not capture.stat().st_size:
        raise ProfileError(
            f"{capture} is empty: the process was killed before memray wrote anything. An "
            "aggregated capture is written only at the end. Use memray's default format."
        )
    try:
        with FileReader(capture) as reader:
            yield reader
    except (OSError, ValueError) as exc:
        raise ProfileError(f"{capture} could not be read as a memray capture: {exc}") from exc


@dataclass
class _Gathered:
    """Sums by stack; holds at most `most_stacks` of them."""

    most_stacks: int
    cell_of: CellOf
    stacks: dict[tuple[str, ...], Held] = field(default_factory=dict)
    size_bytes: int = 0
    allocations: int = 0
    left_out: int = 0
    left_out_bytes: int = 0
    untouched_bytes: int = 0

    def add(self, record: AllocationRecord, *, native: bool, whole: bool) -> None:
        """Count one record, which covers all allocations of one stack."""
        if not record.size:
            return
        most_frames = _ALL_FRAMES if whole else None
        frames = record.hybrid_stack_trace() if native else record.stack_trace(most_frames)
        held = self.stacks.setdefault(locations(frames, self.cell_of), Held())
        held.size_bytes += record.size
        held.allocations += record.n_allocations
        self.size_bytes += record.size
        self.allocations += record.n_allocations
        if len(self.stacks) > self.most_stacks:
            self._prune()

    def leave_out(self, untouched: int) -> None:
        """Subtract `untouched` bytes from the smallest stack that has them, or from the largest."""
        self.untouched_bytes = untouched
        self.size_bytes -= untouched
        while untouched:
            sizes = sorted(self.stacks.values(), key=lambda held: held.size_bytes)
            held = next((held for held in sizes if held.size_bytes >= untouched), sizes[-1])
            taken = min(untouched, held.size_bytes)
            held.size_bytes -= taken
            untouched -= taken

    def remarks(self) -> tuple[str, ...]:
        """A remark on what was left out."""
        untouched = (untouched_reason(self.untouched_bytes),) if self.untouched_bytes else ()
        if not self.left_out:
            return untouched
        return (
            *untouched,
            f"the {self.left_out:,} smallest call stacks, {format_size(self.left_out_bytes)} in "
            "all, were left out",
        )

    def _prune(self) -> None:
        largest = heapq.nlargest(
            self.most_stacks // 2, self.stacks.items(), key=lambda item: item[1].size_bytes
        )
        kept = dict(largest)
        self.left_out += len(self.stacks) - len(kept)
        self.left_out_bytes += sum(
            held.size_bytes for stack, held in self.stacks.items() if stack not in kept
        )
        self.stacks = kept
