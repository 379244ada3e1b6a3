"""Columns of a cursor's Python values, with equal immutable values shared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tracekit.keyed.value_memo import ValueMemo

_NONE = type(None)
_SHARED_TYPES = {str, int, bytes, float, datetime}
"""Immutable types whose equal values are interchangeable, except those that `_sharable` refuses."""


class ColumnInterner:
    """Shares the equal values of one column from row batch to row batch."""

    def __init__(self) -> None:
        self._memo = ValueMemo()
        self._type: type | None = None

    def intern(self, column: Sequence[Any]) -> Sequence[Any]:
        """The values of `column`, equal ones as one object, float NaN as None.

        The type and value of every cell stay the same: 1 and 1.0, or 0.0 and -0.0, are never
        shared.
        """
        types = set(map(type, column))
        if float in types:
            column = [None if value != value else value for value in column]
        types.discard(_NONE)
        if not self._memo.worthwhile or len(types) != 1:
            return column
        (found,) = types
        if self._type is None:
            self._type = found
        if found is not self._type or not _sharable(found, column):
            return column
        return self._memo.share(column, column, len(column))


def _sharable(found: type, column: Sequence[Any]) -> bool:
    if found is float:
        return 0.0 not in column  # equals -0.0
    if found is datetime:
        # Equal ones may differ in time zone or in the fold of a repeated hour.
        return all(value is None or (value.tzinfo is None and not value.fold) for value in column)
    return found in _SHARED_TYPES
