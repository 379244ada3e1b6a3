"""The variables that hold the nodes of a dominator tree."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from tracekit.profiling.retention import roots
from tracekit.profiling.retention.dominator_tree import DominatorTree
from tracekit.profiling.retention.graph import ROOT
from tracekit.profiling.retention.variables import (
    NOTEBOOK,
    Variable,
    is_passage,
    keys_in,
    names_in,
    place,
)

_NO_VARIABLE = Variable(roots.NO_VARIABLE, "an expression in progress or native code")
_KEY_WIDTH = 40
_CLOSURE_DEPTH = 3
"""Depth of a closure: a cell in a tuple in a function."""


class Naming:
    """Names the nodes of `tree`."""

    def __init__(self, tree: DominatorTree) -> None:
        self._graph = tree.graph
        self._tree = tree
        self._passages = {ROOT: True}
        self._variables: dict[int, tuple[Variable, ...]] = {}

    def is_passage(self, node: int) -> bool:
        """Whether a report shows the variables in `node` instead of `node`."""
        found = self._passages.get(node)
        if found is None:
            objects = self._graph.objects
            if node in self._graph.scopes:
                found = self._graph.kinds[node] != roots.GARBAGE
            else:
                parent = self._tree.dominators[node]
                found = objects[node] is not None and is_passage(objects[node], objects[parent])
            self._passages[node] = found
        return found

    def variables_of(self, node: int) -> tuple[Variable, ...]:
        """The variables that hold `node`, the best name first; empty inside a container."""
        found = self._variables.get(node)
        if found is None:
            self._variables[node] = ()  # while naming its holders, which may hold each other
            found = self._variables[node] = self._find(node)
        return found

    def variables_of_owners(self, owners: Iterable[int]) -> tuple[Variable, ...]:
        """The variables that hold what all of `owners` hold; see `owners`."""
        found = [
            variable
            for owner in owners
            if not self.is_passage(owner)
            for variable in self.variables_of(owner)[:1]
        ]
        return _best_first(found)

    def owners(
        self, holders: Iterable[int], dominator: int, held: int | None = None
    ) -> tuple[int, ...]:
        """The nodes directly below `dominator` that contain `holders`, looking through passages.

        `dominator` itself does not count, nor what `held` keeps alive.
        """
        owners = {self._owner(holder, dominator, held) for holder in holders}
        return tuple(sorted(owner for owner in owners if owner not in (None, dominator)))

    def _owner(self, holder: int, dominator: int, held: int | None) -> int | None:
        owner = node = holder
        while node != dominator:
            if node == held:
                return None
            if not self.is_passage(node):
                owner = node
            node = self._tree.dominators[node]
        return owner

    def _find(self, node: int) -> tuple[Variable, ...]:
        if self._graph.kinds[node] == roots.GARBAGE:
            return (Variable(roots.GARBAGE),)
        value = self._graph.objects[node]
        dominator = self._tree.dominators[node]
        found: list[Variable] = []
        for holder in sorted(self._tree.holders_of(node)) if value is not None else ():
            owner = self._owner(holder, dominator, node)
            if owner is None:
                continue
            if owner == dominator or self.is_passage(owner):
                found += self._named_in(holder, value)
            else:
                found += self.variables_of(owner)[:1]
        return _best_first(found)

    def _named_in(self, holder: int, value: Any) -> list[Variable]:
        """The name of `value` in `holder`, or in the function whose closure it is."""
        upwards = [(holder, 0)]
        for node, depth in upwards:
            kind = self._graph.kinds[node]
            if kind == roots.NO_VARIABLE:
                return [_NO_VARIABLE]
            if kind == roots.HANDLED:
                return [Variable(kind)]
            found = self._graph.objects[node]
            if kind == roots.RESULTS:
                return [Variable(f"{kind}[{key}]", NOTEBOOK) for key in keys_in(found, value)]
            if not self.is_passage(node) and (keys := keys_in(found, value)):
                return [Variable(f"[{key!r}]"[:_KEY_WIDTH]) for key in keys]
            if names := names_in(found, value):
                where = self._where(node)
                return [Variable(name, where) for name in names]
            if depth < _CLOSURE_DEPTH and self.is_passage(node):
                upwards += [(above, depth + 1) for above in self._tree.holders_of(node)]
        return []

    def _where(self, holder: int) -> str:
        where = ""
        while holder != ROOT and self.is_passage(holder):
            kind, value = self._graph.kinds[holder], self._graph.objects[holder]
            if kind.startswith(roots.MODULE):
                return where or _module(kind, value)
            if kind.startswith(roots.THREAD):
                name = kind.removeprefix(roots.THREAD)
                return f"{where}, thread {name}" if name else where
            where = where or place(value) or ""
            if where.startswith(("class ", "function ")):
                return where
            if (asyncio := sys.modules.get("asyncio")) and isinstance(value, asyncio.Task):
                return f"{where}, task {value.get_name()}"
            holder = self._tree.dominators[holder]
        return where


def _module(kind: str, variables: dict[str, Any]) -> str:
    name = kind.removeprefix(roots.MODULE)
    if name != "__main__":
        return f"module {name}"
    return NOTEBOOK if "get_ipython" in variables else name


def _best_first(variables: list[Variable]) -> tuple[Variable, ...]:
    """Names without duplicates; those that IPython adds only if there are no others."""
    found = sorted(dict.fromkeys(variables), key=lambda variable: variable.rank)
    return tuple(each for each in found if each.rank < 4 or each.rank == found[0].rank)
