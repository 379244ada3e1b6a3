"""Shapes: what is recorded of rows, and the rows that are made from it."""

from __future__ import annotations

import datetime
import json
import tracemalloc
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tracekit import workloads
from tracekit.errors import ConfigError, WorkloadError
from tracekit.records import ColumnShape, QueryShape, Shape
from tracekit.workloads.shapes import (
    ShapeRecorder,
    load_shape,
    read_shape,
    shape_workload,
    write_shape,
)

COLUMNS = (
    ColumnShape("ACCOUNT", "VARCHAR2", size=20),
    ColumnShape("BOOKED", "DATE"),
    ColumnShape("AMOUNT", "NUMBER", precision=12, scale=2),
    ColumnShape("LONG_ID", "NUMBER", precision=38, scale=0),
    ColumnShape("NOTE", "VARCHAR2", size=60),
    ColumnShape("SECRET", "RAW", size=8),
)
KEYS = 400


def account(key: int) -> str:
    return f"帳戶-{key:06d}"


def row(key: int, number: int) -> tuple[Any, ...]:
    n = key * 7919 + number * 104729
    notes = (None, f"Geheimnis №{n % 60:04d}", f"客戶備註{n % 50:05d}", f"🜚 vertraulich {n % 30}")
    return (
        account(key),
        datetime.datetime(2031, 1, 1) + datetime.timedelta(seconds=n),
        n % 99_991 + 0.25,
        10**36 + n,
        notes[n % 4],
        (n + 2**61).to_bytes(8, "big"),
    )


def rows_of(key: int, seed: int = 0) -> list[tuple[Any, ...]]:
    return [row(key, number + seed) for number in range(1 + key % 9)]


def recorded(
    name: str = "payments", keys: range = range(KEYS), per_statement: int = 100, seed: int = 0
) -> QueryShape:
    recorder = ShapeRecorder(name, COLUMNS, key=("ACCOUNT",))
    for start in range(keys.start, keys.stop, per_statement):
        batch = range(start, min(start + per_statement, keys.stop))
        recorder.begin_statement([account(key) for key in batch])
        rows = [one for key in batch for one in rows_of(key, seed)]
        recorder.add_rows(sorted(rows, key=lambda one: hash(one[1:3]) % 1009))
        recorder.end_statement()
    return recorder.shape("SELECT * FROM PAYMENTS WHERE ACCOUNT IN (:BINDS)", "0" * 64)


SHAPE = Shape((recorded(),))


def built(folder: Path, shape: Shape, sql: str, **options: Any) -> list[tuple[Any, ...]]:
    path = workloads.build(shape_workload(shape, "bank", **options), folder)
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_rows_and_keys_are_exact_and_values_are_counted() -> None:
    (query,) = SHAPE.queries
    assert query.rows == sum(1 + k % 9 for k in range(KEYS))
    assert (query.keys, query.keys_asked) == (KEYS, KEYS)
    assert (query.keys_per_statement, query.executions, query.order) == (100, 4, "mixed")
    columns = {column.name: column for column in query.columns}
    assert columns["ACCOUNT"].distinct == KEYS
    assert columns["LONG_ID"].distinct == len({one[3] for k in range(KEYS) for one in rows_of(k)})
    assert columns["LONG_ID"].numbers == {"120": query.rows}
    assert columns["AMOUNT"].numbers == {"fraction": query.rows}
    nulls = sum(one[4] is None for k in range(KEYS) for one in rows_of(k))
    assert columns["NOTE"].null == pytest.approx(nulls / query.rows, abs=1e-6)
    assert set(columns["NOTE"].text) == {"bmp", "astral"}
    assert set(columns["SECRET"].text) == {"bytes"}


