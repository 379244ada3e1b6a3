from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.localdb.plain_rows import plain_field, plain_number, plain_row
from tracekit.errors import LocalWireError
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire import rows
from tracekit.localdb.wire.column import ColumnDescription, OracleType
from tracekit.localdb.wire.rows import encode_rows
from tracekit.localdb.wire.rows_number import encode_number

TEXT = ColumnDescription("T", OracleType.VARCHAR2, buffer_bytes=32767, charset_form=1)
NATIONAL = ColumnDescription("N", OracleType.VARCHAR2, buffer_bytes=32767, charset_form=2)
CHAR = ColumnDescription("C", OracleType.CHAR, buffer_bytes=60, max_chars=20, charset_form=1)
LONG = ColumnDescription("L", OracleType.LONG, charset_form=1)
NATIONAL_LONG = ColumnDescription("L", OracleType.LONG, charset_form=2)
LONG_RAW = ColumnDescription("L", OracleType.LONG_RAW)
RAW = ColumnDescription("R", OracleType.RAW, buffer_bytes=32767)
NUMBER = ColumnDescription("I", OracleType.NUMBER, buffer_bytes=22)
DOUBLE = ColumnDescription("D", OracleType.BINARY_DOUBLE, buffer_bytes=8)
FLOAT = ColumnDescription("F", OracleType.BINARY_FLOAT, buffer_bytes=4)
DATE = ColumnDescription("D", OracleType.DATE, buffer_bytes=7)
TIMESTAMP = ColumnDescription("S", OracleType.TIMESTAMP, buffer_bytes=11)
ZONED = ColumnDescription("Z", OracleType.TIMESTAMP_TZ, buffer_bytes=13)
INTERVAL = ColumnDescription("V", OracleType.INTERVAL_DS, buffer_bytes=11)


def encoded(arrays: list[pa.Array], columns: list[ColumnDescription]) -> list[bytes]:
    batch = pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])
    found = []
    for piece in encode_rows(batch, columns):
        assert piece.offsets.dtype == np.int64
        ends = piece.offsets.tolist()
        assert piece.row_count == len(ends) - 1
        found += [bytes(piece.data[a:b]) for a, b in pairwise(ends)]
    return found


def check(values: list[Any], kind: pa.DataType, column: ColumnDescription) -> None:
    expected = [b"\x07" + plain_field(value, column) for value in values]
    whole = pa.array(values, kind)
    assert encoded([whole], [column]) == expected
    # A slice has an offset into its buffers, and bits of its bitmap, that differ from zero.
    led = pa.array([None, *values, None], kind)
    assert encoded([led.slice(1, len(values))], [column]) == expected


def columns_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.none() | values, min_size=1, max_size=20)


characters = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
short_text = st.text(characters, min_size=1, max_size=40)
long_text = st.builds(
    lambda piece, size: (piece * size)[:size], short_text, st.integers(240, 40_000)
)
texts = short_text | st.sampled_from(["晶圓批次-龍", "a" * 252, "a" * 253, "𝄞𠀋"]) | long_text
instants = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59))


@settings(max_examples=60, deadline=None)
@given(columns_of(texts))
def test_text(values: list[Any]) -> None:
    check(values, pa.string(), TEXT)
    check(values, pa.string(), NATIONAL)
    check(values, pa.string(), LONG)
    check(values, pa.string(), NATIONAL_LONG)


@settings(deadline=None)
@given(columns_of(st.binary(min_size=1, max_size=600)))
def test_raw(values: list[Any]) -> None:
    check(values, pa.binary(), RAW)
    check(values, pa.binary(), LONG_RAW)


@settings(deadline=None)
@given(columns_of(st.text(characters, min_size=1, max_size=20)))
def test_char_is_sent_as_it_is_stored(values: list[Any]) -> None:
    check(values, pa.string(), CHAR)


