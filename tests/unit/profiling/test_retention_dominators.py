from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracekit.profiling.retention.dominators import NOT_REACHED, immediate_dominators

EDGES = st.integers(1, 12).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=40),
    )
)


def reached(edges: list[tuple[int, int]], without: int | None = None) -> set[int]:
    """What a way from node 0 leads to that avoids `without`."""
    found = {0} - {without}
    todo = list(found)
    while todo:
        node = todo.pop()
        for source, target in edges:
            if source == node and target not in found and target != without:
                found.add(target)
                todo.append(target)
    return found


def chain_above(node: int, dominators: list[int]) -> list[int]:
    chain = []
    while node != 0:
        node = dominators[node]
        chain.append(node)
    return chain


@given(EDGES)
def test_dominators_are_what_no_way_avoids(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, edges = graph
    dominators, order = immediate_dominators(
        count, [source for source, _ in edges], [target for _, target in edges]
    )
    all_reached = reached(edges)
    assert set(order) == all_reached
    cut_off = {node: all_reached - reached(edges, node) for node in all_reached}
    assert all(dominators[node] == NOT_REACHED for node in set(range(count)) - all_reached)
    for node in all_reached - {0}:
        proper = {other for other in all_reached if node in cut_off[other] and other != node}
        assert set(chain_above(node, dominators)) == proper


def test_a_long_chain_needs_no_recursion() -> None:
    count = 100_000
    dominators, order = immediate_dominators(count, range(count - 1), range(1, count))
    assert dominators == [0, *range(count - 1)]
    assert order == list(range(count))
