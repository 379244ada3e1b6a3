"""Rows that are put together by key as columns stand as they would have been put one by one."""

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.keyed.column_database import placeholders
from tracekit.errors import ConfigError, FetchError
from tracekit.keyed import KeyedFetcher, Query, column_reader, parquet, readers
from tracekit.keyed.grouping import Grouping
from tracekit.keyed.key_codes import sorted_places
from tracekit.keyed.keyed_file import open_parquet
from tracekit.oracle.arrow import ArrowShape
from tracekit.oracle.readers import Readers
from tracekit.oracle.retry import Retry

TYPES = {
    "text": (pa.large_string(), st.sampled_from(["a", "b", "機台", "a "])),
    "number": (pa.int64(), st.integers(-2, 2)),
    "long number": (pa.decimal128(38, 0), st.sampled_from([1, 10**30])),
    "float": (pa.float64(), st.sampled_from([0.0, -0.0, 1.5])),
    "moment": (pa.timestamp("us"), st.sampled_from([datetime(2026, 1, 1), datetime(1, 1, 1)])),
}


class ArrowDatabase:
    """Gives the same rows, in Arrow batches, for whatever it is asked."""

    fetchmany_size = 5_000
    retry = Retry(0, 1, 1)

    def __init__(self, schema, rows):
        self.shape = ArrowShape(schema, (), same_as_rows=True)
        self.rows = rows

    def read_by(self, readers):
        assert isinstance(readers, Readers)
        return self

    def describe_arrow(self, sql):
        return self.shape

    def read_sql_arrow_iter(self, sql, params, *, batch_size, shape):
        assert placeholders(sql) == list(params)
        assert shape.schema == self.shape.schema
        columns = list(zip(*self.rows, strict=True)) or [()] * len(shape.schema)
        arrays = [
            pa.array(column, field.type)
            for column, field in zip(columns, shape.schema, strict=True)
        ]
        whole = pa.RecordBatch.from_arrays(arrays, schema=shape.schema)
        for start in range(0, max(1, len(whole)), batch_size):
            yield whole.slice(start, batch_size)


def shown(records):
    return [(repr(key), repr(rows)) for key, rows in records.items()]


@pytest.mark.parametrize("kind", TYPES)
@given(data=st.data())
def test_records_stand_under_their_keys_as_if_put_there_one_by_one(kind, data):
    type_, values = TYPES[kind]
    keys = data.draw(st.lists(st.tuples(values, st.sampled_from([1, 2])), max_size=40))
    schema = pa.schema({"A": type_, "B": pa.int64(), "N": pa.int64()})
    rows = [(*key, place) for place, key in enumerate(keys)]
    for columns in ("A", ["A", "B"]):
        query = Query("SELECT * FROM T", key=columns)
        expected = {}
        Grouping(query).add(expected, [dict(zip(schema.names, row, strict=True)) for row in rows])
        size = data.draw(st.integers(1, 50))
        fetcher = KeyedFetcher(ArrowDatabase(schema, rows), query, batch_size=size, max_workers=1)
        asked = [1] if columns == "A" else [(1, 1)]
        assert shown(fetcher.records(asked)) == shown(expected)
        pieces = list(fetcher.stream(asked))
        assert sum(len(found) for piece in pieces for found in piece.values()) == len(rows)


def test_a_key_goes_on_in_the_next_part_of_a_large_batch():
    rows = [(f"id {place % 700}", place) for place in range(20_000)]
    schema = pa.schema({"ID": pa.large_string(), "N": pa.int64()})
    fetcher = KeyedFetcher(ArrowDatabase(schema, rows), Query("SELECT * FROM T", key="ID"))
    found = fetcher.records(["any"])
    assert list(found) == [f"id {place}" for place in range(700)]
    assert all(
        [record["N"] for record in records] == list(range(place, 20_000, 700))
        for place, records in enumerate(found.values())
    )


