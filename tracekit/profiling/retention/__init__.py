"""Who keeps memory alive: a walk over all objects in a forked process, and its dominator tree."""

from tracekit.profiling.retention.forked import fork_retention, retention
from tracekit.profiling.retention.moment import Moment, this_moment

__all__ = ["Moment", "fork_retention", "retention", "this_moment"]
