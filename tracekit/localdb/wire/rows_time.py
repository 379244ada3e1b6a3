"""Encode DATE, TIMESTAMP (with or without time zone) and INTERVAL as wire fields.

A DATE is seven bytes: century + 100, year of the century + 100, month, day, hour + 1, minute + 1,
second + 1. A TIMESTAMP adds nanoseconds, and with a time zone its offset (`oracle_net` section 1).
A length and a DATE fill eight bytes, so they are computed as one integer: the day from one table OR
the second of the day from another.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.rows_layout import INT16, INT32, INT64, fixed_binary, slots, valid_mask

Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]

SECONDS_PER_DAY = 86_400
NANOSECONDS_PER_SECOND = 1_000_000_000
NANOSECONDS_PER_DAY = SECONDS_PER_DAY * NANOSECONDS_PER_SECOND
TICKS_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": NANOSECONDS_PER_SECOND}
FIRST_DAY = -719_162
"""0001-01-01 in days since 1970-01-01."""
LAST_DAY = 2_932_896
"""9999-12-31 in days since 1970-01-01."""
BLOCK_DAYS = 4_096
"""Days are looked up in tables of whole blocks, which neighbouring batches can share."""
MAX_TABLE_DAYS = 64 * BLOCK_DAYS

_DAYS_PER_MONTH = 30

TIMESTAMP = np.dtype([("length_and_date", "<u8"), ("nanoseconds", ">u4")])
ZONED = np.dtype(
    [("length_and_date", "<u8"), ("nanoseconds", ">u4"), ("zone_hour", "u1"), ("zone_minute", "u1")]
)
INTERVAL_DS = np.dtype(
    [
        ("length", "u1"),
        ("days", ">u4"),
        ("hours", "u1"),
        ("minutes", "u1"),
        ("seconds", "u1"),
        ("nanoseconds", ">u4"),
    ]
)
MONTH_DAY_NANO = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanoseconds", "<i8")])


def date_part(array: pa.Array) -> pa.Array:
    """Encode DATEs; a fraction of a second is dropped."""
    length_and_date, _ = _split(array, 7)
    return fixed_binary(length_and_date, valid_mask(array))


def timestamp_part(array: pa.Array) -> pa.Array:
    """Encode TIMESTAMPs, always as eleven bytes."""
    records = np.empty(len(array), dtype=TIMESTAMP)
    records["length_and_date"], records["nanoseconds"] = _split(array, 11)
    return fixed_binary(records, valid_mask(array))


def local_part(array: pa.Array, minutes: int) -> pa.Array:
    """Encode instants as TIMESTAMP WITH LOCAL TIME ZONE, `minutes` east of UTC."""
    records = np.empty(len(array), dtype=TIMESTAMP)
    records["length_and_date"], records["nanoseconds"] = _split(array, 11, minutes * 60)
    return fixed_binary(records, valid_mask(array))


def zoned_part(array: pa.Array) -> pa.Array:
    """Encode TIMESTAMP WITH TIME ZONE.

    Args:
        array: Timestamps with the offset +00:00, or structs of an interval and nanoseconds. The
            interval's total is the time since 1970 in UTC, with thirty days per month; its
            months are the offset in minutes.
    """
    valid = valid_mask(array)
    records = np.empty(len(array), dtype=ZONED)
    if pa.types.is_struct(array.type):
        instants, beyond = (array.field(index) for index in range(2))
        values = slots(instants, 1, MONTH_DAY_NANO)
        if valid is not None:
            values = np.where(valid, values, np.zeros(1, dtype=MONTH_DAY_NANO))
        minutes = values["months"].astype(np.int64)
        days = values["days"] + _DAYS_PER_MONTH * minutes
        seconds, fraction = _divided(values["nanoseconds"], NANOSECONDS_PER_SECOND)
        records["length_and_date"] = _packed(days, seconds, 13)
        records["nanoseconds"] = fraction + slots(beyond, 1, INT16)
    else:
        minutes = np.zeros(len(array), dtype=np.int64)
        records["length_and_date"], records["nanoseconds"] = _split(array, 13)
    hours = np.sign(minutes) * (np.abs(minutes) // 60)
    records["zone_hour"], records["zone_minute"] = hours + 20, minutes - 60 * hours + 60
    return fixed_binary(records, valid)


def interval_part(array: pa.Array) -> pa.Array:
    """Encode month_day_nano intervals as INTERVAL DAY TO SECOND.

    Raises:
        OraError: ORA-03001 if an interval has months, which have no fixed number of days.
    """
    days, nanoseconds = _days_and_nanoseconds(array)
    sign = np.where(nanoseconds < 0, -1, 1)
    seconds, fraction = _divided(np.abs(nanoseconds), NANOSECONDS_PER_SECOND)
    records = np.empty(len(array), dtype=INTERVAL_DS)
    records["length"] = 11
    records["days"] = days + 2**31
    records["hours"] = sign * (seconds // 3600) + 60
    records["minutes"] = sign * (seconds % 3600 // 60) + 60
    records["seconds"] = sign * (seconds % 60) + 60
    records["nanoseconds"] = sign * fraction + 2**31
    return fixed_binary(records, valid_mask(array))


def _days_and_nanoseconds(array: pa.Array) -> tuple[Int64s, Int64s]:
    """Days and nanoseconds with the same sign; the nanoseconds are less than a day."""
    values = slots(array, 1, MONTH_DAY_NANO)
    valid = valid_mask(array)
    if valid is not None:
        values = np.where(valid, values, np.zeros(1, dtype=MONTH_DAY_NANO))
    if np.any(values["months"]):
        raise OraError(3001, "unimplemented feature: an interval of months")
    extra, nanoseconds = _divided(values["nanoseconds"], NANOSECONDS_PER_DAY)
    days = values["days"] + extra
    borrow = (days < 0) & (nanoseconds > 0)
    return days + borrow, nanoseconds - borrow * NANOSECONDS_PER_DAY


def _split(array: pa.Array, length: int, later: int = 0) -> tuple[UInt64s, Int64s]:
    """Length and DATE, `later` seconds later, as a little-endian integer; and nanoseconds."""
    valid = valid_mask(array)
    if pa.types.is_date32(array.type):
        days = slots(array, 1, INT32).astype(np.int64)
        seconds = fraction = np.zeros(len(days), dtype=np.int64)
    else:
        ticks_per_second = TICKS_PER_SECOND[array.type.unit]
        ticks = slots(array, 1, INT64)
        total_seconds, fraction = _divided(ticks, ticks_per_second)
        days, seconds = _divided(total_seconds + later if later else total_seconds, SECONDS_PER_DAY)
        fraction = fraction * (NANOSECONDS_PER_SECOND // ticks_per_second)
    if valid is not None:
        days = np.where(valid, days, 0)
    return _packed(days, seconds, length), fraction


def _packed(days: Int64s, seconds: Int64s, length: int) -> UInt64s:
    packed = _packed_days(days)
    packed |= _second_table()[seconds]
    packed |= np.uint64(length)
    return packed


def _divided(values: Int64s, divisor: int) -> tuple[Int64s, Int64s]:
    """Quotients rounded down, and remainders; several times faster than numpy's divmod."""
    if divisor == 1:
        return values, np.zeros(len(values), dtype=np.int64)
    quotients = values // divisor
    return quotients, values - quotients * divisor


