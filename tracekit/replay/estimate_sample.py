"""A part of a list of CIDs that stands for the whole."""

from __future__ import annotations

from collections.abc import Sequence

_NEIGHBOURS = 50


def spread_over(container_ids: Sequence[str], size: int) -> list[str]:
    """`size` of `container_ids` in their order; all of them if there are no more.

    The sample is made of runs of neighbours, evenly spread over the whole list: rows per CID are
    skewed, so the first ones would not do; and neighbours share values (work orders, lots), which
    single CIDs from far apart would not.
    """
    there = len(container_ids)
    if size >= there:
        return list(container_ids)
    runs = -(-size // _NEIGHBOURS)
    chosen: list[str] = []
    for run in range(runs):
        first, end = run * size // runs, (run + 1) * size // runs
        left_out = run * (there - size) // runs
        chosen += container_ids[first + left_out : end + left_out]
    return chosen
