"""Heap over time as a small inline SVG, in the colours of its page."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.records import MemorySample
from tracekit.sizes import format_size

WIDTH, HEIGHT = 420, 110
_LEFT, _RIGHT, _TOP, _BOTTOM = 4, WIDTH - 4, 18, HEIGHT - 16


def heap_plot(samples: Sequence[MemorySample], elapsed_seconds: float, peak_bytes: int) -> str:
    """An `<svg>` of the heap over `elapsed_seconds`; empty with fewer than two samples."""
    if len(samples) < 2 or not peak_bytes:
        return ""
    highest = max(peak_bytes, *(sample.rss_bytes for sample in samples))
    until = max(elapsed_seconds, samples[-1].elapsed_seconds) or 1.0

    def place(sample: MemorySample) -> tuple[float, float]:
        x = _LEFT + sample.elapsed_seconds / until * (_RIGHT - _LEFT)
        return round(x, 1), round(_BOTTOM - sample.rss_bytes / highest * (_BOTTOM - _TOP), 1)

    points = [place(sample) for sample in samples]
    line = " ".join(f"{x},{y}" for x, y in points)
    area = f"{points[0][0]},{_BOTTOM} {line} {points[-1][0]},{_BOTTOM}"
    label = f"heap over time, at most {format_size(peak_bytes)}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{label}" style="max-width:100%;font:11px sans-serif;fill:currentColor">'
        f'<polygon points="{area}" style="fill:#0072b2;opacity:.25"/>'
        f'<polyline points="{line}" style="fill:none;stroke:#0072b2;stroke-width:1.5"/>'
        f'<line x1="{_LEFT}" y1="{_BOTTOM}" x2="{_RIGHT}" y2="{_BOTTOM}" '
        'style="stroke:currentColor;opacity:.5"/>'
        f'<text x="{_LEFT}" y="12">{label}</text>'
        f'<text x="{_LEFT}" y="{HEIGHT - 3}">0 s</text>'
        f'<text x="{_RIGHT}" y="{HEIGHT - 3}" text-anchor="end">{until:.2f} s</text></svg>'
    )
