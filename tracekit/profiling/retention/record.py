"""From all objects to the record: walk, dominators, names, without what a baseline contains."""

from __future__ import annotations

import time
from array import array
from dataclasses import replace
from typing import Any

from tracekit.profiling.retention.dominator_tree import DominatorTree
from tracekit.profiling.retention.graph import ROOT, ObjectGraph
from tracekit.profiling.retention.holders import holder_of, holders_of
from tracekit.profiling.retention.moment import Moment
from tracekit.profiling.retention.roots import walk_from_roots
from tracekit.records.retention import Holder, Retention

_FLOOR_FRACTION = 0.001
_FLOOR_BYTES = 16 * 1024


def retention_record(
    began: float,
    moment: Moment,
    tracked: array[int],
    total_bytes: int,
    taken_at: str,
    baseline: Retention | None,
    only: Any,
) -> Retention:
    """Find what keeps the memory of this process alive.

    Args:
        began: The start, by `time.perf_counter`.
        moment: Recorded before the fork.
        tracked: Addresses of all objects that the collector tracked after the fork.
        total_bytes: Resident memory of the program when it was forked.
        taken_at: The name of this point in time.
        baseline: What to leave out.
        only: The only object to report on; None for all.
    """
    graph = ObjectGraph()
    walk_from_roots(graph, moment, tracked)
    tree = DominatorTree(graph)
    explained_bytes = tree.retained_bytes[ROOT]
    above = explained_bytes - (baseline.explained_bytes if baseline else 0)
    floor_bytes = max(_FLOOR_BYTES, int(_FLOOR_FRACTION * above))
    if only is None:
        holders = holders_of(tree, _FLOOR_BYTES if baseline is None else floor_bytes)
    elif (node := graph.node_of(only)) is not None:
        holders = (holder_of(tree, floor_bytes, node),)
    else:
        holders = ()
    if baseline is not None:
        holders = tuple(_above(holders, baseline.holders, floor_bytes))
    return Retention(
        total_bytes=total_bytes - (baseline.total_bytes if baseline else 0),
        explained_bytes=above,
        taken_at=taken_at,
        holders=holders,
        above_baseline=baseline is not None,
        seconds=time.perf_counter() - began,
    )


def _above(
    holders: tuple[Holder, ...], before: tuple[Holder, ...], floor_bytes: int
) -> list[Holder]:
    """`holders` minus what those of the same name held before."""
    retained = {(each.name, each.where): each.retained_bytes for each in before}
    less = [
        replace(each, retained_bytes=each.retained_bytes - retained.get((each.name, each.where), 0))
        for each in holders
    ]
    return sorted(
        (each for each in less if each.retained_bytes >= floor_bytes),
        key=lambda each: -each.retained_bytes,
    )
