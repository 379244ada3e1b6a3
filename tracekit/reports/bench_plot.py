"""bench.png: net OS peak and client CPU of every candidate, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tracekit.records import BenchRecord, RunStatus
from tracekit.reports import figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_INCHES = 10.0
_BAR_INCHES = 0.36
_DOTS_PER_INCH = 150
_OURS, _OTHERS = "#4477AA", "#BBBBBB"
_PATHS = ("lean", "stream", "table", "parquet")


def bench_plot(record: BenchRecord, path: str | Path) -> None:
    """Draw the candidates that succeeded as two bar charts, as PNG.

    Args:
        record: The bench.
        path: The file to write; an existing one is replaced.
    """
    # Not pyplot: it has global figures and looks for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ended = {
        name: found for name, found in record.candidates.items() if found.status is RunStatus.OK
    }
    height = 1.5 + _BAR_INCHES * max(3, len(ended))
    figure = Figure(figsize=(_WIDTH_INCHES, height), dpi=_DOTS_PER_INCH, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    memory, cpu = figure.subplots(1, 2, sharey=True)
    work = record.workload
    figure.suptitle(
        f"{work.name} · {work.query} · {work.keys:,} keys · {figures.count(work.rows)} rows",
        fontsize=11,
    )
    names = list(ended)
    peaks = [(found.rss_net_peak_bytes or 0) / 2**20 for found in ended.values()]
    seconds = [found.cpu_seconds or 0.0 for found in ended.values()]
    _bars(memory, "net OS peak (MiB)", names, peaks, "{:,.0f}")
    _bars(cpu, "client CPU (seconds)", names, seconds, "{:,.1f}")
    memory.invert_yaxis()  # the first on top
    canvas.print_figure(path, format="png", metadata={"Software": None})


def _bars(
    axes: Axes, title: str, names: Sequence[str], values: Sequence[float], pattern: str
) -> None:
    drawn = axes.barh(
        names, values, color=[_OURS if name in _PATHS else _OTHERS for name in names], height=0.7
    )
    axes.bar_label(drawn, labels=[pattern.format(value) for value in values], padding=3)
    axes.set_xlabel(title)
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
