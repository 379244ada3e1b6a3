"""RETURNING INTO, savepoints and described casts, through python-oracledb."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import oracledb
import pytest

from tracekit.testbed import LocalOracle


@pytest.fixture(scope="module")
def server() -> Iterator[LocalOracle]:
    with LocalOracle(":memory:") as local:
        yield local


@pytest.fixture
def cursor(server: LocalOracle) -> Iterator[oracledb.Cursor]:
    with (
        oracledb.connect(user=server.user, password=server.password, dsn=server.dsn) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "CREATE TABLE lots (id NUMBER(9) PRIMARY KEY, name VARCHAR2(20), made DATE, qty NUMBER,"
            " mark RAW(8))"
        )
        yield cursor
        connection.rollback()
        cursor.execute("DROP TABLE lots")


def ids(cursor: oracledb.Cursor) -> list[int]:
    return [row[0] for row in cursor.execute("SELECT id FROM lots ORDER BY id")]


def test_returning_fills_binds_of_every_type(cursor: oracledb.Cursor) -> None:
    sent = [7, "站七", datetime(2026, 3, 1, 4, 5, 6), 2.5, b"\x00\xff"]
    kinds: list[Any] = [int, str, oracledb.DB_TYPE_DATE, float, bytes]
    outs = [cursor.var(kind) for kind in kinds]
    cursor.execute(
        "INSERT INTO lots VALUES (:1, :2, :3, :4, :5)"
        " RETURNING id, name, made, qty, mark INTO :6, :7, :8, :9, :10",
        [*sent, *outs],
    )
    assert [out.getvalue() for out in outs] == [[value] for value in sent]
    assert cursor.rowcount == 1
    assert cursor.execute("SELECT * FROM lots").fetchall() == [tuple(sent)]


def test_returning_gives_the_values_of_all_rows_touched(cursor: oracledb.Cursor) -> None:
    cursor.executemany("INSERT INTO lots (id, qty) VALUES (:1, :2)", [(i, i) for i in range(1, 7)])
    old, new = cursor.var(int), cursor.var(float)
    statement = "UPDATE lots SET qty = qty * :f WHERE id > :i RETURNING id, qty INTO :old, :new"
    for factor, least in ((2, 4), (1.5, 99)):  # the second one's binds have other types
        cursor.execute(statement, [factor, least, old, new])
        expected = [i for i in range(1, 7) if i > least]
        assert sorted(old.getvalue()) == expected
        assert sorted(new.getvalue()) == [i * factor for i in expected]
        assert cursor.rowcount == len(expected)


def test_executemany_returns_per_row(cursor: oracledb.Cursor) -> None:
    cursor.execute("CREATE SEQUENCE lot_ids START WITH 11")
    try:
        made = cursor.var(int, arraysize=3)
        cursor.setinputsizes(None, made)
        cursor.executemany(
            "INSERT INTO lots (id, name) VALUES (lot_ids.NEXTVAL, :1) RETURNING id INTO :2",
            [("a",), ("b",), ("c",)],
        )
        assert [made.getvalue(index) for index in range(3)] == [[11], [12], [13]]
        assert ids(cursor) == [11, 12, 13]
        cursor.connection.commit()
    finally:
        cursor.execute("DROP SEQUENCE lot_ids")


def test_batch_errors_leave_their_rows_empty(cursor: oracledb.Cursor) -> None:
    made = cursor.var(int, arraysize=3)
    cursor.setinputsizes(None, made)
    cursor.executemany(
        "INSERT INTO lots (id) VALUES (:1) RETURNING id INTO :2",
        [(1,), (1,), (2,)],
        batcherrors=True,
    )
    assert [made.getvalue(index) for index in range(3)] == [[1], [], [2]]
    (error,) = cursor.getbatcherrors()
    assert (error.offset, error.full_code) == (1, "ORA-00001")


@pytest.mark.parametrize(
    ("value", "text"), [("12", "12"), ("120", "120"), ("1.50", "1.5"), ("-0.25", "-.25")]
)
def test_a_number_comes_into_a_text_bind_as_oracle_writes_it(
    cursor: oracledb.Cursor, value: str, text: str
) -> None:
    out = cursor.var(str)
    cursor.execute(f"INSERT INTO lots (id, qty) VALUES (1, {value}) RETURNING qty INTO :1", [out])
    assert out.getvalue() == [text]


def test_what_cannot_be_returned_is_not_done(cursor: oracledb.Cursor) -> None:
    cursor.execute("INSERT INTO lots (id, name) VALUES (1, 'kept')")
    out = cursor.var(oracledb.DB_TYPE_DATE)
    with pytest.raises(oracledb.DatabaseError, match="ORA-03001"):
        cursor.execute("INSERT INTO lots (id, name) VALUES (2, 'x') RETURNING name INTO :1", [out])
    assert ids(cursor) == [1]


def test_a_failing_statement_after_returning_undoes_itself_alone(cursor: oracledb.Cursor) -> None:
    out = cursor.var(int)
    cursor.execute("INSERT INTO lots (id) VALUES (1) RETURNING id INTO :1", [out])
    with pytest.raises(oracledb.IntegrityError, match="ORA-00001"):
        cursor.execute("INSERT INTO lots (id) VALUES (1) RETURNING id INTO :1", [out])
    assert ids(cursor) == [1]


def test_savepoints_undo_what_came_after_them(cursor: oracledb.Cursor) -> None:
    for number, name in ((1, "first"), (2, "second"), (3, "third")):
        cursor.execute("INSERT INTO lots (id) VALUES (:1)", [number])
        cursor.execute(f"SAVEPOINT {name}")
    cursor.execute("DELETE FROM lots")
    cursor.execute("ROLLBACK TO SAVEPOINT third")
    assert ids(cursor) == [1, 2, 3]
    cursor.execute("ROLLBACK TO first")
    assert ids(cursor) == [1]
    with pytest.raises(oracledb.DatabaseError, match="ORA-01086"):
        cursor.execute("ROLLBACK TO second")
    cursor.execute("INSERT INTO lots (id) VALUES (9)")
    cursor.connection.commit()
    assert ids(cursor) == [1, 9]


def test_a_savepoint_survives_a_failing_statement_and_ends_with_the_transaction(
    cursor: oracledb.Cursor,
) -> None:
    cursor.execute("INSERT INTO lots (id) VALUES (1)")
    cursor.execute("SAVEPOINT here")
    cursor.execute("INSERT INTO lots (id) VALUES (2)")
    with pytest.raises(oracledb.IntegrityError):
        cursor.execute("INSERT INTO lots (id) VALUES (2)")
    cursor.execute("ROLLBACK TO here")
    assert ids(cursor) == [1]
    cursor.connection.rollback()
    with pytest.raises(oracledb.DatabaseError, match="ORA-01086"):
        cursor.execute("ROLLBACK TO here")


def test_a_savepoint_that_cannot_be_restored_leaves_all_as_it_is(cursor: oracledb.Cursor) -> None:
    cursor.execute("CREATE SEQUENCE drawn")
    cursor.execute("INSERT INTO lots (id) SELECT drawn.NEXTVAL FROM DUAL")
    cursor.execute("SAVEPOINT here")
    cursor.execute("INSERT INTO lots (id) VALUES (5)")
    with pytest.raises(oracledb.DatabaseError, match="ORA-03001"):
        cursor.execute("ROLLBACK TO here")
    assert ids(cursor) == [1, 5]
    cursor.connection.commit()
    cursor.execute("DROP SEQUENCE drawn")


@pytest.mark.parametrize(
    ("expression", "precision", "scale"),
    [
        ("CAST(1 AS NUMBER(18))", 18, 0),
        ("CAST(1.25 AS NUMBER(10, 2))", 10, 2),
        ("CAST(1.6 AS INTEGER)", 38, 0),
        ("CAST(1 AS NUMBER)", 0, -127),
        ("CAST(1 AS NUMBER(5)) + 1", 0, -127),
        ("COUNT(*)", 0, -127),
    ],
)
def test_casts_are_described_with_their_precision(
    cursor: oracledb.Cursor, expression: str, precision: int, scale: int
) -> None:
    for statement in (
        f"SELECT {expression} AS n FROM dual",
        f"WITH q AS (SELECT {expression} AS n FROM dual) SELECT n FROM q",
    ):
        cursor.execute(statement)
        (column,) = cursor.description
        assert (column.precision, column.scale) == (precision, scale)


def test_a_cast_to_integer_rounds(cursor: oracledb.Cursor) -> None:
    assert cursor.execute("SELECT CAST(1.6 AS INTEGER) FROM dual").fetchone() == (2,)


def test_not_like_is_the_opposite_of_like(cursor: oracledb.Cursor) -> None:
    names = ["abc", "a_c", "x%", None]
    cursor.executemany("INSERT INTO lots (id, name) VALUES (:1, :2)", list(enumerate(names)))
    for pattern, like in (("a%", {0, 1}), ("a!_c", {1}), ("%!%", {2})):
        sql = "SELECT id FROM lots WHERE name {} LIKE :1 ESCAPE '!'"
        assert {row[0] for row in cursor.execute(sql.format(""), [pattern])} == like
        assert {row[0] for row in cursor.execute(sql.format("NOT"), [pattern])} == {0, 1, 2} - like
