"""The report of one measured cell, as HTML and as text."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from tracekit.magics.heap_plot import heap_plot
from tracekit.profiling import HeapStacks, Stretch, read_stacks
from tracekit.profiling.timeline import TimelineBuilder
from tracekit.records import MemorySample, Retention
from tracekit.reports import retention_html
from tracekit.sizes import format_size

TOP_STACKS = TOP_HOLDERS = 5
_FRAMES_SHOWN = 4
_SAMPLES = 200
_ENVIRONMENT = re.compile(r":[^:]*[\\/](?:site-packages|dist-packages|python3\.\d+)[\\/]")
_IN_CELL = re.compile(r":In \[\d+\]:\d+$")
_SMALLEST_SHARE = 0.01
"""Share of the heap peak; smaller stacks are not shown."""


@dataclass(frozen=True)
class HeldStack:
    """The memory of one call stack at the heap peak."""

    size_bytes: int
    allocations: int
    calls: tuple[str, ...]
    """Locations; the first one allocated the memory."""


@dataclass(frozen=True)
class PeakReport:
    """The memory that one cell needed."""

    name: str
    heap_peak_bytes: int
    """memray's high-water mark of the cell, without earlier and merely reserved memory."""
    rss_peak_bytes: int
    """OS peak of the whole process while the cell ran."""
    rss_net_peak_bytes: int
    """The peak above what the process held at the start of the cell."""
    elapsed_seconds: float
    """Time with memray active, which slows down code that allocates a lot."""
    capture: Path
    stacks: tuple[HeldStack, ...]
    """The largest call stacks, largest first."""
    samples: tuple[MemorySample, ...]
    """Heap over time."""
    remarks: tuple[str, ...] = ()
    """Why the heap peak and the OS peak differ."""
    sees_all: bool = True
    """Whether memray saw all allocations; if not, use the OS net peak."""
    children_peak_bytes: int | None = None
    """The highest total memory of the processes that the cell started; None if not watched."""

    retention: Retention | str | None = None
    """What held the process's memory near the highest point, or why that is unknown; None if it was
    not requested."""

    @classmethod
    def of(
        cls, name: str, stretch: Stretch, retention: Retention | str | None = None
    ) -> PeakReport:
        """The report of one measured stretch, its capture read."""
        return cls(
            name=name,
            heap_peak_bytes=stretch.heap_peak_bytes,
            rss_peak_bytes=stretch.rss_peak_bytes,
            rss_net_peak_bytes=stretch.rss_net_peak_bytes,
            elapsed_seconds=stretch.elapsed_seconds,
            capture=stretch.capture,
            stacks=_largest_stacks(stretch),
            samples=_heap_samples(stretch),
            remarks=stretch.remarks,
            sees_all=stretch.peaks.sees_all,
            children_peak_bytes=stretch.children_peak_bytes,
            retention=retention,
        )

    @property
    def figures(self) -> tuple[tuple[str, str], ...]:
        """The figures of the first line, each with its title."""
        heap = ("heap peak", format_size(self.heap_peak_bytes))
        net = ("OS net peak", format_size(self.rss_net_peak_bytes))
        children = (
            (("children's peak", format_size(self.children_peak_bytes)),)
            if self.children_peak_bytes is not None
            else ()
        )
        return (
            *((heap, net) if self.sees_all else (net, heap)),
            ("OS peak", format_size(self.rss_peak_bytes)),
            *children,
            ("wall, traced", f"{self.elapsed_seconds:.2f} s"),
        )

    def read_stacks(self) -> HeapStacks:
        """Read all call stacks at the heap peak from the capture."""
        return read_stacks(self.capture, whole=True, rss_net_peak_bytes=self.rss_net_peak_bytes)

    def __str__(self) -> str:
        lines = [f"{self.name}: " + ", ".join(f"{title} {value}" for title, value in self.figures)]
        for stack in self.stacks:
            lines.append(f"  {format_size(stack.size_bytes)} in {stack.allocations:,} allocations")
            lines += [f"      {call}" for call in stack.calls]
        if self.retention is not None:
            lines.append("  kept alive near the highest point:")
            lines += [f"      {line}" for line in self._kept_alive()]
        lines += [f"  note: {remark}" for remark in self.remarks]
        lines.append(f"  capture: {self.capture}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        figures = " · ".join(f"{title} <b>{value}</b>" for title, value in self.figures)
        rows = "".join(map(_stack_row, self.stacks))
        notes = "".join(f"<div>{escape(remark)}</div>" for remark in self.remarks)
        return (
            '<div class="tracekit-peak" style="overflow-x:auto">'
            f"<div><b>{escape(self.name)}</b>: {figures}</div>"
            f"{heap_plot(self.samples, self.elapsed_seconds, self.heap_peak_bytes)}"
            "<details open><summary>Held at the heap's peak</summary><table>"
            "<tr><th>size</th><th>allocations</th>"
            '<th style="text-align:left">allocated at, called from</th></tr>'
            f"{rows}</table></details>{self._retention_html()}{notes}"
            f"<div>capture: <code>{escape(str(self.capture))}</code></div></div>"
        )

    def _kept_alive(self) -> list[str]:
        if isinstance(self.retention, Retention):
            return [str(holder) for holder in self.retention.largest(TOP_HOLDERS)]
        return [f"unknown: {self.retention}"]

    def _retention_html(self) -> str:
        if self.retention is None:
            return ""
        inside = (
            retention_html(self.retention)
            if isinstance(self.retention, Retention)
            else escape(f"unknown: {self.retention}")
        )
        title = "Kept alive near the highest point"
        return f"<details open><summary>{title}</summary>{inside}</details>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}


def _stack_row(stack: HeldStack) -> str:
    calls = "<br>".join(escape(call) for call in stack.calls)
    return (
        f'<tr><td style="white-space:nowrap">{format_size(stack.size_bytes)}</td>'
        f"<td>{stack.allocations:,}</td>"
        f'<td style="text-align:left"><code>{calls}</code></td></tr>'
    )


def _largest_stacks(stretch: Stretch) -> tuple[HeldStack, ...]:
    heap = read_stacks(stretch.capture, whole=True, rss_net_peak_bytes=stretch.rss_net_peak_bytes)
    ranked = sorted(heap.stacks.items(), key=lambda stack: -stack[1].size_bytes)
    return tuple(
        HeldStack(held.size_bytes, held.allocations, cell_calls(stack)[:_FRAMES_SHOWN])
        for stack, held in ranked[:TOP_STACKS]
        if held.size_bytes >= _SMALLEST_SHARE * heap.size_bytes
    )


def cell_calls(stack: tuple[str, ...]) -> tuple[str, ...]:
    """The calls of `stack` from the innermost to the cell's own line, with short file names."""
    start = next((index for index, call in enumerate(stack) if _is_cell(call)), 0)
    return tuple(map(_short, reversed(stack[start:])))


def _short(location: str) -> str:
    """`location` without the folder of the environment or of the notebook."""
    return _ENVIRONMENT.sub(":", location).replace(f":{Path.cwd()}{os.sep}", ":")


def _is_cell(location: str) -> bool:
    return _IN_CELL.search(location) is not None


def _heap_samples(stretch: Stretch) -> tuple[MemorySample, ...]:
    from memray import FileReader

    builder = TimelineBuilder(_SAMPLES)
    with FileReader(stretch.capture) as reader:
        begun = reader.metadata.start_time.timestamp()
        for snapshot in reader.get_memory_snapshots():
            heap_bytes = snapshot.heap
            if stretch.peaks.untouched_bytes:  # memray's samples include merely reserved memory
                risen_bytes = max(0, snapshot.rss - stretch.rss_baseline_bytes)
                heap_bytes = min(heap_bytes, risen_bytes, stretch.heap_peak_bytes)
            builder.add(max(0.0, snapshot.time / 1000 - begun), heap_bytes)
    return builder.samples()
