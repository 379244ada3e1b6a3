"""The rows of an Arrow batch grouped by key, without a look-up for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from tracekit.keyed.key_codes import key_codes, sorted_places

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

T = TypeVar("T")


class RowsByKey:
    """Finds the rows of each key; keys are in the order in which they first occur.

    Args:
        codes: The code of each row's key, numbered from 0 as keys first occur.
    """

    def __init__(self, codes: npt.NDArray[np.int64]) -> None:
        import numpy as np

        self.counts: list[int] = np.bincount(codes).tolist()
        """Rows of each key."""
        self._order = sorted_places(codes)

    def sort(self, items: list[T]) -> list[T]:
        """The items of the rows, grouped by key; the order within a key is kept."""
        import numpy as np

        if self._order is None:
            return items
        ordered: list[T] = np.fromiter(items, object, len(items)).take(self._order).tolist()
        return ordered


def rows_by_key(parts: Sequence[pa.RecordBatch], columns: Sequence[str]) -> RowsByKey | None:
    """The places of the rows of all `parts`; None if equal cells do not identify equal keys.

    That is the case if a key column is missing, holds NULL or is of floats (0.0 equals -0.0).
    """
    import pyarrow as pa

    names, rows = parts[0].schema.names, sum(map(len, parts))
    if not set(columns) <= set(names):
        return None
    arrays = [joined([part.column(name) for part in parts]) for name in columns]
    if any(array.null_count or pa.types.is_floating(array.type) for array in arrays):
        return None
    return RowsByKey(key_codes(arrays, rows))


def joined(parts: Sequence[pa.Array]) -> pa.Array:
    """Parts of one column as one array."""
    import pyarrow as pa

    return parts[0] if len(parts) == 1 else pa.concat_arrays(parts)
