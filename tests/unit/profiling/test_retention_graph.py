"""How much each variable retains, against a search that forgets the variable and looks again."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.profiling.retention.dominator_tree import DominatorTree
from tracekit.profiling.retention.graph import ROOT, ObjectGraph
from tracekit.profiling.retention.holders import holder_of, holders_of

UNCOUNTED = (type(None), bool)


def tree_of(variables: Iterable[Any]) -> DominatorTree:
    """The tree of a program whose only variables have these values."""
    graph = ObjectGraph()
    graph.hold(graph.scope("a frame"), variables)
    graph.walk()
    return DominatorTree(graph)


def allocated(value: Any) -> int:
    """Blocks of 16 bytes; above 512 with the word that malloc puts in front."""
    size = sys.getsizeof(value)
    return -(-(size if size <= 512 else size + 8) // 16) * 16


def reachable(values: Iterable[Any], without: Any = None) -> dict[int, Any]:
    found: dict[int, Any] = {}
    todo = [value for value in values if value is not without]
    while todo:
        value = todo.pop()
        if id(value) in found or isinstance(value, UNCOUNTED) or value is without:
            continue
        found[id(value)] = value
        todo += gc.get_referents(value)
        todo += value if isinstance(value, dict) else ()
    return found


def retained(variables: list[Any], variable: Any) -> int:
    rest = reachable(variables, without=variable)
    everything = reachable(variables)
    return sum(allocated(value) for key, value in everything.items() if key not in rest)


def node_of(tree: DominatorTree, value: Any) -> int:
    node = tree.graph.node_of(value)
    assert node is not None
    return node


ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(10**9, 10**20),
    st.floats(),
    st.text(max_size=40),
    st.binary(max_size=700),
)
VALUES = st.recursive(
    ATOMS,
    lambda inside: st.one_of(
        st.lists(inside, max_size=6),
        st.tuples(inside, inside),
        st.dictionaries(st.text(max_size=4), inside, max_size=6),
        st.dictionaries(st.integers(10**9, 10**10), inside, max_size=3),
        st.builds(lambda each, times: [each] * times, inside, st.integers(1, 40)),
        st.builds(lambda each, times: [[each, n] for n in range(times)], inside, st.just(40)),
    ),
    max_leaves=20,
)
SHARED = st.lists(VALUES, max_size=4)
PICKS = st.lists(st.lists(st.integers(0, 3), max_size=4), min_size=1, max_size=4)


@given(SHARED, PICKS, st.lists(VALUES, min_size=4, max_size=4))
def test_a_variable_retains_what_would_be_gone_without_it(
    shared: list[Any], picks: list[list[int]], own: list[Any]
) -> None:
    variables = [
        [own[number], *(shared[pick] for pick in picked if pick < len(shared))]
        for number, picked in enumerate(picks)
    ]
    if len(variables) > 1:
        variables[0].append(variables[1])
        variables[1].append([variables[0]])  # a cycle through both
    tree = tree_of(variables)
    total = sum(map(allocated, reachable(variables).values()))
    assert tree.retained_bytes[ROOT] == total
    for variable in variables:
        assert tree.retained_bytes[node_of(tree, variable)] == retained(variables, variable)


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_what_a_report_shows_adds_up(values: list[Any]) -> None:
    variables = [[value] for value in values]
    tree = tree_of(variables)
    holders = holders_of(tree, floor_bytes=200)
    assert sum(each.retained_bytes for each in holders) == tree.retained_bytes[ROOT]
    sizes = [each.retained_bytes for each in holders]
    assert sizes == sorted(sizes, reverse=True)
    for variable in variables:
        holder = holder_of(tree, 1, node_of(tree, variable))
        assert (holder.kind, holder.count) == ("list", 1)
        assert holder.retained_bytes == retained(variables, variable)
        below = sum(each.retained_bytes for each in holder.children)
        assert below == holder.retained_bytes - allocated(variable)


def test_buffers_that_overlap_count_once() -> None:
    whole = np.arange(100_000, dtype=np.int64)
    first, last = whole[:60_000].view(), whole[40_000:].view()
    arrow = pa.array(whole)
    alone = np.arange(1000, dtype=np.int64)
    variables = [[first], [last], [arrow], [alone], [alone[:1], alone[-1:]]]
    del whole
    tree = tree_of(variables)
    assert 800_000 <= tree.retained_bytes[ROOT] < 812_000
    for variable in variables:
        assert tree.retained_bytes[node_of(tree, variable)] < 1000, "others hold it, too"
    [leaves] = [leaves for leaves in tree.shared.get(ROOT + 1, []) if leaves.size_bytes > 700_000]
    assert (leaves.count, leaves.size_bytes) == (1, 800_016)
    assert tree.leaf_kinds[leaves.kind] == "buffer"


def test_buffers_of_which_one_begins_inside_another_count_once() -> None:
    whole = np.arange(100_000, dtype=np.int64)
    parts = [pa.array(whole[start:end]) for start, end in ((40_000, 100_000), (0, 60_000), (0, 9))]
    variables = [[part] for part in parts]
    del whole
    tree = tree_of(variables)
    assert 800_000 <= tree.retained_bytes[ROOT] < 802_000
    for variable in variables:
        assert tree.retained_bytes[node_of(tree, variable)] < 1000, "others hold it, too"


def test_buffers_that_only_touch_are_apart() -> None:
    whole = np.arange(100_000, dtype=np.int64)
    variables = [[pa.array(whole[:50_000])], [pa.array(whole[50_000:])], [np.empty(0)]]
    del whole
    tree = tree_of(variables)
    for variable, size_bytes in zip(variables, (400_000, 400_000, 0), strict=True):
        assert 0 <= tree.retained_bytes[node_of(tree, variable)] - size_bytes < 1000


def test_buffers_side_by_side_count_each() -> None:
    arrays = [np.full(1000, number, np.int64) for number in range(20)]
    tree = tree_of([arrays])
    assert tree.retained_bytes[node_of(tree, arrays)] >= 20 * 8000
    assert tree.retained_bytes[node_of(tree, arrays)] < 20 * 8300


def test_alike_objects_in_a_long_list_become_one_node() -> None:
    rows = [{"key": number, "block": bytes([number % 256]) * 1000} for number in range(5000)]
    tree = tree_of([rows])
    assert len(tree.graph.kinds) < 100
    holder = holder_of(tree, 1, node_of(tree, rows))
    assert (holder.children[0].kind, holder.children[0].count) == ("dict", 5000)
    assert holder.retained_bytes == retained([rows], rows)


def test_what_a_graph_has_reached_is_known() -> None:
    inside = [1.5]
    value = [inside, "text"]
    graph = ObjectGraph()
    assert graph.node_of(value) is None
    graph.hold(ROOT, [value])
    node = graph.node_of(value)
    assert node is not None
    assert (graph.kinds[node], graph.counts[node], graph.objects[node]) == ("list", 1, value)
    assert graph.own_bytes[node] == 0, "not yet looked at"
    graph.walk()
    assert graph.own_bytes[node] == allocated(value)
    assert graph.node_of(inside) is not None


def test_who_refers_to_a_node_is_listed_up_to_a_number() -> None:
    shared = [1.5]
    few = [[shared, number] for number in range(3)]
    tree = tree_of(few)
    holders = tree.holders_of(node_of(tree, shared))
    assert sorted(holders) == [node_of(tree, variable) for variable in few]
    many = [[shared, number] for number in range(100)]
    tree = tree_of(many)
    assert len(tree.holders_of(node_of(tree, shared))) == 64
    assert len(tree.holders_of(node_of(tree, many[0]))) == 1


def test_atoms_are_added_up_for_their_holder() -> None:
    eighths = (number / 8 for number in range(1, 4))  # no constants, which the code holds, too
    variables = [[next(eighths), next(eighths), bytes(1000)], [next(eighths)], [[]]]
    tree = tree_of(variables)
    found = [sorted(tree.tallies_of(node_of(tree, variable))) for variable in variables]
    assert found == [[("bytes", 1, 1056), ("float", 2, 64)], [("float", 1, 32)], []]


def test_what_two_hold_is_merged_however_often_they_refer_to_it() -> None:
    one, another, seldom = bytes(1000), bytes(1001), bytes(1002)
    rows = [[one, another, seldom if number < 10 else number / 8] for number in range(5000)]
    other = [one, another, seldom]
    tree = tree_of([rows, other])
    found = [leaves for each in tree.shared.values() for leaves in each]
    [leaves] = [leaves for leaves in found if tree.leaf_kinds[leaves.kind] == "bytes"]
    assert (leaves.count, leaves.size_bytes) == (3, sum(map(allocated, other)))
    assert len(leaves.holders) == 2
    assert node_of(tree, other) in leaves.holders


def test_a_shared_atom_is_as_large_as_its_block() -> None:
    for length in range(400, 520):
        atom = bytes(length)
        variables = [[atom], [atom]]
        total = sum(map(allocated, reachable(variables).values()))
        assert tree_of(variables).retained_bytes[ROOT] == total, length


@pytest.mark.parametrize(
    ("make", "few"),
    [
        (list, 32),
        (tuple, 32),
        (lambda parts: dict(zip(map(str, range(999)), parts, strict=False)), 256),
    ],
)
def test_up_to_a_number_each_part_of_a_container_has_a_node(
    make: Callable[[Iterable[Any]], Any], few: int
) -> None:
    """And so a name; of more parts those of one type share a node."""
    for count, nodes in ((few, few), (few + 1, 1)):
        value = make([number / 8] for number in range(count))
        tree = tree_of([value])
        assert list(tree.graph.sources).count(node_of(tree, value)) == nodes
