"""The self-test of measuring: known amounts of memory must be reported correctly."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tracekit.profiling.agreement import within_tolerance
from tracekit.profiling.calibration_subjects import MAKERS, expected_bytes
from tracekit.profiling.measurement import SubjectRuns, measure_subject


@dataclass(frozen=True)
class CalibrationCheck:
    """One known amount, and the reported figures."""

    name: str
    requested_bytes: int
    expected_rss_bytes: int
    expected_heap_bytes: int
    rss_net_peak_bytes: int | None
    heap_net_peak_bytes: int | None
    passed: bool
    reason: str | None = None
    """Why nothing was reported, if so."""


@dataclass(frozen=True)
class Calibration:
    """All checks of one self-test."""

    checks: tuple[CalibrationCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every check was reported correctly."""
        return all(check.passed for check in self.checks)


def calibrate(size_bytes: int = 64 * 2**20) -> Calibration:
    """Allocate `size_bytes` in every known way, each in fresh children, and check the reports.

    A `reservation` is never touched, so neither figure may count it.

    Raises:
        ProfileError: no child could be started.
    """
    with tempfile.TemporaryDirectory(prefix="tracekit-calibrate-") as folder:
        return Calibration(
            tuple(
                _check(kind, size_bytes, Path(folder) / f"{number}.bin")
                for number, kind in enumerate(MAKERS)
            )
        )


def _check(kind: str, size_bytes: int, capture: Path) -> CalibrationCheck:
    measurement: SubjectRuns = measure_subject(
        "tracekit.profiling.calibration_subjects:KnownAmount",
        {"kind": kind, "size_bytes": size_bytes},
        capture=capture,
        timeout_seconds=60,
    )
    rss = measurement.plain.rss_net_peak_bytes
    heap = measurement.heap.peak_bytes if measurement.heap else None
    expected = expected_bytes(kind, size_bytes)
    return CalibrationCheck(
        name=kind,
        requested_bytes=size_bytes,
        expected_rss_bytes=expected,
        expected_heap_bytes=expected,
        rss_net_peak_bytes=rss,
        heap_net_peak_bytes=heap,
        passed=within_tolerance(expected, rss) and within_tolerance(expected, heap),
        reason=measurement.plain.reason,
    )
