"""Anonymous PL/SQL blocks through the real driver: what is filled, opened, undone and refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import oracledb
import pytest

from tracekit import LocalOracle


@pytest.fixture(scope="module", name="local")
def _local() -> Iterator[LocalOracle]:
    with LocalOracle(":memory:") as local:
        yield local


@pytest.fixture(name="cursor")
def _cursor(local: LocalOracle) -> Iterator[oracledb.Cursor]:
    with oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as connection:
        connection.call_timeout = 20_000
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE lots (id NUMBER(4) PRIMARY KEY, t CLOB)")
        cursor.executemany("INSERT INTO lots VALUES (:1, :2)", [(i, "x" * i) for i in range(1, 8)])
        connection.commit()
        yield cursor
        cursor.execute("DROP TABLE lots")


def test_a_block_fills_binds_again_and_again(cursor: oracledb.Cursor) -> None:
    number, text = cursor.var(int), cursor.var(str)
    day, lob = cursor.var(oracledb.DB_TYPE_DATE), cursor.var(oracledb.DB_TYPE_CLOB)
    block = """begin :n := 3 + :a; :s := 'a;' || :n;
               select DATE '2026-02-03', t into :d, :l from lots where id = 2; end;"""
    for given in (4, 5):
        cursor.execute(block, n=number, s=text, d=day, l=lob, a=given)
        assert (number.getvalue(), text.getvalue()) == (3 + given, f"a;{3 + given}")
        assert (str(day.getvalue()), lob.getvalue().read()) == ("2026-02-03 00:00:00", "xx")


@pytest.mark.parametrize("fetch_lobs", [True, False])
def test_a_ref_cursor_is_read_like_any_other(
    cursor: oracledb.Cursor, fetch_lobs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oracledb.defaults, "fetch_lobs", fetch_lobs)
    for query, wanted in (
        ("SELECT id, t FROM lots WHERE id > :2 ORDER BY id", [(i, "x" * i) for i in range(4, 8)]),
        ("SELECT LEVEL, LEVEL FROM DUAL CONNECT BY LEVEL <= 700 + :2", None),
    ):
        opened = cursor.connection.cursor()
        opened.arraysize = 3
        cursor.execute(f"BEGIN OPEN :1 FOR {query}; END;", [opened, 3])
        rows = [(i, str(text)) for i, text in opened]
        assert rows == (wanted or [(i, str(i)) for i in range(1, 704)])
        assert len(opened.description) == 2


def test_a_block_that_fails_undoes_itself_alone(cursor: oracledb.Cursor) -> None:
    cursor.execute("INSERT INTO lots (id) VALUES (30)")
    with pytest.raises(oracledb.IntegrityError):
        cursor.execute("BEGIN INSERT INTO lots (id) VALUES (20); DELETE FROM lots WHERE id = 1; "
                       "INSERT INTO lots (id) VALUES (20); END;")  # fmt: skip
    assert cursor.execute("SELECT COUNT(*), MAX(id) FROM lots").fetchone() == (8, 30)


def test_a_block_runs_once_per_row(cursor: oracledb.Cursor) -> None:
    cursor.executemany(
        "BEGIN INSERT INTO lots (id) VALUES (:1); END;", [(n,) for n in (51, 52, 53)]
    )
    assert cursor.execute("SELECT COUNT(*) FROM lots WHERE id > 50").fetchone() == (3,)


@pytest.mark.parametrize(
    ("block", "binds", "error"),
    [
        ("BEGIN IF 1 = 1 THEN NULL; END IF; END;", [], "ORA-03001.* PL/SQL IF"),
        ("DECLARE x NUMBER; BEGIN NULL; END;", [], "ORA-03001.* declarations"),
        ("BEGIN DBMS_LOCK.SLEEP(1); END;", [], "ORA-03001.* DBMS_LOCK.SLEEP"),
        ("BEGIN no_such(:1); END;", [1], "ORA-06550.*PLS-00201.*NO_SUCH"),
        ("BEGIN :1 := no_such(1); END;", [1], "ORA-06550.*PLS-00201.*NO_SUCH"),
        ("BEGIN NULL END;", [], "ORA-06550.*PLS-00103"),
        ("BEGIN SELECT id INTO :1 FROM lots; END;", [1], "ORA-01422"),
        ("BEGIN SELECT id INTO :1 FROM lots WHERE id = 99; END;", [1], "ORA-01403"),
        ("BEGIN OPEN :1 FOR SELECT 1 FROM DUAL; END;", [1], "PLS-00382"),
    ],
)
def test_what_a_block_cannot_do_is_named(
    cursor: oracledb.Cursor, block: str, binds: list[Any], error: str
) -> None:
    with pytest.raises(oracledb.DatabaseError, match=f"(?s){error}"):
        cursor.execute(block, binds)


def test_probes_of_drivers_are_answered(cursor: oracledb.Cursor) -> None:
    identity = cursor.var(str)
    cursor.execute("begin :t := dbms_transaction.local_transaction_id( TRUE ); end;", t=identity)
    assert len(identity.getvalue().split(".")) == 3
    with pytest.raises(oracledb.Error, match="DPY-2035"):
        cursor.connection.gettype("NO_SUCH_TYPE")
    assert cursor.callfunc("upper", str, ["abc"]) == "ABC"
