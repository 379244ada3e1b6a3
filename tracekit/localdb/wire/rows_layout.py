"""Build Arrow binary arrays from numpy bytes, for the column encoders.

`pa.array`, `pa.scalar`, `fill_null` and `to_numpy` import pandas, which takes 33 MB and which a
server does not need otherwise. So arrays and scalars are built from buffers here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Slot = TypeVar("Slot", bound=np.generic)

INT16 = np.dtype(np.int16)
INT32 = np.dtype(np.int32)
INT64 = np.dtype(np.int64)
UINT32 = np.dtype(np.uint32)
UINT64 = np.dtype(np.uint64)
FLOAT64 = np.dtype(np.float64)

MAX_SHORT_BYTES = 252
"""The longest value with a length of one byte (`oracle_net` section 1)."""


def valid_mask(array: pa.Array) -> Mask | None:
    """The slots that have a value; None if all do."""
    if array.null_count == 0:
        return None
    bits = np.frombuffer(array.buffers()[0], np.uint8)
    end = array.offset + len(array)
    used = np.unpackbits(bits, count=end, bitorder="little")[array.offset :]
    return used.view(np.bool_)


def slots(array: pa.Array, buffer_index: int, dtype: np.dtype[Slot]) -> npt.NDArray[Slot]:
    """The array's part of one of its buffers, without a copy; NULL slots have arbitrary content."""
    buffer = array.buffers()[buffer_index]
    return np.frombuffer(buffer, dtype)[array.offset : array.offset + len(array)]


def binary(data: Bytes, offsets: npt.NDArray[np.int32], valid: Mask | None = None) -> pa.Array:
    """Build a binary array over `data`, with value i at `offsets[i]:offsets[i + 1]`."""
    bitmap = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    buffers = [bitmap, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)


def fixed_binary(records: npt.NDArray[Any], valid: Mask | None = None) -> pa.Array:
    """One value per element of `records`, with its bytes as in memory; NULL if not valid.

    Returns:
        A fixed-size binary array, which is cheaper to join; with `valid`, a binary one.
    """
    data = np.ascontiguousarray(records).view(np.uint8)
    if valid is not None:
        return binary(data, _even_offsets(len(records), records.dtype.itemsize), valid)
    kind = pa.binary(records.dtype.itemsize)
    return pa.Array.from_buffers(kind, len(records), [None, pa.py_buffer(data)])


def as_binary(array: pa.Array) -> pa.Array:
    """Convert a fixed-size binary array to a binary one over the same data."""
    if not pa.types.is_fixed_size_binary(array.type):
        return array
    offsets = pa.py_buffer(_even_offsets(len(array), array.type.byte_width))
    return pa.Array.from_buffers(pa.binary(), len(array), [None, offsets, array.buffers()[1]])


def _even_offsets(count: int, width: int) -> npt.NDArray[np.int32]:
    return np.arange(0, (count + 1) * width, width, dtype=np.int32)


def masked_binary(matrix: Bytes, keep: Mask) -> pa.Array:
    """One value per row of `matrix`: the bytes that `keep` selects, in order."""
    offsets = np.zeros(len(matrix) + 1, dtype=np.int32)
    np.cumsum(keep.sum(axis=1, dtype=np.int32), out=offsets[1:])
    return binary(matrix[keep], offsets)


def of_fields(fields: Sequence[bytes]) -> pa.Array:
    """Build a binary array of the given fields."""
    offsets = np.zeros(len(fields) + 1, dtype=np.int32)
    np.cumsum([len(field) for field in fields], out=offsets[1:])
    return binary(np.frombuffer(b"".join(fields), np.uint8), offsets)


def constant(field: bytes) -> pa.Scalar:
    """A binary scalar."""
    return of_fields([field])[0]
