"""A model of how distinct values grow with rows: each row draws any value of a pool.

After a share x of the rows, a pool of p values has shown p * (1 - exp(-c * x)). With a large c the
pool is soon exhausted; as c approaches 0, every row has a new value.
"""

from __future__ import annotations

import math

import numpy as np

_LINEAR = 1e-3
_EXHAUSTED = 40.0


def exhaustion(shown: float, at: float) -> float:
    """The c of a pool that has shown the share `shown` of its final values after `at` of the rows.

    Args:
        shown: The distinct values at that point, as a share of those at the end.
        at: The share of the rows, between 0 and 1.
    """
    if shown <= shown_at(_LINEAR, at):
        return _LINEAR
    low, high = _LINEAR, _EXHAUSTED
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if shown_at(middle, at) < shown else (low, middle)
    return high


def shown_at(c: float, at: float) -> float:
    """Distinct values after a share `at` of the rows, as a share of all; `at` can exceed 1."""
    return math.expm1(-c * at) / math.expm1(-c)


def seen_nearby(cells: float, advance: float, window: float) -> float:
    """The distinct values of neighbouring cells that choose from a moving window.

    Args:
        cells: The number of cells.
        advance: The number of values by which the window moves from the first cell to the last.
        window: The number of values that each cell chooses from.
    """
    reach = (advance + window) / 2
    values = np.linspace(-reach, reach, 301)
    first = np.maximum(values - window / 2, -advance / 2)
    last = np.minimum(values + window / 2, advance / 2)
    chosen = cells * np.maximum(last - first, 0) / (advance * window)
    return float(np.trapezoid(-np.expm1(-chosen), values))
