"""Encode NUMBER, BINARY_DOUBLE and BINARY_FLOAT as wire fields.

A NUMBER is an exponent byte and up to 20 base-100 digits. Negative ones are complemented and end
with 0x66 if they have fewer than 20 digits (`oracle_net` section 1). Columns of integers and
decimals that fit 64 bits are split into digits with numpy; for all others, each distinct value is
encoded once.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.rows_digits import NEGATIVE_END, ZERO_BYTE, Int64s, digits_part
from tracekit.localdb.wire.rows_layout import (
    FLOAT64,
    INT64,
    UINT32,
    UINT64,
    Mask,
    binary,
    fixed_binary,
    of_fields,
    slots,
    valid_mask,
)

MAX_DIGITS = 20
"""The base-100 digits of a NUMBER: 39 or 40 decimal digits."""
MAX_EXPONENT = 62
"""In base 100: a NUMBER is less than 10 ** 126."""
MIN_EXPONENT = -65
MAX_EXACT = 10**15
"""A decimal of 15 digits can be converted to a double and back without loss."""
FLOAT_SCALES = (0, 2, 4, 6)
WIDE_SCALES = (0, 2, 6)
TABLE_FIRST, TABLE_END = -1_000, 100_000
"""Integers in this range are encoded once and then looked up, which is twelve times faster."""
MIN_LOOKUPS = 256
"""For fewer values, making the table (10 ms) costs more than it saves."""

_ROUNDED = (
    Context(prec=2 * MAX_DIGITS - 1, rounding=ROUND_HALF_UP, Emax=MAX_EMAX, Emin=MIN_EMIN),
    Context(prec=2 * MAX_DIGITS, rounding=ROUND_HALF_UP, Emax=MAX_EMAX, Emin=MIN_EMIN),
)
"""Rounds to the decimal digits of 20 base-100 digits, whose first can have one or two of them."""

INT128 = np.dtype([("low", "<u8"), ("high", "<i8")])
IEEE_DOUBLE = np.dtype([("length", "u1"), ("bits", ">u8")])
IEEE_FLOAT = np.dtype([("length", "u1"), ("bits", ">u4")])


def encode_number(value: Decimal | int) -> bytes:
    """Encode one NUMBER without its length, rounded to 20 base-100 digits.

    Raises:
        OraError: ORA-01426 if the value is too large, infinite or NaN.
    """
    number = Decimal(value)
    if not number.is_finite():
        raise OraError(1426, "numeric overflow")
    if not number:
        return bytes((ZERO_BYTE,))
    number = _ROUNDED[number.adjusted() % 2].plus(number)
    sign, digits, exponent = number.as_tuple()
    scale = cast(int, exponent)
    if scale % 2:
        digits, scale = (*digits, 0), scale - 1
    if len(digits) % 2:
        digits = (0, *digits)
    pairs = [10 * tens + ones for tens, ones in zip(digits[::2], digits[1::2], strict=True)]
    while pairs[-1] == 0:
        pairs.pop()
        scale += 2
    first_exponent = scale // 2 + len(pairs) - 1
    if first_exponent < MIN_EXPONENT:
        return bytes((ZERO_BYTE,))
    if first_exponent > MAX_EXPONENT:
        raise OraError(1426, "numeric overflow")
    if not sign:
        return bytes((0xC1 + first_exponent, *[pair + 1 for pair in pairs]))
    end = () if len(pairs) == MAX_DIGITS else (NEGATIVE_END,)
    return bytes((0x3E - first_exponent, *[101 - pair for pair in pairs], *end))


def number_part(array: pa.Array) -> pa.Array:
    """Encode integers, decimals, doubles, booleans or the bytes of NUMBERs (DuckDB's BIT)."""
    if pa.types.is_binary(array.type):
        return _bytes_part(array)
    if pa.types.is_decimal(array.type):
        return _decimal_part(array)
    if pa.types.is_floating(array.type):
        return _float_part(array)
    if pa.types.is_uint64(array.type) and (pc.max(array).as_py() or 0) >= 2**63:
        return _distinct_part(array)
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    return _scaled_part(_integers(array.cast(pa.int64())), 0, valid_mask(array))


def _bytes_part(array: pa.Array) -> pa.Array:
    """Encode the bytes of NUMBERs; the length replaces DuckDB's leading byte."""
    if not len(array):
        return of_fields([])
    _, bounds, data = array.buffers()
    offsets = np.frombuffer(bounds, np.int32)[array.offset : array.offset + len(array) + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    fields = np.frombuffer(data, np.uint8)[first:last].copy()
    starts = offsets - first
    lengths = np.diff(starts)
    present = lengths > 0
    fields[starts[:-1][present]] = lengths[present] - 1
    return binary(fields, starts, valid_mask(array))


def binary_double_part(array: pa.Array) -> pa.Array:
    """Encode BINARY_DOUBLE: IEEE 754, big-endian, changed so that bytes sort like values."""
    bits = slots(array.cast(pa.float64()), 1, UINT64)
    sign = np.uint64(1 << 63)
    records = np.empty(len(array), dtype=IEEE_DOUBLE)
    records["length"] = 8
    records["bits"] = np.where(bits & sign, ~bits, bits | sign)
    return fixed_binary(records, valid_mask(array))


def binary_float_part(array: pa.Array) -> pa.Array:
    """Encode BINARY_FLOAT: like `binary_double_part`, in four bytes."""
    bits = slots(array.cast(pa.float32()), 1, UINT32)
    sign = np.uint32(1 << 31)
    records = np.empty(len(array), dtype=IEEE_FLOAT)
    records["length"] = 4
    records["bits"] = np.where(bits & sign, ~bits, bits | sign)
    return fixed_binary(records, valid_mask(array))


def _integers(array: pa.Array) -> Int64s:
    """The values of an int64 array; 0 for NULL."""
    values = slots(array, 1, INT64)
    valid = valid_mask(array)
    return values if valid is None else np.where(valid, values, 0)


def _decimal_part(array: pa.Array) -> pa.Array:
    if array.type.byte_width != 16:
        return _distinct_part(array)
    values = slots(array, 1, INT128)
    valid = valid_mask(array)
    low = values["low"].view(np.int64)
    fits = (low >> 63) == values["high"]
    if not np.all(fits if valid is None else fits | ~valid):
        return _wide_decimal_part(array)
    low = low if valid is None else np.where(valid, low, 0)
    if array.type.scale % 2 and max(abs(int(low.min())), abs(int(low.max()))) >= 2**63 // 10:
        return _distinct_part(array)
    return _scaled_part(low, array.type.scale, valid)


def _wide_decimal_part(array: pa.Array) -> pa.Array:
    """Encode decimals beyond 64 bits, with fewer decimal places if the last are all zero."""
    for scale in WIDE_SCALES:
        if scale < array.type.scale:
            try:
                return _decimal_part(array.cast(pa.decimal128(38, scale)))
            except pa.ArrowInvalid:
                continue
    return _distinct_part(array)


def _float_part(array: pa.Array) -> pa.Array:
    array = array.cast(pa.float64())
    values = slots(array, 1, FLOAT64)
    valid = valid_mask(array)
    values = values if valid is None else np.where(valid, values, 0.0)
    if not np.all(np.isfinite(values)):
        raise OraError(1426, "numeric overflow")
    for scale in FLOAT_SCALES:
        if np.any(np.abs(values) > MAX_EXACT // 10**scale):
            break
        scaled = np.rint(values * 10.0**scale)
        # The quotient of two exact doubles is correctly rounded, so equality means that the
        # double prints as this decimal.
        if np.array_equal(scaled / 10.0**scale, values):
            return _scaled_part(scaled.astype(np.int64), scale, valid)
    return _distinct_part(array)


def _distinct_part(array: pa.Array) -> pa.Array:
    """Encode each distinct value once."""
    encoded = array.dictionary_encode()
    fields = []
    for value in encoded.dictionary.to_pylist():
        number = encode_number(Decimal(repr(value)) if isinstance(value, float) else value)
        fields.append(bytes((len(number),)) + number)
    return of_fields(fields).take(encoded.indices)


def _scaled_part(values: Int64s, scale: int, valid: Mask | None) -> pa.Array:
    """Encode `values` / 10**`scale`; NULL slots contain 0."""
    if len(values) < MIN_LOOKUPS or values.min() < TABLE_FIRST or values.max() >= TABLE_END:
        return _cut_part(values, scale, valid)
    indexes = values - TABLE_FIRST
    if valid is not None:
        indexes[~valid] = TABLE_END - TABLE_FIRST
    return _table(scale).take(
        pa.Array.from_buffers(pa.int64(), len(indexes), [None, pa.py_buffer(indexes)])
    )


@lru_cache(maxsize=8)
def _table(scale: int) -> pa.Array:
    """The fields of the integers from `TABLE_FIRST` / 10**`scale` on, and the field of NULL."""
    values = np.append(np.arange(TABLE_FIRST, TABLE_END), 0)
    return _cut_part(values, scale, np.arange(len(values)) < len(values) - 1)


def _cut_part(values: Int64s, scale: int, valid: Mask | None) -> pa.Array:
    """Like `_scaled_part`, but splits every value into its digits, two decimal places each."""
    if scale % 2:
        return digits_part(values * 10, scale + 1, valid)
    return digits_part(values, scale, valid)