@pytest.mark.parametrize("size", [1, 252, 253, 255, 256, 4_000, 32_766, 32_767, 32_768, 70_000])
@pytest.mark.parametrize("neighbour", [None, "x"])
def test_text_of_every_length_form(size: int, neighbour: str | None) -> None:
    check([neighbour, "字" * (size // 3) + "y" * (size % 3), neighbour], pa.string(), TEXT)


def test_empty_text_is_null() -> None:
    assert encoded([pa.array(["", None, "a"])], [TEXT]) == [b"\x07\0", b"\x07\0", b"\x07\x01a"]


def test_null_slots_may_cover_bytes() -> None:
    buffers = [
        pa.py_buffer(b"\x05"),
        pa.py_buffer(np.array([0, 1, 3, 4], np.int32)),
        pa.py_buffer(b"abbc"),
    ]
    array = pa.Array.from_buffers(pa.string(), 3, buffers)
    assert array.to_pylist() == ["a", None, "c"]
    assert encoded([array], [TEXT]) == [b"\x07\x01a", b"\x07\0", b"\x07\x01c"]


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        (pa.int64(), NUMBER),
        (pa.timestamp("us"), DATE),
        (pa.timestamp("s"), TIMESTAMP),
        (pa.date32(), DATE),
        (pa.float64(), NUMBER),
        (pa.decimal128(38, 2), NUMBER),
        (pa.month_day_nano_interval(), INTERVAL),
    ],
)
def test_null_slots_may_hold_anything(kind: pa.DataType, column: ColumnDescription) -> None:
    buffers = [pa.py_buffer(b"\0"), pa.py_buffer(b"\xff\x7f" * 64)]
    assert encoded([pa.Array.from_buffers(kind, 4, buffers)], [column]) == [b"\x07\0"] * 4


@settings(deadline=None)
@given(columns_of(st.integers(-(2**63), 2**63 - 1) | st.integers(-1000, 100_000)))
def test_integers(values: list[Any]) -> None:
    check(values, pa.int64(), NUMBER)


@settings(deadline=None)
@given(columns_of(st.integers(0, 9_999) | st.sampled_from([0, 1, 10, 99, 100, 9_900, 10_000])))
def test_small_integers(values: list[Any]) -> None:
    check(values, pa.int64(), NUMBER)


@settings(max_examples=10, deadline=None)
@given(st.integers(-2_000, 100_500), st.sampled_from([None, 0, 7]), st.integers(0, 4))
def test_runs_of_integers(first: int, among: int | None, scale: int) -> None:
    values = [among if i % 10 == 3 else first + i for i in range(600)]
    check(values, pa.int64(), NUMBER)
    scaled = [None if v is None else Decimal(f"{v}E-{scale}") for v in values]
    check(scaled, pa.decimal128(12, scale), NUMBER)


@settings(deadline=None)
@given(columns_of(st.integers(0, 2**64 - 1)))
def test_unsigned_integers(values: list[Any]) -> None:
    check(values, pa.uint64(), NUMBER)


@pytest.mark.parametrize("kind", [pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint32()])
def test_narrow_integers(kind: pa.DataType) -> None:
    signed = pa.types.is_signed_integer(kind)
    top = 2 ** (kind.bit_width - signed) - 1
    check([None, 0, 1, top, -top - 1 if signed else 7], kind, NUMBER)


def test_booleans() -> None:
    check([True, None, False], pa.bool_(), NUMBER)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(1, 38))
def test_decimals(data: st.DataObject, precision: int) -> None:
    scale = data.draw(st.integers(0, precision))
    top = 10**precision - 1
    integers = st.integers(-top, top) | st.integers(-top // 10**20 - 1, top // 10**20 + 1)
    numbers = integers.filter(lambda i: abs(i) <= top).map(lambda i: Decimal(f"{i}E-{scale}"))
    check(data.draw(columns_of(numbers)), pa.decimal128(precision, scale), NUMBER)


@settings(deadline=None)
@given(columns_of(st.decimals(-(10**17), 10**17, places=3, allow_nan=False)))
def test_free_numbers_of_many_places(values: list[Any]) -> None:
    check(values, pa.decimal128(38, 18), NUMBER)


sane_floats = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda value: value == 0 or 1e-120 < abs(value) < 1e120
)
short_decimals = st.integers(-(10**9), 10**9).map(lambda value: value / 100)


@settings(deadline=None)
@given(columns_of(sane_floats) | columns_of(short_decimals) | columns_of(sane_floats.map(round)))
def test_computed_doubles_are_numbers_of_their_shortest_text(values: list[Any]) -> None:
    check([None if v is None else float(v) for v in values], pa.float64(), NUMBER)


@settings(deadline=None)
@given(columns_of(st.floats(allow_nan=False)))
def test_binary_doubles(values: list[Any]) -> None:
    check(values, pa.float64(), DOUBLE)


@settings(deadline=None)
@given(columns_of(st.floats(allow_nan=False, width=32)))
def test_binary_floats(values: list[Any]) -> None:
    check(values, pa.float32(), FLOAT)


@settings(deadline=None)
@given(columns_of(instants))
def test_dates_and_timestamps(values: list[Any]) -> None:
    check(values, pa.timestamp("us"), TIMESTAMP)
    check(values, pa.timestamp("us"), DATE)
    whole_seconds = [value and value.replace(microsecond=0) for value in values]
    check(whole_seconds, pa.timestamp("s"), DATE)
    check([value and value.date() for value in values], pa.date32(), DATE)


@settings(deadline=None)
@given(columns_of(st.datetimes(datetime(1678, 1, 1), datetime(2262, 1, 1))))
def test_nanoseconds(values: list[Any]) -> None:
    check(values, pa.timestamp("ns"), TIMESTAMP)


def test_nanoseconds_survive() -> None:
    array = pa.array(np.array([1_700_000_000_123_456_789], "datetime64[ns]"))
    assert encoded([array], [TIMESTAMP])[0][-4:] == (123_456_789).to_bytes(4, "big")


def test_every_day_of_four_centuries() -> None:
    start = date(1899, 12, 1)
    check([start + timedelta(days) for days in range(146_097)], pa.date32(), DATE)


@settings(deadline=None)
@given(columns_of(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))))
def test_zoned_timestamps(values: list[Any]) -> None:
    check(values, pa.timestamp("us", tz="UTC"), ZONED)


