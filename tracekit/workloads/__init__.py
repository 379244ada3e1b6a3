"""Named, seeded workloads: found by name, generated into DuckDB, kept in a cache."""

from tracekit.workloads.build import build, database_path
from tracekit.workloads.cache import CachedWorkload, cached, remove
from tracekit.workloads.catalog import catalog, load
from tracekit.workloads.definition import Definition, Workload
from tracekit.workloads.file import WorkloadFile, container_ids, describe_file, table_rows
from tracekit.workloads.generate import Progress

__all__ = [
    "CachedWorkload",
    "Definition",
    "Progress",
    "Workload",
    "WorkloadFile",
    "build",
    "cached",
    "catalog",
    "container_ids",
    "database_path",
    "describe_file",
    "load",
    "remove",
    "table_rows",
]
