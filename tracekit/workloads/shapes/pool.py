"""The model by which distinct values grow with rows: drawn from a pool, each time any of it.

After a share x of the rows, a pool of p values has shown p * (1 - exp(-c * x)). A large c is a
pool that is soon known; as c goes to 0 every row brings a value of its own.
"""

from __future__ import annotations

import math

_LINEAR = 1e-3
_EXHAUSTED = 40.0


def exhaustion(shown: float, at: float) -> float:
    """The c of a pool that has shown the share `shown` of its final values after `at` of the rows.

    Args:
        shown: distinct values then, by those at the end.
        at: the share of the rows, between 0 and 1.
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
