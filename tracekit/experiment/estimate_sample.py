"""A part of a list of keys that stands for the whole."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.keyed import Key

_NEIGHBOURS = 50


def spread_over(keys: Sequence[Key], size: int) -> list[Key]:
    """`size` of `keys` in their order; all of them if there are no more.

    The sample is made of runs of neighbours, evenly spread over the whole list: rows per key are
    skewed, so the first ones would not do; and neighbours share values, which
    single keys from far apart would not.
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
