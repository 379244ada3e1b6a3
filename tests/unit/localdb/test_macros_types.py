"""Functions whose meaning depends on a type DuckDB learns late: aggregates, windows, NULL binds."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.localdb.translate_bench import Bench


@pytest.fixture(scope="module")
def bench() -> Bench:
    made = Bench()
    made.duck(
        """
        CREATE TABLE T (ID BIGINT, D TIMESTAMP_S, TS TIMESTAMP, Q DECIMAL(10, 2), S VARCHAR);
        INSERT INTO T VALUES
            (1, '2026-01-01 06:00:00', '2026-01-01 06:00:00.5', 1.50, 'a'),
            (2, '2026-01-03 18:00:00', '2026-01-03 18:00:00', 2.25, NULL)
        """
    )
    return made


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MAX(q) - 1", Decimal("1.25")),
        ("1 + MAX(q)", Decimal("3.25")),
        ("MAX(d) - MIN(d)", 2.5),
        ("MAX(d) - 1", datetime(2026, 1, 2, 18)),
        ("TRUNC(MAX(d) + 1/2)", datetime(2026, 1, 4)),
        ("TRUNC(MAX(q))", 2),
        ("'x' || MAX(q) || MIN(s)", "x2.25a"),
        ("TO_CHAR(MAX(d), 'YYYY-MM')", "2026-01"),
        ("ADD_MONTHS(MIN(d), 1)", datetime(2026, 2, 1, 6)),
        ("COUNT(*) - COUNT(s)", 1),
    ],
)
def test_over_aggregates(bench: Bench, expression: str, expected: Any) -> None:
    assert bench.query(f"SELECT {expression} FROM t") == [(expected,)]
    kept = f"SELECT {expression} FROM t HAVING {expression} IS NOT NULL ORDER BY {expression}"
    assert bench.query(kept) == [(expected,)]


def test_over_windows(bench: Bench) -> None:
    sql = "SELECT d - LAG(d) OVER (ORDER BY d), SUM(q) OVER (ORDER BY id) - q FROM t ORDER BY id"
    assert bench.query(sql) == [(None, 0), (2.5, Decimal("1.5"))]


def test_an_alias_in_an_order_expression(bench: Bench) -> None:
    sql = "SELECT id, -q AS worth FROM t ORDER BY worth + 0"
    assert [row[0] for row in bench.query(sql)] == [2, 1]


def test_date_arithmetic_goes_by_the_columns_type(bench: Bench) -> None:
    sql = "SELECT d - 1, ts - 1, q - 1, d + INTERVAL '1' HOUR FROM t WHERE id = 1"
    assert bench.query(sql) == [
        (
            datetime(2025, 12, 31, 6),
            datetime(2025, 12, 31, 6),
            Decimal("0.5"),
            datetime(2026, 1, 1, 7),
        )
    ]


@pytest.mark.parametrize("expression", ["q + :x", "d - :x", ":x || s", "TRUNC(:x)", ":x - 1"])
def test_null_binds(bench: Bench, expression: str) -> None:
    expected = "a" if "||" in expression else None
    assert bench.query(f"SELECT {expression} FROM t WHERE id = 1", None) == [(expected,)]


def test_long_sums_do_not_nest_deep(bench: Bench) -> None:
    total = " + ".join(["q"] * 60)
    assert bench.query(f"SELECT {total} FROM t WHERE id = 1") == [(Decimal(90),)]


def test_limits_belong_to_their_branch(bench: Bench) -> None:
    sql = "SELECT id FROM t WHERE ROWNUM <= 1 UNION ALL SELECT id FROM t WHERE ROWNUM <= 2"
    assert sorted(bench.query(sql)) == [(1,), (1,), (2,)]


def test_sysdate_moves_when_it_is_not_pinned() -> None:
    moving = Bench(sysdate=None)
    before = datetime.now()
    assert abs((moving.value("SYSDATE") - before).days) <= 1
