"""The dominator tree in readable form: variables, what they hold, and how much of it.

Frames, functions, classes and the like are looked through (`is_passage`), because what a user can
drop is a variable in them. Siblings of the same name and type are merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tracekit.profiling.retention import roots
from tracekit.profiling.retention.dominator_tree import DominatorTree
from tracekit.profiling.retention.graph import ROOT
from tracekit.profiling.retention.naming import Naming
from tracekit.profiling.retention.variables import Variable
from tracekit.records.retention import EVERYTHING_ELSE, Holder

_DEPTH = 8
_SHOWN = 12
"""Maximum number of separate holders inside one holder; the others are merged by type."""
_MACHINERY = frozenset({"code", "function", "module", "property", "str", "type"})
"""Kinds that are left to modules and small variables if no variable holds them."""
_KIND_NAMES = {"_lru_cache_wrapper": "lru_cache", roots.GARBAGE: "cycles"}


@dataclass
class _Alike:
    """What is merged into one holder: the same type, held by the same variables."""

    kind: str
    variables: tuple[Variable, ...] = ()
    count: int = 0
    retained_bytes: int = 0
    nodes: list[int] = field(default_factory=list)

    def add(self, count: int, retained_bytes: int, nodes: Iterable[int] = ()) -> None:
        self.count += count
        self.retained_bytes += retained_bytes
        self.nodes += nodes


class _Level:
    """What some nodes dominate directly, looking through passages, with like things merged.

    For passages, what no large variable holds is left out.
    """

    def __init__(self, tree: DominatorTree, naming: Naming, floor_bytes: int) -> None:
        self.alike: dict[tuple[str, tuple[Variable, ...]], _Alike] = {}
        self._tree = tree
        self._naming = naming
        self._floor_bytes = floor_bytes
        self._small: dict[tuple[bool, str, tuple[int, ...]], _Alike] = {}

    def look_into(self, parent: int) -> None:
        """Add what `parent` dominates."""
        stack = [parent]
        while stack:
            node = stack.pop()
            self._add_leaves(node)
            for child in self._tree.children[node]:
                if self._tree.retained_bytes[child] < self._floor_bytes:
                    self._add_small_node(node, child)
                elif self._naming.is_passage(child):
                    stack.append(child)
                else:
                    self._add_node(child)

    def merge_small(self) -> None:
        """Merge what is small by itself; call it once, at the end."""
        for (passage, kind, owners), found in self._small.items():
            large = found.retained_bytes >= self._floor_bytes
            variables = self._naming.variables_of_owners(owners) if large else ()
            if variables or not passage:
                self._merged(kind, variables).add(found.count, found.retained_bytes, found.nodes)

    def _merged(self, kind: str, variables: tuple[Variable, ...]) -> _Alike:
        return self.alike.setdefault((kind, variables), _Alike(kind, variables))

    def _add_node(self, node: int) -> None:
        graph = self._tree.graph
        found = self._merged(graph.kinds[node], self._naming.variables_of(node))
        found.add(graph.counts[node], self._tree.retained_bytes[node], (node,))

    def _add_small_node(self, parent: int, node: int) -> None:
        graph = self._tree.graph
        owners = self._naming.owners(self._tree.holders_of(node), parent, node)
        found = self._small_like(parent, graph.kinds[node], owners)
        found.add(graph.counts[node], self._tree.retained_bytes[node], (node,))

    def _add_leaves(self, node: int) -> None:
        if not self._naming.is_passage(node):
            for kind, count, size_bytes in self._tree.tallies_of(node):
                self._merged(kind, ()).add(count, size_bytes)
        for leaves in self._tree.shared.get(node, ()):
            owners = self._naming.owners(leaves.holders, node)
            kind = self._tree.leaf_kinds[leaves.kind]
            self._small_like(node, kind, owners).add(leaves.count, leaves.size_bytes)

    def _small_like(self, parent: int, kind: str, owners: tuple[int, ...]) -> _Alike:
        key = (self._naming.is_passage(parent), kind, owners)
        return self._small.setdefault(key, _Alike(kind))


def holders_of(tree: DominatorTree, floor_bytes: int) -> tuple[Holder, ...]:
    """The variables that hold most, and the sum of the small ones; largest first.

    Args:
        tree: The tree of all objects.
        floor_bytes: Smaller holders are merged.
    """
    report = _Report(tree, floor_bytes)
    named = [
        each
        for each in report.level([ROOT])
        if each.retained_bytes >= floor_bytes and (each.variables or each.kind not in _MACHINERY)
    ]
    holders = [report.holder(each, _DEPTH) for each in named]
    rest_bytes = tree.retained_bytes[ROOT] - sum(each.retained_bytes for each in named)
    return tuple(_largest_first([*holders, Holder(EVERYTHING_ELSE, "", "", 1, rest_bytes)]))


def holder_of(tree: DominatorTree, floor_bytes: int, node: int) -> Holder:
    """One object, everything that holds it, and what it holds."""
    report = _Report(tree, floor_bytes)
    alike = _Alike(tree.graph.kinds[node], report.naming.variables_of(node))
    alike.add(1, tree.retained_bytes[node], [node])
    return report.holder(alike, _DEPTH)


class _Report:
    def __init__(self, tree: DominatorTree, floor_bytes: int) -> None:
        self.naming = Naming(tree)
        self._tree = tree
        self._floor_bytes = floor_bytes

    def level(self, parents: Sequence[int]) -> list[_Alike]:
        """What `parents` dominate, largest first."""
        found = _Level(self._tree, self.naming, self._floor_bytes)
        for parent in parents:
            found.look_into(parent)
        found.merge_small()
        return sorted(found.alike.values(), key=lambda each: -each.retained_bytes)

    def holder(self, each: _Alike, depth: int) -> Holder:
        """The record, with what is inside down to `depth`."""
        first, *others = each.variables or (Variable(""),)
        return Holder(
            name=first.name,
            where=first.where,
            kind=_KIND_NAMES.get(each.kind, each.kind),
            count=each.count,
            retained_bytes=each.retained_bytes,
            also_held_by=tuple(
                other.name if other.where == first.where else str(other) for other in others
            ),
            children=tuple(self._below(each.nodes, depth - 1)),
        )

    def _below(self, parents: Sequence[int], depth: int) -> list[Holder]:
        if not depth or self._tree.graph.opaque.issuperset(parents):
            return []
        found = self.level(parents)
        large = [each for each in found if each.retained_bytes >= self._floor_bytes]
        rest: dict[str, _Alike] = {}
        for each in large[_SHOWN:]:
            merged = rest.setdefault(each.kind, _Alike(each.kind))
            merged.add(each.count, each.retained_bytes)
        return _largest_first(
            self.holder(each, depth) for each in [*large[:_SHOWN], *rest.values()]
        )


def _largest_first(holders: Iterable[Holder]) -> list[Holder]:
    return sorted(holders, key=lambda holder: -holder.retained_bytes)
