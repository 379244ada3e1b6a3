"""Find the stretch of a key's records where two sides start to differ, among any number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np

from tracekit.equality.pieces import block_digests
from tracekit.equality.rows import Lanes

Records = Mapping[str, Sequence[Mapping[Any, Any]]]
"""Records by the label of their key."""

MOST_RECORDS = 20_000
"""Maximum number of records that are held and compared one by one."""

_STRETCH = 400
_BLOCK = 4096


class Stretch(list[Mapping[Any, Any]]):
    """Some neighbouring records of a key that has too many to compare one by one."""

    def __init__(self, records: Iterable[Mapping[Any, Any]], first: int) -> None:
        super().__init__(records)
        self.first = first
        """Position of the first record within its key."""


def first_stretches(
    key: str,
    reference: Iterator[Sequence[Mapping[Any, Any]]],
    candidate: Iterator[Sequence[Mapping[Any, Any]]],
) -> tuple[Records, Records]:
    """The stretch that starts at the first difference in value or, without one, in type."""
    sides = [chain.from_iterable(reference), chain.from_iterable(candidate)]
    drifted: list[Stretch] | None = None
    start = 0
    while any(blocks := [list(islice(side, _BLOCK)) for side in sides]):
        left, right = map(block_digests, blocks)
        place = _first_difference(left.value, right.value)
        if place is not None:
            onwards = (
                Stretch(islice(chain(block[place:], rest), _STRETCH), start + place)
                for block, rest in zip(blocks, sides, strict=True)
            )
            return {key: next(onwards)}, {key: next(onwards)}
        place = _first_difference(left.exact, right.exact)
        if place is not None and drifted is None:
            drifted = [Stretch(block[place : place + _STRETCH], start + place) for block in blocks]
        start += _BLOCK
    left_rows, right_rows = drifted or (Stretch([], 0), Stretch([], 0))
    return {key: left_rows}, {key: right_rows}


def _first_difference(left: Lanes, right: Lanes) -> int | None:
    """The first record whose digest differs."""
    both = min(left.shape[1], right.shape[1])
    differing = np.flatnonzero((left[:, :both] != right[:, :both]).any(axis=0))
    if differing.size:
        return int(differing[0])
    return None if left.shape == right.shape else both
