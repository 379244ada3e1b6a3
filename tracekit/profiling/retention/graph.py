"""The graph of all objects, condensed while it is walked.

Most objects have one reference, so their holder is known when they are found: texts and numbers
are added up for their holder (`Tallies`), and equal containers inside one container become one
node. Everything else has its own node. So millions of objects take only thousands of nodes.
"""

from __future__ import annotations

import gc
from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, compress
from sys import getrefcount
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    WrapperDescriptorType,
)
from typing import Any
from weakref import ReferenceType

from tracekit.profiling.retention.referents import Traits, allocated_bytes, attribute_bytes

ROOT = 0
_CHUNK = 4096
"""Objects whose referents are listed at once."""
_FEW = 32
"""A container of at most this many referents keeps a node, and so a name, for each of them."""
_FEW_NAMED = 256
"""The same for dicts and for objects with attributes."""
_MANY_NODES = 1_000_000
"""Above this number only shared objects get their own node."""
_IGNORED = frozenset({type(None), bool, type(NotImplemented), type(Ellipsis)})
_UNNAMED = (list, tuple, set, frozenset)
_CODE = frozenset(
    {
        BuiltinFunctionType,
        GetSetDescriptorType,
        MemberDescriptorType,
        MethodDescriptorType,
        WrapperDescriptorType,
        ReferenceType,
        property,
    }
)
"""Types that classes and modules are full of, but which hold no data."""
KEYS = " keys"


@dataclass
class Tallies:
    """Atoms held by a single node, added up by type; a node may have several of a kind."""

    nodes: array[int] = field(default_factory=lambda: array("I"))
    kinds: array[int] = field(default_factory=lambda: array("I"))
    counts: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))

    def add(self, node: int, kind: int, count: int, size_bytes: int) -> None:
        """Add `count` atoms of one kind to `node`."""
        self.nodes.append(node)
        self.kinds.append(kind)
        self.counts.append(count)
        self.sizes.append(size_bytes)


