from __future__ import annotations

import math
import struct
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.localdb.plain_rows import plain_number
from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.rows_number import encode_number
from tracekit.localdb.wire.values import (
    decode_binary_double,
    decode_binary_float,
    decode_datetime,
    decode_interval,
    decode_number,
)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("80", 0),
        ("c102", 1),
        ("c202", 100),
        ("c00b", Decimal("0.1")),
        ("c10233", Decimal("1.5")),
        ("3e6466", -1),
        ("3e593366", Decimal("-12.5")),
        ("c002", Decimal("0.01")),
        ("c30a0101", 90_000),
    ],
)
def test_known_numbers(data: str, value: Decimal | int) -> None:
    found = decode_number(bytes.fromhex(data))
    assert found == value
    assert type(found) is type(value)


@given(st.integers(-(10**38), 10**38))
def test_integers_come_back_as_int(value: int) -> None:
    found = decode_number(plain_number(Decimal(value)))
    assert found == value
    assert type(found) is int
    assert decode_number(encode_number(value)) == value


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(
        lambda d: not d or (-120 < d.adjusted() < 120 and len(d.as_tuple().digits) <= 38)
    )
)
def test_decimals_come_back_exactly(value: Decimal) -> None:
    found = decode_number(encode_number(value))
    assert found == value


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\xff\x65", b"\x00", b"\xc1\x00", b"\xc1\xff"])
def test_text_that_is_not_a_number(data: bytes) -> None:
    with pytest.raises(RemoteWireError):
        decode_number(data)


@given(st.binary(max_size=25))
def test_any_bytes_are_a_number_or_refused(data: bytes) -> None:
    try:
        found = decode_number(data)
    except RemoteWireError:
        return
    assert isinstance(found, int | Decimal)


def _date(moment: datetime) -> bytes:
    year = divmod(moment.year, 100)
    return bytes(
        [
            year[0] + 100,
            year[1] + 100,
            moment.month,
            moment.day,
            moment.hour + 1,
            moment.minute + 1,
            moment.second + 1,
        ]
    )


@given(st.datetimes())
def test_dates_and_timestamps(moment: datetime) -> None:
    assert decode_datetime(_date(moment)) == moment.replace(microsecond=0)
    nanoseconds = (moment.microsecond * 1000 + 999).to_bytes(4, "big")
    assert decode_datetime(_date(moment) + nanoseconds) == moment


def test_a_zoned_timestamp_is_the_same_instant_in_its_own_zone() -> None:
    data = _date(datetime(2026, 1, 2, 3, 4, 5)) + bytes(4) + bytes([28, 90])
    found = decode_datetime(data)
    zone = timezone(timedelta(hours=8, minutes=30))
    assert found == datetime(2026, 1, 2, 11, 34, 5, tzinfo=zone)
    assert found.utcoffset() == timedelta(hours=8, minutes=30)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 7,
        bytes([120, 126, 2, 30, 1, 1, 1]),
        bytes([120, 126, 1, 1, 1, 1, 1]) + b"\xff" * 4,
        _date(datetime(2026, 1, 1)) + bytes(4) + bytes([156, 60]),
    ],
)
def test_text_that_is_not_a_moment(data: bytes) -> None:
    with pytest.raises(RemoteWireError):
        decode_datetime(data)


@given(st.timedeltas(timedelta(days=-900_000_000), timedelta(days=900_000_000)))
def test_intervals(value: timedelta) -> None:
    sign = -1 if value < timedelta(0) else 1
    magnitude = abs(value)
    minutes, seconds = divmod(magnitude.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    data = (
        (sign * magnitude.days + 2**31).to_bytes(4, "big")
        + bytes([sign * hours + 60, sign * minutes + 60, sign * seconds + 60])
        + (sign * magnitude.microseconds * 1000 + 2**31).to_bytes(4, "big")
    )
    assert decode_interval(data) == value


def test_text_that_is_not_an_interval() -> None:
    with pytest.raises(RemoteWireError):
        decode_interval(b"\x80" * 10)
    with pytest.raises(RemoteWireError):
        decode_interval(b"\xff" * 11)


@given(st.floats())
def test_doubles(value: float) -> None:
    bits = int.from_bytes(struct.pack(">d", value), "big")
    encoded = bits ^ (2**64 - 1) if bits >> 63 else bits | 1 << 63
    found = decode_binary_double(encoded.to_bytes(8, "big"))
    assert found == value or (math.isnan(found) and math.isnan(value))


def test_floats_of_four_bytes() -> None:
    assert decode_binary_float(bytes.fromhex("bfc00000")) == 1.5
    assert decode_binary_float(bytes.fromhex("403fffff")) == -1.5
    with pytest.raises(RemoteWireError):
        decode_binary_float(bytes(8))
