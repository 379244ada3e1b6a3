"""Call trees and compared stacks as the lists of frames that a page's script draws."""

import hashlib
import re
from pathlib import Path

import tracekit
from tracekit.records import CallNode, CallTree, StackDelta, StackDiff
from tracekit.reports.flame_graph import flame_of_diff, flame_of_tree
from tracekit.reports.redaction import Redactor

VENDORED = Path(tracekit.__file__).parent / "reports" / "vendored" / "d3-flame-graph"
SITE = "/home/jane/.venv/lib/python3.11/site-packages"
MIB = 2**20


def test_frames_come_after_their_callers_and_say_whose_they_are() -> None:
    concat = CallNode(f"concat:{SITE}/pandas/core/x.py:9", 6 * MIB, 7)
    copy = CallNode("copy:/usr/lib/python3.11/copy.py:1", 2 * MIB, 2)
    native = CallNode("arrow::Pool::Allocate:arrow/memory_pool.cc:88", MIB, 1)
    cell = CallNode("<module>:In [3]:2", 9 * MIB, 10, (concat, copy, native))
    graph = flame_of_tree(CallTree("legacy", 10 * MIB, 12, (cell,)), Redactor())
    assert not graph.differential
    assert graph.frames == [
        [-1, "all", "", "own", 10 * MIB, 0, "10.0 MiB in 12 allocations"],
        [0, "In [3]:2", "In [3]:2", "own", 9 * MIB, 0, "9.00 MiB in 10 allocations"],
        [
            1,
            "concat x.py:9",
            "pandas/core/x.py:9",
            "library",
            6 * MIB,
            0,
            "6.00 MiB in 7 allocations",
        ],
        [
            1,
            "copy copy.py:1",
            "python3.11/copy.py:1",
            "python",
            2 * MIB,
            0,
            "2.00 MiB in 2 allocations",
        ],
        [
            1,
            "arrow::Pool::Allocate memory_pool.cc:88",
            "arrow/memory_pool.cc:88",
            "library",
            MIB,
            0,
            "1.00 MiB in 1 allocations",
        ],
    ]


def test_a_differential_is_as_wide_as_the_larger_and_merges_moved_lines() -> None:
    diff = StackDiff(
        "old",
        "new",
        11 * MIB,
        7 * MIB,
        (
            StackDelta(("load:/a/app.py:3", "frame:/a/app.py:9"), 10 * MIB, 2 * MIB, 5, 1),
            StackDelta(("load:/b/a/app.py:4", "lean:/b/a/app.py:20"), 0, 4 * MIB, 0, 1),
        ),
        unchanged=(StackDelta(("log:/a/app.py:1",), MIB, MIB, 1, 1),),
    )
    graph = flame_of_diff(diff, Redactor(confidential=False))
    assert graph.differential
    rows = {
        name: (caller, width, change, text)
        for caller, name, _, _, width, change, text in graph.frames
    }
    assert rows["all"] == (-1, 15 * MIB, -0.267, "11.0 MiB → 7.00 MiB (−4.00 MiB)")
    assert rows["load app.py:3,4"] == (0, 14 * MIB, -0.286, "10.0 MiB → 6.00 MiB (−4.00 MiB)")
    assert rows["frame app.py:9"] == (1, 10 * MIB, -0.8, "10.0 MiB → 2.00 MiB (−8.00 MiB)")
    assert rows["lean app.py:20"][1:] == (4 * MIB, 1.0, "0 B → 4.00 MiB (+4.00 MiB)")
    assert rows["log app.py:1"] == (0, MIB, 0, "1.00 MiB → 1.00 MiB (±0 B)")


def test_what_is_confidential_is_in_no_frame() -> None:
    node = CallNode(
        f"load:{SITE}/pandas/io.py:3", MIB, 1, (CallNode("f:/home/jane/a/b.py:1", MIB, 1),)
    )
    tree = CallTree("p", MIB, 1, (node,))
    diff = StackDiff("p", "q", 0, MIB, (StackDelta(("f:/home/jane/a/b.py:1",), 0, MIB, 0, 1),))
    for redact, leaves in ((Redactor(), False), (Redactor(confidential=False), True)):
        shown = f"{flame_of_tree(tree, redact)}{flame_of_diff(diff, redact)}"
        assert ("jane" in shown) is leaves


def test_a_stack_of_any_depth_needs_no_recursion() -> None:
    node = CallNode("leaf:f.py:0", MIB, 1)
    for depth in range(5000):
        node = CallNode(f"f{depth}:f.py:{depth}", MIB, 1, (node,))
    frames = flame_of_tree(CallTree("p", MIB, 1, (node,)), Redactor()).frames
    assert [frame[0] for frame in frames] == list(range(-1, 5001))


def test_the_vendored_script_is_the_one_that_its_note_describes() -> None:
    note = (VENDORED / "README.md").read_text(encoding="utf-8")
    script = (VENDORED / "d3-flame-graph.min.js").read_bytes()
    [recorded] = re.findall(r"SHA-256: `([0-9a-f]{64})`", note)
    assert hashlib.sha256(script).hexdigest() == recorded
    for licence in ("d3-flame-graph", "d3", "d3-ease", "internmap"):
        assert (VENDORED / f"LICENSE-{licence}.txt").stat().st_size
