"""What takes a shorter way through the encoder: values of one size, and numbers of few digits."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.localdb.plain_rows import plain_row
from tracekit.localdb.wire.column import ColumnDescription, OracleType
from tracekit.localdb.wire.rows import encode_rows

TEXT = ColumnDescription("T", OracleType.VARCHAR2, buffer_bytes=32767, charset_form=1)
NUMBER = ColumnDescription("I", OracleType.NUMBER, buffer_bytes=22)
DATE = ColumnDescription("D", OracleType.DATE, buffer_bytes=7)
START = datetime(2026, 1, 1)


def check(table: dict[str, list[Any]], kinds: list[pa.DataType], described: list[Any]) -> None:
    """Whole, and as a slice whose buffers begin before its first row."""
    expected = [plain_row(list(row), described) for row in zip(*table.values(), strict=True)]
    names = list(table)
    whole = [pa.array(values, kind) for values, kind in zip(table.values(), kinds, strict=True)]
    led = [pa.concat_arrays([array[:1], array]).slice(1) for array in whole]
    for arrays in (whole, led):
        found = []
        for piece in encode_rows(pa.RecordBatch.from_arrays(arrays, names=names), described):
            found += [bytes(piece.data[a:b]) for a, b in pairwise(piece.offsets.tolist())]
        assert found == expected


@pytest.mark.parametrize("size", [1, 16, 63, 64, 65, 252, 253])
@pytest.mark.parametrize("nulls", [0, 3])
def test_texts_of_one_size_among_others(size: int, nulls: int) -> None:
    rows = 40
    ids = [f"{number:0{size}}"[-size:] for number in range(rows)]
    dates = [None if nulls and i % nulls == 0 else START + timedelta(i) for i in range(rows)]
    names = ["名" * (number % 4) or None for number in range(rows)]
    table = {"A": ids, "B": ids, "C": dates, "D": ids, "E": names, "F": ids}
    text, moment = pa.string(), pa.timestamp("s")
    check(table, [text, text, moment, text, text, text], [TEXT, TEXT, DATE, TEXT, TEXT, TEXT])


def test_rows_of_one_size_need_no_join() -> None:
    table = {"A": ["ab", "cd"], "B": [START, START + timedelta(seconds=1)]}
    check(table, [pa.string(), pa.timestamp("s")], [TEXT, DATE])


def test_a_column_of_nothing_but_nulls() -> None:
    nothing = {"A": [None, None], "B": ["x", "y"], "C": [None, None]}
    check(nothing, [pa.string()] * 3, [TEXT] * 3)


@settings(deadline=None)
@given(st.integers(1, 14), st.integers(0, 12), st.booleans(), st.data())
def test_numbers_of_at_most_so_many_digits(
    digits: int, scale: int, signed: bool, data: st.DataObject
) -> None:
    top = 10**digits - 1
    values = data.draw(
        st.lists(st.none() | st.integers(-top if signed else 0, top), min_size=1, max_size=30)
    )
    edges = [0, 1, top, 10 ** (digits - 1), None, *([-1, -top] if signed else [])]
    numbers = [v if v is None else Decimal(f"{v}E-{scale}") for v in values + edges]
    check({"A": numbers}, [pa.decimal128(30, scale)], [NUMBER])


@pytest.mark.parametrize("scale", range(6))
def test_small_decimals_come_from_a_table(scale: int) -> None:
    values = [None if i % 7 == 0 else Decimal(f"{i * 3 - 900}E-{scale}") for i in range(600)]
    check({"A": values}, [pa.decimal128(12, scale)], [NUMBER])
