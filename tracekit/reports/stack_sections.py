"""Call trees and compared call stacks, before a format draws them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tracekit.records import CallNode, CallTree, StackDelta, StackDiff
from tracekit.reports import figures
from tracekit.reports.flame_graph import FlameGraph, flame_of_diff
from tracekit.reports.gfm import bullet, details, prose, table_lines
from tracekit.reports.redaction import Redactor
from tracekit.reports.table import Column, Table

SMALLEST_SHARE = 0.005
"""Nodes with less than this share of their tree are not drawn."""
TOP_STACKS = 10
"""Maximum number of call stacks in a terminal or a comment."""
CHANCE_BYTES = 4 * 1024**2
CHANCE_SHARE = 0.05
"""A change of one call stack counts as noise up to this many bytes and this share of the higher
peak, because memray charges an arena of small objects (1 MiB) to one call."""
_CALLERS_SHOWN = 2


@dataclass(frozen=True)
class TreeStep:
    """One step of drawing a tree: open a node, show a leaf, or close the open node."""

    kind: str
    """`open`, `leaf` or `close`."""
    callers: tuple[str, ...] = ()
    """Callers that hold exactly what `location` holds, the outermost first."""
    location: str = ""
    size: str = ""
    allocations: str = ""
    percent: float = 0.0
    """Share of everything that was alive."""


def tree_steps(tree: CallTree, redact: Redactor) -> Iterator[TreeStep]:
    """The tree in drawing order, largest first; without recursion, for stacks of any depth.

    A chain of calls that all hold the same memory is one step.
    """
    total = max(tree.size_bytes, 1)
    todo: list[CallNode | None] = list(reversed(_shown(tree.roots, total)))
    while todo:
        node = todo.pop()
        if node is None:
            yield TreeStep("close")
            continue
        callers = []
        while len(node.children) == 1 and node.children[0].size_bytes == node.size_bytes:
            callers.append(redact.location(node.location))
            node = node.children[0]
        children = _shown(node.children, total)
        yield TreeStep(
            "open" if children else "leaf",
            tuple(callers),
            redact.location(node.location),
            figures.size(node.size_bytes),
            figures.count(node.allocations),
            100 * node.size_bytes / total,
        )
        if children:
            todo += [None, *reversed(children)]


def _shown(nodes: tuple[CallNode, ...], total_bytes: int) -> list[CallNode]:
    large = (node for node in nodes if node.size_bytes >= SMALLEST_SHARE * total_bytes)
    return sorted(large, key=lambda node: -node.size_bytes)


@dataclass(frozen=True)
class StackTables:
    """The call stacks of a comparison, the largest change first."""

    changed: Table
    changed_title: str
    chance: Table
    """Changes so small that another run may show different ones."""
    chance_title: str


def stack_tables(diff: StackDiff, redact: Redactor, *, limit: int) -> StackTables:
    """The call stacks that changed most, at most `limit` of each kind."""
    largest_first = sorted(diff.deltas, key=lambda delta: -abs(delta.delta_bytes))
    chance = [delta for delta in largest_first if delta.delta_bytes and _is_chance(delta, diff)]
    changed = [delta for delta in largest_first if delta.delta_bytes and delta not in chance]
    largest = figures.size(abs(chance[0].delta_bytes)) if chance else ""
    within = (
        f"1 call stack changed within the noise, by {largest}"
        if len(chance) == 1
        else f"{len(chance):,} call stacks changed within the noise, each by at most {largest}"
    )
    return StackTables(
        _table(diff, changed[:limit], redact),
        f"The {min(limit, len(changed)):,} call stacks that changed most, of {len(changed):,}",
        _table(diff, chance[:limit], redact),
        within,
    )


def _is_chance(delta: StackDelta, diff: StackDiff) -> bool:
    """Whether the boundaries of arenas of small objects explain the change."""
    peak_bytes = max(diff.base_bytes, diff.head_bytes)
    return abs(delta.delta_bytes) <= min(CHANCE_BYTES, CHANCE_SHARE * peak_bytes)


def _table(diff: StackDiff, deltas: Iterable[StackDelta], redact: Redactor) -> Table:
    return Table.of(
        [
            Column("change"),
            Column("by", numeric=True),
            Column(f"{diff.base} (before)", numeric=True),
            Column(f"{diff.head} (after)", numeric=True),
            Column("allocations", numeric=True),
            Column("at", literal=True),
            Column("called from", literal=True),
        ],
        (_stack_row(delta, redact) for delta in deltas),
    )


def _stack_row(delta: StackDelta, redact: Redactor) -> tuple[str, ...]:
    stack = [redact.location(location) for location in reversed(delta.stack)]
    by = figures.size(delta.delta_bytes)
    return (
        delta.change,
        by if delta.delta_bytes < 0 else f"+{by}",
        figures.size(delta.base_bytes),
        figures.size(delta.head_bytes),
        f"{delta.head_allocations - delta.base_allocations:+,}",
        stack[0] if stack else "unknown",
        " ← ".join(stack[1 : 1 + _CALLERS_SHOWN]),
    )


def drawn_diffs(
    diffs: Iterable[StackDiff], redact: Redactor, *, limit: int
) -> list[tuple[StackDiff, FlameGraph, StackTables]]:
    """Compared captures as graphs and as tables."""
    return [
        (diff, flame_of_diff(diff, redact), stack_tables(diff, redact, limit=limit))
        for diff in diffs
    ]


def diff_title(diff: StackDiff) -> str:
    """The names of both sides, and their heap peaks."""
    return (
        f"Heap at the peak by call stack: {diff.base} {figures.size(diff.base_bytes)} "
        f"→ {diff.head} {figures.size(diff.head_bytes)}"
    )


def stack_details(diffs: Sequence[StackDiff], redact: Redactor) -> list[str]:
    """Compared call stacks as folded Markdown blocks."""
    blocks = []
    for diff in diffs:
        tables = stack_tables(diff, redact, limit=TOP_STACKS)
        chance = table_lines(tables.chance)
        parts = (
            table_lines(tables.changed) or "No call stack changed by more than noise.",
            bullet(redact.prose(remark) for remark in diff.remarks),
            details(tables.chance_title, chance) if chance else "",
        )
        body = "\n\n".join(filter(None, parts))
        blocks.append(details(prose(diff_title(diff)), body))
    return blocks
