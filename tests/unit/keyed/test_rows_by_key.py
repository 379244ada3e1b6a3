"""Rows that are put together by key as columns stand as they would have been put one by one."""

from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.keyed.column_database import placeholders
from tracekit.errors import FetchError
from tracekit.keyed import KeyedFetcher, Query
from tracekit.keyed.grouping import Grouping
from tracekit.oracle.arrow import ArrowShape
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


def test_a_query_without_keys_is_one_group():
    rows = [("x", place) for place in range(3)]
    schema = pa.schema({"ID": pa.large_string(), "N": pa.int64()})
    found = KeyedFetcher(ArrowDatabase(schema, rows), Query("SELECT * FROM T")).records()
    assert found == {None: [{"ID": "x", "N": place} for place in range(3)]}


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
