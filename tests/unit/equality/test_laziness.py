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


def test_nothing_read_is_nothing_alive():
    source = ObservedCursor([])
    found = observe(source, source=source).laziness
    assert (found.rows_pulled, found.rows_yielded, found.most_rows_alive) == (0, 0, 0)
    assert (found.exhausted, found.source_closed) == (False, False)


def test_a_source_that_cannot_be_closed_is_called_closed_all_the_same():
    source = ObservedCursor([(1,)])
    with source as entered:
        assert entered is source
        assert not source.closed
    assert source.closed
    seen = observe([(1,)])
    seen.close()


def test_closing_closes_what_is_wrapped():
    closed = []

    class Cursor:
        def fetchmany(self, size=3, *, arraysize=None):
            return [(size, arraysize)]

        def close(self):
            closed.append(self)

    cursor = ObservedCursor(Cursor())
    assert cursor.fetchmany(arraysize=5) == [(3, 5)]
    assert cursor.fetchmany(7) == [(7, None)]
    cursor.close()
    assert len(closed) == 1


def test_rows_one_by_one_are_dropped_once_they_are_handed_out(cursor):
    seen = observe(cursor, source=cursor)
    assert len(list(seen)) == 100
    assert seen.laziness.most_rows_alive == 1


def test_rows_in_lists_are_alive_while_the_list_is():
    batches = [[(1,), (2,)], [(3,), (4,), (5,)]]
    seen = observe(batches)
    for batch in seen:
        del batch
    assert seen.laziness.most_rows_alive == 3
    seen = observe(batches)
    assert list(seen) == batches
    kept = [*observe(batches)]
    assert len(kept) == 2
    seen = observe(batches)
    kept = list(seen)
    assert seen.laziness.most_rows_alive == 5


def test_frames_are_handed_out_as_they_are():
    frame = pd.DataFrame({"A": [1, 2]})
    (found,) = observe([frame])
    assert found is frame


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
