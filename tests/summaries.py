"""Summaries of replays that never ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tracekit.records import (
    CandidateMeasurement,
    Environment,
    Proof,
    ReplaySummary,
    Verdict,
    WorkloadInfo,
)

ENVIRONMENT = Environment(
    python="3.11.9",
    oracledb="26.1.0",
    pandas="3.1.1",
    pyarrow="26.0.0",
    memray="1.19.3",
    platform="Linux-6.1-x86_64",
    cpu_count=2,
    arrow_memory_pool="system",
    server="local Oracle (duckdb 2.0.0)",
)


def summary_of(candidates: Mapping[str, CandidateMeasurement], **changes: Any) -> ReplaySummary:
    """A replay of `candidates`, the first of which is the reference; nothing was compared."""
    found = ReplaySummary(
        workload=WorkloadInfo("trace-smoke", "f00d", 1, 2000, 100, "history"),
        environment=ENVIRONMENT,
        candidates=dict(candidates),
        proof=Proof(next(iter(candidates), ""), {}),
        verdict=Verdict(None, None, {}, passed=True),
    )
    return replace(found, **changes)
