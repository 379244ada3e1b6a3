"""The values of one column seen so far, so that equal cells can share one object.

A memo saves memory if values repeat and costs memory if not, so each one watches its own hit rate
and gives up if it is low. The expected number of hits in n rows is the number of repetitions in n
draws from d equally likely values: about n*n / 2d while n is small compared with d.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

MOST_DISTINCT = 131_072
"""A column with more distinct values counts as a column of unique values."""
_LOCAL_ENTRIES = 8_192
"""Entries for a column in which only near values repeat, such as the ids of a lot."""
_FIRST_REVIEW_ROWS = 40_000
_FIRST_BATCH_ROWS = 500
_MOSTLY_UNIQUE = 0.75
_LINEAR_GROWTH = 1.9
"""If twice as many rows have this many times the values, old values do not recur."""


class BatchMemo:
    """Shares nothing between batches; decides whether to look for equal values within one."""

    def __init__(self) -> None:
        self.worthwhile = True
        """False once most cells of a batch were distinct."""

    def share(self, keys: Sequence[Hashable], values: Sequence[T], rows: int) -> Sequence[T]:
        """`values` as they are, one for each of the `keys` of a batch of `rows` cells."""
        if rows >= _FIRST_BATCH_ROWS:
            self.worthwhile = len(keys) < _MOSTLY_UNIQUE * rows
        return values


class ValueMemo:
    """Replaces equal values by the first one, as long as that saves memory."""

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}
        self._rows = 0
        self._most_entries = MOST_DISTINCT
        self._review_at = _FIRST_REVIEW_ROWS
        self._entries_at_review = 0
        self.worthwhile = True
        """False once the values proved not to repeat; the memo is empty then."""

    def __len__(self) -> int:
        return len(self._values)

    def share(self, keys: Sequence[Hashable], values: Sequence[T], rows: int) -> list[T]:
        """`values`, each replaced by the first one seen under an equal key.

        Args:
            keys: Keys that distinguish the values; values with equal keys must be interchangeable.
            values: One for each key.
            rows: Number of cells that these values represent: more than `values` if they are
                already distinct.
        """
        shared = list(map(self._values.setdefault, keys, values))
        self._rows += rows
        self._review()
        return shared

    def _review(self) -> None:
        entries = len(self._values)
        hits = self._rows - entries
        if hits < self._rows * min(0.5, self._rows / (4 * MOST_DISTINCT)):
            self.worthwhile = False
            self._values = {}
            return
        if self._rows >= self._review_at:
            if self._entries_at_review and entries > _LINEAR_GROWTH * self._entries_at_review:
                self._most_entries = _LOCAL_ENTRIES
            self._entries_at_review = entries
            self._review_at = 2 * self._rows
        if entries > self._most_entries:
            self._values = {}
            self._rows = 0
            self._review_at = _FIRST_REVIEW_ROWS
            self._entries_at_review = 0
