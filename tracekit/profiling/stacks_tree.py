"""The call tree of a heap peak."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.profiling.stacks import HeapStacks
from tracekit.records import CallNode, CallTree

SMALLEST_SHARE = 0.001
"""Nodes with less than this share of the peak are pruned."""


@dataclass
class _Branch:
    size_bytes: int = 0
    allocations: int = 0
    children: dict[str, _Branch] = field(default_factory=dict)


def call_tree(heap: HeapStacks, path: str, *, smallest_share: float = SMALLEST_SHARE) -> CallTree:
    """The memory alive at the peak, by caller: largest first, without the smallest.

    Args:
        heap: The stacks read from a capture.
        path: The name of the measured path.
        smallest_share: Share of the peak below which a node is pruned.
    """
    root = _Branch()
    for stack, held in heap.stacks.items():
        branch = root
        for location in stack:
            branch = branch.children.setdefault(location, _Branch())
            branch.size_bytes += held.size_bytes
            branch.allocations += held.allocations
    return CallTree(
        path=path,
        size_bytes=heap.size_bytes,
        allocations=heap.allocations,
        roots=_nodes(root, smallest_share * heap.size_bytes),
        remarks=heap.remarks,
    )


def _nodes(branch: _Branch, smallest_bytes: float) -> tuple[CallNode, ...]:
    # Recursion is as deep as a stack, which stacks_frames.MOST_FRAMES bounds.
    large = [item for item in branch.children.items() if item[1].size_bytes >= smallest_bytes]
    large.sort(key=lambda item: (-item[1].size_bytes, item[0]))
    return tuple(
        CallNode(location, child.size_bytes, child.allocations, _nodes(child, smallest_bytes))
        for location, child in large
    )