@dataclass
class Leaves:
    """Shared atoms, dict keys and buffers: one entry per reference, identified by address."""

    addresses: array[int] = field(default_factory=lambda: array("Q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))
    runs: list[tuple[int, int, int]] = field(default_factory=list)
    """Node, kind and number of the entries that follow each other."""

    def add(self, node: int, kind: int, addresses: Iterable[int], sizes: Iterable[int]) -> None:
        """Add references from `node` to leaves of one kind."""
        before = len(self.addresses)
        self.addresses.extend(addresses)
        self.sizes.extend(sizes)
        self.runs.append((node, kind, len(self.addresses) - before))


class ObjectGraph:
    """Nodes by number; `ROOT` is what keeps everything alive.

    `objects` has the object of a node that represents one, `kinds` its type's name, `own_bytes`
    its size without what it refers to. `scopes` are the nodes made by `scope`, `opaque` those
    whose inside is internal to a library. Edges are pairs of `sources` and `targets`.
    """

    def __init__(self) -> None:
        self.objects: list[Any] = [None]
        self.kinds: list[str] = ["root"]
        self.counts: list[int] = [1]
        self.own_bytes: list[int] = [0]
        self.scopes = {ROOT}
        self.opaque: set[int] = set()
        self.sources = array("I")
        self.targets = array("I")
        self.tallies = Tallies()
        self.leaves = Leaves()
        self.leaf_kinds: dict[str, int] = {}
        """The numbers of kinds in `tallies` and `leaves`."""
        self.extra_referents: dict[int, list[Any]] = {}
        """By an object's address: what it holds without the collector knowing."""
        self._traits = Traits()
        self._attribute_bytes: dict[type, int] = {}
        self._node_of: dict[int, int] = {}
        self._group_of: dict[tuple[int, type], int] = {}
        self._todo: list[tuple[int, type, list[Any]]] = []
        self._visited = array("Q")

    def scope(self, kind: str, parent: int = ROOT, value: Any = None) -> int:
        """A node whose variables are added by `hold`, not found in `value`."""
        node = self._new_node(value, kind)
        self.scopes.add(node)
        if value is not None:
            self._node_of[id(value)] = node
            self._visited.append(id(value))
            self.own_bytes[node] = allocated_bytes(self._traits[type(value)].size_of(value))
        self._edge(parent, node)
        return node

    def hold(self, node: int, values: Iterable[Any]) -> None:
        """Let `node` refer to `values`, each of which gets its own node."""
        for value in values:
            if type(value) not in _IGNORED:
                self._edge(node, self._node(value))

    def walk(self, *, only_new: bool = False) -> None:
        """Visit everything held since the last walk, and what it refers to.

        Args:
            only_new: Skip what earlier walks reached.
        """
        while self._todo:
            self._expand(*self._todo.pop(), only_new=only_new)

    def node_of(self, value: Any) -> int | None:
        """The node that represents only `value`, if there is one already."""
        return self._node_of.get(id(value))

    def unvisited(self, tracked: array[int]) -> list[Any]:
        """The objects at the addresses `tracked` that no walk has reached."""
        import numpy as np

        objects = gc.get_objects()
        addresses = np.fromiter(map(id, objects), np.uint64, len(objects))
        wanted = np.isin(addresses, np.frombuffer(tracked, np.uint64))
        wanted &= ~np.isin(addresses, np.frombuffer(self._visited, np.uint64))
        return list(compress(objects, wanted.tolist()))

    def _new_node(self, value: Any, kind: str) -> int:
        self.objects.append(value)
        self.kinds.append(kind)
        self.counts.append(1)
        self.own_bytes.append(0)
        return len(self.kinds) - 1

    def _new_typed_node(self, value: Any, kind: type) -> int:
        trait = self._traits[kind]
        node = self._new_node(value, trait.name)
        if trait.opaque:
            self.opaque.add(node)
        return node

    def _node(self, value: Any) -> int:
        node = self._node_of.get(id(value))
        if node is None:
            kind = type(value)
            node = self._new_typed_node(value, kind)
            self._node_of[id(value)] = node
            self._todo.append((node, kind, [value]))
        return node

    def _edge(self, source: int, target: int) -> None:
        self.sources.append(source)
        self.targets.append(target)

    def _expand(self, node: int, kind: type, members: list[Any], *, only_new: bool) -> None:
        """Add `members`, all of one node, and refer to what they refer to."""
        trait = self._traits[kind]
        self._visited.extend(map(id, members))
        self.own_bytes[node] += _sum_allocated(map(trait.size_of, members))
        self.own_bytes[node] += len(members) * self._bytes_of_attributes(kind, members[-1])
        if trait.atom:
            return
        for start in range(0, len(members), _CHUNK):
            chunk = members[start : start + _CHUNK]
            referents, buffers = trait.referents(chunk)
            for member in chunk if self.extra_referents else ():
                referents += self.extra_referents.get(id(member), ())
            distinct = dict(zip(map(id, referents), referents, strict=True))
            del referents
            counts = list(map(getrefcount, distinct.values()))
            if buffers:
                self.leaves.add(node, self._leaf_kind("buffer"), *zip(*buffers, strict=True))
            if trait.is_dict:
                self._keys(node, chunk, distinct)
            few = _FEW if kind in _UNNAMED else _FEW_NAMED
            apart = self.counts[node] == 1 and len(distinct) <= few
            apart = apart and len(self.kinds) < _MANY_NODES
            self._sort(node, distinct, counts, apart=apart, only_new=only_new)

    def _sort(
        self,
        node: int,
        distinct: dict[int, Any],
        counts: list[int],
        *,
        apart: bool,
        only_new: bool,
    ) -> None:
        """Assign each referent of `node` to its place."""
        values = distinct.values()
        for kind, found in _by_type(compress(values, map(_ONE_REFERENCE.__eq__, counts))).items():
            trait = self._traits[kind]
            if trait.atom:
                size_bytes = _sum_allocated(map(trait.size_of, found))
                self.tallies.add(node, self._leaf_kind(trait.name), len(found), size_bytes)
            elif not apart or kind in _CODE:
                self._group(node, kind, found)
            elif kind is FunctionType:
                self._functions(node, found)
            else:
                self.hold(node, found)
        for kind, found in _by_type(compress(values, map(_ONE_REFERENCE.__lt__, counts))).items():
            trait = self._traits[kind]
            if kind in _IGNORED:
                continue
            if trait.atom:
                leaf_kind = self._leaf_kind(trait.name)
                self.leaves.add(node, leaf_kind, map(id, found), map(trait.size_of, found))
            elif only_new:
                self.hold(node, (value for value in found if id(value) not in self._node_of))
            else:
                self.hold(node, found)

    def _functions(self, node: int, functions: list[Any]) -> None:
        """Separate those that hold something by a name: a closure or a default."""
        plain = [each for each in functions if not (each.__closure__ or each.__defaults__)]
        self.hold(node, [each for each in functions if each.__closure__ or each.__defaults__])
        if plain:
            self._group(node, FunctionType, plain)

    def _keys(self, node: int, dicts: list[Any], visited: dict[int, Any]) -> None:
        """Text keys, which the collector omits if all keys of a dict are texts.

        Dicts of one class's instances share them, so a key with one reference may be found often.
        """
        keys = list(chain.from_iterable(map(dict.__iter__, dicts)))
        distinct = dict(zip(map(id, keys), keys, strict=True))
        texts = [key for key in distinct.values() if type(key) is str and id(key) not in visited]
        if texts:
            sizes = map(self._traits[str].size_of, texts)
            self.leaves.add(node, self._leaf_kind("str" + KEYS), map(id, texts), sizes)

    def _group(self, node: int, kind: type, members: list[Any]) -> None:
        """Merge `members`, which only `node` holds, into one node of their type."""
        group = self._group_of.get((node, kind))
        if group is None:
            group = self._group_of[node, kind] = self._new_typed_node(None, kind)
            self.counts[group] = 0
            self._edge(node, group)
        self.counts[group] += len(members)
        self._todo.append((group, kind, members))

    def _leaf_kind(self, name: str) -> int:
        return self.leaf_kinds.setdefault(name, len(self.leaf_kinds))

    def _bytes_of_attributes(self, kind: type, sample: Any) -> int:
        if kind not in self._attribute_bytes:
            self._attribute_bytes[kind] = attribute_bytes(sample)
        return self._attribute_bytes[kind]


def _by_type(values: Iterable[Any]) -> dict[type, list[Any]]:
    found: dict[type, list[Any]] = defaultdict(list)
    for value in values:
        found[type(value)].append(value)
    return found


def _sum_allocated(sizes: Iterable[int]) -> int:
    return sum(map(allocated_bytes, sizes))


def _counted_once() -> int:
    """What `_expand` counts for an object of one reference; versions of Python differ."""
    held = [object()]
    distinct = {0: held[0]}
    return next(map(getrefcount, distinct.values()))


_ONE_REFERENCE = _counted_once()
