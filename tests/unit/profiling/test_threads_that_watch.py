"""A program that ends while threads watch it is not held up by them."""

from __future__ import annotations

import subprocess
import sys

import pytest

STARTS = {
    "processes it starts": """
from tracekit.profiling.children import ChildrenWatch
ChildrenWatch().start()
""",
    "its growth": """
from pathlib import Path
from tracekit.profiling.retention import GrowthWatch
GrowthWatch(Path("found"), 2**60)
""",
    "its size in a run": """
from tracekit.profiling.retention import RetentionWatch, Trigger, watch
watch.retention = lambda: None
RetentionWatch(Trigger("peak:90%", net_bytes=2**60), print).start()
""",
}


@pytest.mark.parametrize("what", STARTS)
def test_a_program_ends_with_its_own_last_line(what: str) -> None:
    named = "import threading; print([t.name for t in threading.enumerate()][1:])"
    program = f"{STARTS[what]}\n{named}\nraise SystemExit(3)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 3, done.stderr
    assert done.stdout.startswith("['tracekit-"), "a thread that tells whose it is"
