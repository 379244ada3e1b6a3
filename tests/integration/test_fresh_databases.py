"""A database of its own for every test, and rows of its own for every session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import oracledb
import pytest

from tracekit.testbed import LocalOracle

pytest_plugins = ["pytester"]

PLUGIN_TESTS = """
import pytest

@pytest.fixture(scope="session")
def parts(local_oracle_server):
    with local_oracle_server.database.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE mes_parts (id NUMBER(9) PRIMARY KEY, name VARCHAR2(10))")
        cursor.execute("INSERT INTO mes_parts VALUES (1, 'loaded')")
        connection.commit()

servers = set()

@pytest.mark.parametrize("turn", [1, 2, 3])
def test_alone(local_oracle, parts, turn):
    servers.add(local_oracle.server_pid)
    assert len(servers) == 1
    with local_oracle.database.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE mine (turn NUMBER(9))")
        cursor.execute("INSERT INTO mine VALUES (:1)", [turn])
        cursor.execute("CREATE TABLE DWH.qualified AS SELECT * FROM mine")
        cursor.execute("CREATE SEQUENCE numbers")
        cursor.execute("SELECT numbers.NEXTVAL FROM DUAL")
        assert cursor.fetchall() == [(1,)]
        cursor.execute("SELECT name FROM dwh.mes_parts")
        assert cursor.fetchall() == [("loaded",)]
        cursor.execute("SELECT COUNT(*) FROM dw_mes_container")
        ((containers,),) = cursor.fetchall()
        assert containers >= len(local_oracle.keys())
        cursor.execute("UPDATE mes_parts SET name = 'turn ' || :1", [turn])
        cursor.execute("DELETE FROM dw_mes_container WHERE ROWNUM <= 10")
        connection.commit()
        cursor.execute("SELECT COUNT(*) FROM dw_mes_container")
        assert cursor.fetchall() == [(containers - 10,)]
