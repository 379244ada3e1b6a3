"""LOBs of locked rows, written through their locators until the transaction ends."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import oracledb
import pytest

from tracekit import LocalOracle

CLOB, BLOB = oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_BLOB
ROWS = "SELECT id, TO_CHAR(t), b FROM notes ORDER BY id"


@pytest.fixture(scope="module", name="local")
def _local() -> Iterator[LocalOracle]:
    with LocalOracle(":memory:") as local:
        yield local


@pytest.fixture(name="connection")
def _connection(local: LocalOracle) -> Iterator[oracledb.Connection]:
    with local.fresh() as database, _connect(database) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE notes (id NUMBER(5) PRIMARY KEY, t CLOB, b BLOB)")
        cursor.execute("INSERT INTO notes VALUES (1, 'abc', HEXTORAW('0102'))")
        cursor.execute("INSERT INTO notes VALUES (2, EMPTY_CLOB(), EMPTY_BLOB())")
        connection.commit()
        yield connection


def _connect(local: LocalOracle) -> oracledb.Connection:
    return oracledb.connect(user=local.user, password=local.password, dsn=local.dsn)


def _one(connection: oracledb.Connection, sql: str, *binds: object) -> tuple[oracledb.LOB, ...]:
    """The LOBs of the only row."""
    [row] = connection.cursor().execute(sql, binds, fetch_lobs=True).fetchall()
    return tuple(value for value in row if isinstance(value, oracledb.LOB))


def _rows(connection: oracledb.Connection) -> list[tuple[object, ...]]:
    return list(connection.cursor().execute(ROWS, fetch_lobs=False).fetchall())


def _refused(lob: oracledb.LOB) -> bool:
    with pytest.raises(oracledb.DatabaseError) as info:
        lob.write(b"x" if lob.type is BLOB else "x")
    return bool(info.value.args[0].code == 22920)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT t, b FROM notes WHERE id = :1 FOR UPDATE",
        "SELECT * FROM notes WHERE id = :1 FOR UPDATE NOWAIT",
        "SELECT n.id * 2, n.* FROM notes n WHERE n.id = :1 ORDER BY n.id FOR UPDATE OF n.t WAIT 5",
        "SELECT t AS b, b AS t FROM notes WHERE id = :1 FOR UPDATE SKIP LOCKED",
    ],
)
def test_a_locked_row_takes_what_is_written(connection: oracledb.Connection, sql: str) -> None:
    text, binary = _one(connection, sql, 1)
    text.write("Z", 1)
    text.write("de", 5)
    binary.write(b"\xff", 2)
    assert (text.read(), text.size(), binary.read()) == ("Zbc de", 6, b"\x01\xff")
    assert _rows(connection) == [(1, "Zbc de", b"\x01\xff"), (2, None, None)]
    text.trim(2)
    binary.trim(0)
    connection.commit()
    assert _rows(connection) == [(1, "Zb", None), (2, None, None)]
    assert text.read() == "Zb"
    assert _refused(text)


def test_a_long_value_is_written_in_pieces(connection: oracledb.Connection) -> None:
    text, binary = _one(connection, "SELECT t, b FROM notes WHERE id = 2 FOR UPDATE")
    whole = random.Random(3).randbytes(300_000)
    for at in range(0, len(whole), 32_768):
        binary.write(whole[at : at + 32_768], at + 1)
        text.write("字" * 500, 1 + text.size())
    connection.commit()
    assert _rows(connection)[1][2] == whole
    assert _one(connection, "SELECT t FROM notes WHERE id = 2")[0].read() == "字" * 5_000


def test_each_row_of_many_takes_its_own(connection: oracledb.Connection) -> None:
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO notes VALUES (:1, :2, NULL)", [(i, "-") for i in range(3, 900)])
    written = {}
    for number, lob in cursor.execute(
        "SELECT id, t FROM notes WHERE id > 2 ORDER BY id DESC FOR UPDATE", fetch_lobs=True
    ):
        if number % 100 == 0:
            written[number] = f"row {number}"
            lob.write(written[number])
    connection.commit()
    cursor.execute("SELECT id, TO_CHAR(t) FROM notes WHERE TO_CHAR(t) LIKE 'row%'")
    assert dict(cursor.fetchall()) == written


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO notes VALUES (3, EMPTY_CLOB(), EMPTY_BLOB()) RETURNING t, b INTO :1, :2",
        "UPDATE notes SET t = EMPTY_CLOB(), b = EMPTY_BLOB() WHERE id = 1"
        " RETURNING t, b INTO :1, :2",
    ],
)
def test_the_lob_of_a_returned_row_is_written(connection: oracledb.Connection, sql: str) -> None:
    cursor = connection.cursor()
    text, binary = cursor.var(CLOB), cursor.var(BLOB)
    cursor.execute(sql, [text, binary])
    text.getvalue()[0].write("written")
    binary.getvalue()[0].write(b"\x07")
    connection.commit()
    assert [row[1:] for row in _rows(connection)].count(("written", b"\x07")) == 1
    assert _refused(text.getvalue()[0])


def test_what_was_written_is_undone_with_the_transaction(connection: oracledb.Connection) -> None:
    before = _rows(connection)
    lock = "SELECT t FROM notes WHERE id = 1 FOR UPDATE"
    (text,) = _one(connection, lock)
    text.write("never")
    connection.rollback()
    assert (text.read(), _rows(connection)) == ("abc", before)
    assert _refused(text)
    (text,) = _one(connection, lock)
    text.write("kept")
    connection.cursor().execute("SAVEPOINT here")
    text.write("lost")
    connection.cursor().execute("ROLLBACK TO here")
    assert _refused(text)
    connection.cursor().execute("COMMIT")
    assert _rows(connection)[0][1] == "kept"


def test_a_written_lob_can_be_bound_and_outlives_its_cursor(
    connection: oracledb.Connection,
) -> None:
    cursor = connection.cursor()
    ((text,),) = cursor.execute(
        "SELECT t FROM notes WHERE id = 1 FOR UPDATE", fetch_lobs=True
    ).fetchall()
    text.write("new")
    cursor.close()
    connection.cursor().execute("UPDATE notes SET t = :1 WHERE id = 2", [text])
    text.write("newer")
    connection.commit()
    assert [row[1] for row in _rows(connection)] == ["newer", "new"]


def test_a_row_that_is_gone_is_an_error_of_the_next_statement(
    connection: oracledb.Connection,
) -> None:
    (text,) = _one(connection, "SELECT t FROM notes WHERE id = 1 FOR UPDATE")
    connection.cursor().execute("DELETE FROM notes WHERE id = 1")
    text.write("lost")
    with pytest.raises(oracledb.DatabaseError, match="ORA-22920"):
        connection.commit()
    connection.rollback()
    assert _rows(connection)[0][1] == "abc"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT t FROM notes WHERE id = 1",
        "SELECT UPPER(t) FROM notes WHERE id = 1 FOR UPDATE",
        "SELECT t FROM seen WHERE id = 1 FOR UPDATE",
        "SELECT n.t FROM notes n JOIN notes m ON m.id = n.id WHERE n.id = 1 FOR UPDATE OF n.t",
    ],
)
def test_a_lob_of_no_locked_row_is_refused(connection: oracledb.Connection, sql: str) -> None:
    connection.cursor().execute("CREATE VIEW seen AS SELECT * FROM notes")
    (text,) = _one(connection, sql)
    assert _refused(text)
    assert text.read().lower() == "abc"


def test_a_table_of_a_duckdb_file_takes_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "files.duckdb"
    duckdb.connect(str(path)).close()
    with LocalOracle(path, writable=True) as local, _connect(local) as connection:
        connection.cursor().execute("CREATE TABLE docs (id NUMBER(5), body BLOB)")
        rows = [(number, b"abc") for number in range(3)]
        connection.cursor().executemany("INSERT INTO docs VALUES (:1, :2)", rows)
        connection.commit()
    with LocalOracle(path) as local, _connect(local) as connection:
        (body,) = _one(connection, "SELECT body FROM docs WHERE id = 1 FOR UPDATE")
        body.write(b"B", 2)
        connection.commit()
        stored = connection.cursor().execute("SELECT body FROM docs ORDER BY id", fetch_lobs=False)
        assert stored.fetchall() == [(b"abc",), (b"aBc",), (b"abc",)]
