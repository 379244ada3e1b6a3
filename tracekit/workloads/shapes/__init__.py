"""Shapes: record statistics of a result without its values, and generate rows from them.

The names are loaded on first use, because naming a shape needs neither sketches nor Arrow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracekit.workloads.shapes.described import described_column
    from tracekit.workloads.shapes.recorder import ShapeRecorder
    from tracekit.workloads.shapes.shape_file import (
        load_shape,
        read_shape,
        shape_workload,
        with_shape,
        write_shape,
    )

_HOMES = {
    "ShapeRecorder": "recorder",
    "described_column": "described",
    "load_shape": "shape_file",
    "read_shape": "shape_file",
    "shape_workload": "shape_file",
    "with_shape": "shape_file",
    "write_shape": "shape_file",
}

__all__ = [
    "ShapeRecorder",
    "described_column",
    "load_shape",
    "read_shape",
    "shape_workload",
    "with_shape",
    "write_shape",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
