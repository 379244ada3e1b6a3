"""The statement shapes that trace systems send, run on DuckDB after translation."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from tests.unit.localdb.translate_bench import Bench

PRODUCTION = """
/* events of a lot: 'history', "quoted", :not_a_bind */
WITH ranked AS (
    SELECT h.CONTAINERID, h.EQUIPMENTID, h.SPECNAME, -- it's latest: wins
           h.TRACKINTIMESTAMP, NVL(h.TRACKINQTY, 0) AS trackinqty,
           ROW_NUMBER() OVER (
               PARTITION BY h.CONTAINERID, h.EQUIPMENTID
               ORDER BY h.TRACKOUTTIMESTAMP DESC NULLS LAST, h.TRACKINTIMESTAMP DESC
           ) AS rn
    FROM LOTS h
    WHERE h.CONTAINERID IN ({binds})
)
SELECT r.CONTAINERID, r.trackinqty,
       CASE WHEN UPPER(c.WORKCENTERNAME) LIKE '%DB%' THEN 'DB'
            WHEN UPPER(c.WORKCENTERNAME) LIKE 'W_B%' THEN 'WB' END AS WORKCENTER_GROUP,
       TRUNC(r.TRACKINTIMESTAMP) AS day
FROM ranked r
JOIN CENTERS c ON c.SPECNAME = r.SPECNAME
WHERE r.rn = 1
ORDER BY r.CONTAINERID, r.TRACKINTIMESTAMP
"""


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def lots(bench: Bench) -> Bench:
    bench.duck(
        """
        CREATE TABLE LOTS (CONTAINERID VARCHAR, EQUIPMENTID VARCHAR, SPECNAME VARCHAR,
            TRACKINTIMESTAMP TIMESTAMP_S, TRACKOUTTIMESTAMP TIMESTAMP_S, TRACKINQTY DECIMAL(10, 0));
        INSERT INTO LOTS VALUES
            ('A', 'e1', 's1', '2026-01-01 10:00:00', '2026-01-01 11:00:00', 5),
            ('A', 'e1', 's1', '2026-01-02 10:30:00', '2026-01-02 11:00:00', NULL),
            ('A', 'e1', 's2', '2026-01-03 10:00:00', NULL, 7),
            ('B', 'e2', 's2', '2026-01-01 09:00:00', NULL, 9),
            ('C', 'e1', 's1', '2026-01-01 10:00:00', NULL, 1);
        CREATE TABLE CENTERS (SPECNAME VARCHAR, WORKCENTERNAME VARCHAR);
        INSERT INTO CENTERS VALUES ('s1', '焊接_db_1'), ('s2', 'wxb-2')
        """
    )
    return bench


def test_latest_row_of_each_lot_with_a_thousand_binds(lots: Bench) -> None:
    binds = ["A", "B", *(f"none{i}" for i in range(998))]
    sql = PRODUCTION.format(binds=", ".join(f":p{i}" for i in range(1000)))
    assert lots.query(sql, *binds) == [
        ("A", Decimal(0), "DB", datetime(2026, 1, 2)),
        ("B", Decimal(9), "WB", datetime(2026, 1, 1)),
    ]
    translated = lots.translate(sql)
    assert translated.sorted
    assert translated.bind_names == tuple(f"P{i}" for i in range(1000))
    assert len(translated.parameters) == 1
    assert lots.columns(sql, *binds) == ["CONTAINERID", "TRACKINQTY", "WORKCENTER_GROUP", "DAY"]


def test_the_work_of_translating_does_not_grow_with_the_binds(lots: Bench) -> None:
    few, many = (
        lots.translate(PRODUCTION.format(binds=", ".join(f":p{i}" for i in range(count))))
        for count in (2, 1000)
    )

    assert len(many.duckdb_sql) == len(few.duckdb_sql)


def test_like_around_a_bind(lots: Bench) -> None:
    sql = "SELECT COUNT(*) FROM CENTERS WHERE WORKCENTERNAME LIKE '%' || :p0 || '%'"
    assert lots.query(sql, "接_d") == [(1,)]
    assert lots.query(sql, None) == [(2,)]  # NULL counts as '' in a concatenation


def test_hold_hours_round_to_two_decimals(bench: Bench) -> None:
    bench.duck("CREATE TABLE H (ID BIGINT, HELD TIMESTAMP_S, RELEASED TIMESTAMP_S)")
    bench.duck("INSERT INTO H VALUES (1, '2026-01-01 00:00:00', '2026-01-02 01:30:00')")
    bench.duck("INSERT INTO H VALUES (2, '2026-02-28 12:14:15', NULL)")
    sql = "SELECT ROUND((NVL(RELEASED, SYSDATE) - HELD) * 24, 2) FROM H ORDER BY ID"
    assert bench.query(sql) == [(Decimal("25.50"),), (Decimal("1.00"),)]