def test_no_value_of_the_rows_is_in_the_file(tmp_path: Path) -> None:
    write_shape(SHAPE, tmp_path / "bank.json")
    raw = (tmp_path / "bank.json").read_text(encoding="utf-8")
    texts = (raw, json.dumps(json.loads(raw), ensure_ascii=True))
    for key in range(KEYS):
        for values in rows_of(key):
            for value in values:
                for written in _written(value):
                    assert not any(written in text for text in texts), value


def _written(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bytes):
        return [value.hex(), repr(value)]
    if isinstance(value, datetime.datetime):
        return [value.isoformat(), str(value), value.strftime("%d.%m.%Y")]
    if isinstance(value, str):
        return [value, json.dumps(value)[1:-1]]
    return [str(value)] if len(str(value)) > 6 else []


def test_statistics_shared_by_fewer_than_ten_rows_are_left_out() -> None:
    recorder = ShapeRecorder("q", (ColumnShape("T", "VARCHAR2"), ColumnShape("N", "NUMBER")))
    recorder.begin_statement()
    rows: list[tuple[Any, ...]] = [("x" * 12, 5)] * 500 + [("y" * 47, 2**70)] * 3 + [(None, 1)]
    recorder.add_rows(rows)
    recorder.end_statement()
    text, number = recorder.shape("SELECT 1", "0" * 64).columns
    assert set(text.text["ascii"]) == {"47"}
    assert text.text["ascii"]["47"][0] == 503
    assert round(text.null * 504) == 10
    assert number.numbers == {"small": 501, "90": 10}


def test_made_rows_are_as_many_and_alike(tmp_path: Path) -> None:
    (query,) = SHAPE.queries
    sql = (
        "SELECT count(*), count(DISTINCT ACCOUNT), count(NOTE), count(DISTINCT LONG_ID),"
        " sum(length(NOTE)), sum(strlen(NOTE)), count(DISTINCT NOTE), min(octet_length(SECRET))"
        ' FROM TRACEKIT_SHAPE."PAYMENTS"'
    )
    ((rows, keys, notes, ids, chars, size, different, secret),) = built(tmp_path, SHAPE, sql)
    real = [one[4] for k in range(KEYS) for one in rows_of(k) if one[4] is not None]
    assert (rows, keys, ids, secret) == (query.rows, KEYS, query.columns[3].distinct, 8)
    assert notes == len(real)
    assert chars == pytest.approx(sum(map(len, real)), rel=0.02)
    assert size == pytest.approx(sum(len(one.encode()) for one in real), rel=0.02)
    assert different == pytest.approx(len(set(real)), rel=0.1)


def test_more_keys_have_more_rows_and_values_that_grow_as_they_did(tmp_path: Path) -> None:
    sql = (
        "SELECT count(*), count(DISTINCT ACCOUNT), count(DISTINCT LONG_ID), count(DISTINCT NOTE)"
        ' FROM TRACEKIT_SHAPE."PAYMENTS"'
    )
    ((rows, keys, ids, notes),) = built(tmp_path, SHAPE, sql, keys=10 * KEYS)
    (query,) = SHAPE.queries
    assert (rows, keys) == (10 * query.rows, 10 * KEYS)
    assert ids > 8 * query.columns[3].distinct
    assert notes < 2 * query.columns[4].distinct


def test_the_same_seed_makes_the_same_rows_and_another_other_ones(tmp_path: Path) -> None:
    sql = 'SELECT * FROM TRACEKIT_SHAPE."PAYMENTS" ORDER BY "_ORDINAL"'
    first = built(tmp_path / "a", SHAPE, sql)
    assert built(tmp_path / "b", SHAPE, sql) == first
    other = built(tmp_path / "c", SHAPE, sql, seed=1)
    assert other != first
    assert len(other) == len(first)


def test_fewer_keys_are_the_first_of_more(tmp_path: Path) -> None:
    sql = 'SELECT ACCOUNT FROM TRACEKIT_SHAPE.KEYS_1 ORDER BY "_ORDINAL"'
    many = built(tmp_path, SHAPE, sql, keys=5 * KEYS)
    assert built(tmp_path, SHAPE, sql, keys=50) == many[:50]


