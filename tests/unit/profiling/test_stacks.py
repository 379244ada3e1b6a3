import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.profiling.stacks import HeapStacks, Held
from tracekit.profiling.stacks_diff import diff_stacks
from tracekit.profiling.stacks_frames import MOST_FRAMES, NO_FRAME, line_of, locations, without_line
from tracekit.profiling.stacks_tree import call_tree
from tracekit.records import StackChange

MIB = 2**20
CHILD = "/srv/a/tracekit/profiling/child.py"


def heap(sizes, remarks=()):
    stacks = {stack: Held(size, 1) for stack, size in sizes.items()}
    return HeapStacks(stacks, sum(sizes.values()), len(sizes), remarks)


def diff(base, head, **options):
    return diff_stacks(heap(base), heap(head), base_name="base", head_name="head", **options)


def test_what_carries_the_measurement_is_trimmed_from_the_root():
    frames = [("leaf", "work.py", 3), ("work", "work.py", 9), ("_measure", CHILD, 7)]
    assert locations(frames) == ("work:work.py:9", "leaf:work.py:3")


def test_a_thread_begins_at_its_own_work():
    threading = "/usr/lib/python3.11/threading.py"
    frames = [
        ("task", "work.py", 1),
        ("run", "/usr/lib/python3.11/concurrent/futures/thread.py", 58),
        ("_bootstrap", threading, 1002),
    ]
    assert locations(frames) == ("task:work.py:1",)


def test_harness_frames_below_the_root_stay():
    frames = [("acquire", "/usr/lib/python3.11/threading.py", 5), ("work", "work.py", 2)]
    assert locations(frames) == ("work:work.py:2", "acquire:/usr/lib/python3.11/threading.py:5")


def test_native_frames_stay_without_the_interpreters_own():
    frames = [
        ("arrow::Allocate", "arrow/memory_pool.cc", 88),
        ("_PyEval_EvalFrameDefault", "Python/ceval.c", 5631),
        ("work", "work.py", 2),
        ("_measure", CHILD, 7),
        ("pymain_main", "Modules/main.c", 710),
        ("_start", "<unknown>", 0),
    ]
    assert locations(frames) == ("work:work.py:2", "arrow::Allocate:arrow/memory_pool.cc:88")


def test_cells_of_a_notebook_go_by_their_number():
    frames = [
        ("load", "/tmp/ipykernel_12/345.py", 3),
        ("<module>", "<ipython-input-7-0a1b2c>", 2),
    ]
    known = {"/tmp/ipykernel_12/345.py": 4}
    assert locations(frames)[0] == "<module>:In [7]:2"
    assert locations(frames, known.get)[1] == "load:In [4]:3"


def test_memory_of_the_harness_itself_keeps_its_last_frame():
    assert locations([("_measure", CHILD, 7), ("main", CHILD, 1)]) == (f"_measure:{CHILD}:7",)


def test_memory_without_python_frames_is_named():
    assert locations([]) == (NO_FRAME,)


def test_a_purely_native_stack_stays_whole():
    frames = [("alloc", "a.cc", 1), ("start_thread", "pthread.c", 2)]
    assert locations(frames) == ("start_thread:pthread.c:2", "alloc:a.cc:1")


def test_deep_recursion_keeps_both_ends():
    frames = [("leaf", "w.py", 1), *[("again", "w.py", 2)] * 5000, ("top", "w.py", 3)]
    stack = locations(frames)
    assert len(stack) == MOST_FRAMES + 1
    assert stack[0] == "top:w.py:3"
    assert stack[-1] == "leaf:w.py:1"
    assert f"<{5002 - MOST_FRAMES} more calls>" in stack


def test_a_location_is_the_same_wherever_the_code_is_installed():
    here = without_line("concat:/home/a/.venv/lib/python3.11/site-packages/pandas/core/x.py:9")
    there = without_line("concat:C:\\env\\Lib\\site-packages\\pandas\\core\\x.py:31")
    assert here == there == ("concat", "pandas/core/x.py")
    assert line_of("f:x.py:31") == 31
    assert line_of(NO_FRAME) == 0


def test_the_tree_sums_what_its_calls_hold():
    tree = call_tree(
        heap({("a", "b", "c"): 6 * MIB, ("a", "b"): 2 * MIB, ("a", "d"): 2 * MIB}), "legacy"
    )
    (root,) = tree.roots
    assert (root.location, root.size_bytes, root.allocations) == ("a", 10 * MIB, 3)
    assert [(child.location, child.size_bytes) for child in root.children] == [
        ("b", 8 * MIB),
        ("d", 2 * MIB),
    ]


def test_the_tree_is_in_order_of_size_and_then_of_name():
    sizes = {("b",): 5, ("a",): 5, ("c",): 9}
    tree = call_tree(heap(sizes, ("a remark",)), "legacy", smallest_share=0)
    assert [root.location for root in tree.roots] == ["c", "a", "b"]
    assert (tree.path, tree.size_bytes, tree.allocations) == ("legacy", 19, 3)
    assert tree.remarks == ("a remark",)


def test_what_has_the_share_itself_is_kept():
    sizes = {("large",): 75, ("at",): 25}
    found = [
        [root.location for root in call_tree(heap(sizes), "p", smallest_share=share).roots]
        for share in (0.25, 0.26)
    ]
    assert found == [["large", "at"], ["large"]]


