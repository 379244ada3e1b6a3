"""Memory of a program over time: geometry for the page's SVG, and the picture memory.png."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracekit.records import CellReport, ProgramReport, ProgramStatus
from tracekit.reports import figures
from tracekit.reports.curves import MOST_POINTS, PALETTE
from tracekit.reports.svg_plot import Tick, round_steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = (8.0, 4.5)
_DOTS_PER_INCH = 150
_HEADROOM = 1.13
_SHORTEST_SECONDS = 0.01
_LEAST_LABELLED = 40.0
"""In SVG units; a narrower band has no room for its name."""
_LEAST_LABELLED_SHARE = 0.06
"""The same for the PNG, as a share of its width."""
_GIB = 2**30


@dataclass(frozen=True)
class Band:
    """The time of one cell."""

    label: str
    left: float
    right: float
    is_labelled: bool
    is_odd: bool
    died: bool
    title: str


@dataclass(frozen=True)
class ProgramPlot:
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
    bands: tuple[Band, ...]
    line: str
    """The `points` of an SVG polyline."""
    limit: float | None
    limit_label: str
    died: tuple[float, float] | None


def program_plot(report: ProgramReport, *, width: int, height: int) -> ProgramPlot | None:
    """The geometry; None if nothing was sampled."""
    if not report.samples:
        return None
    until, top_bytes = _ranges(report)
    unit, unit_bytes = _unit(top_bytes)
    left, right, top, bottom = 48.0, width - 8.0, 40.0, height - 40.0

    def x_of(seconds: float) -> float:
        return round(left + min(1.0, seconds / until) * (right - left), 1)

    def y_of(size_bytes: float) -> float:
        return round(bottom - size_bytes / top_bytes * (bottom - top), 1)

    points = _points(report)
    died = _death(report, points)
    limit = report.memory_limit_bytes
    return ProgramPlot(
        width,
        height,
        left,
        right,
        top,
        bottom,
        unit,
        tuple(Tick(x_of(at), f"{at:g}") for at in round_steps(0, until, max(2, width // 110))),
        tuple(
            Tick(y_of(at * unit_bytes), f"{at:g}")
            for at in round_steps(0, top_bytes / unit_bytes, 5)
        ),
        tuple(
            _band(cell, x_of(began), x_of(ended), number)
            for number, (cell, began, ended) in enumerate(_stretches(report))
        ),
        " ".join(f"{x_of(at)},{y_of(size)}" for at, size in points),
        y_of(limit) if limit is not None else None,
        f"limit {figures.size(limit)}" if limit is not None else "",
        (x_of(died[0]), y_of(died[1])) if died is not None else None,
    )


def program_picture(report: ProgramReport, path: str | Path) -> None:
    """Draw the plot as PNG; an existing file is replaced."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    _draw(figure.add_subplot(), report)
    with warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes, without a warning.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        canvas.print_figure(path, format="png", metadata={"Software": None})


def _draw(axes: Axes, report: ProgramReport) -> None:
    name = Path(report.notebook).name if report.notebook is not None else report.command or ""
    axes.set_title(figures.printable(name, 80), fontsize=11, loc="left", parse_math=False)
    start = "the first cell" if report.notebook is not None else "the program"
    axes.set_xlabel(f"seconds since the start of {start}")
    axes.spines[["top", "right"]].set_visible(False)
    if not report.samples:
        axes.text(0.5, 0.5, "no memory was sampled", transform=axes.transAxes, ha="center")
        return
    until, top_bytes = _ranges(report)
    unit, unit_bytes = _unit(top_bytes)
    axes.set_ylabel(f"resident memory ({unit})")
    axes.set_xlim(0, until)
    axes.set_ylim(0, top_bytes / unit_bytes)
    for number, (cell, began, ended) in enumerate(_stretches(report)):
        color, alpha = ("#D55E00", 0.28) if _is_bad(cell) else ("#5A636E", 0.06 * (number % 2 + 1))
        axes.axvspan(began, ended, color=color, alpha=alpha)
        if (ended - began) / until > _LEAST_LABELLED_SHARE:
            middle, top = (began + ended) / 2, top_bytes / unit_bytes
            axes.text(middle, top, cell.label, ha="center", va="top", fontsize=8)
    points = _points(report)
    axes.plot([at for at, _ in points], [size / unit_bytes for _, size in points], color=PALETTE[1])
    if report.memory_limit_bytes is not None:
        axes.axhline(report.memory_limit_bytes / unit_bytes, color="#B3261E", linestyle="--")


def _points(report: ProgramReport) -> list[tuple[float, int]]:
    """About `MOST_POINTS` points at most: the highest of each stretch."""
    points = [(sample.elapsed_seconds, sample.rss_bytes) for sample in report.samples]
    stretch = -(-len(points) // MOST_POINTS)
    return [
        max(points[start : start + stretch], key=lambda point: point[1])
        for start in range(0, len(points), stretch)
    ]


def _stretches(report: ProgramReport) -> list[tuple[CellReport, float, float]]:
    return [
        (cell, cell.began_seconds, cell.began_seconds + (cell.wall_seconds or 0.0))
        for cell in report.cells
        if cell.began_seconds is not None
    ]


def _death(report: ProgramReport, points: list[tuple[float, int]]) -> tuple[float, int] | None:
    """The highest point of the cell that failed; the last point if it has none."""
    failed = report.died_in
    if failed is None:
        return None
    began = failed.began_seconds or 0.0
    ended = began + (failed.wall_seconds or points[-1][0])
    return max(
        (point for point in points if began <= point[0] <= ended),
        key=lambda point: point[1],
        default=points[-1],
    )


def _ranges(report: ProgramReport) -> tuple[float, float]:
    until = max(report.samples[-1].elapsed_seconds, report.wall_seconds or 0.0, _SHORTEST_SECONDS)
    highest = max(sample.rss_bytes for sample in report.samples)
    return until, max(highest, report.memory_limit_bytes or 0, 1) * _HEADROOM


def _unit(top_bytes: float) -> tuple[str, int]:
    return ("GiB", _GIB) if top_bytes >= _GIB else ("MiB", 2**20)


def _band(cell: CellReport, left: float, right: float, number: int) -> Band:
    return Band(
        cell.label,
        left,
        right,
        right - left >= _LEAST_LABELLED,
        number % 2 == 1,
        _is_bad(cell),
        f"{cell.label}: {figures.size(cell.rss_net_peak_bytes)} at peak, "
        f"{figures.size(cell.rss_held_bytes)} held, {figures.seconds(cell.wall_seconds)}",
    )


def _is_bad(cell: CellReport) -> bool:
    return cell.status not in (ProgramStatus.OK, ProgramStatus.NOT_RUN)
