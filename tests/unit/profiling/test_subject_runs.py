"""What is recorded of one subject, from the plain, the profiled and the retained run."""

from dataclasses import replace
from pathlib import Path

import pytest

from tracekit.profiling import ChildRun, HeapFigures, SubjectRuns, worth_another_run
from tracekit.profiling.measurement import LIMIT_REMARK
from tracekit.records import (
    CandidateMeasurement,
    MemorySample,
    MemoryTimeline,
    Retention,
    RunStatus,
)

MIB = 2**20
RETENTION = Retention(1, 1, "now", (), True, 0.5)
PLAIN = ChildRun(
    RunStatus.OK,
    rows=7,
    keys=3,
    wall_seconds=1.5,
    cpu_seconds=0.5,
    rss_baseline_bytes=70 * MIB,
    rss_peak_bytes=170 * MIB,
    samples=(MemorySample(0.0, 70 * MIB), MemorySample(0.1, 90 * MIB)),
)
FAILED = ChildRun(
    RunStatus.FAILED, reason="exited", exit_code=3, stderr_tail="words", remarks=("no reset",)
)
HEAP = HeapFigures(100 * MIB, 500)


def test_a_record_has_the_figures_of_both_runs():
    profiled = ChildRun(RunStatus.OK, rows=8, wall_seconds=4.5, rss_peak_bytes=900 * MIB)
    runs = SubjectRuns(PLAIN, profiled, HEAP, Path("/runs/x/legacy.bin"))
    assert runs.record() == CandidateMeasurement(
        status=RunStatus.OK,
        rows=7,
        keys=3,
        wall_seconds=1.5,
        cpu_seconds=0.5,
        rss_baseline_bytes=70 * MIB,
        rss_peak_bytes=170 * MIB,
        rss_net_peak_bytes=100 * MIB,
        heap_peak_bytes=100 * MIB,
        heap_net_peak_bytes=100 * MIB,
        allocations=500,
        profiled_wall_seconds=4.5,
        capture="legacy.bin",
    )


def test_without_a_profiled_run_there_are_no_figures_of_the_heap():
    record = SubjectRuns(PLAIN).record()
    assert record == CandidateMeasurement(
        status=RunStatus.OK,
        rows=7,
        keys=3,
        wall_seconds=1.5,
        cpu_seconds=0.5,
        rss_baseline_bytes=70 * MIB,
        rss_peak_bytes=170 * MIB,
        rss_net_peak_bytes=100 * MIB,
    )


def test_a_failed_run_is_recorded_with_all_that_is_known():
    killed = replace(FAILED, exit_code=None, signal=9)
    assert SubjectRuns(FAILED).record() == CandidateMeasurement(
        status=RunStatus.FAILED,
        reason="exited",
        exit_code=3,
        stderr_tail="words",
        remarks=("no reset",),
    )
    assert SubjectRuns(killed).record().signal == 9


def test_the_timeline_is_that_of_the_plain_run():
    runs = SubjectRuns(PLAIN, replace(PLAIN, samples=()))
    assert runs.timeline("legacy") == MemoryTimeline("legacy", 70 * MIB, PLAIN.samples)
    assert SubjectRuns(FAILED).timeline("legacy") is None


def kinds(remarks):
    return [remark.split(":")[0] for remark in remarks]


@pytest.mark.parametrize(
    ("plain", "heap", "expected"),
    [
        ({}, HEAP, []),
        ({}, HeapFigures(50 * MIB, 1), ["kept"]),
        ({"file_bytes": 50 * MIB}, HeapFigures(50 * MIB, 1), ["files"]),
        ({}, HeapFigures(100 * MIB, 1, untouched_bytes=MIB), ["reserved"]),
        ({"unseen_bytes": 9 * MIB}, HEAP, ["unseen"]),
        ({"remarks": ("not reset",)}, HeapFigures(50 * MIB, 1), ["not reset"]),
        ({"rss_peak_bytes": None}, HeapFigures(50 * MIB, 1), []),
        ({}, None, []),
        ({"started_processes": True}, HEAP, ["children"]),
        ({"started_processes": True, "children_peak_bytes": 0}, HEAP, []),
    ],
)
def test_a_difference_of_the_peaks_is_explained(plain, heap, expected):
    runs = SubjectRuns(replace(PLAIN, **plain), PLAIN, heap)
    assert kinds(runs.remarks) == expected
    assert all("memray's own" not in remark for remark in runs.remarks), "it was not active"


def test_peaks_of_runs_that_failed_are_not_compared():
    heap = HeapFigures(50 * MIB, 1)
    failed = replace(PLAIN, status=RunStatus.OUT_OF_MEMORY)
    assert SubjectRuns(failed, failed, heap).remarks == ()
    assert SubjectRuns(PLAIN, FAILED, heap).remarks == (
        "under memray it ended differently: exited",
    )
    assert SubjectRuns(failed, PLAIN, heap).remarks == (
        "under memray it ended differently: it succeeded",
    )


def test_a_limit_is_explained():
    assert SubjectRuns(PLAIN, memory_limit_bytes=0).remarks == (LIMIT_REMARK,)


def test_retention_or_why_it_is_unknown():
    retained = replace(PLAIN, retention=RETENTION, remarks=("not reset",))
    assert SubjectRuns(PLAIN, retained=retained).record().retention == RETENTION
    assert SubjectRuns(PLAIN, retained=retained).remarks == ()
    assert SubjectRuns(PLAIN, retained=FAILED).remarks == ("no reset",)
    assert SubjectRuns(PLAIN, retained=FAILED).record().retention is None
    died = ChildRun(RunStatus.FAILED, reason="killed")
    assert SubjectRuns(PLAIN, retained=died).remarks == ("what held the memory is unknown: killed",)
    assert SubjectRuns(PLAIN, retained=PLAIN).remarks == (
        "what held the memory is unknown: no answer",
    )


@pytest.mark.parametrize(
    ("status", "limit_bytes", "worth"),
    [
        ("ok", None, True),
        ("ok", 1, True),
        ("failed", None, False),
        ("failed", 1, False),
        ("out_of_memory", None, False),
        ("out_of_memory", 0, True),
    ],
)
def test_who_failed_is_not_run_again_except_at_its_limit(status, limit_bytes, worth):
    assert worth_another_run(ChildRun(RunStatus(status)), limit_bytes) is worth
