"""One summary that holds every hard case; reports are drawn from it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.summaries import ENVIRONMENT
from tracekit.records import (
    CandidateMeasurement,
    CandidateProof,
    Difference,
    DifferenceKind,
    Drift,
    Level,
    MemorySample,
    MemoryTimeline,
    Proof,
    ReplaySummary,
    RunStatus,
    Verdict,
    WorkloadInfo,
)

MIB = 1024**2


def _measured(net_mib: int, wall: float, allocations: int, **more: object) -> CandidateMeasurement:
    measured = CandidateMeasurement(
        status=RunStatus.OK,
        rows=1_140_931,
        keys=113_870,
        wall_seconds=wall,
        cpu_seconds=wall * 0.9,
        rss_baseline_bytes=151 * MIB,
        rss_peak_bytes=(151 + net_mib) * MIB,
        rss_net_peak_bytes=net_mib * MIB,
        heap_peak_bytes=(40 + net_mib) * MIB,
        heap_net_peak_bytes=(net_mib - 7) * MIB,
        allocations=allocations,
        profiled_wall_seconds=wall * 2.1,
        digest="9d3f" * 16,
    )
    return replace(measured, **more)  # type: ignore[arg-type]


LEGACY = _measured(
    2990,
    77.04,
    41_233_001,
    capture="legacy.bin",
    digests="legacy-digests.bin",
    timeline="legacy-timeline.json",
    remarks=("heap and OS peak are 12% apart: freed arenas were kept.",),
)
ITERATOR = _measured(1495, 19.2, 20_111_222, capture="iterator.bin")
LEAN = _measured(329, 18.4, 9_876_543, capture="lean.bin")
STREAM = CandidateMeasurement(
    status=RunStatus.OUT_OF_MEMORY,
    rows=612_000,
    keys=60_000,
    rss_baseline_bytes=151 * MIB,
    rss_net_peak_bytes=1873 * MIB,
    capture="stream.bin",
    reason="killed at its limit of 2GiB",
    exit_code=None,
    signal=9,
    stderr_tail="",
)
ARROW = CandidateMeasurement(
    status=RunStatus.FAILED,
    reason="ValueError: column 品名|x has `4881660000000ab1` twice, see /home/jane/run/child.log",
    exit_code=1,
    stderr_tail=(
        "Traceback (most recent call last):\n"
        '  File "/home/jane/tracekit/oracle/arrow.py", line 12, in read\n'
        "    secret = source_line()\n"
        "ValueError: column 品名|x has `4881660000000ab1` twice\x1b[31m"
    ),
)

DRIFT = (
    Drift(
        column="TRACKOUTTIMESTAMP",
        from_type="NaTType",
        to_type="NoneType",
        count=2743,
        lossy=False,
        example_from="NaT",
        example_to="None",
        equivalence="null",
    ),
    Drift(
        column="TRACKOUTQTY",
        from_type="float",
        to_type="int",
        count=27_154,
        lossy=False,
        example_from="5352.0",
        example_to="5352",
        equivalence="integral float",
    ),
)
HARD_DRIFT = (
    *DRIFT,
    Drift(
        column="WEIRD|`COL`",
        from_type="float",
        to_type="int",
        count=3,
        lossy=True,
        example_from="9007199254740992.0",
        example_to="9007199254740993",
        source="refetch",
    ),
    Drift(
        column="CONTAINERID",
        from_type="str",
        to_type="bytes",
        count=1,
        lossy=False,
        example_from="4881660000000ab1",
        example_to="b'4881660000000ab1'",
    ),
)
EXAMPLES = (
    Difference(
        kind=DifferenceKind.VALUE,
        key="4881660000000ab1",
        record_index=1204,
        column="REJECTCOMMENT",
        reference="外觀|`刮傷`\n第二行 of 4881660000000ab1",
        reference_type="str",
        candidate="外觀",
        candidate_type="str",
        remark="only the first line is left",
    ),
    Difference(kind=DifferenceKind.MISSING_KEY, key="short|`id`"),
    Difference(kind=DifferenceKind.EXTRA_RECORD, key="4881660000000ab2", record_index=0),
    Difference(
        kind=DifferenceKind.VALUE,
        key="4881660000000ab3",
        record_index=2,
        column="EQUIPMENTNAME",
        reference="<script>alert(1)</script> & *stars* _here_ @team #12",
        reference_type="str",
        candidate=None,
        candidate_type="NoneType",
    ),
)


@pytest.fixture(scope="session")
def passing() -> ReplaySummary:
    """The common case: two paths, equal at level value, half the peak."""
    return ReplaySummary(
        workload=WorkloadInfo(
            "trace-114k", "5f0c22aa9b3e", 7, 114_000, 1_140_931, "history", ("CONTAINERID",)
        ),
        environment=ENVIRONMENT,
        candidates={"legacy": LEGACY, "iterator": ITERATOR},
        proof=Proof(
            "legacy",
            {
                "iterator": CandidateProof(
                    Level.VALUE,
                    equal=True,
                    drift=DRIFT,
                    different_keys=0,
                    missing_keys=0,
                    extra_keys=0,
                    equivalences=("null", "integral float"),
                    prove_seconds=1.25,
                    prove_net_peak_bytes=14 * MIB,
                )
            },
        ),
        verdict=Verdict(True, True, {"iterator": 0.5}, True),
        created="2026-01-02T03:04:05Z",
        command="tracekit replay trace-114k --paths legacy,iterator",
    )


@pytest.fixture(scope="session")
def hard(passing: ReplaySummary) -> ReplaySummary:
    """Five paths: one failed, one out of memory, one different, with values made to break out."""
    return replace(
        passing,
        workload=WorkloadInfo(
            "/srv/data/試驗|lots.duckdb", None, None, 114_000, None, "rejects", ("CONTAINERID",)
        ),
        candidates={
            "lean": LEAN,
            "legacy": LEGACY,
            "iterator": ITERATOR,
            "stream": STREAM,
            "arrow": ARROW,
        },
        proof=Proof(
            "legacy",
            {
                "lean": CandidateProof(
                    Level.DIFFERENT,
                    equal=False,
                    required_level=Level.JSON,
                    drift=HARD_DRIFT,
                    different_keys=1234,
                    missing_keys=1,
                    extra_keys=2,
                    examples=EXAMPLES,
                    remarks=("4881660000000ab3 has the same JSON but a <b>date</b> became text",),
                ),
                "iterator": CandidateProof(
                    Level.VALUE, equal=False, required_level=Level.JSON, drift=DRIFT
                ),
                "stream": CandidateProof(None, None, Level.JSON),
                "arrow": CandidateProof(None, None, Level.JSON),
            },
        ),
        verdict=Verdict(
            False,
            None,
            {"lean": 0.11, "iterator": 1.25},
            False,
            ("lean: 1,234 CIDs differ", "stream: out of memory"),
        ),
        command="tracekit replay --keys @/home/jane/lots.txt",
    )


@pytest.fixture(scope="session")
def timelines() -> tuple[MemoryTimeline, ...]:
    """Resident memory as a fetch makes it: a staircase up, then a fall."""
    return tuple(
        MemoryTimeline(name, 151 * MIB, _staircase(peak, until, died=died))
        for name, peak, until, died in (
            ("legacy", 2990, 77.0, False),
            ("iterator", 1495, 19.2, False),
            ("lean", 329, 18.4, False),
            ("stream", 1873, 11.0, True),
        )
    )


def _staircase(peak_mib: int, until: float, *, died: bool) -> tuple[MemorySample, ...]:
    steps = int(until * 10)
    share = [i / steps * (1 + 0.02 * math.sin(i / 3)) for i in range(steps)]
    if not died:
        share[-5:] = [1.0, 1.0, 0.7, 0.4, 0.4]
    return tuple(
        MemorySample(i / 10, int((151 + peak_mib * min(s, 1.0)) * MIB)) for i, s in enumerate(share)
    )


GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture
def matches_golden() -> Callable[[str, str], None]:
    """Compares with a file under tests/golden, or rewrites it under UPDATE_GOLDEN=1."""

    def check(name: str, output: str) -> None:
        file = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            file.write_text(output, encoding="utf-8")
        assert output == file.read_text(encoding="utf-8")

    return check
