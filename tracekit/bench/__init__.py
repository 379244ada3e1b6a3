"""tracekit's candidates and their peers, measured on the same database in the same run.

The names are loaded on first use: a measured process imports its candidate from this room, and
must not get the rest with it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracekit.bench.bench_candidates import BENCH_CANDIDATES
    from tracekit.bench.benchmark import bench

_HOMES = {"BENCH_CANDIDATES": "bench_candidates", "bench": "benchmark"}

__all__ = ["BENCH_CANDIDATES", "bench"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