def test_the_tree_is_pruned_below_a_share():
    tree = call_tree(heap({("a", "big"): 990, ("a", "small"): 10}), "p", smallest_share=0.05)
    assert [child.location for child in tree.roots[0].children] == ["big"]
    assert tree.roots[0].size_bytes == tree.size_bytes == 1000


def test_new_gone_grown_and_shrunk_largest_change_first():
    found = diff(
        {("f:a.py:1",): 10, ("g:a.py:1",): 100, ("h:a.py:1",): 7, ("k:a.py:1",): 30},
        {("f:a.py:1",): 90, ("h:a.py:1",): 7, ("i:a.py:1",): 40, ("k:a.py:1",): 29},
    )
    assert [(delta.stack[0][0], delta.change, delta.delta_bytes) for delta in found.deltas] == [
        ("g", StackChange.GONE, -100),
        ("f", StackChange.GROWN, 80),
        ("i", StackChange.NEW, 40),
        ("k", StackChange.SHRUNK, -1),
    ]


def test_an_edit_above_moves_lines_and_is_no_change():
    base = {("f:a.py:7",): 10, ("f:a.py:8",): 20}
    assert diff(base, {("f:a.py:8",): 10, ("f:a.py:9",): 20}).deltas == ()


@pytest.mark.parametrize(("first", "then"), [(7, 9), (9, 11), (98, 99)])
def test_lines_are_in_order_of_their_numbers(first, then):
    base = {(f"f:a.py:{first}",): 10, (f"f:a.py:{first + 1}",): 20}
    assert diff(base, {(f"f:a.py:{then}",): 10, (f"f:a.py:{then + 1}",): 20}).deltas == ()


def test_a_line_that_allocates_only_once_in_one_of_the_captures_is_new():
    found = diff({("f:a.py:7",): 10}, {("f:a.py:7",): 10, ("f:a.py:8",): 5})
    assert [(delta.stack, delta.change) for delta in found.deltas] == [
        (("f:a.py:8",), StackChange.NEW)
    ]


def test_lines_that_cannot_be_paired_are_summed():
    base = {("f:a.py:1",): 10, ("f:a.py:2",): 20, ("f:a.py:3",): 30}
    found = diff(base, {("f:a.py:11",): 50, ("f:a.py:12",): 40})
    [delta] = found.deltas
    assert (delta.base_bytes, delta.head_bytes) == (60, 90)
    assert (delta.base_allocations, delta.head_allocations) == (3, 2)
    assert delta.stack == ("f:a.py:11",), "the largest"


def test_what_is_left_out_is_said():
    found = diff({}, {(f"f{n}:a.py:1",): n for n in range(1, 10)}, most_deltas=2)
    assert [delta.head_bytes for delta in found.deltas] == [9, 8]
    assert found.remarks == ("7 more call stacks changed, each by at most 7 B",)


def test_what_holds_the_same_in_both_is_kept_apart():
    same = {("f:a.py:1",): 2 * MIB, ("g:a.py:1",): 5 * MIB, ("tiny:a.py:1",): 10}
    found = diff({**same, ("h:a.py:1",): MIB}, same)
    assert [delta.change for delta in found.deltas] == [StackChange.GONE]
    assert [delta.stack for delta in found.unchanged] == [("g:a.py:1",), ("f:a.py:1",)]


def test_what_is_too_small_to_show_is_less_than_a_thousandth():
    sizes = {("a:a.py:1",): 999, ("b:a.py:1",): 1, ("c:a.py:1",): 0}
    assert [delta.head_bytes for delta in diff(sizes, sizes).unchanged] == [999, 1]
    sizes[("a:a.py:1",)] = 1001
    assert [delta.head_bytes for delta in diff(sizes, sizes).unchanged] == [1001]


def test_a_diff_says_what_was_compared():
    found = diff({("a:a.py:1",): 7}, {("a:a.py:1",): 9})
    assert (found.base, found.head, found.base_bytes, found.head_bytes) == ("base", "head", 7, 9)


def test_remarks_of_a_capture_name_it():
    base, head = heap({}, ("cut", "arenas")), heap({}, ("arenas", "pruned"))
    found = diff_stacks(base, head, base_name="one", head_name="two")
    assert found.remarks == ("arenas", "one: cut", "two: pruned")


_stacks = st.dictionaries(
    st.lists(
        st.builds(
            "{}:{}.py:{}".format, st.sampled_from("fg"), st.sampled_from("ab"), st.integers(1, 4)
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    st.integers(1, 1000),
    max_size=12,
)


@given(_stacks, _stacks)
def test_the_deltas_add_up_to_the_difference_of_the_peaks(base, head):
    found = diff(base, head)
    assert sum(d.delta_bytes for d in found.deltas) == found.head_bytes - found.base_bytes


@given(_stacks)
def test_a_peak_against_itself_did_not_change(sizes):
    assert diff(sizes, sizes).deltas == ()


def test_a_block_that_moved_is_matched_line_by_line():
    base = {("f:a.py:7",): 10, ("f:a.py:8",): 20}
    found = diff(base, {("f:a.py:8",): 10, ("f:a.py:9",): 35})
    assert [(delta.stack, delta.base_bytes, delta.head_bytes) for delta in found.deltas] == [
        (("f:a.py:9",), 20, 35)
    ]
