"""What a replay found, as frozen dataclasses that are saved as JSON; no I/O, no logic of others."""

from tracekit.records.bench import (
    BenchBar,
    BenchRatios,
    BenchRecord,
    BenchRun,
    CandidateResult,
)
from tracekit.records.comparison import Comparison, MetricChange
from tracekit.records.environment import Environment
from tracekit.records.estimate import (
    EstimateCheck,
    EstimateRecord,
    EstimateSample,
    PathEstimate,
)
from tracekit.records.machine import CheckStatus, MachineCheck, MachineReport
from tracekit.records.measurement import (
    MemorySample,
    MemoryTimeline,
    PathMeasurement,
    PathStatus,
    ProcessMeasurement,
)
from tracekit.records.proof import CandidateProof, Difference, DifferenceKind, Drift, Level, Proof
from tracekit.records.query_definition import QueryDefinition
from tracekit.records.retention import Holder, Retention
from tracekit.records.serial import from_json, to_json
from tracekit.records.stacks import (
    CallNode,
    CallTree,
    RunStacks,
    StackChange,
    StackDelta,
    StackDiff,
)
from tracekit.records.summary import ReplayOptions, ReplaySummary, Verdict, WorkloadInfo

__all__ = [
    "BenchBar",
    "BenchRatios",
    "BenchRecord",
    "BenchRun",
    "CallNode",
    "CallTree",
    "CandidateProof",
    "CandidateResult",
    "CheckStatus",
    "Comparison",
    "Difference",
    "DifferenceKind",
    "Drift",
    "Environment",
    "EstimateCheck",
    "EstimateRecord",
    "EstimateSample",
    "Holder",
    "Level",
    "MachineCheck",
    "MachineReport",
    "MemorySample",
    "MemoryTimeline",
    "MetricChange",
    "PathEstimate",
    "PathMeasurement",
    "PathStatus",
    "ProcessMeasurement",
    "Proof",
    "QueryDefinition",
    "ReplayOptions",
    "ReplaySummary",
    "Retention",
    "RunStacks",
    "StackChange",
    "StackDelta",
    "StackDiff",
    "Verdict",
    "WorkloadInfo",
    "from_json",
    "to_json",
]
