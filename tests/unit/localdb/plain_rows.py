"""A straightforward encoder, value by value, written from the fact sheet alone.

It shares no code with the one under test.
"""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tracekit.localdb.wire.column import ColumnDescription, OracleType


def plain_row(values: list[Any], columns: list[ColumnDescription]) -> bytes:
    fields = (plain_field(v, c) for v, c in zip(values, columns, strict=True))
    return b"\x07" + b"".join(fields)


def plain_field(value: Any, column: ColumnDescription) -> bytes:
    if column.type in (OracleType.LONG, OracleType.LONG_RAW):
        tail = b"\x81\x01\x02\x05\x7d" if value is None else b"\0\0"
        return _bytes(_data(value, column)) + tail
    if column.buffer_bytes == 0:
        return b""
    return _bytes(_data(value, column))


def _data(value: Any, column: ColumnDescription) -> bytes:
    if value is None:
        return b""
    match column.type:
        case OracleType.VARCHAR2 | OracleType.LONG:
            return str(value).encode("utf-16-be" if column.charset_form == 2 else "utf-8")
        case OracleType.CHAR:
            return str(value).encode("utf-8")
        case OracleType.RAW | OracleType.LONG_RAW:
            return bytes(value)
        case OracleType.NUMBER:
            return plain_number(
                Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
            )
        case OracleType.BINARY_DOUBLE:
            return _ieee(struct.pack(">d", value))
        case OracleType.BINARY_FLOAT:
            return _ieee(struct.pack(">f", value))
        case OracleType.DATE:
            return _date(value)
        case OracleType.TIMESTAMP:
            return _timestamp(value)
        case OracleType.TIMESTAMP_TZ:
            return _timestamp(value.astimezone(UTC)) + bytes((20, 60))
        case OracleType.INTERVAL_DS:
            return _interval(value)
    raise AssertionError(column.type)


def plain_number(value: Decimal) -> bytes:
    if value == 0:
        return b"\x80"
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    # 10**400 keeps everything an integer; 400 is even, so pairs stay aligned with the point.
    magnitude = int("".join(map(str, digits))) * 10 ** (exponent + 400)
    pairs = []
    while magnitude:
        magnitude, pair = divmod(magnitude, 100)
        pairs.append(pair)
    pairs.reverse()
    first = len(pairs) - 201
    while pairs[-1] == 0:
        pairs.pop()
    if not sign:
        return bytes([193 + first]) + bytes(pair + 1 for pair in pairs)
    end = b"\x66" if len(pairs) < 20 else b""
    return bytes([62 - first]) + bytes(101 - pair for pair in pairs) + end


def _bytes(data: bytes) -> bytes:
    if len(data) <= 252:
        return bytes([len(data)]) + data
    out = b"\xfe"
    while data:
        chunk, data = data[:32767], data[32767:]
        size = len(chunk).to_bytes(2, "big").lstrip(b"\0")
        out += bytes([len(size)]) + size + chunk
    return out + b"\0"


def _ieee(data: bytes) -> bytes:
    if data[0] & 0x80:
        return bytes(byte ^ 0xFF for byte in data)
    return bytes([data[0] | 0x80]) + data[1:]


def _date(value: date) -> bytes:
    clock = (value.hour, value.minute, value.second) if isinstance(value, datetime) else (0, 0, 0)
    return bytes(
        [
            value.year // 100 + 100,
            value.year % 100 + 100,
            value.month,
            value.day,
            *(part + 1 for part in clock),
        ]
    )


def _timestamp(value: datetime) -> bytes:
    return _date(value) + (value.microsecond * 1000).to_bytes(4, "big")


def _interval(value: timedelta) -> bytes:
    sign = -1 if value < timedelta(0) else 1
    whole = abs(value)
    seconds = whole.seconds
    fields = struct.pack(">I", sign * whole.days + 2**31)
    fields += bytes(
        60 + sign * part for part in (seconds // 3600, seconds // 60 % 60, seconds % 60)
    )
    return fields + struct.pack(">I", sign * whole.microseconds * 1000 + 2**31)
