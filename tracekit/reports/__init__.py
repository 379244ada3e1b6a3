"""Format records as text, Markdown, HTML and plots; nothing here measures.

Names are loaded on first use, so that importing this room costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracekit.reports.bench_plot import bench_plot
    from tracekit.reports.bench_report import bench_markdown, bench_text
    from tracekit.reports.compare_page import compare_html
    from tracekit.reports.compare_report import compare_markdown, compare_text
    from tracekit.reports.estimate_report import estimate_text
    from tracekit.reports.html_report import html
    from tracekit.reports.markdown_report import markdown
    from tracekit.reports.matrix_report import matrix_markdown, matrix_text
    from tracekit.reports.memory_figure import memory_plot
    from tracekit.reports.program_compare import program_compare_markdown, program_compare_text
    from tracekit.reports.program_page import program_html
    from tracekit.reports.program_plot import program_picture
    from tracekit.reports.program_report import program_markdown, program_text
    from tracekit.reports.retention_section import retention_html
    from tracekit.reports.shape_report import shape_text
    from tracekit.reports.text_report import text

_HOMES = {
    "bench_markdown": "bench_report",
    "bench_plot": "bench_plot",
    "bench_text": "bench_report",
    "compare_html": "compare_page",
    "compare_markdown": "compare_report",
    "compare_text": "compare_report",
    "estimate_text": "estimate_report",
    "html": "html_report",
    "markdown": "markdown_report",
    "matrix_markdown": "matrix_report",
    "matrix_text": "matrix_report",
    "memory_plot": "memory_figure",
    "program_compare_markdown": "program_compare",
    "program_compare_text": "program_compare",
    "program_html": "program_page",
    "program_markdown": "program_report",
    "program_picture": "program_plot",
    "program_text": "program_report",
    "retention_html": "retention_section",
    "shape_text": "shape_report",
    "text": "text_report",
}

__all__ = [
    "bench_markdown",
    "bench_plot",
    "bench_text",
    "compare_html",
    "compare_markdown",
    "compare_text",
    "estimate_text",
    "html",
    "markdown",
    "matrix_markdown",
    "matrix_text",
    "memory_plot",
    "program_compare_markdown",
    "program_compare_text",
    "program_html",
    "program_markdown",
    "program_picture",
    "program_text",
    "retention_html",
    "shape_text",
    "text",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
