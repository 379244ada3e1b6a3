import itertools
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tracekit.records import MemorySample, MemoryTimeline, ReplaySummary
from tracekit.reports import memory_plot
from tracekit.reports.curves import MOST_POINTS, Curve, curves_of, placed_labels


def _pixels(file: Path) -> tuple[int, int]:
    head = file.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_the_picture_is_1200_pixels_wide_and_the_same_each_time(
    hard: ReplaySummary, timelines: tuple[MemoryTimeline, ...], tmp_path: Path
) -> None:
    memory_plot(hard, timelines, tmp_path / "memory.png")
    memory_plot(hard, timelines, tmp_path / "again.png")
    assert _pixels(tmp_path / "memory.png") == (1200, 675)
    assert (tmp_path / "memory.png").read_bytes() == (tmp_path / "again.png").read_bytes()


def test_no_timeline_and_one_sample_are_drawn_too(passing: ReplaySummary, tmp_path: Path) -> None:
    odd = replace(passing, workload=replace(passing.workload, name="$^{ 品"))
    one = MemoryTimeline("legacy", 5, (MemorySample(0.0, 5),))
    memory_plot(odd, (), tmp_path / "none.png")
    memory_plot(odd, (one, MemoryTimeline("iterator", 5, ())), tmp_path / "one.png")
    assert _pixels(tmp_path / "none.png") == _pixels(tmp_path / "one.png")


def test_a_curve_keeps_its_ends_and_its_highest_point_when_thinned(
    passing: ReplaySummary,
) -> None:
    @given(st.lists(st.integers(0, 2**35), min_size=1, max_size=3 * MOST_POINTS))
    def check(memory: list[int]) -> None:
        samples = tuple(MemorySample(i / 10, value) for i, value in enumerate(memory))
        (curve,) = curves_of(passing, [MemoryTimeline("stream", 100, samples)])
        assert len(curve.points) <= MOST_POINTS + 2
        assert curve.points[0][1] == memory[0] - 100
        assert curve.points[-1][1] == memory[-1] - 100
        assert max(point[1] for point in curve.points) == max(memory) - 100 == curve.peak[1]

    check()


def test_labels_tell_the_measured_peak_and_how_a_path_died(
    hard: ReplaySummary, timelines: tuple[MemoryTimeline, ...]
) -> None:
    labels = {curve.path: (curve.label, curve.died) for curve in curves_of(hard, timelines)}
    assert labels["legacy"] == ("legacy 2.92 GiB", None)
    assert labels["stream"] == ("stream 1.83 GiB", "ran out of memory")


@given(st.lists(st.tuples(st.floats(0, 80), st.integers(0, 3 * 2**30)), min_size=1, max_size=6))
def test_no_label_covers_another_or_leaves_the_axis(peaks: list[tuple[float, int]]) -> None:
    curves = [
        Curve(str(n), "#000000", (peak,), peak, f"path {n}", None) for n, peak in enumerate(peaks)
    ]
    gap = 0.06 * 3 * 2**30
    labels = placed_labels(curves, 80, gap)
    assert len(labels) == len(peaks)
    for one, other in itertools.combinations(labels, 2):
        assert one.on_the_right != other.on_the_right or abs(one.y - other.y) >= gap
    assert all(label.y > 0 for label in labels)


def test_importing_reports_loads_nothing_heavy() -> None:
    program = (
        "import sys, tracekit.reports as r;"
        "heavy = {'matplotlib', 'rich', 'jinja2', 'memray', 'oracledb', 'pandas', 'numpy'};"
        "print(*sorted(heavy & set(sys.modules)));"
        "r.text, r.markdown;"
        "print(*sorted(heavy & set(sys.modules)));"
        "r.memory_plot;"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert shown.splitlines() == ["", "rich", "rich"]
