"""tracekit's paths and their peers, measured on the same database in the same run.

The names are loaded on first use: a measured process imports its contestant from this room, and
must not get the rest with it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracekit.bench.benchmark import bench
    from tracekit.bench.contestants import CONTESTANTS

_HOMES = {"CONTESTANTS": "contestants", "bench": "benchmark"}

__all__ = ["CONTESTANTS", "bench"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
