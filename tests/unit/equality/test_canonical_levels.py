from __future__ import annotations

import array
import datetime
import enum
import marshal
import math
import struct
import uuid
import zoneinfo
from decimal import Decimal
from typing import Any

import numpy as np
import oracledb
import pandas as pd
import pytest

from tracekit.equality import canonical
from tracekit.jsonvalue import encode
from tracekit.records import Level

EXACT, JSON, VALUE, DIFFERENT = Level.EXACT, Level.JSON, Level.VALUE, Level.DIFFERENT
MOMENT = datetime.datetime(2026, 1, 1, 2, 3, 4, 500_000)
UTC = datetime.UTC


class Text(str):
    __slots__ = ()


class Count(enum.IntEnum):
    FIVE = 5


class Moment(datetime.datetime):
    pass


def level_of(left: object, right: object) -> Level:
    one, other = canonical(left), canonical(right)
    if marshal.dumps(one.value, 2) != marshal.dumps(other.value, 2):
        return DIFFERENT
    if one.json_mark != other.json_mark:
        return VALUE
    return EXACT if one.type_mark == other.type_mark else JSON


def nan_with_bits(bits: int) -> float:
    return float(struct.unpack("<d", struct.pack("<Q", bits))[0])


PAIRS: list[tuple[Any, Any, Level]] = [
    # null
    (None, None, EXACT),
    (math.nan, math.nan, EXACT),
    (math.nan, nan_with_bits(0xFFF8_0000_0000_1234), EXACT),
    (None, math.nan, VALUE),
    (None, pd.NaT, VALUE),
    (math.nan, pd.NaT, VALUE),
    (None, pd.NA, JSON),
    (math.nan, np.float64("nan"), JSON),
    (math.nan, np.float32("nan"), JSON),
    (pd.NaT, np.datetime64("NaT", "ns"), VALUE),
    (None, np.datetime64("NaT", "ns"), JSON),
    (None, np.timedelta64("NaT", "ns"), JSON),
    (None, "", DIFFERENT),
    (None, 0, DIFFERENT),
    (None, False, DIFFERENT),
    # numbers
    (1, True, DIFFERENT),
    (1.0, True, DIFFERENT),
    (1, 1.0, VALUE),
    (5352, 5352.0, VALUE),
    (1, Decimal(1), DIFFERENT),
    (1.0, Decimal(1), DIFFERENT),
    (1, np.int64(1), JSON),
    (np.int32(1), np.int64(1), JSON),
    (1.0, np.float64(1.0), JSON),
    (1, np.float64(1.0), VALUE),
    (0.5, np.float32(0.5), JSON),
    (0.1, np.float32(0.1), DIFFERENT),
    (True, np.bool_(True), JSON),
    (5, Count.FIVE, JSON),
    (0.0, -0.0, DIFFERENT),
    (0, 0.0, VALUE),
    (0, -0.0, DIFFERENT),
    (math.inf, math.inf, EXACT),
    (math.inf, -math.inf, DIFFERENT),
    (math.inf, np.float64("inf"), JSON),
    (5e-324, 0.0, DIFFERENT),
    (5e-324, np.float64(5e-324), JSON),
    (1e300, int(1e300), VALUE),
    (2**53, float(2**53), VALUE),
    (2**53 + 1, float(2**53 + 1), DIFFERENT),
    (2**63, np.uint64(2**63), JSON),
    (np.longdouble("1.1"), np.longdouble(1.1), DIFFERENT),
    (datetime.time(1, tzinfo=UTC), datetime.time(1, tzinfo=zoneinfo.ZoneInfo("UTC")), JSON),
    (datetime.time(1), datetime.time(1, tzinfo=zoneinfo.ZoneInfo("Asia/Tokyo")), JSON),
    (10**5000, 10**5000, EXACT),
    (10**5000, 10**5000 + 1, DIFFERENT),
    (Decimal("1.10"), Decimal("1.10"), EXACT),
    (Decimal("1.10"), Decimal("1.1"), VALUE),
    (Decimal("1E+2"), Decimal("100"), VALUE),
    (Decimal("0.00"), Decimal("0"), VALUE),
    (Decimal("1.10"), 1.1, DIFFERENT),
    (Decimal("0.5"), 0.5, DIFFERENT),
    (Decimal("NaN"), math.nan, DIFFERENT),
    (Decimal("1" * 40 + ".5"), Decimal("1" * 40 + ".6"), DIFFERENT),
    # text and bytes
    ("\u00e9", "e\u0301", DIFFERENT),
    ("a", "a ", DIFFERENT),
    ("a", "A", DIFFERENT),
    ("a", b"a", DIFFERENT),
    ("焊接", "焊接", EXACT),
    ("\ud800", "\ud800", EXACT),
    ("a", Text("a"), JSON),
    ("a", np.str_("a"), JSON),
    (b"a", bytearray(b"a"), JSON),
    (b"a", memoryview(b"a"), JSON),
    (b"ac", memoryview(b"abcd")[::2], JSON),
    (b"a", np.bytes_(b"a"), JSON),
    (b"d2026-01-01", datetime.date(2026, 1, 1), DIFFERENT),
    # moments
    (MOMENT, MOMENT.replace(fold=1), EXACT),
    (MOMENT, MOMENT + datetime.timedelta(microseconds=1), DIFFERENT),
    (MOMENT, pd.Timestamp(MOMENT), JSON),
    (MOMENT, Moment(2026, 1, 1, 2, 3, 4, 500_000), JSON),
    (MOMENT, np.datetime64(MOMENT), JSON),
    (MOMENT, np.datetime64(MOMENT, "ns"), VALUE),
    (pd.Timestamp(MOMENT), pd.Timestamp(MOMENT).as_unit("ns"), EXACT),
    (pd.Timestamp(MOMENT), np.datetime64(MOMENT, "ns"), VALUE),
    (MOMENT, pd.Timestamp("2026-01-01T02:03:04.500000001"), DIFFERENT),
    (
        pd.Timestamp("2026-01-01T02:03:04.500000001"),
        np.datetime64("2026-01-01T02:03:04.500000001", "ns"),
        VALUE,
    ),
    (datetime.datetime.min, pd.Timestamp(np.datetime64("0001-01-01", "us")), JSON),
    (datetime.datetime.max, pd.Timestamp(np.datetime64(datetime.datetime.max)), JSON),
    (
        pd.Timestamp(np.datetime64("10000-01-01", "us")),
        pd.Timestamp(np.datetime64("10000-01-01T00:00:00.000001", "us")),
        DIFFERENT,
    ),
    (MOMENT, MOMENT.isoformat(), DIFFERENT),
    (MOMENT, MOMENT.date(), DIFFERENT),
    (datetime.datetime(2026, 1, 1), datetime.date(2026, 1, 1), DIFFERENT),
    (datetime.date(2026, 1, 1), "2026-01-01", DIFFERENT),
    (datetime.date(2026, 1, 1), np.datetime64("2026-01-01", "D"), JSON),
    (np.datetime64("20000-01-01", "us"), np.datetime64("20000-01-01", "ms"), VALUE),
    (np.datetime64("20000-01-01T00:00:00.5"), np.datetime64("20000-01-01T00:00:00.6"), DIFFERENT),
    (np.datetime64("20000-01-01T00:00:00.5"), np.datetime64("20000-01-01"), DIFFERENT),
    (datetime.time(1, 2), datetime.time(1, 2), EXACT),
    # zones
    (MOMENT, MOMENT.replace(tzinfo=UTC), DIFFERENT),
    (MOMENT.replace(tzinfo=UTC), MOMENT.replace(tzinfo=zoneinfo.ZoneInfo("UTC")), JSON),
    (
        MOMENT.replace(tzinfo=UTC),
        MOMENT.replace(tzinfo=UTC).astimezone(datetime.timezone(datetime.timedelta(hours=2))),
        DIFFERENT,
    ),
    (MOMENT.replace(tzinfo=UTC), pd.Timestamp(MOMENT, tz="UTC"), JSON),
    (pd.Timestamp(MOMENT), pd.Timestamp(MOMENT, tz="UTC"), DIFFERENT),
    # durations
    (datetime.timedelta(days=-1, microseconds=1), pd.Timedelta(-86_399_999_999, "us"), JSON),
    (datetime.timedelta(seconds=1), pd.Timedelta(1_000_000_001, "ns"), DIFFERENT),
    (datetime.timedelta(seconds=1), np.timedelta64(1, "s"), JSON),
    (datetime.timedelta(seconds=1), np.timedelta64(10**9, "ns"), VALUE),
    (datetime.timedelta(seconds=1), 1.0, DIFFERENT),
    (datetime.timedelta(microseconds=10**17), pd.Timedelta(np.timedelta64(10**17, "us")), JSON),
    (
        pd.Timedelta(np.timedelta64(10**17, "us")),
        pd.Timedelta(np.timedelta64(10**17 + 1, "us")),
        DIFFERENT,
    ),
    (pd.Timedelta(5, "ns"), np.timedelta64(5, "ns"), VALUE),
    (pd.Timedelta(5, "s").as_unit("ms"), pd.Timedelta(5, "s"), EXACT),
    (np.timedelta64(3, "M"), np.timedelta64(4, "M"), DIFFERENT),
    # nested
    ([1, None], [1, None], EXACT),
    ([1, None], [1.0, None], VALUE),
    ([1], [np.int64(1)], JSON),
    ([1], (1,), DIFFERENT),
    ([1, 2], [[1, 2]], DIFFERENT),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, VALUE),
    ({"a": 1}, {"a": Decimal(1)}, DIFFERENT),
    ({"a": 1}, {"a": np.int64(1)}, JSON),
    ({1: "a"}, {np.int64(1): "a"}, VALUE),
    ({np.int32(1): "a"}, {np.int64(1): "a"}, JSON),
    ({"a": 1, None: 2, 1.5: 3}, {np.str_("a"): 1, None: 2, np.float64(1.5): 3}, JSON),
    ({(1, "a"): 1}, {(np.int64(1), "a"): 1}, JSON),
    ([1, 2], np.array([1, 2]), VALUE),
    (np.array([1, 2]), np.array([1, 2], dtype="int8"), JSON),
    (array.array("d", [1.5]), array.array("f", [1.5]), JSON),
    (oracledb.IntervalYM(1, 2), oracledb.IntervalYM(1, 2), EXACT),
    (oracledb.IntervalYM(1, 2), oracledb.IntervalYM(1, 3), DIFFERENT),
    (uuid.UUID(int=1), uuid.UUID(int=1), EXACT),
    (1j, np.complex128(1j), JSON),
]