@settings(deadline=None)
@given(columns_of(st.timedeltas(timedelta(-100_000), timedelta(100_000))))
def test_intervals(values: list[Any]) -> None:
    triples = [
        value
        and pa.MonthDayNano(
            [0, value.days, value // timedelta(microseconds=1) % 86_400_000_000 * 1000]
        )
        for value in values
    ]
    array = pa.array(triples, pa.month_day_nano_interval())
    assert encoded([array], [INTERVAL]) == [b"\x07" + plain_field(v, INTERVAL) for v in values]


KINDS: list[tuple[ColumnDescription, pa.DataType, st.SearchStrategy[Any]]] = [
    (TEXT, pa.string(), short_text),
    (TEXT, pa.string(), long_text),
    (NATIONAL, pa.string(), short_text),
    (NUMBER, pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (
        NUMBER,
        pa.decimal128(18, 3),
        st.integers(-(10**18) + 1, 10**18 - 1).map(lambda i: Decimal(f"{i}E-3")),
    ),
    (DATE, pa.timestamp("s"), instants.map(lambda value: value.replace(microsecond=0))),
    (TIMESTAMP, pa.timestamp("us"), instants),
    (DOUBLE, pa.float64(), st.floats(allow_nan=False)),
    (RAW, pa.binary(), st.binary(min_size=1, max_size=30)),
    (ColumnDescription("E", OracleType.VARCHAR2), pa.string(), short_text),
    (TEXT, pa.null(), st.none()),
]


@settings(deadline=None)
@given(st.data(), st.lists(st.sampled_from(KINDS), min_size=1, max_size=6), st.integers(1, 12))
def test_rows_of_mixed_columns(data: st.DataObject, kinds: Any, row_count: int) -> None:
    table = [
        data.draw(st.lists(st.none() | values, min_size=row_count, max_size=row_count))
        for _, _, values in kinds
    ]
    columns = [column for column, _, _ in kinds]
    arrays = [pa.array(values, kind) for values, (_, kind, _) in zip(table, kinds, strict=True)]
    expected = [plain_row(list(row), columns) for row in zip(*table, strict=True)]
    assert encoded(arrays, columns) == expected


def test_large_batches_are_cut_and_stay_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_IMAGE_BYTES", 500)
    values = [f"{number:04}" * (1 + number % 90) for number in range(300)]
    batch = pa.RecordBatch.from_arrays([pa.array(values)], names=["T"])
    pieces = list(encode_rows(batch, [TEXT]))
    assert len(pieces) > 100
    assert max(len(piece.data) for piece in pieces) < 1_000
    assert encoded([pa.array(values)], [TEXT]) == [b"\x07" + plain_field(v, TEXT) for v in values]


def test_no_rows_and_no_columns() -> None:
    assert encoded([pa.array([], pa.string())], [TEXT]) == []
    empty = ColumnDescription("E", OracleType.VARCHAR2)
    assert encoded([pa.array(["a", "b"])], [empty]) == [b"\x07", b"\x07"]


@pytest.mark.parametrize(
    ("array", "column", "number"),
    [
        (pa.array([math.inf]), NUMBER, 1426),
        (pa.array([math.nan]), NUMBER, 1426),
        (pa.array([1e200]), NUMBER, 1426),
        (pa.array([2**60], pa.timestamp("s")), DATE, 1841),
        (pa.array([pa.MonthDayNano([1, 0, 0])]), INTERVAL, 3001),
    ],
)
def test_values_without_a_form(array: pa.Array, column: ColumnDescription, number: int) -> None:
    with pytest.raises(OraError) as caught:
        encoded([array], [column])
    assert caught.value.number == number


@pytest.mark.parametrize("column", [NUMBER, DATE, DOUBLE, RAW, INTERVAL])
def test_a_wrong_description_is_our_fault(column: ColumnDescription) -> None:
    with pytest.raises(LocalWireError, match=column.name):
        encoded([pa.array([[1, 2]])], [column])


def test_number_of_columns_must_agree() -> None:
    with pytest.raises(LocalWireError, match="2 columns are described, 1 given"):
        encoded([pa.array(["a"])], [TEXT, TEXT])


@settings(deadline=None)
@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**38), max_value=10**38, places=2
    )
)
def test_single_numbers(value: Decimal) -> None:
    assert encode_number(value) == plain_number(value)


@pytest.mark.parametrize(
    ("text", "rounded"),
    [
        ("1" * 41, "1" * 39 + "00"),
        ("5" * 41, "5" * 38 + "600"),
        ("9" * 45, "1" + "0" * 45),
        ("0." + "3" * 50, "0." + "3" * 40),
    ],
)
def test_numbers_are_rounded_to_twenty_pairs(text: str, rounded: str) -> None:
    assert encode_number(Decimal(text)) == plain_number(Decimal(rounded))
    assert encode_number(-Decimal(text)) == plain_number(-Decimal(rounded))


def test_numbers_too_small_are_zero() -> None:
    assert encode_number(Decimal("1e-131")) == b"\x80"
    assert len(encode_number(Decimal("1e-130"))) == 2
    assert len(encode_number(Decimal("9e125"))) == 2
