"""Read the heap peak of one cell, and the calls that held it, from memray's capture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tracekit.errors import ProfileError
from tracekit.profiling.capture import read_heap
from tracekit.profiling.stacks import ARENA_REMARK, read_stacks
from tracekit.records.program import CellReport, HeapStack
from tracekit.reports.redaction import split_location

_TOP_STACKS = 5
_FRAMES = 6
_SMALLEST_SHARE = 0.01


def with_heap(cell: CellReport, folder: Path, cells: Mapping[str, int]) -> CellReport:
    """`cell` with the figures of its capture, or a remark if that cannot be read.

    Args:
        cell: The cell's report.
        folder: The folder of the captures.
        cells: The execution count of each cell by the file that tracebacks name.
    """
    if cell.execution_count is None:
        return cell
    name = cell.capture or f"cell-{cell.execution_count}.bin"  # a killed cell did not report it
    capture = folder / name
    if not capture.exists():
        return cell  # its remark says why
    try:
        heap = read_heap(capture, rss_net_peak_bytes=cell.rss_net_peak_bytes)
        held = read_stacks(capture, whole=True, rss_net_peak_bytes=cell.rss_net_peak_bytes)
    except ProfileError as exc:
        return replace(cell, remarks=(*cell.remarks, str(exc)))
    ranked = sorted(held.stacks.items(), key=lambda one: -one[1].size_bytes)
    return replace(
        cell,
        profiled=True,
        capture=name,
        heap_peak_bytes=heap.peak_bytes,
        heap_stacks=tuple(
            HeapStack(one.size_bytes, one.allocations, _own_calls(stack, cells))
            for stack, one in ranked[:_TOP_STACKS]
            if one.size_bytes >= _SMALLEST_SHARE * heap.peak_bytes
        ),
        remarks=(*cell.remarks, *(one for one in held.remarks if one != ARENA_REMARK)),
    )


def _own_calls(stack: tuple[str, ...], cells: Mapping[str, int]) -> tuple[str, ...]:
    """The calls from the innermost to the cell's own line, with cells by their names."""
    start = next((at for at, call in enumerate(stack) if split_location(call)[1] in cells), 0)
    return tuple(_named(call, cells) for call in reversed(stack[start:]))[:_FRAMES]


def _named(call: str, cells: Mapping[str, int]) -> str:
    function, file, line = split_location(call)
    return f"{function}:In [{cells[file]}]:{line}" if file in cells else call
