"""Any table, read in any way, is the same mapping: each row once, in order, of the same types."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterable
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.keyed.column_database import ColumnDatabase
from tracekit.keyed import KeyedFetcher, Query, column_reader, keyed_table, parquet, readers
from tracekit.keyed.keyed_columns import KeyedColumns
from tracekit.keyed.keyed_file import open_parquet

MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(
    lambda found: found.replace(fold=0)
)
EDGES = [
    sign * (2**bits) + more for bits in (7, 15, 31, 62) for sign in (1, -1) for more in (-1, 0)
]
WHOLE = st.one_of(st.integers(-3, 3), st.sampled_from([*EDGES, 2**63 - 1, -(2**63)]))
LONG = st.integers(-(10**38) + 1, 10**38 - 1)
FRACTIONS = st.sampled_from([0.5, -2.25, 1e-9, 2.0**51 + 0.5])
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "TEXT": (pa.large_string(), st.sampled_from(["", "a", "b", "機台", "x" * 300])),
    "WHOLE": (pa.int64(), WHOLE),
    "LONG": (pa.decimal128(38, 0), st.one_of(WHOLE, LONG)),
    "FLOAT": (pa.float64(), st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, 1e300])),
    "NUMBER": (pa.float64(), st.one_of(WHOLE, FRACTIONS)),
    "SECOND": (pa.timestamp("s"), MOMENTS.map(lambda found: found.replace(microsecond=0))),
    "MICRO": (pa.timestamp("us"), MOMENTS),
}
ROWS_ONLY: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "NUMBER": (
        pa.float64(),
        st.one_of(WHOLE, LONG, FRACTIONS, st.sampled_from([10**39, 2**53 + 1, 1.0, -3.0, 1e300])),
    ),
    "NANO": (pa.timestamp("ns"), MOMENTS),
    "RAW": (pa.large_binary(), st.binary(max_size=3)),
    "FLAG": (pa.bool_(), st.booleans()),
}
ASKED = [f"key {place}" for place in range(5)]


@st.composite
def tables(draw: st.DrawFn, rows_only: bool) -> dict[str, Any]:
    kinds = KINDS | ROWS_ONLY if rows_only else KINDS
    cells = {name: st.none() | values for name, (_, values) in kinds.items()}
    keys = {"ID": st.sampled_from(["a", "b", "機"]), "PART": st.sampled_from([1, 2, 300])}
    row = st.tuples(*(keys | cells).values())
    found = [draw(st.lists(row, max_size=5)) for _ in ASKED]
    numbered = iter(range(1_000))
    return {
        "types": {"ID": pa.large_string(), "PART": pa.int64()}
        | {name: type_ for name, (type_, _) in kinds.items()}
        | {"N": pa.large_string()},
        "rows": {
            asked: [(*cells, f"{next(numbered):04}") for cells in rows]
            for asked, rows in zip(ASKED, found, strict=True)
        },
        "key": draw(st.sampled_from([("ID",), ("PART",), ("ID", "PART"), ("PART", "ID")])),
        "batch_size": draw(st.sampled_from([1, 3, 50])),
        "at_once": draw(st.sampled_from([1, 4, 10_000])),
    }


def by_hand(table: dict[str, Any], columns: tuple[str, ...]) -> dict[Any, list[dict[str, Any]]]:
    names = list(table["types"])
    found: dict[Any, list[dict[str, Any]]] = {}
    for row in (row for asked in ASKED for row in table["rows"][asked]):
        record = {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in zip(names, row, strict=True)
        }
        parts = tuple(record[name] for name in columns)
        found.setdefault(parts if len(parts) > 1 else parts[0], []).append(record)
    return found


def shown(found: Iterable[tuple[Any, Any]]) -> list[Any]:
    return [
        (
            repr(key),
            [[(name, type(value), repr(value)) for name, value in one.items()] for one in records],
        )
        for key, records in found
    ]


def together(pieces: Iterable[dict[Any, list[Any]]]) -> Any:
    found: dict[Any, list[Any]] = {}
    for piece in pieces:
        assert piece
        assert all(piece.values())
        for key, records in piece.items():
            found.setdefault(key, []).extend(records)
    return found.items()


@pytest.mark.parametrize("rows_only", [False, True])
@settings(max_examples=20)
@given(data=st.data())
def test_every_way_gives_each_row_once_in_order_and_of_the_same_types(
    rows_only: bool, data: st.DataObject
) -> None:
    check_every_way(data.draw(tables(rows_only)), rows_only)


CELLS: dict[str, list[Any]] = {
    "ID": ["a", "b", "a", "機"],
    "PART": [1, 300, 1, 2],
    "TEXT": ["x", None, "機台", "x", ""],
    "WHOLE": [1, None, 2**63 - 1, -3, 1],
    "LONG": [10**37, None, 5, -(10**20)],
    "FLOAT": [0.5, math.nan, None, 2.0, -0.0],
    "SECOND": [datetime(2026, 1, 1), None, datetime(1, 1, 1)],
    "MICRO": [datetime(2026, 1, 1, 0, 0, 0, 123_456), None, datetime(9999, 12, 31)],
    "NANO": [datetime(2026, 1, 1, 0, 0, 0, 123_456), None],
    "RAW": [b"", None, b"\x00\xff"],
    "FLAG": [True, None, False],
}
NUMBERS = {
    "whole": [1, None, 2**62, -3, None],
    "long": [1, None, 10**30],
    "fractions": [1, None, 0.5, 3],
    "fractions at last": [*(None, 1, 2) * 3, *(2.5, 1, 2, 3) * 3],
    "whole and exact": [1, None, 2**53 + 1, -3, 0.5],
    "as floats": [1.0, None, 1, 1e300],
    "none": [None],
}


@pytest.mark.parametrize(
    ("numbers", "key", "at_once"),
    [
        ("whole", ("ID",), 4),
        ("long", ("PART", "ID"), 10_000),
        ("fractions", ("ID",), 10_000),
        ("fractions at last", ("PART",), 4),
        ("whole and exact", ("PART",), 1),
        ("as floats", ("ID", "PART"), 4),
        ("none", ("PART",), 10_000),
    ],
)
@pytest.mark.parametrize("rows_only", [False, True])
def test_every_way_gives_columns_of_every_kind(
    rows_only: bool, numbers: str, key: tuple[str, ...], at_once: int
) -> None:
    kinds = KINDS | ROWS_ONLY if rows_only else KINDS
    types = {"ID": pa.large_string(), "PART": pa.int64()}
    types |= {name: type_ for name, (type_, _) in kinds.items()} | {"N": pa.large_string()}
    cells = CELLS | {"NUMBER": NUMBERS[numbers], "N": [f"{n:04}" for n in range(20)]}
    column = {name: islice(cycle(cells[name]), 20) for name in types}
    rows = list(zip(*column.values(), strict=True))
    table = {
        "types": types,
        "rows": {asked: rows[4 * n : 4 * n + 4] for n, asked in enumerate(ASKED)},
        "key": key,
        "batch_size": 3,
        "at_once": at_once,
    }
    check_every_way(table, rows_only)


def check_every_way(table: dict[str, Any], rows_only: bool) -> None:
    """Read by every method, in pieces of any size, `table` is the mapping that is made by hand."""
    columns = table["key"]
    database: Any = ColumnDatabase(
        table["types"],
        lambda asked: table["rows"].get(asked, []),
        unbounded=["NUMBER"],
        rows_only=rows_only,
    )
    query = Query("SELECT * FROM T WHERE X IN (:keys)", key=columns, keys_per_statement=2)
    keys = ASKED if len(columns) == 1 else [(asked, "-") for asked in ASKED]
    expected = by_hand(table, columns)
    wanted = shown(expected.items())
    fetcher = KeyedFetcher(database, query, batch_size=table["batch_size"])
    plain = KeyedFetcher(database, query, records="plain", batch_size=table["batch_size"])
    with pytest.MonkeyPatch.context() as patch:
        for module, limit in (
            (readers, "_GATHERED_ROWS"),
            (column_reader, "_GATHERED_BYTES"),
            (keyed_table, "_PART_ROWS"),
            (parquet, "ROW_GROUP_BYTES"),
        ):
            patch.setattr(module, limit, table["at_once"])
        assert shown(fetcher.records(keys).items()) == wanted
        assert shown(plain.records(keys).items()) == wanted
        for whole_keys in (False, True):
            for found in (fetcher, plain):
                pieces = found.stream(keys, whole_keys=whole_keys)
                assert shown(together(pieces)) == wanted
        columnar = fetcher.table(keys)
        check_columns(columnar, expected)
        check_columns(pickle.loads(pickle.dumps(columnar)), expected)
        with TemporaryDirectory() as folder:
            done = fetcher.to_parquet(keys, Path(folder) / "x.parquet")
            assert done.rows == sum(map(len, expected.values()))
            with open_parquet(done.path) as file:
                check_columns(file, expected)
    assert database.open_now == 0


def check_columns(found: KeyedColumns, expected: dict[Any, list[dict[str, Any]]]) -> None:
    """Read as a mapping, in pieces, key by key and record by record."""
    wanted = shown(expected.items())
    assert shown(found.to_records().items()) == wanted
    assert shown(together(found.pieces())) == wanted
    assert shown(found.items()) == wanted
    assert (len(found), found.rows) == (len(expected), sum(map(len, expected.values())))
    assert [key in found for key in (*expected, "none", ("a", 7), [])] == [
        *(True for _ in expected),
        *(False,) * 3,
    ]
    for key, records in expected.items():
        assert found[key] == records
        assert shown([(key, [dict(found[key][place]) for place in range(len(records))])]) == shown(
            [(key, records)]
        )
