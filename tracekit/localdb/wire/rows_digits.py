"""Encode integers as NUMBER fields by splitting whole columns into base-100 digits.

A field is a length byte, an exponent byte and the digits (see `rows_number`). Values with few
digits are assembled in one 64-bit integer each, whose lowest byte is sent first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.localdb.wire.rows_layout import Bytes, Mask, binary, masked_binary

Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]
Unsigned = npt.NDArray[np.uint32] | npt.NDArray[np.uint64]

ZERO_BYTE = 0x80
"""The exponent byte of zero, which has no digits."""
FIRST_EXPONENT = 0xC1
"""The exponent byte of 1; negative numbers have its complement."""
NEGATIVE_END = 0x66
PACKED_DIGITS = 6
"""The number of digits that fit in an integer together with length and exponent."""
PACKED_END = 100**PACKED_DIGITS
NEGATIVE_PACKED_END = 100 ** (PACKED_DIGITS - 1)
"""One digit less for negative numbers, which have an end byte."""
GROUP_END = 10_000

_GROUP = np.arange(GROUP_END)
_PAIRS = (_GROUP // 100 | _GROUP % 100 << 8).astype(np.uint64)
"""The two base-100 digits of each number below 10,000."""
_LEADING = np.where(_GROUP >= 100, 0, np.where(_GROUP > 0, 1, 2)).astype(np.uint8)
"""The number of leading zeros among these two digits."""
_TRAILING = np.where(_GROUP % 100 > 0, 0, np.where(_GROUP > 0, 1, 2)).astype(np.uint8)
"""The number of trailing zeros."""
_EIGHT_BYTES = 8
_KEPT = (np.arange(_EIGHT_BYTES) < np.arange(_EIGHT_BYTES + 1)[:, np.newaxis]).view(np.uint64)[:, 0]
"""By the size of a field: eight booleans that select its bytes."""


def _repeated(byte: int, count: int) -> int:
    return sum(byte << 8 * place for place in range(count))


_PLUS = np.array([_repeated(1, count) for count in range(PACKED_DIGITS + 1)], np.uint64)
"""By the number of digits: added to digits, it makes wire digits."""
_MINUS = np.array(
    [_repeated(101, n) | NEGATIVE_END << 8 * n for n in range(PACKED_DIGITS)], np.uint64
)
"""The same for negative numbers, whose digits are subtracted from it."""


def digits_part(values: Int64s, scale: int, valid: Mask | None) -> pa.Array:
    """Encode `values` / 10**`scale` (even); NULL slots contain 0."""
    negative = values < 0
    has_negative = bool(negative.any())
    magnitudes = np.abs(values).view(np.uint64) if has_negative else values.view(np.uint64)
    largest = int(magnitudes.max(initial=0))
    if largest < (NEGATIVE_PACKED_END if has_negative else PACKED_END):
        return _packed_part(magnitudes, largest, negative if has_negative else None, scale, valid)
    return _long_part(magnitudes, largest, negative, scale, valid)


def _packed_part(
    magnitudes: UInt64s, largest: int, negative: Mask | None, scale: int, valid: Mask | None
) -> pa.Array:
    """The fields of numbers that fit in one integer."""
    groups = _groups(magnitudes, largest)
    leading, trailing = _zeros(groups)
    digit_count = np.uint8(2 * len(groups)) - leading
    exponent = digit_count + np.uint8(FIRST_EXPONENT - 1 - scale // 2)
    zero = magnitudes == 0
    trailing[zero] = 0
    digit_count -= trailing
    digits = _PAIRS[groups[0]]
    for place, group in enumerate(groups[1:], 1):
        digits |= _PAIRS[group] << np.uint64(16 * place)
    digits >>= leading.astype(np.uint64) << np.uint64(3)
    length = digit_count + np.uint8(1)
    if negative is None:
        digits += _PLUS[digit_count]
    else:
        digits = np.where(negative, _MINUS[digit_count] - digits, digits + _PLUS[digit_count])
        exponent = np.where(negative, ~exponent, exponent)
        length += negative
    exponent[zero] = ZERO_BYTE
    if valid is not None:
        length *= valid
    return _cut(length, exponent, digits)


def _cut(length: Bytes, exponent: Bytes, digits: UInt64s) -> pa.Array:
    """The fields with these length bytes; a NULL has length 0 and nothing after it."""
    packed = digits << np.uint64(16)
    records = packed.view(np.uint8).reshape(-1, _EIGHT_BYTES)
    records[:, 0], records[:, 1] = length, exponent
    size = length + np.uint8(1)
    offsets = np.zeros(len(size) + 1, dtype=np.int32)
    np.cumsum(size, out=offsets[1:])
    return binary(np.compress(_KEPT[size].view(np.bool_), records), offsets)


def _groups(magnitudes: UInt64s, largest: int) -> list[Unsigned]:
    """Groups of four decimal digits, the most significant first; at least one group."""
    rest: Unsigned = magnitudes.astype(np.uint32) if largest < 2**32 else magnitudes
    groups = []
    while largest >= GROUP_END:
        quotients = rest // GROUP_END
        groups.append(rest - quotients * GROUP_END)
        rest = quotients
        largest //= GROUP_END
    return [rest, *reversed(groups)]


def _zeros(groups: list[Unsigned]) -> tuple[Bytes, Bytes]:
    """Leading and trailing base-100 zeros; for zero, both count all digits."""
    leading, trailing = _LEADING[groups[-1]], _TRAILING[groups[0]]
    for group in groups[-2::-1]:
        leading = np.where(group == 0, leading + np.uint8(2), _LEADING[group])
    for group in groups[1:]:
        trailing = np.where(group == 0, trailing + np.uint8(2), _TRAILING[group])
    return leading, trailing


def _long_part(
    magnitudes: UInt64s, largest: int, negative: Mask, scale: int, valid: Mask | None
) -> pa.Array:
    """The fields of numbers of any size, built in a matrix with a column per digit."""
    digits = _base_100_digits(magnitudes, largest)
    nonzero = digits != 0
    begun = np.logical_or.accumulate(nonzero, axis=0)
    kept = begun & np.logical_or.accumulate(nonzero[::-1], axis=0)[::-1]
    exponent = begun.sum(axis=0, dtype=np.uint8) + np.uint8(FIRST_EXPONENT - 1 - scale // 2)
    digit_count = kept.sum(axis=0, dtype=np.uint8)

    matrix = np.empty((len(magnitudes), len(digits) + 3), dtype=np.uint8)
    matrix[:, 0] = digit_count + 1 + negative
    matrix[:, 1] = np.where(digit_count == 0, ZERO_BYTE, np.where(negative, ~exponent, exponent))
    matrix[:, 2:-1] = digits.T + np.uint8(1)
    matrix[negative, 2:-1] = 101 - digits.T[negative]
    matrix[:, -1] = NEGATIVE_END
    keep = np.ones(matrix.shape, dtype=np.bool_)
    keep[:, 2:-1] = kept.T
    keep[:, -1] = negative
    if valid is not None:
        matrix[~valid, 0] = 0
        keep[:, 1] = valid
    return masked_binary(matrix, keep)


def _base_100_digits(magnitudes: UInt64s, largest: int) -> Bytes:
    """The digits of each value, the most significant first; the largest value sets their number."""
    rest: Unsigned = magnitudes.astype(np.uint32) if largest < 2**32 else magnitudes
    count = (len(str(largest)) + 1) // 2
    digits = np.empty((count, len(magnitudes)), dtype=np.uint8)
    for position in range(count - 1, -1, -1):
        quotients = rest // 100
        digits[position] = rest - quotients * 100
        rest = quotients
    return digits
