"""Decode single values that clients bind.

A NUMBER is an exponent byte and base-100 digits; negative ones are complemented and end with 0x66
if they have fewer than 20 digits. A DATE is seven bytes with offsets (`impl/base/decoders.pyx` in
python-oracledb).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from tracekit.errors import RemoteWireError

_ZERO = b"\x80"
_NEGATIVE_END = 0x66
_MOST_DIGITS = 20
_POSITIVE_EXPONENT = 0xC1
_NEGATIVE_EXPONENT = 0x3E
_INTERVAL_OFFSET = 1 << 31
_DOUBLE_SIGN = 1 << 63
_FLOAT_SIGN = 1 << 31


def decode_number(data: bytes) -> int | Decimal:
    """Decode a NUMBER: int if integral, otherwise Decimal without trailing zeros.

    Raises:
        RemoteWireError: `data` is not a NUMBER (infinities included).
    """
    if data == _ZERO:
        return 0
    if len(data) < 2:
        raise RemoteWireError(f"{len(data)} bytes are not a NUMBER")
    positive = data[0] >= 0x80
    if positive:
        exponent = data[0] - _POSITIVE_EXPONENT
        digits = [byte - 1 for byte in data[1:]]
    else:
        exponent = _NEGATIVE_EXPONENT - data[0]
        body = data[1:-1] if data[-1] == _NEGATIVE_END else data[1:]
        digits = [101 - byte for byte in body]
    if not digits or min(digits) < 0 or max(digits) > 99 or len(digits) > _MOST_DIGITS:
        raise RemoteWireError("the digits are not a NUMBER")
    mantissa = 0
    for digit in digits:
        mantissa = mantissa * 100 + digit
    return _scaled(mantissa if positive else -mantissa, 2 * (exponent + 1 - len(digits)))


def _scaled(mantissa: int, power: int) -> int | Decimal:
    while power < 0 and mantissa % 10 == 0 and mantissa:
        mantissa //= 10
        power += 1
    if power >= 0 or not mantissa:
        return int(mantissa * 10**power) if mantissa else 0
    sign = 1 if mantissa < 0 else 0
    return Decimal((sign, tuple(map(int, str(abs(mantissa)))), power))


def decode_datetime(data: bytes) -> datetime:
    """Decode DATE (7 bytes), TIMESTAMP (11) or TIMESTAMP WITH TIME ZONE (13; aware).

    Nanoseconds are truncated to microseconds.

    Raises:
        RemoteWireError: there is no such moment, or it has a region id instead of an offset.
    """
    if len(data) not in (7, 11, 13):
        raise RemoteWireError(f"{len(data)} bytes are not a date or timestamp")
    year = (data[0] - 100) * 100 + data[1] - 100
    nanoseconds = int.from_bytes(data[7:11], "big")
    try:
        moment = datetime(
            year, data[2], data[3], data[4] - 1, data[5] - 1, data[6] - 1, nanoseconds // 1000
        )
        if len(data) < 13:
            return moment
        if data[11] & 0x80:
            raise RemoteWireError("a time zone region; expected an offset")
        zone = timezone(timedelta(hours=data[11] - 20, minutes=data[12] - 60))
        return moment.replace(tzinfo=UTC).astimezone(zone)
    except (ValueError, OverflowError) as exc:
        raise RemoteWireError("the bytes are not a valid date or timestamp") from exc


def decode_interval(data: bytes) -> timedelta:
    """Decode INTERVAL DAY TO SECOND (11 bytes); nanoseconds are truncated to microseconds.

    Raises:
        RemoteWireError: there are not 11 bytes, or the interval exceeds timedelta.
    """
    if len(data) != 11:
        raise RemoteWireError(f"{len(data)} bytes are not an INTERVAL DAY TO SECOND")
    days = int.from_bytes(data[:4], "big") - _INTERVAL_OFFSET
    nanoseconds = int.from_bytes(data[7:], "big") - _INTERVAL_OFFSET
    try:
        return timedelta(
            days=days,
            hours=data[4] - 60,
            minutes=data[5] - 60,
            seconds=data[6] - 60,
            microseconds=int(nanoseconds / 1000),
        )
    except OverflowError as exc:
        raise RemoteWireError("the interval is longer than a timedelta") from exc


@dataclass(frozen=True)
class YearMonthInterval:
    """INTERVAL YEAR TO MONTH as a bind value; Python has no such type."""

    months: int


def decode_year_month(data: bytes) -> YearMonthInterval:
    """Decode INTERVAL YEAR TO MONTH (5 bytes).

    Raises:
        RemoteWireError: there are not 5 bytes.
    """
    if len(data) != 5:
        raise RemoteWireError(f"{len(data)} bytes are not an INTERVAL YEAR TO MONTH")
    years = int.from_bytes(data[:4], "big") - _INTERVAL_OFFSET
    return YearMonthInterval(years * 12 + data[4] - 60)


def decode_binary_double(data: bytes) -> float:
    """Decode BINARY_DOUBLE: IEEE 754 big-endian; flips the sign bit if it is set, else all bits.

    Raises:
        RemoteWireError: there are not eight bytes.
    """
    return _decode_ieee(data, 8, ">d", _DOUBLE_SIGN)


def decode_binary_float(data: bytes) -> float:
    """Decode BINARY_FLOAT: like BINARY_DOUBLE, in four bytes.

    Raises:
        RemoteWireError: there are not four bytes.
    """
    return _decode_ieee(data, 4, ">f", _FLOAT_SIGN)


def _decode_ieee(data: bytes, size: int, form: str, sign: int) -> float:
    if len(data) != size:
        raise RemoteWireError(f"{len(data)} bytes; expected a float of {size}")
    bits = int.from_bytes(data, "big")
    bits = bits & ~sign if bits & sign else bits ^ (2 * sign - 1)
    value: float = struct.unpack(form, bits.to_bytes(size, "big"))[0]
    return value
