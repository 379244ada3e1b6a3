"""The dominator tree of an object graph, with what each node retains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from tracekit.profiling.retention.dominators import immediate_dominators, neighbours
from tracekit.profiling.retention.graph import ObjectGraph
from tracekit.profiling.retention.shared_leaves import SharedLeaves, shared_leaves

_LOOKED_AT = 64
"""Maximum number of references to one object that are listed."""


class DominatorTree:
    """Tells which nodes of a graph keep which others alive, and how much each retains."""

    def __init__(self, graph: ObjectGraph) -> None:
        size = len(graph.kinds)
        self.graph = graph
        self.dominators, self.order = immediate_dominators(size, graph.sources, graph.targets)
        self._holder_starts, self._holders = neighbours(size, graph.targets, graph.sources)
        self.leaf_kinds = {number: name for name, number in graph.leaf_kinds.items()}
        self.shared: dict[int, list[SharedLeaves]] = defaultdict(list)
        self.children: list[list[int]] = [[] for _ in range(size)]
        tallies = graph.tallies
        self._tally_starts, self._tally_numbers = neighbours(
            size, tallies.nodes, range(len(tallies.nodes))
        )
        own = np.array(graph.own_bytes)
        np.add.at(own, np.array(tallies.nodes), np.array(tallies.sizes))
        self.retained_bytes: list[int] = own.tolist()
        buffers = graph.leaf_kinds.get("buffer")
        for leaves in shared_leaves(graph.leaves, buffers, self.dominators, self.order):
            self.shared[leaves.dominator].append(leaves)
            self.retained_bytes[leaves.dominator] += leaves.size_bytes
        for node in reversed(self.order[1:]):
            self.retained_bytes[self.dominators[node]] += self.retained_bytes[node]
            self.children[self.dominators[node]].append(node)

    def holders_of(self, node: int) -> list[int]:
        """The nodes that refer to `node`; some of them if there are many."""
        start, end = self._holder_starts[node], self._holder_starts[node + 1]
        return self._holders[start : min(end, start + _LOOKED_AT)]

    def tallies_of(self, node: int) -> Iterable[tuple[str, int, int]]:
        """Kind, number and bytes of the atoms that `node` alone holds."""
        tallies = self.graph.tallies
        for index in range(self._tally_starts[node], self._tally_starts[node + 1]):
            number = self._tally_numbers[index]
            kind = self.leaf_kinds[tallies.kinds[number]]
            yield kind, tallies.counts[number], tallies.sizes[number]