def test_queries_that_share_keys_agree_in_them(tmp_path: Path) -> None:
    shape = Shape((recorded(), recorded("refunds", range(100, 300), seed=5)))
    shape = Shape(shape.queries, key_spaces=())
    sql = (
        "SELECT (SELECT count(DISTINCT ACCOUNT) FROM TRACEKIT_SHAPE.PAYMENTS),"
        " (SELECT count(DISTINCT ACCOUNT) FROM TRACEKIT_SHAPE.REFUNDS), (SELECT count(*) FROM"
        " (SELECT ACCOUNT FROM TRACEKIT_SHAPE.REFUNDS"
        " EXCEPT SELECT ACCOUNT FROM TRACEKIT_SHAPE.PAYMENTS))"
    )
    assert built(tmp_path, shape, sql) == [(KEYS, 200, 0)]


def test_rows_of_one_key_are_a_function_of_the_key_alone(tmp_path: Path) -> None:
    sql = (
        "SELECT max(n), count(*) FROM (SELECT ACCOUNT, count(*) n FROM TRACEKIT_SHAPE.PAYMENTS"
        " GROUP BY ALL)"
    )
    ((most, keys),) = built(tmp_path, SHAPE, sql)
    assert keys == KEYS
    assert most <= 12


def test_keys_requested_twice_count_once() -> None:
    recorder = ShapeRecorder("q", COLUMNS, key=("ACCOUNT",))
    for _ in range(3):
        recorder.begin_statement(map(account, range(50)))
        recorder.add_rows([one for key in range(50) for one in rows_of(key)])
        recorder.end_statement()
    query = recorder.shape("SELECT 1", "0" * 64)
    assert (query.rows, query.keys, query.executions) == (sum(1 + k % 9 for k in range(50)), 50, 3)


def test_a_largest_statement_stays_the_largest(tmp_path: Path) -> None:
    recorder = ShapeRecorder("q", COLUMNS[:2], key=("ACCOUNT",))
    for start in range(0, 200, 20):
        recorder.begin_statement(map(account, range(start, start + 20)))
        rows = [row(key, 0)[:2] for key in range(start, start + 20)]
        recorder.add_rows(rows + [row(start, n)[:2] for n in range(900 if start == 60 else 0)])
        recorder.end_statement()
    query = recorder.shape("SELECT 1", "0" * 64)
    assert query.most_rows_per_statement == 920
    sql = (
        'WITH k AS (SELECT ACCOUNT, "_ORDINAL" // 20 AS s FROM TRACEKIT_SHAPE.KEYS_1)'
        " SELECT count(*) FROM TRACEKIT_SHAPE.Q JOIN k USING (ACCOUNT) GROUP BY s ORDER BY 1 DESC"
    )
    sizes = [size for (size,) in built(tmp_path, Shape((query,)), sql)]
    assert sizes[0] == 920
    assert Counter(sizes)[20] == 9


def test_memory_does_not_grow_with_the_rows() -> None:
    def peak(rows: int) -> int:
        recorder = ShapeRecorder("q", COLUMNS[:2], key=("ACCOUNT",))
        recorder.begin_statement()
        tracemalloc.start()
        for start in range(0, rows, 1000):
            recorder.add_rows([row(n % 60, n)[:2] for n in range(start, start + 1000)])
        recorder.end_statement()
        recorder.shape("SELECT 1", "0" * 64)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(1000)
    assert peak(24_000) < 1.3 * peak(8_000)


