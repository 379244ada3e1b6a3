"""What is said of a running candidate."""

from __future__ import annotations

import pytest

from tracekit.experiment.progress import ReplayProgress, child_listener
from tracekit.profiling import ChildProgress

MIB = 2**20


@pytest.mark.parametrize(
    ("phase", "rows", "detail"),
    [
        ("prepare", 0, "starting"),
        ("run", 1200, "1,200 rows, 3.00 MiB resident"),
        ("run", 0, "3.00 MiB resident"),  # a function of one's own counts no rows
        ("finish", 1200, "1,200 rows, digesting"),
        ("finish", 0, "digesting"),
        ("ended", 1200, "1,200 rows"),
        ("ended", 0, ""),
    ],
)
def test_rows_are_named_where_they_are_counted(phase: str, rows: int, detail: str) -> None:
    heard: list[ReplayProgress] = []
    progress = ChildProgress(phase=phase, rows=rows, keys=5, rss_bytes=3 * MIB, elapsed_seconds=1.0)
    child_listener(heard.append, "mine", keys=10)(progress)
    assert heard == [ReplayProgress("mine", 1.0 if phase == "ended" else 0.5, detail)]
