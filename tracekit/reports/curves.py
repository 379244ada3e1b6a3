"""Memory over time as curves, before a format draws them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.records import CandidateMeasurement, MemoryTimeline, ReplaySummary, RunStatus
from tracekit.reports import figures
from tracekit.reports.headline import ending
from tracekit.reports.redaction import Redactor

# Okabe and Ito's palette, which colour-blind readers can distinguish ("Color Universal
# Design", 2008), in an order that keeps neighbours far apart; yellow is left out (too pale for a
# line on white). A second round repeats the colours; every curve is labelled by name anyway.
PALETTE = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_SHORTEST_SECONDS = 0.01
_LOWEST_TOP_BYTES = 1024**2 / 10
MOST_POINTS = 600
"""Maximum number of points of a curve; of more, the highest of each stretch is kept."""


@dataclass(frozen=True)
class Curve:
    """One candidate's resident memory above its baseline."""

    path: str
    color: str
    points: tuple[tuple[float, float], ...]
    """Elapsed seconds and net bytes; at least one point."""
    peak: tuple[float, float]
    """When the samples were highest, and the net peak: the measured one if there is one."""
    label: str
    """The label of the marker."""
    died: str | None
    """How it ended, if it did not finish."""

    @property
    def marked(self) -> tuple[float, float]:
        """The place of its marker and label: where it died, or else its peak."""
        return self.points[-1] if self.died else self.peak


@dataclass(frozen=True)
class Placed:
    """A curve with the place of its label, in the units of the curve's points."""

    curve: Curve
    x: float
    y: float
    on_the_right: bool
    """Seconds at its marker."""


def placed_labels(
    curves: Sequence[Curve], until_seconds: float, gap: float, *, turn: float = 0.6
) -> list[Placed]:
    """Places for the labels so that none covers another.

    Args:
        curves: The curves to label.
        until_seconds: The right end of the axis.
        gap: Height of a label in bytes.
        turn: Share of the axis after which labels are to the left of their marker.
    """
    placed: list[Placed] = []
    for curve in sorted(curves, key=lambda curve: curve.marked[1]):
        x, y = curve.marked
        on_the_right = x < until_seconds * turn
        taken = [label.y for label in placed if label.on_the_right == on_the_right]
        placed.append(Placed(curve, x, _free_height(y + gap * 0.35, taken, gap), on_the_right))
    return placed


def _free_height(wanted: float, taken: list[float], gap: float) -> float:
    """The height nearest to `wanted` that is `gap` from all others, and above the axis."""
    for step in itertools.count():
        for height in (wanted - step * gap / 4, wanted + step * gap / 4):
            clear = all(abs(height - other) >= gap for other in taken)
            if clear and height >= min(wanted, gap * 0.35):
                return height
    raise AssertionError("heights have no end")


def curves_of(summary: ReplaySummary, timelines: Sequence[MemoryTimeline]) -> list[Curve]:
    """One curve per timeline that has samples, in the order of the summary's paths."""
    by_path = {timeline.path: timeline for timeline in timelines if timeline.samples}
    order = [*summary.candidates, *(path for path in by_path if path not in summary.candidates)]
    present = [path for path in order if path in by_path]
    return [
        _curve(by_path[path], summary.candidates.get(path), PALETTE[position % len(PALETTE)])
        for position, path in enumerate(present)
    ]


def _curve(timeline: MemoryTimeline, path: CandidateMeasurement | None, color: str) -> Curve:
    points = [
        (sample.elapsed_seconds, float(sample.rss_bytes - timeline.rss_baseline_bytes))
        for sample in timeline.samples
    ]
    when, sampled = max(points, key=lambda point: point[1])
    measured = path.rss_net_peak_bytes if path else None
    peak = float(measured) if measured is not None else sampled
    if peak > sampled:  # it was between two samples, next to the highest
        points = [(at, peak if at == when else size) for at, size in points]
    died = ending(path) if path and path.status is not RunStatus.OK else None
    return Curve(
        path=timeline.path,
        color=color,
        points=tuple(_thinned(points)),
        peak=(when, peak),
        label=f"{timeline.path} {figures.size(peak)}",
        died=died,
    )


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """About `MOST_POINTS` points at most: both ends, and the highest of each stretch."""
    stretch = -(-len(points) // MOST_POINTS)
    if stretch == 1:
        return points
    inner = points[1:-1]
    highest = [
        max(inner[start : start + stretch], key=lambda point: point[1])
        for start in range(0, len(inner), stretch)
    ]
    return [points[0], *highest, points[-1]]


def peak_sentence(curve: Curve) -> str:
    """The curve in words."""
    when, peak = curve.peak
    until = curve.points[-1][0]
    end = f", then it {curve.died}" if curve.died else ""
    return (
        f"{curve.path}: highest {figures.size(peak)} above its baseline, "
        f"after {figures.seconds(when)} of {figures.seconds(until)}{end}"
    )


def plot_titles(summary: ReplaySummary) -> tuple[str, str]:
    """What the plot shows, and the name of the workload without its folder."""
    work = summary.workload
    title = f"Memory above baseline while fetching {work.query} of {work.keys:,} keys"
    return title, figures.printable(Redactor().prose(work.name))


def axis_ranges(curves: Sequence[Curve]) -> tuple[float, float, float]:
    """The end of the time axis in seconds, and the ends of the memory axis in bytes.

    There is room for a label above the highest peak, and no axis is empty.
    """
    until = max(*(curve.points[-1][0] for curve in curves), _SHORTEST_SECONDS)
    memory = [value for curve in curves for _, value in (*curve.points, curve.peak)]
    return until, min(0.0, *memory), max(*memory, _LOWEST_TOP_BYTES) * 1.13


def memory_unit(curves: Sequence[Curve]) -> tuple[str, int]:
    """The unit of the memory axis and its bytes: GiB from 1 GiB on, below that MiB."""
    top = max((curve.peak[1] for curve in curves), default=0.0)
    return ("GiB", 1024**3) if top >= 1024**3 else ("MiB", 1024**2)