def test_keys_of_several_columns(tmp_path: Path) -> None:
    columns = (ColumnShape("DAY", "DATE"), ColumnShape("NO", "NUMBER", precision=6, scale=0))
    recorder = ShapeRecorder("q", columns, key=("DAY", "NO"))
    day = datetime.datetime(2030, 1, 1)
    keys = [(day + datetime.timedelta(days=d), n) for d in range(20) for n in range(15)]
    recorder.begin_statement(keys)
    recorder.add_rows([key for key in keys for _ in range(2)])
    recorder.end_statement()
    query = recorder.shape("SELECT 1", "0" * 64)
    assert (query.keys, query.rows) == (300, 600)
    sql = (
        "SELECT count(*), count(DISTINCT DAY) FROM (SELECT DISTINCT DAY, NO FROM TRACEKIT_SHAPE.Q)"
    )
    assert built(tmp_path, Shape((query,)), sql) == [(300, 20)]


def test_a_result_without_a_key(tmp_path: Path) -> None:
    recorder = ShapeRecorder("q", COLUMNS)
    recorder.begin_statement()
    recorder.add_rows([row(n, 0) for n in range(70)])
    recorder.end_statement()
    shape = Shape((recorder.shape("SELECT 1", "0" * 64),))
    assert built(tmp_path, shape, "SELECT count(*) FROM TRACEKIT_SHAPE.Q") == [(70,)]
    sql = "SELECT count(*) FROM TRACEKIT_SHAPE.Q"
    assert built(tmp_path, shape, sql, rows={"q": 900}) == [(900,)]


def test_a_key_that_is_not_selected_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"key column OWNER.* ACCOUNT, BOOKED"):
        ShapeRecorder("q", COLUMNS, key=("OWNER",))


def test_a_value_that_no_shape_can_hold_is_refused() -> None:
    recorder = ShapeRecorder("q", (ColumnShape("V", "VECTOR"),))
    with pytest.raises(WorkloadError, match="column V holds _Unheld"):
        recorder.add_rows([(_Unheld(),)])


class _Unheld(list):  # type: ignore[type-arg]
    __hash__ = object.__hash__


def test_a_key_column_without_room_says_so(tmp_path: Path) -> None:
    columns = (ColumnShape("NO", "NUMBER", precision=3, scale=0),)
    recorder = ShapeRecorder("q", columns, key=("NO",))
    recorder.begin_statement(range(300, 400))
    recorder.add_rows([(n,) for n in range(300, 400)])
    recorder.end_statement()
    shape = Shape((recorder.shape("SELECT 1", "0" * 64),))
    with pytest.raises(WorkloadError, match=r"NO of the shape can hold 743 .* not for 5,000"):
        built(tmp_path, shape, "SELECT 1", keys=5000)


def test_a_project_s_shapes_are_workloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_shape(SHAPE, tmp_path / "profiles/shapes/payments.json")
    (tmp_path / "tracekit.toml").write_text(
        '[workloads.small]\nshape = "profiles/shapes/payments.json"\nsize = 60\n'
        'candidates = ["lean"]\n',
        encoding="utf-8",
    )
    named = {workload.name: workload for workload in workloads.known_workloads()}
    assert named["payments"].size == KEYS
    assert named["small"].size == 60
    assert named["small"].candidates == ("lean",)
    assert workloads.load("payments", keys=7).size == 7
    assert workloads.load("profiles/shapes/payments.json").queries == named["payments"].queries
    assert load_shape(tmp_path / "profiles/shapes/payments.json", keys=9).size == 9


def test_a_file_that_is_missing_or_no_shape_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match=r"the shape .*nowhere\.json does not exist"):
        read_shape(tmp_path / "nowhere.json")
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(ConfigError, match=r"other\.json could not be read"):
        workloads.load(str(tmp_path / "other.json"))


def test_decimals_are_numbers_like_others() -> None:
    recorder = ShapeRecorder("q", (ColumnShape("N", "NUMBER"),))
    recorder.add_rows([(Decimal("1.50"),), (Decimal(300),), (Decimal("1e3"),)] * 10)
    (column,) = recorder.shape("SELECT 1", "0" * 64).columns
    assert column.numbers == {"fraction": 10, "30": 20}
