"""The part of a measurement that counts towards a limit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tracekit.pytest_plugin.limits import Gate
from tracekit.sizes import format_size

if TYPE_CHECKING:
    from tracekit.profiling import Stretch


class Figure(StrEnum):
    """The name of a figure in messages."""

    HEAP = "heap"
    OS = "OS net"


@dataclass(frozen=True)
class Counted:
    """The figures of one measured call."""

    heap_bytes: int
    """memray's peak, without imports and without merely reserved memory."""
    os_bytes: int | None = None
    """Rise of the process's resident memory; None if unknown."""
    children_bytes: int = 0
    sees_all: bool = True
    """Whether memray saw all allocations."""

    @classmethod
    def of(cls, stretch: Stretch) -> Counted:
        """The part of `stretch` that counts."""
        return cls(
            heap_bytes=max(0, stretch.heap_peak_bytes - stretch.imported_bytes),
            os_bytes=None if stretch.peaks.from_start else stretch.rss_net_peak_bytes,
            children_bytes=stretch.children_peak_bytes or 0,
            sees_all=stretch.peaks.sees_all,
        )

    @property
    def knows_os(self) -> bool:
        """Whether there is an OS peak of this call alone."""
        return self.os_bytes is not None

    def figure(self, gate: Gate) -> Figure:
        """The figure that `gate` selects."""
        if gate is Gate.HEAP or self.os_bytes is None:
            return Figure.HEAP
        return Figure.HEAP if gate is Gate.AUTO and self.sees_all else Figure.OS

    def total(self, figure: Figure) -> int:
        """The bytes of `figure`, including child processes if they count."""
        own = self.heap_bytes if figure is Figure.HEAP or self.os_bytes is None else self.os_bytes
        return own + self.children_bytes


def imports_remark(size_bytes: int) -> tuple[str, ...]:
    """The remark on memory of imports, which later tests do not need again."""
    if not size_bytes:
        return ()
    return (
        f"imports: the heap peak does not include {format_size(size_bytes)} of modules first "
        "imported in this test",
    )
