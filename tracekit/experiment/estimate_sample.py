"""A representative part of a list of keys."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.keyed import Key

_NEIGHBOURS = 50


def spread_over(keys: Sequence[Key], size: int) -> list[Key]:
    """`size` of `keys` in their order; all of them if there are no more.

    The sample consists of runs of neighbours, spread evenly over the whole list. The first keys
    alone would not represent skewed rows per key, and single keys from far apart would not share
    values as neighbours do.
    """
    there = len(keys)
    if size >= there:
        return list(keys)
    runs = -(-size // _NEIGHBOURS)
    chosen: list[Key] = []
    for run in range(runs):
        first, end = run * size // runs, (run + 1) * size // runs
        left_out = run * (there - size) // runs
        chosen += keys[first + left_out : end + left_out]
    return chosen
