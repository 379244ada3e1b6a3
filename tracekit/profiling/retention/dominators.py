"""Compute dominators: the nodes on every path from the root of a graph to another node."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

NOT_REACHED = -1


def immediate_dominators(
    node_count: int, sources: Sequence[int], targets: Sequence[int]
) -> tuple[list[int], list[int]]:
    """The nearest dominator of each node, and the reached nodes in depth-first order.

    Semi-NCA: Georgiadis, Linear-Time Algorithms for Dominators and Related Problems (2005), ch. 2.

    Args:
        node_count: Nodes are 0 to `node_count` - 1, of which 0 is the root.
        sources: Where each edge begins.
        targets: Where it ends.

    Returns:
        For each node its immediate dominator (the root's own number for the root, `NOT_REACHED` for
        unreachable nodes), and the order, in which a dominator comes before what it dominates.
    """
    order, parents = _depth_first(node_count, sources, targets)
    position_of = [NOT_REACHED] * node_count
    for position, node in enumerate(order):
        position_of[node] = position
    starts, before = neighbours(node_count, targets, sources)
    # From here on a node is identified by its position in the order.
    dominator = [position_of[parent] for parent in parents]
    linked = dominator.copy()
    semidominator = list(range(len(order)))
    lowest = semidominator.copy()
    for position in range(len(order) - 1, 0, -1):
        node = order[position]
        found = dominator[position]
        for index in range(starts[node], starts[node + 1]):
            source = position_of[before[index]]
            if source != NOT_REACHED:
                found = min(found, _lowest_above(source, position, linked, lowest))
        semidominator[position] = lowest[position] = found
    for position in range(1, len(order)):
        nearest = dominator[position]
        while nearest > semidominator[position]:
            nearest = dominator[nearest]
        dominator[position] = nearest
    dominators = [NOT_REACHED] * node_count
    for position, node in enumerate(order):
        dominators[node] = order[dominator[position]]
    return dominators, order


def neighbours(
    node_count: int, sources: Sequence[int], targets: Sequence[int]
) -> tuple[list[int], list[int]]:
    """The targets of each source: those of node n are between `starts[n]` and `starts[n + 1]`."""
    edge_sources = np.asarray(sources, np.int64)
    by_source = np.argsort(edge_sources, kind="stable")
    starts = np.zeros(node_count + 1, np.int64)
    np.cumsum(np.bincount(edge_sources, minlength=node_count), out=starts[1:])
    return starts.tolist(), np.asarray(targets, np.int64)[by_source].tolist()


def _depth_first(
    node_count: int, sources: Sequence[int], targets: Sequence[int]
) -> tuple[list[int], list[int]]:
    """The nodes in preorder, and the parent of each in the tree of the search."""
    starts, after = neighbours(node_count, sources, targets)
    upcoming = starts.copy()
    seen = bytearray(node_count)
    seen[0] = 1
    order, parents, path = [0], [0], [0]
    while path:
        node = path[-1]
        index = upcoming[node]
        if index == starts[node + 1]:
            path.pop()
            continue
        upcoming[node] = index + 1
        target = after[index]
        if not seen[target]:
            seen[target] = 1
            order.append(target)
            parents.append(node)
            path.append(target)
    return order, parents


def _lowest_above(position: int, last: int, linked: list[int], lowest: list[int]) -> int:
    """The lowest semidominator on the path up from `position` to what comes before `last`.

    The path is shortened for the next time.
    """
    path = []
    while linked[position] > last:
        path.append(position)
        position = linked[position]
    for lower in reversed(path):
        lowest[lower] = min(lowest[lower], lowest[position])
        linked[lower] = linked[position]
        position = lower
    return lowest[position]
