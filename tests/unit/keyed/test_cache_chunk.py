"""What the event cache keeps comes back as it was, to the type."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.keyed import RecordsByKey
from tracekit.keyed.cache_chunk import (
    DamagedChunk,
    Makers,
    NotCacheable,
    pack,
    pieces_of,
    unpack,
)

COLUMNS = {
    "TEXT": st.text(),
    "COUNT": st.integers() | st.booleans(),
    "MIXED": st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(),
    "WHEN": st.datetimes().map(lambda found: found.replace(fold=0)),
    "DAY": st.dates(),
    "EXACT": st.decimals(allow_nan=False, allow_infinity=False),
    "RAW": st.binary(),
}
RECORDS = st.tuples(*(st.none() | found for found in COLUMNS.values())).map(
    lambda values: dict(zip(COLUMNS, values, strict=True))
)
EVENTS = st.dictionaries(st.text(min_size=1), st.lists(RECORDS, max_size=4), max_size=4)


def shape(events: RecordsByKey) -> list[Any]:
    return [
        (cid, [[(name, type(value), repr(value)) for name, value in one.items()] for one in found])
        for cid, found in events.items()
    ]


@given(EVENTS, st.integers(1, 7))
def test_events_come_back_exactly_whatever_the_size_of_pieces(
    events: RecordsByKey, size: int
) -> None:
    back: RecordsByKey = {}
    makers: Makers = {}
    for piece in pieces_of(events, size):
        assert sum(len(part) for _, part in piece) <= size
        checksum, stored = pack(piece)
        unpack(stored, checksum, back, makers)
    assert shape(back) == shape(events)


@pytest.mark.parametrize(
    "values",
    [
        (datetime(2025, 1, 1), "2025-01-01T00:00:00"),
        (datetime(2025, 1, 1), date(2025, 1, 1)),
        (Decimal(1), 1),
        (b"a", "YQ=="),
        (datetime(2025, 1, 1, tzinfo=UTC), None),
        (datetime(2025, 1, 1, fold=1), None),
        (float("nan"), 1.0),
        (float("inf"), None),
        (object(), None),
    ],
)
def test_what_would_come_back_changed_is_refused(values: tuple[object, object]) -> None:
    with pytest.raises(NotCacheable, match=r"^column X holds|not JSON"):
        pack([("C", [{"X": value} for value in values])])


def test_plain_values_of_all_types_may_stand_in_one_column() -> None:
    found = {"C": [{"X": value} for value in (None, "a", 1, 1.5, True)]}
    back: RecordsByKey = {}
    [piece] = pieces_of(found, 10)
    checksum, stored = pack(piece)
    unpack(stored, checksum, back, {})
    assert shape(back) == shape(found)
    with pytest.raises(NotCacheable, match=r"^column X holds bytes, int$"):
        pack([("C", [{"X": 1}, {"X": b"a"}])])


def test_records_of_different_columns_are_refused() -> None:
    with pytest.raises(NotCacheable, match="different columns"):
        pack([("C", [{"X": 1}, {"Y": 1}])])


@given(st.integers(0, 200), st.integers(0, 7))
def test_a_changed_byte_is_noticed(place: int, bit: int) -> None:
    checksum, stored = pack([("C", [{"X": 1}])])
    damaged = bytearray(stored)
    damaged[place % len(damaged)] ^= 1 << bit
    with pytest.raises(DamagedChunk, match="damaged"):
        unpack(bytes(damaged), checksum, {}, {})
    with pytest.raises(DamagedChunk, match="missing"):
        unpack(None, checksum, {}, {})
