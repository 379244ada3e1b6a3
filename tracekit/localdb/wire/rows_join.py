"""Fields joined row by row into the bytes that go out.

The join costs per part and row, so parts of a fixed size that lie side by side are made one before:
numpy copies a column of such values several times faster than the join appends them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tracekit.localdb.wire.column import EncodedRows
from tracekit.localdb.wire.rows_layout import as_binary, constant, fixed_binary

MAX_MERGED_BYTES = 64
"""Larger values are copied as fast by the join."""

_NO_SEPARATOR = constant(b"")


def join_rows(parts: Sequence[pa.Array]) -> EncodedRows:
    """Rows whose bytes are those of the parts' slots, one part after the other.

    Args:
        parts: At least one; fixed-size binary arrays without NULLs and offsets, and binary ones,
            whose NULL slots stand for a single zero byte.
    """
    joined: list[pa.Array] = []
    for mergeable, parts_alike in groupby(parts, _is_mergeable):
        run = list(parts_alike)
        joined += [_merged(run)] if mergeable else run
    if len(joined) == 1 and _is_mergeable(joined[0]):
        rows = _records(joined[0])
        width = rows.dtype.itemsize
        return EncodedRows(rows.view(np.uint8).data, np.arange(0, (len(rows) + 1) * width, width))
    image = pc.binary_join_element_wise(
        *map(as_binary, joined), _NO_SEPARATOR, null_handling="replace", null_replacement="\0"
    )
    _, offsets, data = image.buffers()
    return EncodedRows(memoryview(data), np.frombuffer(offsets, np.int32).astype(np.int64))


def _is_mergeable(part: pa.Array) -> bool:
    return bool(
        pa.types.is_fixed_size_binary(part.type) and part.type.byte_width <= MAX_MERGED_BYTES
    )


def _merged(run: list[pa.Array]) -> pa.Array:
    """One fixed-size part in place of several."""
    if len(run) == 1:
        return run[0]
    rows = np.empty(len(run[0]), dtype=_row_type(tuple(part.type.byte_width for part in run)))
    for name, part in zip(rows.dtype.names or (), run, strict=True):
        rows[name] = _records(part)
    return fixed_binary(rows)


@lru_cache(maxsize=256)
def _row_type(widths: tuple[int, ...]) -> np.dtype[np.void]:
    return np.dtype([(str(place), f"V{width}") for place, width in enumerate(widths)])


def _records(part: pa.Array) -> npt.NDArray[Any]:
    """The values of a fixed-size part, each one element."""
    return np.frombuffer(part.buffers()[1], dtype=f"V{part.type.byte_width}")
