from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tracekit.equality import ObservedCursor, observe
from tracekit.equality.laziness import row_count


@pytest.fixture
def cursor() -> Iterator[ObservedCursor]:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (a)")
    connection.executemany("insert into t values (?)", [(number,) for number in range(100)])
    yield ObservedCursor(connection.execute("select a from t"))
    connection.close()


def streaming(cursor: Any) -> Iterator[tuple[list[str], list[Any]]]:
    try:
        while rows := cursor.fetchmany(10):
            yield ["A"], rows
    finally:
        cursor.close()


def collecting(cursor: Any) -> Iterator[tuple[list[str], list[Any]]]:
    rows = cursor.fetchall()
    for start in range(0, len(rows), 10):
        yield ["A"], rows[start : start + 10]


def test_a_path_that_streams(cursor):
    seen = observe(streaming(cursor), source=cursor)
    total = 0
    for columns, rows in seen:
        assert columns == ["A"]
        total += len(rows)
        del rows
    found = seen.laziness
    assert (total, found.rows_pulled, found.rows_yielded) == (100, 100, 100)
    assert found.rows_before_first_yield == 10
    assert found.most_rows_alive == 10
    assert found.exhausted
    assert found.source_closed


def test_a_path_that_collects_first(cursor):
    seen = observe(collecting(cursor), source=cursor)
    for _ in seen:
        pass
    found = seen.laziness
    assert found.rows_before_first_yield == 100
    assert found.most_rows_alive == 100
    assert not found.source_closed


def test_an_early_stop_closes_the_cursor(cursor):
    seen = observe(streaming(cursor), source=cursor)
    next(seen)
    assert not seen.laziness.source_closed
    seen.close()
    found = seen.laziness
    assert found.source_closed
    assert (found.rows_pulled, found.exhausted) == (10, False)


def test_pieces_that_are_kept_count_as_alive(cursor):
    seen = observe(streaming(cursor), source=cursor)
    kept = list(seen)
    assert seen.laziness.most_rows_alive == 100
    assert kept[0] == (["A"], [(number,) for number in range(10)])


def test_rows_pulled_one_by_one_or_all_are_counted(cursor):
    assert cursor.fetchone() == (0,)
    assert next(cursor) == (1,)
    assert cursor.rows_pulled == 2
    assert sum(1 for _ in cursor) == 98
    assert cursor.fetchone() is None
    assert cursor.fetchall() == []
    assert cursor.rows_pulled == 100
    assert cursor.description[0][0] == "a"


def test_without_a_source_what_is_yielded_is_counted():
    pieces = ({f"C{number}": [{"A": 1}, {"A": 2}]} for number in range(5))
    seen = observe(pieces)
    for piece in seen:
        assert isinstance(piece, dict)
        del piece
    found = seen.laziness
    assert (found.rows_yielded, found.most_rows_alive) == (10, 2)
    assert found.rows_before_first_yield is None
    assert found.source_closed is None


@pytest.mark.parametrize(
    ("item", "count"),
    [
        ((["A"], [(1,), (2,)]), 2),
        ({"C": [{"A": 1}], "D": []}, 1),
        ({"A": 1, "B": 2}, 1),
        ({}, 1),
        ([(1,), (2,), (3,)], 3),
        ((1, "a"), 1),
        (pa.table({"A": [1, 2]}), 2),
        (pd.DataFrame({"A": [1, 2, 3]}), 3),
    ],
)
def test_rows_of_what_paths_yield(item, count):
    assert row_count(item) == count
    assert observe([item]).__next__() is not None
