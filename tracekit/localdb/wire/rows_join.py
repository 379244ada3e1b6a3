"""Join fields row by row into the bytes to send.

The join costs time per part and row. So adjacent parts of fixed size are merged first: numpy copies
such columns several times faster than the join appends them.
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
"""The join copies larger values just as fast."""

_NO_SEPARATOR = constant(b"")


def join_rows(parts: Sequence[pa.Array]) -> EncodedRows:
    """Join the slots of the parts row by row.

    Args:
        parts: At least one part: fixed-size binary arrays without NULLs and offsets, or binary
            ones, whose NULL slots mean a single zero byte.
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
    """Merge several fixed-size parts into one."""
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
    """The values of a fixed-size part, one element each."""
    return np.frombuffer(part.buffers()[1], dtype=f"V{part.type.byte_width}")
