"""Why memray's peak and the operating system's differ, in a short list of reasons.

The heap peak is what was asked for and not yet freed; the OS net peak is how much more memory the
process had. They agree within 2% or 1 MiB, or what stands between them is named here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.sizes import format_size

TOLERANCE_FRACTION = 0.02
TOLERANCE_BYTES = 2**20


def within_tolerance(expected_bytes: int, reported_bytes: int | None) -> bool:
    """Whether a report is off by at most 2% or 1 MiB, whichever is more."""
    if reported_bytes is None:
        return False
    allowed = max(TOLERANCE_FRACTION * expected_bytes, TOLERANCE_BYTES)
    return abs(reported_bytes - expected_bytes) <= allowed


@dataclass(frozen=True)
class Peaks:
    """The two peaks of one stretch, and what is known about their difference."""

    heap_bytes: int
    rss_net_bytes: int
    untouched_bytes: int = 0
    """Left out of `heap_bytes`: allocated and never touched."""
    unseen_bytes: int = 0
    """At most so much did Arrow's own pools hand out without memray seeing it."""
    file_bytes: int = 0
    """Pages of libraries and mapped files that became resident."""
    from_start: bool = False
    """Whether the OS peak could not be reset, so that it includes what was before."""
    traced: bool = True
    """Whether the OS peak was taken while memray was at work."""

    @property
    def sees_all(self) -> bool:
        """Whether memray saw what was allocated; else only the OS peak holds all of it."""
        return within_tolerance(self.heap_bytes + self.unseen_bytes, self.heap_bytes)

    def reasons(self) -> tuple[str, ...]:
        """What stands between the two, each named; empty where they agree."""
        said = []
        if self.untouched_bytes:
            said.append(untouched_reason(self.untouched_bytes))
        if not self.sees_all:
            said.append(
                f"unseen: memray does not see up to {format_size(self.unseen_bytes)} that Arrow "
                "handed out of a pool of its own; go by the OS net peak, or set "
                "ARROW_DEFAULT_MEMORY_POOL=system before pyarrow is loaded"
            )
        if self.from_start or within_tolerance(self.rss_net_bytes, self.heap_bytes):
            return tuple(said)
        said += self._rest(self.rss_net_bytes - self.heap_bytes)
        return tuple(said)

    def _rest(self, more_bytes: int) -> list[str]:
        if more_bytes < 0:
            return [
                f"reused or untouched: the OS net peak is {format_size(-more_bytes)} lower, as "
                "memory that was free before was filled, or what was allocated was not touched"
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
                f"kept: the OS net peak includes {format_size(kept)} that allocators kept for "
                f"later{memray}"
            )
        return said


def untouched_reason(size_bytes: int) -> str:
    """What is said where a heap peak leaves `size_bytes` out."""
    return (
        f"reserved: {format_size(size_bytes)} were allocated and never touched, as allocators "
        "reserve address space; the heap peak leaves them out"
    )


CHILDREN_REASON = "children: it started processes, whose memory is not counted here"
