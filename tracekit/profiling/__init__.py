"""Run a subject in a clean child process and measure it.

The names are loaded on first use, because the measured child imports this package too and must
stay as small as its subject.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracekit.profiling.calibration import Calibration, CalibrationCheck, calibrate
    from tracekit.profiling.capture import HeapFigures, read_heap
    from tracekit.profiling.child_environment import PINNED
    from tracekit.profiling.child_run import ChildProgress, ChildRun, ProgressListener
    from tracekit.profiling.in_process import (
        Stretch,
        StretchMeasurement,
        TrackerTaken,
        measure_call,
    )
    from tracekit.profiling.measurement import (
        SubjectRuns,
        measure_subject,
        profile_child,
        run_child,
        worth_another_run,
    )
    from tracekit.profiling.repeats import spread_remark, typical_run
    from tracekit.profiling.stacks import HeapStacks, read_stacks
    from tracekit.profiling.stacks_diff import diff_stacks
    from tracekit.profiling.stacks_tree import call_tree
    from tracekit.profiling.subject import Report, Subject

_HOMES = {
    "Calibration": "calibration",
    "CalibrationCheck": "calibration",
    "ChildProgress": "child_run",
    "ChildRun": "child_run",
    "HeapFigures": "capture",
    "HeapStacks": "stacks",
    "PINNED": "child_environment",
    "ProgressListener": "child_run",
    "Report": "subject",
    "Stretch": "in_process",
    "StretchMeasurement": "in_process",
    "Subject": "subject",
    "SubjectRuns": "measurement",
    "TrackerTaken": "in_process",
    "available_memory_bytes": "machine",
    "calibrate": "calibration",
    "call_tree": "stacks_tree",
    "diff_stacks": "stacks_diff",
    "measure_subject": "measurement",
    "profile_child": "measurement",
    "measure_call": "in_process",
    "read_heap": "capture",
    "read_stacks": "stacks",
    "run_child": "measurement",
    "spread_remark": "repeats",
    "typical_run": "repeats",
    "worth_another_run": "measurement",
}

__all__ = [
    "PINNED",
    "Calibration",
    "CalibrationCheck",
    "ChildProgress",
    "ChildRun",
    "HeapFigures",
    "HeapStacks",
    "ProgressListener",
    "Report",
    "Stretch",
    "StretchMeasurement",
    "Subject",
    "SubjectRuns",
    "TrackerTaken",
    "available_memory_bytes",
    "calibrate",
    "call_tree",
    "diff_stacks",
    "measure_call",
    "measure_subject",
    "profile_child",
    "read_heap",
    "read_stacks",
    "run_child",
    "spread_remark",
    "typical_run",
    "worth_another_run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
