"""The call stacks that a baseline keeps, and their growth in a later run.

A baseline is committed, so it keeps few stacks, without lines and folders: those change with every
edit and every checkout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tracekit.records import CallNode, CallTree, HeapStack, StackDelta, StackDiff
from tracekit.sizes import format_size

MOST_STACKS = 10
MOST_CALLS = 10
"""Innermost calls of a stack that are kept; deeper stacks with the same ones are summed."""
SMALLEST_SHARE = 0.02
"""Share of the heap peak; smaller stacks are not kept."""

_Calls = tuple[str, ...]
"""The innermost calls without lines and folders: `function:file`, the first one allocated."""


@dataclass
class _Held:
    size_bytes: int = 0
    allocations: int = 0
    largest_bytes: int = 0
    stack: tuple[str, ...] = ()
    """The largest of the summed stacks in full, the outermost caller first."""


def kept_stacks(trees: Iterable[CallTree]) -> dict[str, tuple[HeapStack, ...]]:
    """The largest call stacks of each candidate that was profiled, largest first."""
    return {tree.path: tuple(_kept(tree)) for tree in trees if tree.roots}


def _kept(tree: CallTree) -> list[HeapStack]:
    smallest_bytes = SMALLEST_SHARE * tree.size_bytes
    found = [
        HeapStack(held.size_bytes, held.allocations, calls)
        for calls, held in _by_calls(tree).items()
        if held.size_bytes >= smallest_bytes
    ]
    found.sort(key=lambda stack: (-stack.size_bytes, stack.calls))
    return found[:MOST_STACKS]


def heap_growth(
    names: Iterable[str],
    before: Mapping[str, Sequence[HeapStack]],
    before_bytes: Mapping[str, int | None],
    trees: Iterable[CallTree],
) -> tuple[StackDiff, ...]:
    """What grew at the heap peak of each of `names` that has call stacks before and now.

    Args:
        names: The candidates.
        before: The stacks that the baseline keeps of each.
        before_bytes: The heap peak of each in the baseline.
        trees: The call trees of the run.
    """
    now = {tree.path: tree for tree in trees if tree.roots}
    return tuple(
        _growth(name, before[name], before_bytes.get(name) or 0, now[name])
        for name in names
        if name in now and before.get(name)
    )


def _growth(name: str, before: Sequence[HeapStack], before_bytes: int, tree: CallTree) -> StackDiff:
    kept = {stack.calls: stack for stack in before}
    full = len(before) >= MOST_STACKS
    smallest_bytes = before[-1].size_bytes if full else int(SMALLEST_SHARE * before_bytes)
    deltas = list(_deltas(kept, _by_calls(tree), smallest_bytes))
    deltas.sort(key=lambda delta: (-abs(delta.delta_bytes), delta.stack))
    return StackDiff(
        base=name,
        head=name,
        base_bytes=before_bytes,
        head_bytes=tree.size_bytes,
        deltas=tuple(delta for delta in deltas if delta.delta_bytes),
        remarks=(
            f"the baseline keeps only the largest call stacks of {name}; any other held at most "
            f"{format_size(smallest_bytes)} then and counts as 0 B",
            *tree.remarks,
        ),
        unchanged=tuple(delta for delta in deltas if not delta.delta_bytes),
    )


def _deltas(
    before: Mapping[_Calls, HeapStack], now: Mapping[_Calls, _Held], smallest_bytes: int
) -> Iterator[StackDelta]:
    for calls, held in now.items():
        older = before.get(calls)
        if older is not None:
            yield StackDelta(
                held.stack,
                older.size_bytes,
                held.size_bytes,
                older.allocations,
                held.allocations,
            )
        elif held.size_bytes > smallest_bytes:
            yield StackDelta(held.stack, 0, held.size_bytes, 0, held.allocations)
    for calls, older in before.items():
        if calls not in now:
            yield StackDelta(calls[::-1], older.size_bytes, 0, older.allocations, 0)


def _by_calls(tree: CallTree) -> dict[_Calls, _Held]:
    """What each stack itself holds, summed over stacks with the same innermost calls."""
    found: dict[_Calls, _Held] = defaultdict(_Held)
    todo: list[tuple[CallNode, tuple[str, ...]]] = [(node, ()) for node in tree.roots]
    while todo:
        node, callers = todo.pop()
        stack = (*callers, node.location)
        own_bytes = node.size_bytes - sum(child.size_bytes for child in node.children)
        if own_bytes > 0:
            held = found[tuple(map(_call, stack[: -MOST_CALLS - 1 : -1]))]
            held.size_bytes += own_bytes
            held.allocations += node.allocations - sum(one.allocations for one in node.children)
            if own_bytes > held.largest_bytes:
                held.largest_bytes, held.stack = own_bytes, stack
        todo += [(child, stack) for child in node.children]
    return dict(found)


def _call(location: str) -> str:
    """`function:file` of a location, with the name of the file alone."""
    function, _, rest = location.rpartition(":")[0].partition(":")
    file = rest.replace("\\", "/").rpartition("/")[2]
    return f"{function}:{file}" if file else location
