"""Captures as memray really writes them, each made by a process of its own."""

import signal
import subprocess
import sys
from itertools import chain

import pytest

from tracekit.errors import ProfileError
from tracekit.profiling import call_tree, diff_stacks, read_stacks

MIB = 2**20
SCRIPT = """
import os, signal, sys, threading
import memray

def leaf(mib):
    return [bytearray(MIB - 57) for _ in range(mib)]

def branch(mib):
    return leaf(mib)

def work(mib):
    held = [branch(mib)]
    thread = threading.Thread(target=lambda: held.append(branch(mib)))
    thread.start()
    thread.join()
    del held[:]
    return leaf(1)

MIB = 2**20
mib, options = int(sys.argv[2]), sys.argv[3:]
tracker = memray.Tracker(
    sys.argv[1],
    native_traces="native" in options,
    file_format=memray.FileFormat[
        "AGGREGATED_ALLOCATIONS" if "aggregated" in options else "ALL_ALLOCATIONS"
    ],
)
with tracker:
    work(mib)
    if "killed" in options:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def capture(tmp_path):
    script = tmp_path / "work.py"
    script.write_text(SCRIPT)

    def make(name, mib, *options):
        path = tmp_path / name
        command = [sys.executable, str(script), str(path), str(mib), *options]
        code = subprocess.run(command, check=False, timeout=60).returncode
        assert code == (-signal.SIGKILL if "killed" in options else 0)
        return path

    return make


def held_by(heap, function):
    return sum(
        held.size_bytes
        for stack, held in heap.stacks.items()
        if any(location.startswith(f"{function}:") for location in stack)
    )


def is_native(location):
    return ".py:" not in location and "<" not in location


@pytest.mark.parametrize("options", [(), ("aggregated",), ("native",), ("killed",)], ids=str)
def test_every_format_tells_who_held_the_peak(capture, options):
    heap = read_stacks(capture("a.bin", 20, *options))
    assert heap.size_bytes == pytest.approx(40 * MIB, abs=MIB)
    assert held_by(heap, "branch") == pytest.approx(40 * MIB, abs=MIB)
    assert held_by(heap, "_bootstrap") == 0
    assert any("cut off" in remark for remark in heap.remarks) is ("killed" in options)
    assert any(map(is_native, chain.from_iterable(heap.stacks))) is ("native" in options)
    largest = call_tree(heap, "a").roots[0]
    assert largest.size_bytes == pytest.approx(20 * MIB, abs=MIB)
    assert {root.location.split(":")[0] for root in call_tree(heap, "a").roots} >= {"<module>"}


def test_two_captures_say_which_stack_grew(capture):
    base, head = capture("base.bin", 8), capture("head.bin", 12)
    found = diff_stacks(read_stacks(base), read_stacks(head), base_name="before", head_name="after")
    assert sum(delta.delta_bytes for delta in found.deltas) == pytest.approx(8 * MIB, abs=MIB)
    grown = found.deltas[0]
    assert grown.stack[-1].startswith(("leaf:", "<listcomp>:"))
    assert grown.delta_bytes == pytest.approx(4 * MIB, abs=MIB / 2)


def test_reading_holds_at_most_the_requested_stacks(capture):
    path = capture("a.bin", 8)
    whole, pruned = read_stacks(path), read_stacks(path, most_stacks=4)
    assert len(pruned.stacks) <= 4 < len(whole.stacks)
    assert pruned.size_bytes == whole.size_bytes
    assert held_by(pruned, "branch") == held_by(whole, "branch")
    assert "smallest call stacks" in pruned.remarks[-1]


def test_an_aggregated_capture_of_a_killed_process_is_named(capture):
    with pytest.raises(ProfileError, match="is empty: the process was killed"):
        read_stacks(capture("a.bin", 2, "aggregated", "killed"))


@pytest.mark.parametrize("content", [b"hello\n", b"memray"])
def test_a_file_that_is_not_a_capture_is_refused_by_name(tmp_path, content):
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    with pytest.raises(ProfileError, match=r"x\.bin could not be read as a memray capture"):
        read_stacks(path)


def test_a_missing_capture_is_refused_by_name(tmp_path):
    with pytest.raises(ProfileError, match=r"gone\.bin"):
        read_stacks(tmp_path / "gone.bin")
