"""Results as frozen dataclasses that are saved as JSON; no I/O, no logic of other rooms."""

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
    CandidateEstimate,
    EstimateCheck,
    EstimateRecord,
    EstimateSample,
)
from tracekit.records.machine import CheckStatus, MachineCheck, MachineReport
from tracekit.records.matrix import HostBench, MatrixRecord
from tracekit.records.measurement import (
    CandidateMeasurement,
    MemorySample,
    MemoryTimeline,
    ProcessMeasurement,
    RunStatus,
)
from tracekit.records.program import (
    CellReport,
    HeapStack,
    ProgramComparison,
    ProgramReport,
    ProgramStatus,
    Redirected,
    VariableSize,
)
from tracekit.records.proof import CandidateProof, Difference, DifferenceKind, Drift, Level, Proof
from tracekit.records.query_definition import QueryDefinition
from tracekit.records.retention import Holder, Retention
from tracekit.records.serial import from_json, to_json
from tracekit.records.shape import (
    BindShape,
    ColumnShape,
    KeySpace,
    QueryShape,
    Shape,
    StatementShape,
    shape_from_json,
)
from tracekit.records.stacks import (
    CallNode,
    CallTree,
    RunStacks,
    StackChange,
    StackDelta,
    StackDiff,
)
from tracekit.records.summary import (
    GivenOptions,
    ReplayOptions,
    ReplaySummary,
    Verdict,
    WorkloadInfo,
)

__all__ = [
    "BenchBar",
    "BenchRatios",
    "BenchRecord",
    "BenchRun",
    "BindShape",
    "CallNode",
    "CallTree",
    "CandidateEstimate",
    "CandidateMeasurement",
    "CandidateProof",
    "CandidateResult",
    "CellReport",
    "CheckStatus",
    "ColumnShape",
    "Comparison",
    "Difference",
    "DifferenceKind",
    "Drift",
    "Environment",
    "EstimateCheck",
    "EstimateRecord",
    "EstimateSample",
    "GivenOptions",
    "HeapStack",
    "Holder",
    "HostBench",
    "KeySpace",
    "Level",
    "MachineCheck",
    "MachineReport",
    "MatrixRecord",
    "MemorySample",
    "MemoryTimeline",
    "MetricChange",
    "ProcessMeasurement",
    "ProgramComparison",
    "ProgramReport",
    "ProgramStatus",
    "Proof",
    "QueryDefinition",
    "QueryShape",
    "Redirected",
    "ReplayOptions",
    "ReplaySummary",
    "Retention",
    "RunStacks",
    "RunStatus",
    "Shape",
    "StackChange",
    "StackDelta",
    "StackDiff",
    "StatementShape",
    "VariableSize",
    "Verdict",
    "WorkloadInfo",
    "from_json",
    "shape_from_json",
    "to_json",
]
