"""The geometry of the memory plot in SVG units; the template draws and colours it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.reports.curves import Curve, Placed, axis_ranges, memory_unit, placed_labels

_CHARACTER_WIDTH = 7.2
_LINE_HEIGHT = 16.0
_MARKER_WIDTH = 9.0


@dataclass(frozen=True)
class Tick:
    """One mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class DrawnCurve:
    """One curve, its marker and its label."""

    number: int
    """Position in the palette."""
    path: str
    line: str
    """The `points` of an SVG polyline."""
    marker: tuple[float, float]
    died: bool
    label: str
    label_at: tuple[float, float]
    anchor: str
    """SVG's text-anchor: start or end."""

    @property
    def needs_leader(self) -> bool:
        """Whether the label is so far from its marker that a line connects them."""
        return abs(self.label_at[1] - self.marker[1]) > _LINE_HEIGHT


@dataclass(frozen=True)
class SvgPlot:
    """One plot of a fixed size, all places in SVG units."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    unit: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    curves: tuple[DrawnCurve, ...]


def svg_plot(curves: Sequence[Curve], *, width: int, height: int) -> SvgPlot:
    """The geometry of `curves` (at least one) on `width` by `height` units."""
    unit, unit_bytes = memory_unit(curves)
    until, low_bytes, top_bytes = axis_ranges(curves)
    left, right, top, bottom = 48.0, width - 8.0, 24.0, height - 40.0

    def x_of(elapsed: float) -> float:
        return round(left + elapsed / until * (right - left), 1)

    def y_of(memory: float) -> float:
        share = (memory - low_bytes) / (top_bytes - low_bytes)
        return round(bottom - share * (bottom - top), 1)

    def drawn(placed: Placed) -> DrawnCurve:
        curve = placed.curve
        x, y = x_of(placed.x), y_of(placed.y)
        label, label_x, anchor = _label(curve, x, left, right, prefer_right=placed.on_the_right)
        return DrawnCurve(
            number=curves.index(curve),
            path=curve.path,
            line=" ".join(f"{x_of(elapsed)},{y_of(memory)}" for elapsed, memory in curve.points),
            marker=(x_of(curve.marked[0]), y_of(curve.marked[1])),
            died=curve.died is not None,
            label=label,
            label_at=(label_x, y),
            anchor=anchor,
        )

    gap = _LINE_HEIGHT / (bottom - top) * (top_bytes - low_bytes)
    wanted = max(2, width // 110)
    return SvgPlot(
        width,
        height,
        left,
        right,
        top,
        bottom,
        unit,
        tuple(Tick(x_of(at), f"{at:g}") for at in round_steps(0, until, wanted)),
        tuple(
            Tick(y_of(at * unit_bytes), f"{at:g}")
            for at in round_steps(low_bytes / unit_bytes, top_bytes / unit_bytes, 5)
        ),
        tuple(drawn(placed) for placed in placed_labels(curves, until, gap)),
    )


def _label(
    curve: Curve, x: float, left: float, right: float, *, prefer_right: bool
) -> tuple[str, float, str]:
    """A label's text, place and anchor. The text says how the path died if there is room."""
    room = {"start": right - x - _MARKER_WIDTH, "end": x - left - _MARKER_WIDTH}
    sides = ("start", "end") if prefer_right else ("end", "start")
    texts = [f"{curve.label}, {curve.died}"] if curve.died else []
    for text in (*texts, curve.label):
        for side in sides:
            if len(text) * _CHARACTER_WIDTH <= room[side]:
                return text, x + (_MARKER_WIDTH if side == "start" else -_MARKER_WIDTH), side
    return curve.label, x + _MARKER_WIDTH, "start"


def round_steps(low: float, high: float, wanted: int) -> list[float]:
    """About `wanted` steps from `low` to `high`, at multiples of 1, 2 or 5 times a power of 10."""
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]
