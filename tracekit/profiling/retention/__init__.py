"""What keeps memory alive: a walk over all objects in a forked process, and its dominator tree."""

from tracekit.profiling.retention.forked import LOOKER_NAME, fork_retention, retention
from tracekit.profiling.retention.growth_watch import (
    FIRST_LOOK_BYTES,
    GrowthWatch,
    awaited_retention,
    end_looks,
)
from tracekit.profiling.retention.watch import At, RetentionWatch, Trigger

__all__ = [
    "FIRST_LOOK_BYTES",
    "LOOKER_NAME",
    "At",
    "GrowthWatch",
    "RetentionWatch",
    "Trigger",
    "awaited_retention",
    "end_looks",
    "fork_retention",
    "retention",
]
