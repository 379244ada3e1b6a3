"""Lean records: the same dicts at a fraction of the memory, by sharing keys and equal values."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from tracekit.keyed.interning import ColumnInterner
from tracekit.keyed.record import Record
from tracekit.keyed.shared_keys import record_maker


def lean_records(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Record]:
    """Make one lean record for each row of any DB-API cursor.

    A record is `dict(zip(columns, row))` with float NaN as None. Each is a separate `dict`; what
    they share (the key table and equal immutable values) cannot be observed or changed through
    them. For several row batches of one query use one `LeanRecords`, which shares across batches.

    Raises:
        ValueError: a row does not have one value for each column.
    """
    return LeanRecords(columns).records(rows)


class LeanRecords:
    """Makes the lean records of one query; several threads may call it.

    Args:
        columns: Column names, as in `dict(zip(columns, row))`.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._width = len(columns)
        self._make = record_maker(tuple(columns))
        self._interners = [ColumnInterner() for _ in columns]
        self._lock = threading.Lock()

    def records(self, rows: Sequence[Sequence[Any]]) -> list[Record]:
        """One record for each row, in order.

        Raises:
            ValueError: a row does not have one value for each column.
        """
        if not rows:
            return []
        cells = list(zip(*rows, strict=True))
        if len(cells) != self._width:
            raise ValueError(f"rows of {len(cells)} values do not fit {self._width} columns")
        with self._lock:
            shared = [
                interner.intern(column)
                for interner, column in zip(self._interners, cells, strict=True)
            ]
        del cells
        return self._make(shared)
