"""Named workloads: what is replayed; generated into DuckDB and kept in a cache, or a file.

The names are loaded on first use: reading a definition does not need DuckDB.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracekit.workloads.build_file import build, build_at, database_path
    from tracekit.workloads.cache import CachedWorkload, cached, remove
    from tracekit.workloads.catalog import known_workloads, load, shipped_folder
    from tracekit.workloads.declared_types import declare_type
    from tracekit.workloads.definition import Workload
    from tracekit.workloads.file import (
        WorkloadFile,
        content_fingerprint,
        describe_file,
        table_rows,
    )
    from tracekit.workloads.generator import Progress

_HOMES = {
    "CachedWorkload": "cache",
    "Progress": "generator",
    "Workload": "definition",
    "WorkloadFile": "file",
    "build": "build_file",
    "build_at": "build_file",
    "cached": "cache",
    "known_workloads": "catalog",
    "content_fingerprint": "file",
    "database_path": "build_file",
    "declare_type": "declared_types",
    "describe_file": "file",
    "load": "catalog",
    "remove": "cache",
    "shipped_folder": "catalog",
    "table_rows": "file",
}

__all__ = [
    "CachedWorkload",
    "Progress",
    "Workload",
    "WorkloadFile",
    "build",
    "build_at",
    "cached",
    "content_fingerprint",
    "database_path",
    "declare_type",
    "describe_file",
    "known_workloads",
    "load",
    "remove",
    "shipped_folder",
    "table_rows",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
