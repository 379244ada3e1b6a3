"""What a baseline keeps of a capture, and what grew since."""

from tracekit.experiment.baseline_stacks import MOST_STACKS, heap_growth, kept_stacks
from tracekit.profiling import HeapStacks, call_tree
from tracekit.profiling.stacks import Held
from tracekit.records import StackChange

MIB = 2**20
LOAD, STREAM, ROW = "load:/home/jane/app/jobs.py:7", "stream:/home/jane/app/jobs.py:19", "row"


def tree(sizes, path="new"):
    """The call tree of stacks of `sizes` in bytes, by their locations."""
    stacks = {stack: Held(size, 2) for stack, size in sizes.items()}
    total = sum(sizes.values())
    return call_tree(HeapStacks(stacks, total, 2 * len(stacks)), path)


def growth(before, after):
    """The one difference between two trees, of which a baseline keeps the first."""
    peaks = {before.path: before.size_bytes}
    (diff,) = heap_growth([before.path], kept_stacks([before]), peaks, [after])
    return diff


def test_a_baseline_keeps_functions_and_files_without_lines_and_folders():
    (kept,) = kept_stacks([tree({(LOAD, STREAM): 9 * MIB})])["new"]
    assert (kept.size_bytes, kept.allocations) == (9 * MIB, 2)
    assert kept.calls == ("stream:jobs.py", "load:jobs.py")


def test_a_baseline_keeps_the_largest_stacks_only():
    many = {(LOAD, f"f{number}:a.py:1"): (100 + number) * MIB for number in range(30)}
    kept = kept_stacks([tree(many)])["new"]
    assert [stack.size_bytes for stack in kept] == [(129 - n) * MIB for n in range(MOST_STACKS)]
    (large,) = kept_stacks([tree({(LOAD,): 99 * MIB, (STREAM,): MIB})])["new"]
    assert large.calls == ("load:jobs.py",)


def test_what_grew_is_found_although_lines_and_folders_changed():
    moved = ("load:/ci/work/jobs.py:11", "stream:/ci/work/jobs.py:24")
    diff = growth(tree({(LOAD, STREAM): 9 * MIB}), tree({moved: 20 * MIB, (LOAD,): 5 * MIB}))
    assert (diff.base_bytes, diff.head_bytes) == (9 * MIB, 25 * MIB)
    assert [(one.change, one.delta_bytes, one.stack) for one in diff.deltas] == [
        (StackChange.GROWN, 11 * MIB, moved),
        (StackChange.NEW, 5 * MIB, (LOAD,)),
    ]


def test_what_is_gone_is_named_as_the_baseline_keeps_it():
    diff = growth(tree({(LOAD, STREAM): 9 * MIB}), tree({(LOAD,): MIB}))
    assert {(one.change, one.stack) for one in diff.deltas} == {
        (StackChange.GONE, ("load:jobs.py", "stream:jobs.py")),
        (StackChange.NEW, (LOAD,)),
    }


def test_a_stack_too_small_to_be_kept_is_not_called_new():
    before = tree({(LOAD,): 99 * MIB, (STREAM,): MIB})
    diff = growth(before, tree({(LOAD,): 99 * MIB, (STREAM,): MIB}))
    assert diff.deltas == ()
    assert "any other held at most 2.00 MiB then" in diff.remarks[0]


def test_without_stacks_on_both_sides_there_is_no_difference():
    now = tree({(LOAD,): MIB})
    assert heap_growth(["new"], {}, {}, [now]) == ()
    assert heap_growth(["new"], kept_stacks([now]), {"new": MIB}, [tree({}, "old")]) == ()
