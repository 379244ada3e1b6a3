"""memory.png: resident memory of all candidates over time on one axis."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tracekit.records import MemoryTimeline, ReplaySummary
from tracekit.reports.curves import (
    Curve,
    axis_ranges,
    curves_of,
    memory_unit,
    placed_labels,
    plot_titles,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = (8.0, 4.5)
_DOTS_PER_INCH = 150  # 1,200 pixels wide
_LABEL_HEIGHT_SHARE = 0.06
"""Height of a label as a share of the memory axis, and the distance between labels."""


def memory_plot(
    summary: ReplaySummary, timelines: Sequence[MemoryTimeline], path: str | Path
) -> None:
    """Draw memory above baseline over elapsed seconds, one labelled curve per candidate, as PNG.

    Args:
        summary: The replay, with net peaks, sizes and how candidates ended.
        timelines: The curves. With none, the picture says that none was recorded.
        path: The file to write; an existing one is replaced.
    """
    # Not pyplot: it has global figures and looks for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _draw(axes, summary, curves_of(summary, timelines))
    with warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes, without a warning.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        canvas.print_figure(path, format="png", metadata={"Software": None})


def _draw(axes: Axes, summary: ReplaySummary, curves: list[Curve]) -> None:
    unit, unit_bytes = memory_unit(curves)
    axes.set_title("\n".join(plot_titles(summary)), fontsize=11, loc="left", parse_math=False)
    axes.set_xlabel("seconds since the start of the fetch")
    axes.set_ylabel(f"resident memory above baseline ({unit})")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    if not curves:
        axes.text(0.5, 0.5, "no timeline was recorded", transform=axes.transAxes, ha="center")
        return
    for curve in curves:
        _line(axes, curve, unit_bytes)
    until, low_bytes, top_bytes = axis_ranges(curves)
    axes.set_xlim(0, until * 1.01)
    axes.set_ylim(low_bytes / unit_bytes, top_bytes / unit_bytes)
    _labels(axes, curves, unit_bytes)


def _line(axes: Axes, curve: Curve, unit_bytes: int) -> None:
    elapsed = [point[0] for point in curve.points]
    memory = [point[1] / unit_bytes for point in curve.points]
    axes.plot(elapsed, memory, color=curve.color, linewidth=1.8, solid_joinstyle="round")
    x, y = curve.marked
    if curve.died:
        axes.plot(x, y / unit_bytes, "x", color=curve.color, markersize=11, markeredgewidth=3)
    else:
        axes.plot(x, y / unit_bytes, "o", color=curve.color, markersize=6)


def _labels(axes: Axes, curves: list[Curve], unit_bytes: int) -> None:
    """Write each candidate's name and peak next to its marker, without overlapping labels."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground="white")]  # lines stay behind labels
    low, high = axes.get_ylim()
    gap = (high - low) * unit_bytes * _LABEL_HEIGHT_SHARE
    for placed in placed_labels(curves, axes.get_xlim()[1], gap):
        died = placed.curve.died
        axes.annotate(
            f"{placed.curve.label}{f', {died}' if died else ''}",
            (placed.x, placed.y / unit_bytes),
            xytext=(9 if placed.on_the_right else -9, 0),
            textcoords="offset points",
            ha="left" if placed.on_the_right else "right",
            color=_darkened(placed.curve.color),
            fontsize=10,
            fontweight="bold",
            parse_math=False,
            path_effects=halo,
        )


def _darkened(color: str) -> str:
    """A darker shade of a palette colour: letters need more contrast on white than lines."""
    channels = (int(color[at : at + 2], 16) * 7 // 10 for at in (1, 3, 5))
    return "#" + "".join(f"{channel:02x}" for channel in channels)
