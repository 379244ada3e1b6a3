"""The model by which distinct values grow with rows: drawn from a pool, each time any of it.

After a share x of the rows, a pool of p values has shown p * (1 - exp(-c * x)). A large c is a
pool that is soon known; as c goes to 0 every row brings a value of its own.
"""

from __future__ import annotations

import math

import numpy as np

_LINEAR = 1e-3
_EXHAUSTED = 40.0


def exhaustion(shown: float, at: float) -> float:
    """The c of a pool that has shown the share `shown` of its final values after `at` of the rows.

    Args:
        shown: Distinct values then, by those at the end.
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
    """Distinct values after a share `at` of the rows, by those after all; `at` may exceed 1."""
    return math.expm1(-c * at) / math.expm1(-c)


def seen_nearby(cells: float, advance: float, window: float) -> float:
    """Distinct values that neighbouring cells show, which choose from a window that moves along.

    Args:
        cells: How many there are.
        advance: Values that the window moves by from the first of them to the last.
        window: Values that each cell chooses from.
    """
    reach = (advance + window) / 2
    values = np.linspace(-reach, reach, 301)
    first = np.maximum(values - window / 2, -advance / 2)
    last = np.minimum(values + window / 2, advance / 2)
    chosen = cells * np.maximum(last - first, 0) / (advance * window)
    return float(np.trapezoid(-np.expm1(-chosen), values))
