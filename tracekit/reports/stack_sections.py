"""Call trees and compared call stacks, before a format draws them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracekit.records import CallNode, CallTree, StackDelta, StackDiff
from tracekit.reports import figures
from tracekit.reports.gfm import bullet, details, prose, table_lines
from tracekit.reports.redaction import Redactor
from tracekit.reports.table import Column, Table

SMALLEST_SHARE = 0.005
"""Nodes holding less than this share of their tree are not drawn."""
TOP_STACKS = 10
"""Call stacks in a report that is read in a terminal or a comment."""
_CALLERS_SHOWN = 2


@dataclass(frozen=True)
class TreeStep:
    """One step of drawing a tree: open a node, show a leaf, or close the node last opened."""

    kind: str
    """`open`, `leaf` or `close`."""
    callers: tuple[str, ...] = ()
    """Locations that hold exactly what `location` holds, the outermost first."""
    location: str = ""
    size: str = ""
    allocations: str = ""
    percent: float = 0.0
    """Of all that was alive."""


def tree_steps(tree: CallTree, redact: Redactor) -> Iterator[TreeStep]:
    """The tree in drawing order, largest first; without recursion, for stacks of any depth.

    A chain of calls that holds the same memory from end to end is one step.
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


def stack_table(diff: StackDiff, redact: Redactor, *, limit: int) -> Table:
    """The call stacks that changed most, grown ones first."""
    changed = sorted(diff.deltas, key=lambda delta: -abs(delta.delta_bytes))[:limit]
    changed.sort(key=lambda delta: -delta.delta_bytes)
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
        (_stack_row(delta, redact) for delta in changed if delta.delta_bytes),
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


def diff_title(diff: StackDiff) -> str:
    """What is compared, with both heap peaks."""
    return (
        f"Heap at the peak by call stack: {diff.base} {figures.size(diff.base_bytes)} "
        f"→ {diff.head} {figures.size(diff.head_bytes)}"
    )


def stack_details(diffs: Sequence[StackDiff], redact: Redactor) -> list[str]:
    """Compared call stacks as folded Markdown blocks."""
    blocks = []
    for diff in diffs:
        table = table_lines(stack_table(diff, redact, limit=TOP_STACKS))
        remarks = bullet(redact.prose(remark) for remark in diff.remarks)
        body = "\n\n".join(filter(None, (table or "No call stack changed.", remarks)))
        blocks.append(details(prose(diff_title(diff)), body))
    return blocks
