"""Why memray's peak and the operating system's differ, as a short list of reasons.

The heap peak is what was allocated and not yet freed; the OS net peak is how much more memory the
process had. They agree within 2% or 1 MiB, or the reasons for the difference are listed here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.sizes import format_size

TOLERANCE_FRACTION = 0.02
TOLERANCE_BYTES = 2**20


def within_tolerance(expected_bytes: int, reported_bytes: int | None) -> bool:
    """Whether two figures differ by at most 2% or 1 MiB, whichever is more."""
    if reported_bytes is None:
        return False
    allowed = max(TOLERANCE_FRACTION * expected_bytes, TOLERANCE_BYTES)
    return abs(reported_bytes - expected_bytes) <= allowed


@dataclass(frozen=True)
class Peaks:
    """The two peaks of one measured stretch, and what is known about their difference."""

    heap_bytes: int
    rss_net_bytes: int
    untouched_bytes: int = 0
    """Allocated and never touched; not included in `heap_bytes`."""
    unseen_bytes: int = 0
    """Maximum memory that Arrow's own pools can have allocated unseen by memray."""
    file_bytes: int = 0
    """Pages of libraries and mapped files that became resident."""
    from_start: bool = False
    """Whether the OS peak could not be reset, so that it includes earlier memory."""
    traced: bool = True
    """Whether the OS peak was taken while memray was active."""

    @property
    def sees_all(self) -> bool:
        """Whether memray saw all allocations; if not, only the OS peak is complete."""
        return within_tolerance(self.heap_bytes + self.unseen_bytes, self.heap_bytes)

    def reasons(self) -> tuple[str, ...]:
        """The reasons for the difference; empty if the peaks agree."""
        said = []
        if self.untouched_bytes:
            said.append(untouched_reason(self.untouched_bytes))
        if not self.sees_all:
            said.append(
                f"unseen: up to {format_size(self.unseen_bytes)} came from Arrow's own memory "
                "pool, which memray does not see; use the OS net peak, or set "
                "ARROW_DEFAULT_MEMORY_POOL=system before pyarrow is loaded"
            )
        if self.from_start or within_tolerance(self.rss_net_bytes, self.heap_bytes):
            return tuple(said)
        said += self._rest(self.rss_net_bytes - self.heap_bytes)
        return tuple(said)

    def _rest(self, more_bytes: int) -> list[str]:
        if more_bytes < 0:
            return [
                f"reused or untouched: the OS net peak is {format_size(-more_bytes)} lower: free "
                "memory was reused, or allocated memory was not touched"
            ]
        said = []
        if self.file_bytes > TOLERANCE_BYTES:
            said.append(
                f"files: the OS net peak includes {format_size(self.file_bytes)} of libraries "
                "and mapped files"
            )
        kept = more_bytes - self.file_bytes - self.unseen_bytes
        if kept > TOLERANCE_BYTES:
            memray = ", and memray's own records" if self.traced else ""
            said.append(
                f"kept: the OS net peak includes {format_size(kept)} that allocators keep for "
                f"reuse{memray}"
            )
        return said


def untouched_reason(size_bytes: int) -> str:
    """The remark on a heap peak that leaves `size_bytes` out."""
    return (
        f"reserved: {format_size(size_bytes)} were allocated and never touched, such as address "
        "space that allocators reserve; the heap peak does not include them"
    )


CHILDREN_REASON = "children: it started processes, whose memory is not counted here"
