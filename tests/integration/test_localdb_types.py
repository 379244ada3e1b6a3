"""Every Oracle type through the real driver and the real server, row by row and as Arrow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import oracledb
import pytest

from tracekit import LocalOracle

LONG_TEXT = "未填寫" * 1500  # 4,500 characters, 13,500 bytes
COLUMNS: dict[str, tuple[str, list[Any]]] = {
    "V": ("VARCHAR2(32767)", ["a", "未填寫", "x" * 252, "y" * 253, LONG_TEXT]),
    "C": ("CHAR(5)", ["a    ", "abcde", "12   "]),
    "NV": ("NVARCHAR2(2000)", ["製程", "z" * 300, "𠀀"]),
    "I": ("NUMBER(18)", [0, 1, -5, 10**18 - 1, -(10**18) + 1, 100, 2**53 + 1]),
    "N38": ("NUMBER(38)", [10**38 - 1, -(10**38) + 1, 0, 12345678901234567890123456789]),
    "D": ("NUMBER(12,3)", [Decimal("1.500"), Decimal("-999999999.999"), Decimal("0.001")]),
    "F": ("BINARY_DOUBLE", [1.5, -0.1, 1e300, 5e-324]),
    "S": ("BINARY_FLOAT", [1.5, -0.25]),
    "T": ("DATE", [dt.datetime(1, 1, 1), dt.datetime(2026, 2, 25, 23, 59, 59)]),
    "TS": ("TIMESTAMP(6)", [dt.datetime(2026, 2, 25, 1, 2, 3, 456789)]),
    "R": ("RAW(2000)", [b"\x00\xff", b"r" * 500]),
    "BOOL": ("BOOLEAN", [True, False]),
    "YM": (
        "INTERVAL YEAR(4) TO MONTH",
        [oracledb.IntervalYM(*pair) for pair in ((3, 2), (0, 11), (-1, -5), (0, 0), (1200, 0))],
    ),
    "DS": (
        "INTERVAL DAY(3) TO SECOND(6)",
        [dt.timedelta(days=4, seconds=7, microseconds=5), -dt.timedelta(hours=1), dt.timedelta()],
    ),
    "TZ": ("TIMESTAMP WITH TIME ZONE", [dt.datetime(2026, 2, 25, 1, 2, 3, 456789)]),
    "LTZ": ("TIMESTAMP(6) WITH LOCAL TIME ZONE", [dt.datetime(2026, 2, 25, 1, 2, 3, 456789)]),
}


# What the driver would bind as NUMBER or DATE otherwise, losing range or microseconds.
BOUND_AS = {
    "F": oracledb.DB_TYPE_BINARY_DOUBLE,
    "TS": oracledb.DB_TYPE_TIMESTAMP,
    "TZ": oracledb.DB_TYPE_TIMESTAMP_TZ,
    "LTZ": oracledb.DB_TYPE_TIMESTAMP_LTZ,
}


def _numbers_as_decimal(cursor: Any, metadata: Any) -> Any:
    """An output type handler, so that no digit is lost on the way to the comparison."""
    if metadata.type_code is oracledb.DB_TYPE_NUMBER:
        return cursor.var(Decimal, arraysize=cursor.arraysize)
    return None


@pytest.fixture(scope="module", name="connection")
def _connection() -> Iterator[oracledb.Connection]:
    with LocalOracle(":memory:") as local:
        connection = oracledb.connect(user=local.user, password=local.password, dsn=local.dsn)
        with connection:
            yield connection


def _filled(connection: oracledb.Connection, name: str) -> list[Any]:
    kind, values = COLUMNS[name]
    stored = [None, *values, None]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE TYPE_{name} (K NUMBER(9), {name} {kind})")
        if name in BOUND_AS:
            cursor.setinputsizes(None, BOUND_AS[name])
        cursor.executemany(f"INSERT INTO TYPE_{name} VALUES (:1, :2)", list(enumerate(stored)))
    connection.commit()
    return stored


@pytest.mark.parametrize("name", COLUMNS)
def test_values_come_back_as_they_were_stored(connection: oracledb.Connection, name: str) -> None:
    stored = _filled(connection, name)

    with connection.cursor() as cursor:
        cursor.outputtypehandler = _numbers_as_decimal
        for size in (1, 2, 100):
            cursor.arraysize = cursor.prefetchrows = size
            cursor.execute(f"SELECT {name} FROM TYPE_{name} ORDER BY K")
            described = cursor.description[0]
            assert [row[0] for row in cursor.fetchall()] == stored

    assert described[0] == name
    frames = list(connection.fetch_df_batches(f"SELECT K FROM TYPE_{name} ORDER BY K", size=2))
    assert sum(frame.num_rows() for frame in frames) == len(stored)


@pytest.mark.parametrize(
    ("name", "type_code", "precision", "scale"),
    [
        ("V", oracledb.DB_TYPE_VARCHAR, None, None),
        ("C", oracledb.DB_TYPE_CHAR, None, None),
        ("NV", oracledb.DB_TYPE_NVARCHAR, None, None),
        ("I", oracledb.DB_TYPE_NUMBER, 18, 0),
        ("N38", oracledb.DB_TYPE_NUMBER, 38, 0),
        ("D", oracledb.DB_TYPE_NUMBER, 12, 3),
        ("F", oracledb.DB_TYPE_BINARY_DOUBLE, None, None),
        ("S", oracledb.DB_TYPE_BINARY_FLOAT, None, None),
        ("T", oracledb.DB_TYPE_DATE, None, None),
        ("TS", oracledb.DB_TYPE_TIMESTAMP, 0, 6),
        ("R", oracledb.DB_TYPE_RAW, None, None),
        ("BOOL", oracledb.DB_TYPE_BOOLEAN, None, None),
        ("YM", oracledb.DB_TYPE_INTERVAL_YM, 4, 0),
        ("DS", oracledb.DB_TYPE_INTERVAL_DS, 3, 6),
        ("TZ", oracledb.DB_TYPE_TIMESTAMP_TZ, 0, 6),
        ("LTZ", oracledb.DB_TYPE_TIMESTAMP_LTZ, 0, 6),
    ],
)
def test_columns_are_described_as_declared(
    connection: oracledb.Connection, name: str, type_code: Any, precision: Any, scale: Any
) -> None:
    kind = COLUMNS[name][0]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE DESCRIBED_{name} ({name} {kind})")
        cursor.execute(f"SELECT {name} FROM DESCRIBED_{name}")
        [described] = cursor.description

    assert described[1] is type_code
    assert described[4] == precision
    assert described[5] == scale


def test_whole_numbers_are_int_and_fractions_float(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 5352, 5352.5, CAST(7 AS NUMBER(18)), CAST(NULL AS NUMBER) FROM DUAL")
        [row] = cursor.fetchall()

    assert row == (5352, 5352.5, 7, None)
    assert [type(value) for value in row] == [int, float, int, type(None)]


def test_types_are_followed_to_where_a_column_goes(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE FOLLOWED (C CHAR(3), N NVARCHAR2(5), F FLOAT, Y BOOLEAN)")
        cursor.execute(
            "WITH w AS (SELECT C AS A, f.* FROM FOLLOWED f) SELECT A, w.N AS B, F G, Y, V FROM w,"
            " (SELECT MAX(C) AS V FROM FOLLOWED) WHERE 1 = 0 UNION ALL SELECT '', '', 1, TRUE, ''"
            " FROM DUAL"
        )
        kinds = [column.type_code.name.removeprefix("DB_TYPE_") for column in cursor.description]
    assert kinds == ["CHAR", "NVARCHAR", "NUMBER", "BOOLEAN", "CHAR"]


def test_booleans_are_bound_and_compared(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE FLAGS (K NUMBER(9), Y BOOLEAN)")
        cursor.executemany("INSERT INTO FLAGS VALUES (:1, :2)", [(1, True), (2, False), (3, None)])
        cursor.execute("SELECT K FROM FLAGS WHERE Y = :y", y=False)
        assert cursor.fetchall() == [(2,)]
        cursor.execute("SELECT K FROM FLAGS WHERE Y")
        assert cursor.fetchall() == [(1,)]
        cursor.execute("SELECT :y, TRUE FROM DUAL", y=True)
        assert cursor.fetchall() == [(True, True)]
    connection.rollback()


def test_intervals_are_added(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DATE '2026-01-15' + :m, TIMESTAMP '2026-01-31 00:00:00' + :d FROM DUAL",
            m=oracledb.IntervalYM(0, 1),
            d=dt.timedelta(hours=36),
        )
        assert cursor.fetchall() == [(dt.datetime(2026, 2, 15), dt.datetime(2026, 2, 1, 12))]


def test_moments_keep_their_zone_and_are_compared_as_instants(
    connection: oracledb.Connection,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE INSTANTS (Z TIMESTAMP WITH TIME ZONE)")
        cursor.execute("INSERT INTO INSTANTS VALUES (TIMESTAMP '2026-02-25 01:02:03.5 +08:00')")
        cursor.execute("SELECT Z FROM INSTANTS WHERE Z = TIMESTAMP '2026-02-24 17:02:03.5 +00:00'")
        assert cursor.fetchall() == [(dt.datetime(2026, 2, 25, 1, 2, 3, 500_000),)]
    connection.rollback()


def test_rows_are_found_by_their_rowids(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE ROWS_ (K NUMBER(9))")
        cursor.executemany("INSERT INTO ROWS_ VALUES (:1)", [(i % 100,) for i in range(70_000)])
        connection.commit()
        cursor.execute("SELECT ROWID, r.ROWID AS R, K FROM ROWS_ r ORDER BY ROWID DESC")
        assert [column.type_code for column in cursor.description[:2]] == [
            oracledb.DB_TYPE_ROWID
        ] * 2
        rows = cursor.fetchall()
        assert len({row[0] for row in rows}) == 70_000
        assert {len(row[0]) for row in rows} == {18}
        assert all(row[0] == row[1] for row in rows)
        assert [row[2] for row in rows] == [i % 100 for i in reversed(range(70_000))]
        some = rows[3], rows[65_600]
        for rowid, _, key in some:
            cursor.execute("SELECT K, ROWIDTOCHAR(ROWID) FROM ROWS_ WHERE ROWID = :1", [rowid])
            assert cursor.fetchall() == [(key, rowid)]
        cursor.execute(
            "SELECT COUNT(*) FROM ROWS_ WHERE ROWID IN (:1, :2)", [row[0] for row in some]
        )
        assert cursor.fetchall() == [(2,)]
        cursor.execute("UPDATE ROWS_ SET K = -1 WHERE ROWID = :1", [some[1][0]])
        assert cursor.rowcount == 1
        cursor.execute(
            "DELETE FROM ROWS_ WHERE ROWID NOT IN (SELECT MIN(ROWID) FROM ROWS_ GROUP BY K)"
        )
        assert cursor.rowcount == 70_000 - 101
        with pytest.raises(oracledb.DatabaseError) as info:
            cursor.execute("SELECT K FROM ROWS_ WHERE ROWID = 'nonsense'")
        assert info.value.args[0].code == 1410
    connection.rollback()


@pytest.mark.parametrize("kind", ["JSON", "XMLTYPE", "BFILE"])
def test_types_that_there_are_not_are_named(connection: oracledb.Connection, kind: str) -> None:
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError) as info:
        cursor.execute(f"CREATE TABLE MISSING (X {kind})")
    assert info.value.args[0].code == 3001
    assert kind in str(info.value)