IDS = [
    f"{type(left).__name__}-{type(right).__name__}-{place}"
    for place, (left, right, _) in enumerate(PAIRS)
]


@pytest.mark.parametrize(("left", "right", "level"), PAIRS, ids=IDS)
def test_two_values_are_equal_at_the_level_the_docstring_says(left, right, level):
    assert level_of(left, right) is level
    assert level_of(right, left) is level
    assert level_of(left, left) is EXACT


@pytest.mark.parametrize(("left", "right", "level"), PAIRS, ids=IDS)
def test_level_json_means_the_bytes_a_client_receives(left, right, level):
    def written(value: object) -> bytes | None:
        try:
            return encode(value)
        except (TypeError, ValueError):
            return None

    if level.reaches(JSON):
        assert written(left) == written(right)
    elif level is VALUE:
        assert written(left) != written(right)


@pytest.mark.parametrize(("left", "right", "level"), PAIRS, ids=IDS)
def test_kinds_of_one_family_are_the_ones_that_can_hold_equal_values(left, right, level):
    same_family = canonical(left).kind.family == canonical(right).kind.family
    assert same_family or level is DIFFERENT


@pytest.mark.parametrize("power", range(10))
@pytest.mark.parametrize(
    ("moment", "as_pandas"),
    [
        (np.datetime64("2026-01-01T02:03:04.500000000"), pd.Timestamp),
        (np.timedelta64(5, "ns"), pd.Timedelta),
    ],
)
def test_no_digit_of_a_fraction_of_a_second_is_lost(moment, as_pandas, power):
    other = moment + np.timedelta64(10**power, "ns")
    assert level_of(moment, other) is level_of(as_pandas(moment), as_pandas(other)) is DIFFERENT
    assert level_of(other, as_pandas(other)) is VALUE


def test_a_lob_stands_for_its_content():
    lob_type = type("LOB", (), {"__module__": "oracledb.lob", "read": lambda self: "text"})
    assert level_of("text", lob_type()) is VALUE
    assert canonical(lob_type()).kind.name == "LOB"


def test_a_value_that_says_nothing_of_itself_is_refused():
    with pytest.raises(TypeError, match="object cannot be compared"):
        canonical(object())
    with pytest.raises(TypeError, match="cannot be compared"):
        canonical([object()])