"""


def connect(server: LocalOracle) -> oracledb.Connection:
    return oracledb.connect(user=server.user, password=server.password, dsn=server.dsn)


def rows(connection: oracledb.Connection, sql: str, *binds: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, binds)
        return [] if cursor.description is None else cursor.fetchall()


@pytest.fixture(scope="module")
def server() -> Iterator[LocalOracle]:
    with LocalOracle(":memory:") as local:
        with connect(local) as connection:
            for statement in (
                "CREATE TABLE par (id NUMBER(9) CONSTRAINT par_pk PRIMARY KEY, v VARCHAR2(9))",
                "CREATE TABLE kid (id NUMBER(9) GENERATED ALWAYS AS IDENTITY,"
                " par NUMBER(9) CONSTRAINT kid_fk REFERENCES par (id),"
                " at DATE DEFAULT DATE '2026-01-01', n NUMBER CONSTRAINT kid_ck CHECK (n > 0))",
                "CREATE UNIQUE INDEX par_v ON par (v)",
                "INSERT INTO par VALUES (1, 'one')",
                "INSERT INTO kid (par, n) VALUES (1, 1)",
                "CREATE VIEW both_of_them AS SELECT v, n FROM par JOIN kid ON kid.par = par.id",
                "COMMIT",
            ):
                rows(connection, statement)
        yield local


def test_tests_share_a_server_and_see_nothing_of_each_other(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PLUGIN_TESTS)
    result = pytester.runpytest_subprocess("--tracekit-oracle=trace-tiny", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3)


def test_copies_are_each_others_strangers(server: LocalOracle) -> None:
    with server.fresh() as one, server.fresh() as two, connect(one) as a, connect(two) as b:
        for connection, value in ((a, "a"), (b, "b")):
            rows(connection, "CREATE TABLE mine (v VARCHAR2(9))")
            rows(connection, "INSERT INTO dwh.par VALUES (2, :1)", value)
            rows(connection, "UPDATE kid SET par = 2")
            connection.commit()
        assert rows(a, "SELECT v FROM par ORDER BY 1") == [("a",), ("one",)]
        assert rows(b, "SELECT v FROM both_of_them") == [("b",)]
    with connect(server) as connection:
        assert rows(connection, "SELECT v FROM par") == [("one",)]
        assert rows(connection, "SELECT COUNT(*) FROM user_tables") == [(2,)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("INSERT INTO par VALUES (1, 'again')", r"ORA-00001: .*\(DWH\.PAR_PK\)"),
        ("INSERT INTO par VALUES (2, 'one')", r"ORA-00001: .*\(DWH\.PAR_V\)"),
        ("INSERT INTO kid (par, n) VALUES (9, 1)", r"ORA-02291: .*\(DWH\.KID_FK\)"),
        ("DELETE FROM par", r"ORA-02292: .*\(DWH\.KID_FK\)"),
        ("INSERT INTO kid (par, n) VALUES (1, 0)", r"ORA-02290: .*\(DWH\.KID_CK\)"),
        ("INSERT INTO kid (id) VALUES (1)", "ORA-32795"),
    ],
)
def test_constraints_hold_in_copies(server: LocalOracle, change: str, message: str) -> None:
    with server.fresh() as own, connect(own) as connection:
        with pytest.raises(oracledb.DatabaseError, match=message):
            rows(connection, change)
        rows(connection, "INSERT INTO kid (par, n) VALUES (1, 5)")
        kids = rows(connection, "SELECT id, TO_CHAR(at, 'YYYY'), n FROM kid ORDER BY id")
        assert [kid[1:] for kid in kids] == [("2026", 1), ("2026", 5)]
        assert kids[0][0] == 1
        assert kids[1][0] > 1  # a failing statement may have drawn a number


def test_a_session_of_a_copy_ends_with_it(server: LocalOracle) -> None:
    with server.fresh() as own:
        connection = connect(own)
        rows(connection, "INSERT INTO par VALUES (2, 'two')")
    with pytest.raises(oracledb.DatabaseError, match=r"ORA-00028|DPY-4011"):
        rows(connection, "SELECT 1 FROM DUAL")
    with pytest.raises(oracledb.DatabaseError, match="DPY-6001"):
        connect(own)


def test_a_copy_is_made_again_when_the_server_restarts() -> None:
    with LocalOracle(":memory:") as local, local.fresh() as own:
        own.restart()
        with connect(own) as connection:
            assert rows(connection, "SELECT 1 FROM DUAL") == [(1,)]


def test_rows_of_temporary_tables_are_a_sessions_own(server: LocalOracle) -> None:
    with server.fresh() as own, connect(own) as one, connect(own) as two:
        rows(one, "CREATE GLOBAL TEMPORARY TABLE kept (a NUMBER(9)) ON COMMIT PRESERVE ROWS")
        rows(one, "CREATE GLOBAL TEMPORARY TABLE gone (a NUMBER(9))")
        rows(one, "INSERT INTO kept VALUES (1)")
        rows(two, "INSERT INTO dwh.kept VALUES (2)")
        rows(one, "INSERT INTO dwh.gone SELECT a FROM kept")
        assert rows(one, "SELECT k.a, g.a FROM kept k, gone g") == [(1, 1)]
        one.commit()
        two.commit()
        assert rows(one, "SELECT a FROM dwh.kept") == [(1,)]
        assert rows(one, "SELECT a FROM gone") == []
        assert rows(two, "SELECT a FROM kept") == [(2,)]
        assert rows(
            one, "SELECT table_name FROM user_tables WHERE duration IS NOT NULL ORDER BY 1"
        ) == [
            ("GONE",),
            ("KEPT",),
        ]


def test_temporary_tables_take_part_in_the_transaction(server: LocalOracle) -> None:
    with server.fresh() as own, connect(own) as one:
        rows(one, "CREATE GLOBAL TEMPORARY TABLE kept (a NUMBER(9)) ON COMMIT PRESERVE ROWS")
        rows(one, "INSERT INTO par VALUES (2, 'two')")
        rows(one, "INSERT INTO kept VALUES (1)")
        assert rows(one, "SELECT v FROM par WHERE id = 2") == [("two",)]
        one.rollback()
        assert rows(one, "SELECT a FROM kept") == []
        assert rows(one, "SELECT v FROM par WHERE id = 2") == []


def test_a_temporary_table_in_use_cannot_be_dropped(server: LocalOracle) -> None:
    with server.fresh() as own, connect(own) as one:
        rows(one, "CREATE GLOBAL TEMPORARY TABLE kept (a NUMBER(9)) ON COMMIT PRESERVE ROWS")
        with connect(own) as two:
            rows(two, "INSERT INTO kept VALUES (1)")
            with pytest.raises(oracledb.DatabaseError, match="ORA-14452"):
                rows(one, "DROP TABLE kept")
            rows(two, "TRUNCATE TABLE kept")
            assert rows(two, "SELECT COUNT(*) FROM kept") == [(0,)]


def test_drawn_numbers_survive_a_failing_statement(server: LocalOracle) -> None:
    with server.fresh() as own, connect(own) as one:
        rows(one, "CREATE SEQUENCE s")
        rows(one, "CREATE TABLE t (a NUMBER(9) PRIMARY KEY, b NUMBER(9))")
        with one.cursor() as cursor:
            cursor.executemany("INSERT INTO t VALUES (s.NEXTVAL, :1)", [[n] for n in range(20)])
        with pytest.raises(oracledb.IntegrityError, match="ORA-00001"):
            rows(one, "INSERT INTO t VALUES (1, 1)")
        assert rows(one, "SELECT COUNT(*), MIN(a), MAX(a), s.CURRVAL FROM t") == [(20, 1, 20, 20)]
