"""Run a fetch in RQ workers and keep its result in chunks, never all in memory.

`TraceJobs` is the interface for doors: submit, status, page, stream, cancel. Work is done by
`tracekit worker` processes that share its Redis.
"""

from tracekit.extras import extra

with extra("service"):
    from tracekit.jobs.connection import connect_store
    from tracekit.jobs.embedded_store import EmbeddedStore
    from tracekit.jobs.page import ResultPage
    from tracekit.jobs.profiles import AGGREGATED_PROFILES, PROFILES
    from tracekit.jobs.status import JobFailure, JobState, JobStatus, WorkerMemory
    from tracekit.jobs.store_room import STORE_FULL, eviction_warning
    from tracekit.jobs.trace_jobs import TraceJobs

__all__ = [
    "AGGREGATED_PROFILES",
    "PROFILES",
    "STORE_FULL",
    "EmbeddedStore",
    "JobFailure",
    "JobState",
    "JobStatus",
    "ResultPage",
    "TraceJobs",
    "WorkerMemory",
    "connect_store",
    "eviction_warning",
]
