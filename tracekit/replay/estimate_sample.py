"""A part of a list of CIDs that stands for the whole."""

from __future__ import annotations

from collections.abc import Sequence


def spread_over(container_ids: Sequence[str], size: int) -> list[str]:
    """`size` of `container_ids`, evenly spread over the list, in its order; all if it is shorter.

    Rows per CID are skewed and neighbours are alike, so the first ones would not do.
    """
    there = len(container_ids)
    if size >= there:
        return list(container_ids)
    return [container_ids[(2 * place + 1) * there // (2 * size)] for place in range(size)]
