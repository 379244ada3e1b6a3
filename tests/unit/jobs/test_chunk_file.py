"""A chunk in Parquet gives back the very JSON of its records, and proves itself whole."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracekit.errors import ResultIncomplete
from tracekit.jobs.chunk_file import ChunkColumns, unpack_file
from tracekit.jsonvalue import encode
from tracekit.keyed.record import Record

NAME = "history-0.0-0123456789abcdef.parquet"
numbers = st.one_of(
    st.integers(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
columns = st.one_of(
    st.just(st.text(st.characters(codec="utf-8"))),
    st.just(numbers),
    st.just(st.integers(-(2**60), 2**60)),
    st.just(st.datetimes()),
    st.just(st.datetimes(timezones=st.just(UTC))),
    st.just(st.binary()),
    st.just(st.booleans()),
    st.just(st.decimals(allow_nan=False, allow_infinity=False)),
    st.just(st.dates()),
    st.just(st.one_of(st.text(st.characters(codec="utf-8")), numbers)),
    st.just(st.nothing()),
).map(lambda values: st.one_of(st.none(), values))


@st.composite
def chunks(draw: st.DrawFn) -> list[Record]:
    kinds = draw(st.lists(columns, min_size=1, max_size=4))
    row = st.tuples(*kinds)
    rows = draw(st.lists(row, min_size=1, max_size=8))
    names = [f"C{number}" for number in range(len(kinds))]
    return [dict(zip(names, one, strict=True)) for one in rows]


@settings(max_examples=150, deadline=None)
@given(chunks())
def test_the_json_is_the_same_whatever_the_values(records: list[Record]) -> None:
    chunk_columns = ChunkColumns()
    for part in (records[: len(records) // 2], records[:1], records[1:]):
        if part:
            entry, stored = chunk_columns.pack(part, NAME)
            assert unpack_file(stored, entry, "history:0") == encode(part)
    entry, stored = chunk_columns.pack(records, NAME)
    assert unpack_file(stored, entry, "history:0") == encode(records)
    assert (entry.rows, entry.size_bytes, entry.file) == (len(records), len(stored), NAME)


def schema(records: list[Record], chunk_columns: ChunkColumns) -> pa.Schema:
    return pq.read_schema(io.BytesIO(chunk_columns.pack(records, NAME)[1]))


def test_other_readers_find_plain_columns() -> None:
    record = {"ID": "A", "N": 7, "Q": 1.5, "AT": datetime(2025, 1, 2, 3, 4, 5), "NOTE": None}
    found = schema([record, {**record, "Q": 5}], ChunkColumns())
    assert found.field("ID").type == pa.dictionary(pa.int32(), pa.string())
    assert found.field("N").type == pa.int64()
    assert found.field("Q").type == pa.float64()
    assert found.field("AT").type == pa.timestamp("us")


def test_a_column_that_is_empty_for_once_keeps_its_type() -> None:
    chunk_columns = ChunkColumns()
    full = schema([{"AT": datetime(2025, 1, 2), "N": 2**70}], chunk_columns)
    empty = schema([{"AT": None, "N": None}], chunk_columns)
    assert empty == full


@pytest.mark.parametrize(
    "value", [Decimal("1.10"), date(2025, 1, 2), [1, None], 5.0, -0.0, 2**63 - 1, 2**80]
)
def test_what_arrow_would_change_keeps_its_json(value: Any) -> None:
    records = [{"V": value}, {"V": None}]
    entry, stored = ChunkColumns().pack(records, NAME)
    assert unpack_file(stored, entry, "x:0") == encode(records)


def test_a_missing_and_a_damaged_file_are_errors() -> None:
    entry, stored = ChunkColumns().pack([{"V": 1}], NAME)
    with pytest.raises(ResultIncomplete, match="chunk x:3 is missing"):
        unpack_file(None, entry, "x:3")
    for place in (0, len(stored) // 2, len(stored) - 1):
        damaged = bytearray(stored)
        damaged[place] ^= 1
        with pytest.raises(ResultIncomplete, match="chunk x:3 is damaged"):
            unpack_file(bytes(damaged), entry, "x:3")


def test_no_nan_is_kept() -> None:
    with pytest.raises(ValueError, match="JSON"):
        ChunkColumns().pack([{"V": float("nan")}], NAME)
