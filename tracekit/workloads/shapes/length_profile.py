"""How the mean length of a column's values changes along a result."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from tracekit.records.shape import SHARED_BY

_MOST_WINDOWS = 40
_UNIT_ROWS = 125
"""The rows of the smallest window, a fortieth of a row batch."""
_SAME = 0.05
"""Windows that differ from the mean by no more than this share are ignored."""
_CHANCE = 4
"""Windows that differ by no more than this many standard errors are ignored."""


class LengthProfile:
    """Sums of lengths in at most 80 windows, which are merged in pairs when there are more."""

    def __init__(self) -> None:
        self._stretches: list[list[int]] = []
        self._unit_rows = _UNIT_ROWS

    def add(self, cells: Sequence[Any]) -> None:
        """Add texts or binaries of consecutive rows; None is not counted."""
        start = 0
        while start < len(cells):
            if not self._stretches or self._stretches[-1][0] >= self._unit_rows:
                self._make_room()
                self._stretches.append([0, 0, 0, 0])
            last = self._stretches[-1]
            part = cells[start : start + self._unit_rows - last[0]]
            lengths = [len(cell) for cell in part if cell is not None]
            last[0] += len(part)
            last[1] += len(lengths)
            last[2] += sum(lengths)
            last[3] += sum(map(operator.mul, lengths, lengths))
            start += len(part)

    def windows(self) -> tuple[float, ...]:
        """Mean lengths of at most 40 windows of equally many rows; empty if they hardly differ."""
        windows = self._joined(self._stretches)
        while len(windows) > _MOST_WINDOWS or any(
            0 < cells < SHARED_BY for _, cells, *_ in windows
        ):
            if len(windows) == 1:
                return ()
            windows = self._joined(windows, 2)
        _, cells, length, squares = map(sum, zip(*windows, strict=True)) if windows else (0,) * 4
        if not cells:
            return ()
        mean = length / cells
        deviation = math.sqrt(max(0.0, squares / cells - mean * mean))
        means = [length / cells if cells else mean for _, cells, length, _ in windows]
        if all(
            abs(one - mean) <= max(_SAME * mean, _CHANCE * deviation / math.sqrt(max(1, cells)))
            for one, (_, cells, *_) in zip(means, windows, strict=True)
        ):
            return ()
        return tuple(round(one, 1) for one in means)

    def _make_room(self) -> None:
        if len(self._stretches) == 2 * _MOST_WINDOWS:
            self._stretches = self._joined(self._stretches, 2)
            self._unit_rows *= 2

    @staticmethod
    def _joined(stretches: list[list[int]], count: int = 1) -> list[list[int]]:
        return [
            [sum(column) for column in zip(*stretches[start : start + count], strict=True)]
            for start in range(0, len(stretches), count)
        ]
