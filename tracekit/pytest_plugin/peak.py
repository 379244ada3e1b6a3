"""One test's peak, as it travels from the process that ran the test to the report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class PeakStatus(StrEnum):
    """The outcome of measuring one test."""

    WITHIN = "within"
    EXCEEDED = "exceeded"
    TEST_FAILED = "test_failed"
    """The test itself failed; its peak until then was not judged."""
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True)
class Peak:
    """The peak and the limits of one measured test."""

    nodeid: str
    status: PeakStatus
    figure: str | None = None
    """The figure compared with the limits: `heap` or `OS net`."""
    peak_bytes: int | None = None
    """That figure, plus the peak of children if they count."""
    heap_peak_bytes: int | None = None
    """memray's high-water mark of this test, without imports and what was only reserved."""
    imported_bytes: int | None = None
    """What modules first imported in this test took of the heap."""
    children_peak_bytes: int | None = None
    rss_net_peak_bytes: int | None = None
    """How far the process's OS peak rose, without reused memory that earlier tests freed."""
    max_bytes: int | None = None
    at_most: float | None = None
    of: str | None = None
    reference_peak_bytes: int | None = None
    reason: str | None = None
    """Why it exceeded or was not measured."""
    capture: str | None = None
    remarks: tuple[str, ...] = ()
    """The reasons for the difference between the heap's peak and the OS's."""

    def data(self) -> dict[str, Any]:
        """As plain values, which pytest-xdist can send."""
        return asdict(self) | {
            "status": self.status.value,
            "figure": None if self.figure is None else str(self.figure),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Peak:
        """The peak that `data` made."""
        return cls(
            **data | {"status": PeakStatus(data["status"]), "remarks": tuple(data["remarks"])}
        )
