"""Shared texts, numbers and buffers, merged by what holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracekit.profiling.retention.graph import ROOT, Leaves


@dataclass(frozen=True)
class SharedLeaves:
    """Leaves of one kind that the same nodes hold."""

    dominator: int
    """The nearest node without which none of them would be alive."""
    kind: int
    count: int
    size_bytes: int
    holders: tuple[int, ...]


def shared_leaves(
    leaves: Leaves, buffer_kind: int | None, dominators: Sequence[int], order: Sequence[int]
) -> Iterator[SharedLeaves]:
    """The totals of `leaves`, each counted once however many references it has.

    Args:
        leaves: The leaves after a walk.
        buffer_kind: The kind of buffers, which may overlap; None if there are none.
        dominators: The dominator of each node.
        order: The nodes, each after its dominator.
    """
    if not leaves.runs:
        return
    run_nodes, run_kinds, run_lengths = np.array(leaves.runs).T
    nodes, kinds = np.repeat(run_nodes, run_lengths), np.repeat(run_kinds, run_lengths)
    addresses = np.array(leaves.addresses)
    sizes = np.array(leaves.sizes)
    if buffer_kind is not None:
        _unite_buffers(addresses, sizes, np.flatnonzero(kinds == buffer_kind))
    by_address = np.lexsort((nodes, addresses))
    addresses, nodes = addresses[by_address], nodes[by_address]
    kinds, sizes = kinds[by_address], sizes[by_address]
    distinct = np.ones(len(nodes), bool)
    distinct[1:] = (addresses[1:] != addresses[:-1]) | (nodes[1:] != nodes[:-1])
    addresses, nodes = addresses[distinct], nodes[distinct]
    kinds, sizes = kinds[distinct], sizes[distinct]
    first = np.flatnonzero(np.r_[True, addresses[1:] != addresses[:-1]])
    ends = np.r_[first[1:], len(nodes)]
    # The sum of one random number for each holder identifies a set of holders.
    numbers = np.random.default_rng(0).integers(0, 2**63, len(dominators), np.uint64)
    holders = np.add.reduceat(numbers[nodes], first)
    holders ^= kinds[first].astype(np.uint64)
    _, examples, members, counts = np.unique(
        holders, return_index=True, return_inverse=True, return_counts=True
    )
    sizes = sizes[first]
    sizes = np.where(sizes <= 512, sizes + 15, sizes + 23) & -16  # as allocated_bytes
    totals = np.bincount(members, weights=sizes).astype(np.int64)
    depths = _depths(dominators, order)
    for example, count, size_bytes in zip(examples.tolist(), counts, totals, strict=True):
        held_by = tuple(nodes[first[example] : ends[example]].tolist())
        yield SharedLeaves(
            _common_dominator(held_by, dominators, depths),
            int(kinds[first[example]]),
            int(count),
            int(size_bytes),
            held_by,
        )


def _unite_buffers(
    addresses: NDArray[np.uint64], sizes: NDArray[np.int64], buffers: NDArray[np.int64]
) -> None:
    """Set overlapping buffers to the address and size of what they cover together."""
    if not len(buffers):
        return
    buffers = buffers[np.argsort(addresses[buffers])]
    starts = addresses[buffers].astype(np.int64)
    covered_until = np.maximum.accumulate(starts + sizes[buffers])
    apart = np.r_[True, starts[1:] >= covered_until[:-1]]
    block = np.cumsum(apart) - 1
    last = np.r_[np.flatnonzero(apart)[1:] - 1, len(buffers) - 1]
    block_starts = starts[apart]
    addresses[buffers] = block_starts[block]
    sizes[buffers] = (covered_until[last] - block_starts)[block]


def _depths(dominators: Sequence[int], order: Sequence[int]) -> list[int]:
    depths = [0] * len(dominators)
    for node in order:
        if node != ROOT:
            depths[node] = depths[dominators[node]] + 1
    return depths


def _common_dominator(
    nodes: Sequence[int], dominators: Sequence[int], depths: Sequence[int]
) -> int:
    common = nodes[0]
    for node in nodes:
        while node != common:
            if common == ROOT:
                return ROOT
            if depths[node] > depths[common]:
                node = dominators[node]
            else:
                common = dominators[common]
    return common
