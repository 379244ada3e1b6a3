"""Arrow binary arrays from numpy bytes: what the column encoders hand to the row join."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

MAX_SHORT_BYTES = 252
"""Longest value whose length is one byte (`oracle_net` section 1)."""


def valid_mask(array: pa.Array) -> Mask | None:
    """Which slots hold a value, or None when all do."""
    if array.null_count == 0:
        return None
    mask: Mask = array.is_valid().to_numpy(zero_copy_only=False)
    return mask


def slots(array: pa.Array, buffer_index: int, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
    """The array's own part of one of its buffers, without a copy; NULL slots hold anything."""
    buffer = array.buffers()[buffer_index]
    return np.frombuffer(buffer, dtype)[array.offset : array.offset + len(array)]


def binary(data: Bytes, offsets: npt.NDArray[np.int32], valid: Mask | None = None) -> pa.Array:
    """A binary array over `data`, value i at `offsets[i]:offsets[i + 1]`."""
    bitmap = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    buffers = [bitmap, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)


def fixed_binary(records: npt.NDArray[np.generic], valid: Mask | None = None) -> pa.Array:
    """One value per element of `records`, its bytes as they lie in memory; NULL where not valid."""
    count, width = len(records), records.dtype.itemsize
    data = np.ascontiguousarray(records).view(np.uint8)
    return binary(data, np.arange(0, (count + 1) * width, width, dtype=np.int32), valid)


def masked_binary(matrix: Bytes, keep: Mask) -> pa.Array:
    """One value per row of `matrix`: the bytes that `keep` selects, in order."""
    offsets = np.zeros(len(matrix) + 1, dtype=np.int32)
    np.cumsum(keep.sum(axis=1, dtype=np.int32), out=offsets[1:])
    return binary(matrix[keep], offsets)


def from_distinct(values: pa.Array, fields: list[bytes]) -> pa.Array:
    """Wire fields for a dictionary array: slot i gets `fields[index of slot i]`, NULL stays."""
    return pa.array(fields, type=pa.binary()).take(values.indices)
