"""Random queries over random tables: the local Oracle against DuckDB asked by hand.

Every piece of a query is written twice: in Oracle's dialect, and as what Oracle's documentation
says it means in plain SQL that DuckDB runs itself. The translator has no part in the second.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import duckdb
import oracledb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracekit.testbed import LocalOracle

EXAMPLES = int(os.environ.get("TRACEKIT_DIFFERENTIAL_EXAMPLES", "60"))


class Pair(NamedTuple):
    """The same thing in both dialects."""

    oracle: str
    duck: str


def same(text: str) -> Pair:
    return Pair(text, text)


NUMBERS = [
    same("id"),
    same("n"),
    Pair("NVL(n, 7)", "CASE WHEN n IS NULL THEN 7 ELSE n END"),
    Pair("NVL2(s, id, g)", "CASE WHEN s IS NOT NULL THEN id ELSE g END"),
    Pair(
        "DECODE(g, 1, 10, NULL, -1, 2, n, 0)",
        "CASE WHEN g = 1 THEN 10 WHEN g IS NULL THEN -1 WHEN g = 2 THEN n ELSE 0 END",
    ),
    Pair("DECODE(g, 1, 10)", "CASE WHEN g = 1 THEN 10 END"),
    Pair("n / 4", "CAST(n AS DOUBLE) / 4"),
    Pair("TRUNC(n)", "CASE WHEN n < 0 THEN ceil(n) ELSE floor(n) END"),
    Pair("ROUND(n)", "CASE WHEN n < 0 THEN -floor(-n + 0.5) ELSE floor(n + 0.5) END"),
    Pair("MOD(id, 3)", "id % 3"),
    Pair("MOD(id, 0)", "id"),
    Pair("GREATEST(n, g)", "CASE WHEN n >= g THEN n WHEN g > n THEN g END"),
    Pair("LENGTH(s)", "length(s)"),
    Pair("NVL(LENGTH(TRIM(s)), 0)", "length(trim(coalesce(s, '')))"),
    Pair("INSTR(s, 'a')", "strpos(s, 'a')"),
    Pair("d - DATE '2026-01-31'", "(epoch(d) - epoch(TIMESTAMP '2026-01-31')) / 86400.0"),
    Pair("TRUNC(d) - TRUNC(d, 'MM')", "day(d) - 1"),
    Pair(
        "COALESCE(g, n, 0)", "CASE WHEN g IS NOT NULL THEN g WHEN n IS NOT NULL THEN n ELSE 0 END"
    ),
    Pair("EXTRACT(MONTH FROM d)", "month(d)"),
]
TEXTS = [
    same("s"),
    Pair("s || 'x' || s", "coalesce(s, '') || 'x' || coalesce(s, '')"),
    Pair("s || ''", "s"),
    Pair("s || g", "nullif(coalesce(s, '') || coalesce(CAST(g AS VARCHAR), ''), '')"),
    Pair("TRIM(s)", "nullif(trim(s, ' '), '')"),
    Pair("SUBSTR(s, 2)", "nullif(substring(s, 2), '')"),
    Pair("SUBSTR(s, -1)", "right(s, 1)"),
    Pair("REPLACE(s, 'a')", "nullif(replace(s, 'a', ''), '')"),
    Pair("NVL(s, '-')", "CASE WHEN s IS NULL THEN '-' ELSE s END"),
    Pair("UPPER(s)", "upper(s)"),
    Pair(
        "LPAD(s, 3, '*')",
        "CASE WHEN length(s) >= 3 THEN left(s, 3) ELSE repeat('*', 3 - length(s)) || s END",
    ),
    Pair("CASE WHEN s = '' THEN 'empty' ELSE 'other' END", "'other'"),
    Pair("DECODE(s, '', 'null', s)", "CASE WHEN s IS NULL THEN 'null' ELSE s END"),
    Pair("TO_CHAR(d, 'YYYY-MM-DD HH24:MI')", "strftime(d, '%Y-%m-%d %H:%M')"),
    Pair("TO_CHAR(g)", "CAST(g AS VARCHAR)"),
]
MONTH_LATER = (
    "CASE WHEN day(d + INTERVAL 1 DAY) = 1"
    " THEN date_trunc('month', d) + INTERVAL 2 MONTH - INTERVAL 1 DAY"
    " + (d - date_trunc('day', d)) ELSE d + INTERVAL 1 MONTH END"
)
DATES = [
    same("d"),
    Pair("d + 1.5", "d + INTERVAL 36 HOUR"),
    Pair("d - 1/24", "d - INTERVAL 1 HOUR"),
    Pair("d + id", "d + to_days(CAST(id AS INTEGER))"),
    Pair("TRUNC(d)", "date_trunc('day', d)"),
    Pair("TRUNC(d, 'MM')", "date_trunc('month', d)"),
    Pair("TRUNC(d, 'IW')", "date_trunc('day', d) - to_days(CAST(isodow(d) - 1 AS INTEGER))"),
    Pair("ADD_MONTHS(d, 1)", MONTH_LATER),
    Pair("LAST_DAY(TRUNC(d))", "date_trunc('month', d) + INTERVAL 1 MONTH - INTERVAL 1 DAY"),
    Pair("NVL(d, DATE '2026-02-28')", "CASE WHEN d IS NULL THEN TIMESTAMP '2026-02-28' ELSE d END"),
]
CONDITIONS = [
    Pair("n > 0", "coalesce(n > 0, false)"),
    Pair("NOT (g = 1)", "coalesce(g <> 1, false)"),
    same("s IS NULL"),
    Pair("s = ''", "false"),
    Pair("s <> 'a'", "coalesce(s <> 'a', false)"),
    Pair("s LIKE '%a%'", "coalesce(strpos(s, 'a') > 0, false)"),
    Pair("s LIKE '_'", "coalesce(length(s) = 1, false)"),
    Pair("s LIKE '%!%%' ESCAPE '!'", "coalesce(strpos(s, '%') > 0, false)"),
    Pair("g IN (1, NULL)", "coalesce(g = 1, false)"),
    Pair("g NOT IN (1, NULL)", "false"),
    Pair("LNNVL(g = 1)", "(g IS NULL OR g <> 1)"),
    Pair(
        "d BETWEEN DATE '2026-01-10' AND DATE '2026-02-28'",
        "coalesce(d >= TIMESTAMP '2026-01-10' AND d <= TIMESTAMP '2026-02-28', false)",
    ),
    Pair("NVL(g, 0) = 0", "(g IS NULL OR g = 0)"),
    Pair(
        "EXISTS (SELECT 1 FROM t x WHERE x.id = t.g)",
        "coalesce(g IN (SELECT x.id FROM t x), false)",
    ),
]
GROUPED = [
    same("COUNT(*)"),
    same("COUNT(n)"),
    same("SUM(n)"),
    Pair("AVG(n)", "SUM(CAST(n AS DOUBLE)) / nullif(COUNT(n), 0)"),
    same("MAX(s)"),
    Pair("MIN(d)", "arg_min(d, d)"),
    same("COUNT(DISTINCT s)"),
    Pair(
        "LISTAGG(s, ',') WITHIN GROUP (ORDER BY s DESC, id)",
        "array_to_string(list(s ORDER BY s DESC, id) FILTER (s IS NOT NULL), ',')",
    ),
    # FIRST and LAST are the rows of the extreme keys; NULL keys are the last ones.
    Pair(
        "MAX(n) KEEP (DENSE_RANK LAST ORDER BY d)",
        "CASE WHEN COUNT(*) > COUNT(d) THEN MAX(n) FILTER (d IS NULL)"
        " ELSE MAX(n) FILTER (d = top) END",
    ),
    Pair(
        "MIN(s) KEEP (DENSE_RANK FIRST ORDER BY d)",
        "CASE WHEN COUNT(d) = 0 THEN MIN(s) ELSE MIN(s) FILTER (d = low) END",
    ),
    Pair("SUM(DECODE(s, NULL, 1, 0))", "COUNT(*) - COUNT(s)"),
]
ANALYTIC = [
    Pair(
        "ROW_NUMBER() OVER (PARTITION BY g ORDER BY n DESC, id)",
        "(SELECT COUNT(*) FROM t x WHERE x.g IS NOT DISTINCT FROM t.g AND"
        " (coalesce(x.n, 1e9), -x.id) >= (coalesce(t.n, 1e9), -t.id))",
    ),
    Pair(
        "RANK() OVER (ORDER BY n)",
        "1 + (SELECT COUNT(*) FROM t x WHERE coalesce(x.n, 1e9) < coalesce(t.n, 1e9))",
    ),
    Pair(
        "DENSE_RANK() OVER (ORDER BY s)",
        "(SELECT COUNT(DISTINCT coalesce('0' || x.s, '1')) FROM t x"
        " WHERE coalesce('0' || x.s, '1') <= coalesce('0' || t.s, '1'))",
    ),
    Pair(
        "LAG(s, 1, 'none') OVER (ORDER BY id)",
        "CASE WHEN id = (SELECT MIN(id) FROM t) THEN 'none' ELSE (SELECT x.s FROM t x"
        " WHERE x.id = (SELECT MAX(y.id) FROM t y WHERE y.id < t.id)) END",
    ),
    Pair(
        "SUM(n) OVER (PARTITION BY g ORDER BY id)",
        "(SELECT SUM(x.n) FROM t x WHERE x.g IS NOT DISTINCT FROM t.g AND x.id <= t.id)",
    ),
    Pair("MAX(d) OVER ()", "(SELECT MAX(x.d) FROM t x)"),
    Pair(
        "COUNT(*) OVER (PARTITION BY s)",
        "(SELECT COUNT(*) FROM t x WHERE x.s IS NOT DISTINCT FROM t.s)",
    ),
]
ORDERS = [
    Pair("{} , id", "({} IS NULL), {}, id"),
    Pair("{} DESC, id", "({} IS NOT NULL), {} DESC, id"),
    Pair("{} NULLS FIRST, id", "({} IS NOT NULL), {}, id"),
    Pair("{} DESC NULLS LAST, id DESC", "({} IS NULL), {} DESC, id DESC"),
]

rows_of_t = st.lists(
    st.tuples(
        st.none() | st.integers(0, 3),
        st.none() | st.integers(-999, 999).map(lambda n: Decimal(n) / 4),
        st.none() | st.text(alphabet="aAb製 %", max_size=4),
        st.none()
        | st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 3, 31)).map(
            lambda moment: moment.replace(microsecond=0)
        ),
    ),
    max_size=8,
)
values = st.sampled_from(NUMBERS + TEXTS + DATES)


@st.composite
def conditions(draw: st.DrawFn) -> Pair:
    first, second = draw(st.sampled_from(CONDITIONS)), draw(st.sampled_from(CONDITIONS))
    word = draw(st.sampled_from(["AND", "OR", ""]))
    if not word:
        return first
    return Pair(f"({first.oracle} {word} {second.oracle})", f"({first.duck} {word} {second.duck})")


@st.composite
def ordered_queries(draw: st.DrawFn) -> Pair:
    picked, where = draw(st.lists(values, min_size=1, max_size=3)), draw(conditions())
    key, order = draw(st.sampled_from(NUMBERS + DATES)), draw(st.sampled_from(ORDERS))
    limit, skip = draw(st.integers(1, 4)), draw(st.integers(0, 2))
    oracle = (
        f"SELECT {', '.join(f'{one.oracle} AS c{i}' for i, one in enumerate(picked))} FROM t"
        f" WHERE {where.oracle} ORDER BY {order.oracle.replace('{}', key.oracle)}"
    )
    duck = (
        f"SELECT {', '.join(one.duck for one in picked)} FROM t"
        f" WHERE {where.duck} ORDER BY {order.duck.replace('{}', f'({key.duck})')}"
    )
    shape = draw(st.sampled_from(["whole", "rownum", "fetch"]))
    if shape == "rownum":
        return Pair(f"SELECT * FROM ({oracle}) WHERE ROWNUM <= {limit}", f"{duck} LIMIT {limit}")
    if shape == "fetch":
        return Pair(
            f"{oracle} OFFSET {skip} ROWS FETCH NEXT {limit} ROWS ONLY",
            f"{duck} LIMIT {limit} OFFSET {skip}",
        )
    return Pair(oracle, duck)


@st.composite
def grouped_queries(draw: st.DrawFn) -> Pair:
    picked = draw(st.lists(st.sampled_from(GROUPED), min_size=1, max_size=3))
    where = draw(conditions())
    return Pair(
        f"SELECT g, {', '.join(one.oracle for one in picked)} FROM t WHERE {where.oracle}"
        " GROUP BY g ORDER BY g",
        f"SELECT g, {', '.join(one.duck for one in picked)} FROM (SELECT *,"
        " MAX(d) OVER (PARTITION BY g) AS top, MIN(d) OVER (PARTITION BY g) AS low FROM t"
        f" WHERE {where.duck}) GROUP BY g ORDER BY (g IS NULL), g",
    )


@st.composite
def analytic_queries(draw: st.DrawFn) -> Pair:
    picked = draw(st.lists(st.sampled_from(ANALYTIC), min_size=1, max_size=3))
    return Pair(
        f"SELECT id, {', '.join(one.oracle for one in picked)} FROM t ORDER BY id",
        f"SELECT id, {', '.join(one.duck for one in picked)} FROM t ORDER BY id",
    )


@st.composite
def joined_queries(draw: st.DrawFn) -> Pair:
    kept = draw(st.sampled_from(["b.id IS NULL", "a.id > 0", "b.id (+) > 1"]))
    inside = " AND b.id > 1" if "(+)" in kept else ""
    outside = "a.id > 0" if "(+)" in kept else kept
    return Pair(
        f"SELECT a.id, b.s FROM t a, t b WHERE a.g = b.id (+) AND {kept} ORDER BY a.id",
        f"SELECT a.id, b.s FROM t a LEFT JOIN t b ON a.g = b.id{inside} WHERE {outside}"
        " ORDER BY a.id",
    )


@st.composite
def set_queries(draw: st.DrawFn) -> Pair:
    value, where = draw(st.sampled_from(TEXTS)), draw(conditions())
    return Pair(
        f"SELECT {value.oracle} AS v FROM t MINUS SELECT s FROM t WHERE {where.oracle} ORDER BY 1",
        f"SELECT v FROM (SELECT DISTINCT {value.duck} AS v FROM t) x WHERE NOT EXISTS"
        f" (SELECT 1 FROM t WHERE s IS NOT DISTINCT FROM x.v AND {where.duck})"
        " ORDER BY (v IS NULL), v",
    )


queries = st.one_of(
    ordered_queries(), ordered_queries(), grouped_queries(), analytic_queries(),
    joined_queries(), set_queries(),
)  # fmt: skip


@pytest.fixture(scope="module")
def cursor() -> Iterator[oracledb.Cursor]:
    with (
        LocalOracle(":memory:") as local,
        oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as connection,
        connection.cursor() as opened,
    ):
        opened.execute(
            "CREATE TABLE t (id NUMBER(9), g NUMBER(9), n NUMBER(10, 2), s VARCHAR2(20), d DATE)"
        )
        yield opened


@pytest.fixture(scope="module")
def by_hand() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE t (id INT, g INT, n DECIMAL(10, 2), s VARCHAR, d TIMESTAMP)"
        )
        yield connection


def plain(value: Any) -> Any:
    """Numbers of any type as what can be compared: to nine digits after the point."""
    if isinstance(value, int | float | Decimal):
        return round(float(value), 9)
    return value


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=rows_of_t, asked=st.lists(queries, min_size=3, max_size=6))
def test_random_queries_give_what_they_mean(
    cursor: oracledb.Cursor,
    by_hand: duckdb.DuckDBPyConnection,
    rows: list[tuple[Any, ...]],
    asked: list[Pair],
) -> None:
    cursor.execute("DELETE FROM t")
    by_hand.execute("DELETE FROM t")
    for number, row in enumerate(rows, start=1):
        by_hand.execute(
            "INSERT INTO t VALUES (?, ?, ?, ?, ?)", [number, *row[:2], row[2] or None, row[3]]
        )
    if rows:
        numbered = [(number, *row) for number, row in enumerate(rows, start=1)]
        cursor.executemany("INSERT INTO t VALUES (:1, :2, :3, :4, :5)", numbered)
    cursor.connection.commit()
    for query in asked:
        cursor.execute(query.oracle)
        got = [tuple(map(plain, row)) for row in cursor.fetchall()]
        meant = [tuple(map(plain, row)) for row in by_hand.execute(query.duck).fetchall()]
        assert got == meant, f"{query.oracle}\n{query.duck}"
