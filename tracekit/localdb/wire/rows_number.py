"""NUMBER, BINARY_DOUBLE and BINARY_FLOAT as wire fields.

A NUMBER is an exponent byte and up to 20 base-100 digits, negative ones complemented and, below
20 digits, ended by 0x66 (`oracle_net` section 1). Integers and decimals that fit 64 bits are cut
into digits as columns; the rest goes value by value over the distinct ones.
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
"""Base-100 digits of a NUMBER: 39 or 40 decimal ones."""
MAX_EXPONENT = 62
"""Of base 100: NUMBER ends below 10 to the 126."""
MIN_EXPONENT = -65
MAX_EXACT = 10**15
"""Every decimal of 15 digits survives the way to a double and back."""
FLOAT_SCALES = (0, 2, 4, 6)
WIDE_SCALES = (0, 2, 6)
TABLE_FIRST, TABLE_END = -1_000, 100_000
"""Integers whose fields are made once and looked up, twelve times faster than by digits."""
MIN_LOOKUPS = 256
"""Fewer values do not pay for making the table (10 ms)."""

_ROUNDED = (
    Context(prec=2 * MAX_DIGITS - 1, rounding=ROUND_HALF_UP, Emax=MAX_EMAX, Emin=MIN_EMIN),
    Context(prec=2 * MAX_DIGITS, rounding=ROUND_HALF_UP, Emax=MAX_EMAX, Emin=MIN_EMIN),
)
"""To the decimal digits of 20 base-100 ones, by whether the first of those has one or two."""

INT128 = np.dtype([("low", "<u8"), ("high", "<i8")])
IEEE_DOUBLE = np.dtype([("length", "u1"), ("bits", ">u8")])
IEEE_FLOAT = np.dtype([("length", "u1"), ("bits", ">u4")])


def encode_number(value: Decimal | int) -> bytes:
    """The bytes of one NUMBER, without a length; rounded to 20 base-100 digits.

    Raises:
        OraError: ORA-01426, no NUMBER is as large, or infinite, or not a number.
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
    """NUMBER fields of integers, decimals, doubles, booleans or bytes of NUMBERs (DuckDB's BIT)."""
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
    """Fields of what are a NUMBER's bytes already, after one byte that gives way to the length."""
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
    """BINARY_DOUBLE fields: IEEE, big-endian, in a form that sorts as bytes."""
    bits = slots(array.cast(pa.float64()), 1, UINT64)
    sign = np.uint64(1 << 63)
    records = np.empty(len(array), dtype=IEEE_DOUBLE)
    records["length"] = 8
    records["bits"] = np.where(bits & sign, ~bits, bits | sign)
    return fixed_binary(records, valid_mask(array))


def binary_float_part(array: pa.Array) -> pa.Array:
    """BINARY_FLOAT fields, as `binary_double_part` in four bytes."""
    bits = slots(array.cast(pa.float32()), 1, UINT32)
    sign = np.uint32(1 << 31)
    records = np.empty(len(array), dtype=IEEE_FLOAT)
    records["length"] = 4
    records["bits"] = np.where(bits & sign, ~bits, bits | sign)
    return fixed_binary(records, valid_mask(array))


def _integers(array: pa.Array) -> Int64s:
    """The values of an int64 array, 0 for NULL."""
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
    """Decimals beyond 64 bits, tried with fewer places: most hold only zeros in the last ones."""
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
        # The quotient of two exact doubles is rounded correctly, so equality means that the
        # decimal is what the double prints as.
        if np.array_equal(scaled / 10.0**scale, values):
            return _scaled_part(scaled.astype(np.int64), scale, valid)
    return _distinct_part(array)


def _distinct_part(array: pa.Array) -> pa.Array:
    """NUMBER fields, value by value over the distinct ones."""
    encoded = array.dictionary_encode()
    fields = []
    for value in encoded.dictionary.to_pylist():
        number = encode_number(Decimal(repr(value)) if isinstance(value, float) else value)
        fields.append(bytes((len(number),)) + number)
    return of_fields(fields).take(encoded.indices)


def _scaled_part(values: Int64s, scale: int, valid: Mask | None) -> pa.Array:
    """NUMBER fields of `values` / 10**`scale`; NULL slots hold 0."""
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
    """Fields of the integers from `TABLE_FIRST` / 10**`scale` on, and last that of NULL."""
    values = np.append(np.arange(TABLE_FIRST, TABLE_END), 0)
    return _cut_part(values, scale, np.arange(len(values)) < len(values) - 1)


def _cut_part(values: Int64s, scale: int, valid: Mask | None) -> pa.Array:
    """As `_scaled_part`, cutting every value into its digits, two decimal places each."""
    if scale % 2:
        return digits_part(values * 10, scale + 1, valid)
    return digits_part(values, scale, valid)
