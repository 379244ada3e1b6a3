"""What the self-test asks for, and when a check of it passes."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from tracekit.profiling import ChildRun, HeapFigures, SubjectRuns, calibrate, calibration
from tracekit.profiling.calibration import CalibrationCheck
from tracekit.profiling.calibration_subjects import MAKERS, expected_bytes
from tracekit.records import RunStatus

MIB = 2**20


@pytest.mark.parametrize(
    ("rss_more", "heap_more", "passed"),
    [(0, 0, True), (MIB, MIB, True), (0, 4 * MIB, False), (4 * MIB, 0, False), (0, None, False)],
)
def test_a_check_passes_if_both_figures_are_right(
    monkeypatch: pytest.MonkeyPatch, rss_more: int, heap_more: int | None, passed: bool
) -> None:
    captures: set[Path] = set()

    def measured(
        factory: str, arguments: dict[str, Any], *, capture: Path, timeout_seconds: float
    ) -> SubjectRuns:
        module, _, name = factory.partition(":")
        getattr(importlib.import_module(module), name)(**arguments)
        assert capture.parent.is_dir()
        assert timeout_seconds >= 60
        captures.add(capture)
        expected = expected_bytes(**arguments)
        plain = ChildRun(
            RunStatus.OK, rss_baseline_bytes=1, rss_peak_bytes=1 + expected + rss_more, reason="why"
        )
        heap = None if heap_more is None else HeapFigures(expected + heap_more, 1)
        return SubjectRuns(plain, plain, heap, capture)

    monkeypatch.setattr(calibration, "measure_subject", measured)
    found = calibrate(8 * MIB)
    assert found.checks == tuple(
        CalibrationCheck(
            name=kind,
            requested_bytes=8 * MIB,
            expected_rss_bytes=expected_bytes(kind, 8 * MIB),
            expected_heap_bytes=expected_bytes(kind, 8 * MIB),
            rss_net_peak_bytes=expected_bytes(kind, 8 * MIB) + rss_more,
            heap_net_peak_bytes=(
                None if heap_more is None else expected_bytes(kind, 8 * MIB) + heap_more
            ),
            passed=passed,
            reason="why",
        )
        for kind in MAKERS
    )
    assert found.passed is passed
    assert len(captures) == len(MAKERS)
    assert not any(capture.parent.exists() for capture in captures)
