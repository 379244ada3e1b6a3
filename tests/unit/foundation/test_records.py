"""Records round-trip through JSON and stay readable when keys are added."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.summaries import summary_of
from tracekit.errors import ConfigError
from tracekit.records import (
    CandidateMeasurement,
    CandidateProof,
    Difference,
    DifferenceKind,
    Drift,
    Level,
    Proof,
    ReplaySummary,
    RunStatus,
    Verdict,
    from_json,
    to_json,
)


def _summary() -> ReplaySummary:
    return summary_of(
        {
            "legacy": CandidateMeasurement(RunStatus.OK, rows=20_000, rss_net_peak_bytes=9),
            "iterator": CandidateMeasurement(RunStatus.OUT_OF_MEMORY, reason="MemoryError"),
        },
        proof=Proof(
            "legacy",
            {
                "iterator": CandidateProof(
                    Level.VALUE,
                    True,
                    drift=(Drift("QTY", "float", "int", 3, False, "5352.0", "5352"),),
                    examples=(Difference(DifferenceKind.VALUE, "未", 0, "QTY"),),
                )
            },
        ),
        verdict=Verdict(True, True, {"iterator": 0.5}, True),
    )


def test_a_summary_round_trips() -> None:
    summary = _summary()

    assert from_json(ReplaySummary, to_json(summary)) == summary


def test_the_contract_s_keys_are_there() -> None:
    data = json.loads(to_json(_summary()))

    assert data["schema_version"] == 2
    assert {"name", "fingerprint", "seed", "keys", "rows", "query"} <= data["workload"].keys()
    assert data["candidates"]["iterator"]["status"] == "out_of_memory"
    assert data["proof"]["candidates"]["iterator"]["level"] == "value"
    assert {"equal", "lower_peak", "net_peak_ratio", "passed"} <= data["verdict"].keys()


def test_a_key_of_a_later_version_is_ignored() -> None:
    data = json.loads(to_json(_summary()))
    data["added_later"] = {"x": 1}

    assert from_json(ReplaySummary, json.dumps(data)) == _summary()


def test_a_file_that_is_not_a_summary_is_named() -> None:
    with pytest.raises(ConfigError, match=r"run\.json could not be read"):
        from_json(ReplaySummary, b"{}", source="run.json")


def test_each_level_implies_the_next() -> None:
    order = [Level.EXACT, Level.JSON, Level.VALUE, Level.DIFFERENT]

    for stricter, looser in itertools.pairwise(order):
        assert stricter.reaches(looser)
        assert not looser.reaches(stricter)
