"""How many rows a fetch reads at once, how often it asks for the types, what it lets go of."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.keyed.column_database import ColumnDatabase
from tracekit.errors import ConfigError
from tracekit.keyed import KeyedFetcher, Query

TYPES = {"ID": pa.large_string(), "N": pa.int64(), "AT": pa.timestamp("s")}
KEYS = [f"key {place}" for place in range(7)]
QUERY = Query("SELECT * FROM T WHERE ID IN (:keys)", key="ID", keys_per_statement=2)
DAY = datetime(2026, 1, 1)


def database(**options: Any) -> ColumnDatabase:
    def rows(key: str) -> list[tuple[object, ...]]:
        return [(key, n, DAY) for n in range(3)]

    return ColumnDatabase(TYPES, rows, **options)


def fetcher(found: ColumnDatabase, **options: Any) -> KeyedFetcher:
    return KeyedFetcher(found, QUERY, **options)  # type: ignore[arg-type]


def read_all(stream: Any) -> None:
    deque(stream, maxlen=0)


WAYS: dict[str, tuple[Callable[[KeyedFetcher, Path], object], set[int | None], set[int | None]]] = {
    "records": (lambda found, _: found.records(KEYS), {2_000}, {None}),
    "stream": (lambda found, _: read_all(found.stream(KEYS)), {5_000}, {5_000}),
    "whole keys": (
        lambda found, _: read_all(found.stream(KEYS, whole_keys=True)),
        {5_000},
        {5_000},
    ),
    "table": (lambda found, _: found.table(KEYS), {5_000}, {5_000}),
    "parquet": (lambda found, path: found.to_parquet(KEYS, path), {5_000}, {5_000}),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rows_only", [False, True])
def test_row_batches_are_as_large_as_asked_for(way: str, rows_only: bool, tmp_path: Path) -> None:
    read, arrow_default, rows_default = WAYS[way]
    for options, expected in (
        ({}, rows_default if rows_only else arrow_default),
        ({"batch_size": 3}, {3}),
    ):
        found = database(rows_only=rows_only)
        read(fetcher(found, **options), tmp_path / "x.parquet")
        assert found.batch_sizes == expected
        assert (found.queries, found.descriptions) == (4, 1)


def test_small_row_batches_of_the_database_are_kept_and_a_stream_may_have_its_own() -> None:
    found = database()
    found.fetchmany_size = 100  # type: ignore[misc]
    fetcher(found).records(KEYS)
    assert found.batch_sizes == {100}
    found = database()
    pieces = list(fetcher(found, batch_size=2).stream(KEYS, 4))
    assert found.batch_sizes == {4}
    assert [sum(map(len, piece.values())) for piece in pieces] == [4, 2, 4, 2, 4, 2, 3]
    found = database()
    read_all(fetcher(found, records="plain", batch_size=5).stream(KEYS))
    assert (found.batch_sizes, found.descriptions) == ({5}, 0)


@pytest.mark.parametrize("rows_only", [False, True])
@pytest.mark.parametrize("records", ["lean", "plain"])
def test_columns_of_the_same_name_are_refused(records: Any, rows_only: bool) -> None:
    class Twice(ColumnDatabase):
        def describe_arrow(self, sql: str) -> Any:
            shape = super().describe_arrow(sql)
            schema = pa.schema([(name.strip("2"), self.types[name]) for name in self.types])
            return type(shape)(schema, shape.unbounded, shape.same_as_rows)

        def read_sql_df_slow_iter(self, *args: Any, **options: Any) -> Any:
            for columns, rows in super().read_sql_df_slow_iter(*args, **options):
                yield [name.strip("2") for name in columns], rows

    twice = Twice(
        {"ID": pa.large_string(), "N": pa.int64(), "N2": pa.int64()},
        lambda key: [(key, 1, 2)],
        rows_only=rows_only,
    )
    with pytest.raises(ConfigError, match="the result has 2 columns called N,"):
        fetcher(twice, records=records).records(KEYS)
    with pytest.raises(ConfigError, match="the result has 2 columns called N,"):
        fetcher(twice).table(KEYS)


@pytest.mark.parametrize("records", ["lean", "plain"])
@pytest.mark.parametrize("whole_keys", [False, True])
def test_a_stream_holds_no_record_that_its_consumer_dropped(records: Any, whole_keys: bool) -> None:
    class Value(str):
        """Text that can be watched."""

        __slots__ = ("__weakref__",)

    alive: list[weakref.ref[Value]] = []

    def rows(key: str) -> list[tuple[object, ...]]:
        made = [Value(f"{key} {n}") for n in range(2)]
        alive.extend(map(weakref.ref, made))
        return [(key, text) for text in made]

    types = {"ID": pa.large_string(), "TEXT": pa.large_string()}
    query = Query("SELECT * FROM T WHERE ID IN (:keys)", key="ID", keys_per_statement=1)
    found = KeyedFetcher(
        ColumnDatabase(types, rows, rows_only=True),  # type: ignore[arg-type]
        query,
        records=records,
        max_workers=1,
    )
    most = 0
    for piece in found.stream([f"key {n}" for n in range(30)], whole_keys=whole_keys):
        assert sum(map(len, piece.values())) == 2
        del piece
        most = max(most, sum(ref() is not None for ref in alive))
    assert most <= 2 * 6, "pieces that wait, and no more"


@pytest.mark.parametrize("rows_only", [False, True])
def test_equal_values_are_one_object_in_a_result_and_in_a_stream_only_within_a_batch(
    rows_only: bool,
) -> None:
    def rows(key: str) -> list[tuple[object, ...]]:
        return [(key, 10**6 + n, datetime(2026, 1, 1)) for n in range(3)]

    found = fetcher(ColumnDatabase(TYPES, rows, rows_only=rows_only))
    for whole in (found.records(KEYS), found.table(KEYS).to_records()):
        records = [record for records in whole.values() for record in records]
        assert len({id(record["AT"]) for record in records}) == 1
        assert len({id(record["ID"]) for record in records}) == len(KEYS)
    if not rows_only:
        pieces = list(found.stream(KEYS))
        moments = [{id(one["AT"]) for found in piece.values() for one in found} for piece in pieces]
        assert [len(each) for each in moments] == [1] * 4
        assert len(set.union(*moments)) == 4
