"""Encode text and raw bytes as wire fields: a length, the bytes and, for long values, an end mark.

For up to 252 bytes the length is one byte. Longer values are 0xFE, chunks of (ub4 length, bytes)
and a chunk of length zero (`oracle_net` section 1). The bytes themselves are never copied here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tracekit.localdb.wire.rows_layout import (
    MAX_SHORT_BYTES,
    Bytes,
    binary,
    constant,
    fixed_binary,
    masked_binary,
    of_fields,
    valid_mask,
)

MAX_CHUNK_BYTES = 32_767
LONG_MARK = 0xFE
NULL_TAIL = np.frombuffer(b"\x81\x01\x02\x05\x7d", np.uint8)
"""After a NULL in LONG form: sb4 -1 and ub4 1405. After a value: 0 and 0, two zero bytes."""

Lengths = npt.NDArray[np.int32]


def bytes_field(value: bytes) -> bytes:
    """Encode one value; an empty one is NULL, as in Oracle."""
    if len(value) <= MAX_SHORT_BYTES:
        return bytes((len(value),)) + value
    pieces = [bytes((LONG_MARK,))]
    for start in range(0, len(value), MAX_CHUNK_BYTES):
        chunk = value[start : start + MAX_CHUNK_BYTES]
        size = len(chunk)
        length = bytes((1, size)) if size < 256 else bytes((2, size >> 8, size & 0xFF))
        pieces += (length, chunk)
    return b"".join((*pieces, b"\0"))


def bytes_parts(array: pa.Array) -> list[pa.Array]:
    """Parts whose join is the column's fields, for string and binary arrays.

    Returns:
        `[length, bytes]`, or `[length, bytes, end]` if a value exceeds 252 bytes; a single
        array if one exceeds 32,767 or all are empty. Values of equal length are a fixed-size
        binary array.
    """
    if len(array) == 0:
        return []
    offsets, data = _spans(array)
    return _parts(offsets, data)


def national_parts(array: pa.Array) -> list[pa.Array]:
    """Like `bytes_parts`, for UTF-8 strings to be encoded as UTF-16BE."""
    if len(array) == 0:
        return []
    offsets, data = _spans(array)
    own = data[offsets[0] : offsets[-1]]
    # Each character starts with a byte that is not a continuation byte (10xxxxxx); those of
    # four bytes take two UTF-16 units.
    units = ((own & 0xC0) != 0x80).astype(np.int32) + (own >= 0xF0)
    ends = np.zeros(len(own) + 1, dtype=np.int32)
    np.cumsum(units, out=ends[1:])
    encoded = own.tobytes().decode("utf-8").encode("utf-16-be")
    wide = (ends[offsets - offsets[0]] * 2).astype(np.int32)
    return _parts(wide, np.frombuffer(encoded, np.uint8))


def long_parts(array: pa.Array, *, national: bool = False) -> list[pa.Array]:
    """A column in LONG form: each field, then a null indicator (sb4) and a return code (ub4)."""
    parts = national_parts(array) if national else bytes_parts(array)
    valid = valid_mask(array)
    tails = np.tile(NULL_TAIL, (len(array), 1))
    keep = np.ones(tails.shape, dtype=np.bool_)
    has_value = np.ones(len(array), dtype=np.bool_) if valid is None else valid
    tails[has_value, :2] = 0
    keep[has_value, 2:] = False
    return [*parts, masked_binary(tails, keep)]


def _spans(array: pa.Array) -> tuple[Lengths, Bytes]:
    """Offsets (one more than slots) and data, with NULL slots made empty."""
    _, offset_buffer, data_buffer = array.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[array.offset : array.offset + len(array) + 1]
    valid = valid_mask(array)
    if valid is not None and np.any(np.diff(offsets)[~valid]):
        return _spans(pc.coalesce(array, constant(b"").cast(array.type)))
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer else np.empty(0, np.uint8)
    return offsets, data


def _parts(offsets: Lengths, data: Bytes) -> list[pa.Array]:
    lengths = np.diff(offsets)
    longest = int(lengths.max())
    if longest <= MAX_SHORT_BYTES:
        prefixes = fixed_binary(lengths.astype(np.uint8))
        return [prefixes, *_short_values(offsets, data, int(lengths.min()), longest)]
    values = binary(data, offsets)
    if longest <= MAX_CHUNK_BYTES:
        return [_long_prefixes(lengths), values, _long_ends(lengths)]
    return [of_fields([bytes_field(value.as_py()) for value in values])]


def _short_values(offsets: Lengths, data: Bytes, shortest: int, longest: int) -> Sequence[pa.Array]:
    """The values themselves, if there are any."""
    if longest == 0:
        return ()
    if shortest < longest:
        return (binary(data, offsets),)
    own = data[offsets[0] : offsets[-1]]
    return (fixed_binary(own.view(f"V{longest}")),)


def _long_prefixes(lengths: Lengths) -> pa.Array:
    matrix = np.zeros((len(lengths), 4), dtype=np.uint8)
    low, high = (lengths & 0xFF).astype(np.uint8), (lengths >> 8).astype(np.uint8)
    is_long = lengths > MAX_SHORT_BYTES
    matrix[:, 0] = np.where(is_long, LONG_MARK, low)
    matrix[:, 1] = np.where(high > 0, 2, 1)
    matrix[:, 2] = high
    matrix[:, 3] = low
    keep = np.repeat(is_long[:, np.newaxis], 4, axis=1)
    keep[:, 0] = True
    keep[:, 2] &= high > 0
    return masked_binary(matrix, keep)


def _long_ends(lengths: Lengths) -> pa.Array:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths > MAX_SHORT_BYTES, out=offsets[1:])
    return binary(np.zeros(int(offsets[-1]), dtype=np.uint8), offsets)
