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
    """The value of that figure, plus the peak of children if they count."""
    heap_peak_bytes: int | None = None
    """memray's high-water mark of this test, without imports and merely reserved memory."""
    imported_bytes: int | None = None
    """The part of the heap that modules first imported in this test took."""
    children_peak_bytes: int | None = None
    rss_net_peak_bytes: int | None = None
    """Rise of the process's OS peak, without memory that earlier tests freed."""
    max_bytes: int | None = None
    at_most: float | None = None
    of: str | None = None
    reference_peak_bytes: int | None = None
    reason: str | None = None
    """Why it exceeded the limit or was not measured."""
    capture: str | None = None
    remarks: tuple[str, ...] = ()
    """The reasons for the difference between the heap's peak and the OS's."""

    def data(self) -> dict[str, Any]:
        """The peak as plain values, which pytest-xdist can send."""
        return asdict(self) | {
            "status": self.status.value,
            "figure": None if self.figure is None else str(self.figure),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Peak:
        """The peak from `data`."""
        return cls(
            **data | {"status": PeakStatus(data["status"]), "remarks": tuple(data["remarks"])}
        )