def test_a_query_without_keys_is_one_group(tmp_path, monkeypatch):
    rows = [("x", place) for place in range(3)]
    schema = pa.schema({"ID": pa.large_string(), "N": pa.int64()})
    fetcher = KeyedFetcher(ArrowDatabase(schema, rows), Query("SELECT * FROM T"))
    expected = {None: [{"ID": "x", "N": place} for place in range(3)]}
    assert fetcher.records() == expected
    for whole_keys in (False, True):
        assert list(fetcher.stream(whole_keys=whole_keys)) == [expected]
    done = fetcher.to_parquet(None, tmp_path / "x.parquet")
    with open_parquet(done.path) as file:
        for found in (fetcher.table(), file):
            assert found == found.to_records() == expected
            assert (list(found.pieces()), list(found), len(found)) == ([expected], [None], 1)
            assert (None in found, "x" in found) == (True, False)
    assert (done.rows, done.keys) == (3, 1)
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 1)
    monkeypatch.setattr(column_reader, "_GATHERED_BYTES", 1)
    done = KeyedFetcher(ArrowDatabase(schema, rows), Query("SELECT * FROM T"), batch_size=1)
    with open_parquet(done.to_parquet(None, tmp_path / "x.parquet").path) as file:
        assert file[None] == file.to_records()[None] == expected[None]


@pytest.mark.parametrize("rows", [100, 2**16, 2**16 + 1])
def test_places_are_sorted_by_code_and_in_order_within_one(rows):
    codes = np.concatenate([np.arange(rows), [rows - 1, 0, rows - 1]])
    assert sorted_places(np.arange(rows)) is None
    assert sorted_places(np.array([0, 0, 1, 1])) is None
    found = sorted_places(codes)
    assert found.tolist() == sorted(range(len(codes)), key=codes.tolist().__getitem__)


@pytest.mark.parametrize(
    ("batch_size", "most_bytes", "sizes"),
    [(4, 10**9, [12, 8]), (7, 10**9, [7, 7, 6]), (13, 10**9, [13, 7]), (4, 100, [8, 8, 4])],
)
def test_a_whole_result_becomes_records_in_parts_of_bounded_size(
    monkeypatch, batch_size, most_bytes, sizes
):
    monkeypatch.setattr(readers, "_GATHERED_ROWS", 12)
    monkeypatch.setattr(readers, "_GATHERED_BYTES", most_bytes)
    schema = pa.schema({"ID": pa.int64(), "N": pa.int64()})
    database = ArrowDatabase(schema, [(place % 3, place) for place in range(20)])
    query = Query("SELECT * FROM T", key="ID")
    reader = readers.record_reader("lean", query, database, batch_size, stream=False)
    sql, binds = query.statement([1])
    parts = list(reader.read(database, sql, binds, may_restart=True))
    assert [len(part.records) for part in parts] == sizes
    assert [sum(part.counts) for part in parts] == sizes
    parts = list(reader.read(database, sql, binds, may_restart=False))
    assert {len(part.records) for part in parts[:-1]} == {batch_size}


@pytest.mark.parametrize("rows", [[], [("x", 1)]])
def test_a_result_without_the_key_column_is_refused(rows):
    schema = pa.schema({"OTHER": pa.large_string(), "N": pa.int64()})
    fetcher = KeyedFetcher(ArrowDatabase(schema, rows), Query("SELECT * FROM T", key="ID"))
    said = "'query' has no column ID to group by; its columns are OTHER, N"
    with pytest.raises(ConfigError, match=said):
        fetcher.table(["x"])
    if rows:
        with pytest.raises(ConfigError, match=said):
            fetcher.records(["x"])


def test_a_row_without_key_is_an_error_also_among_many():
    rows = [("x", 1)] * 3_000 + [(None, 2)]
    schema = pa.schema({"ID": pa.large_string(), "N": pa.int64()})
    fetcher = KeyedFetcher(ArrowDatabase(schema, rows), Query("SELECT * FROM T", key="ID"))
    with pytest.raises(FetchError, match="NULL in its key"):
        fetcher.records(["x"])


def test_keys_in_records_are_the_texts_that_were_asked_for():
    asked = ["".join(["id ", str(place)]) for place in range(3)]
    rows = [(f"id {place % 4}", f"id {place % 4}") for place in range(1_000)]
    schema = pa.schema({"ID": pa.large_string(), "OTHER": pa.large_string()})
    found = KeyedFetcher(ArrowDatabase(schema, rows), Query("SELECT * FROM T", key="ID")).records(
        asked
    )
    for key in asked:
        assert all(record["ID"] is key for record in found[key])
        assert all(record["OTHER"] == key for record in found[key])
    assert {record["ID"] for record in found["id 3"]} == {"id 3"}
