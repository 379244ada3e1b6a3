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
}


# What the driver would bind as NUMBER or DATE otherwise, losing range or microseconds.
BOUND_AS = {"F": oracledb.DB_TYPE_BINARY_DOUBLE, "TS": oracledb.DB_TYPE_TIMESTAMP}


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
