"""Who keeps memory alive: a walk over all objects in a forked process, and its dominator tree."""

from tracekit.profiling.retention.forked import fork_retention, retention
from tracekit.profiling.retention.growth_watch import GrowthWatch, awaited_retention
from tracekit.profiling.retention.moment import Moment, this_moment
from tracekit.profiling.retention.watch import At, RetentionWatch, Trigger

__all__ = [
    "At",
    "GrowthWatch",
    "Moment",
    "RetentionWatch",
    "Trigger",
    "awaited_retention",
    "fork_retention",
    "retention",
    "this_moment",
]
