"""Two heap peaks compared by call stack: what grew, shrank, is new or gone.

Stacks are matched by functions and files first, because an edit moves lines. If one function
allocates on several lines, the lines are matched as they are if one side has all of the other's;
as a block that moved, in their order, if both sides have the same number; and otherwise summed
into one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tracekit.profiling.stacks import HeapStacks, Held
from tracekit.profiling.stacks_frames import line_of, without_line
from tracekit.records import StackDelta, StackDiff
from tracekit.sizes import format_size

MOST_DELTAS = 500
_SMALLEST_UNCHANGED_SHARE = 0.001
"""Share of the higher peak; smaller stacks that did not change are left out."""

_Stack = tuple[str, ...]
_Group = dict[_Stack, Held]
_NOTHING = Held()


def diff_stacks(
    base: HeapStacks,
    head: HeapStacks,
    *,
    base_name: str,
    head_name: str,
    most_deltas: int = MOST_DELTAS,
) -> StackDiff:
    """The changes from `base` to `head`, largest first.

    Args:
        base: The peak before.
        head: The peak after.
        base_name: The name of `base`, such as a path's name.
        head_name: The name of `head`.
        most_deltas: How many stacks to keep; a remark says how many were left out.
    """
    deltas = list(_deltas(base, head))
    changed = [delta for delta in deltas if delta.delta_bytes]
    changed.sort(key=lambda delta: (-abs(delta.delta_bytes), delta.stack))
    smallest_bytes = _SMALLEST_UNCHANGED_SHARE * max(base.size_bytes, head.size_bytes)
    kept, rest = changed[:most_deltas], changed[most_deltas:]
    return StackDiff(
        base=base_name,
        head=head_name,
        base_bytes=base.size_bytes,
        head_bytes=head.size_bytes,
        deltas=tuple(kept),
        remarks=(
            *(remark for remark in base.remarks if remark in head.remarks),
            *(f"{base_name}: {remark}" for remark in base.remarks if remark not in head.remarks),
            *(f"{head_name}: {remark}" for remark in head.remarks if remark not in base.remarks),
            *_left_out(rest),
        ),
        unchanged=_unchanged(deltas, smallest_bytes),
    )


def _unchanged(deltas: list[StackDelta], smallest_bytes: float) -> tuple[StackDelta, ...]:
    same = (
        delta
        for delta in deltas
        if not delta.delta_bytes and delta.head_bytes >= max(1, smallest_bytes)
    )
    return tuple(sorted(same, key=lambda delta: (-delta.head_bytes, delta.stack)))


def _left_out(rest: list[StackDelta]) -> tuple[str, ...]:
    if not rest:
        return ()
    return (
        f"{len(rest):,} more call stacks changed, each by at most "
        f"{format_size(abs(rest[0].delta_bytes))}",
    )


def _deltas(base: HeapStacks, head: HeapStacks) -> Iterator[StackDelta]:
    before, after = _grouped(base), _grouped(head)
    for key in before.keys() | after.keys():
        yield from _matched(before.get(key, {}), after.get(key, {}))


def _grouped(heap: HeapStacks) -> dict[tuple[tuple[str, str], ...], _Group]:
    groups: dict[tuple[tuple[str, str], ...], _Group] = defaultdict(dict)
    for stack, held in heap.stacks.items():
        groups[tuple(without_line(location) for location in stack)][stack] = held
    return groups


def _matched(before: _Group, after: _Group) -> Iterator[StackDelta]:
    """The deltas of stacks that differ only in their lines, or in the folder of their files."""
    lines_before = {_lines(stack): stack for stack in before}
    lines_after = {_lines(stack): stack for stack in after}
    if lines_before.keys() <= lines_after.keys() or lines_after.keys() <= lines_before.keys():
        for lines in lines_before.keys() | lines_after.keys():
            one, other = lines_before.get(lines), lines_after.get(lines)
            yield _delta(
                other or one or (),
                before[one] if one else _NOTHING,
                after[other] if other else _NOTHING,
            )
    elif len(before) == len(after):
        pairs = zip(sorted(before, key=_lines), sorted(after, key=_lines), strict=True)
        for one, other in pairs:
            yield _delta(other, before[one], after[other])
    else:
        largest = max(after, key=lambda stack: after[stack].size_bytes)
        yield _delta(largest, _summed(before), _summed(after))


def _lines(stack: _Stack) -> tuple[int, ...]:
    return tuple(line_of(location) for location in stack)


def _summed(group: _Group) -> Held:
    return Held(
        sum(held.size_bytes for held in group.values()),
        sum(held.allocations for held in group.values()),
    )


def _delta(stack: _Stack, before: Held, after: Held) -> StackDelta:
    return StackDelta(
        stack, before.size_bytes, after.size_bytes, before.allocations, after.allocations
    )