def _packed_days(days: Int64s) -> UInt64s:
    if len(days) == 0:
        return np.empty(0, dtype=np.uint64)
    first, last = int(days.min()), int(days.max())
    if first < FIRST_DAY:
        raise OraError(3001, "unimplemented feature: sending a date BC")
    if last > LAST_DAY:
        raise OraError(1841, "(full) year must be between -4713 and +9999, and not be 0")
    first_block, end_block = first // BLOCK_DAYS, last // BLOCK_DAYS + 1
    if (end_block - first_block) * BLOCK_DAYS > MAX_TABLE_DAYS:
        return _pack_days(days)
    table = _day_table(first_block, end_block)
    return table[days - first_block * BLOCK_DAYS]


@lru_cache(maxsize=8)
def _day_table(first_block: int, end_block: int) -> UInt64s:
    return _pack_days(np.arange(first_block * BLOCK_DAYS, end_block * BLOCK_DAYS))


def _pack_days(days: Int64s) -> UInt64s:
    """Century, year, month and day in bytes 1 to 4 of an integer."""
    dates = days.astype("datetime64[D]")
    months_since_1970 = dates.astype("datetime64[M]").astype(np.int64)
    year, month = months_since_1970 // 12 + 1970, months_since_1970 % 12 + 1
    day = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    packed: Int64s = (year // 100 + 100) << 8 | (year % 100 + 100) << 16 | month << 24 | day << 32
    return packed.astype(np.uint64)


@lru_cache(maxsize=1)
def _second_table() -> UInt64s:
    """Hour, minute and second of each second of the day, in bytes 5 to 7 of an integer."""
    second = np.arange(SECONDS_PER_DAY)
    packed = (second // 3600 + 1) << 40 | (second % 3600 // 60 + 1) << 48
    return (packed | (second % 60 + 1) << 56).astype(np.uint64)
