"""Query structure, DDL and DML: what DuckDB answers after translation."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.localdb.translate_bench import SYSDATE, Bench
from tracekit.localdb.backend import StatementKind
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.stored_names import shown_name
from tracekit.localdb.translate import Control, DeclaredType

_STAFF = """
CREATE TABLE EMP (EMPNO INTEGER, ENAME VARCHAR, MGR INTEGER, DEPTNO INTEGER, SAL DECIMAL(8, 2));
INSERT INTO EMP VALUES
    (1, 'KING', NULL, 10, 50), (2, 'BLAKE', 1, 30, 30), (3, 'JONES', 1, 20, NULL),
    (4, 'SCOTT', 3, 20, 20), (5, 'ADAMS', 4, 20, 20), (6, 'ALLEN', 2, 30, 10);
CREATE TABLE DEPT (DEPTNO INTEGER, DNAME VARCHAR);
INSERT INTO DEPT VALUES (10, 'ACC'), (20, 'RES'), (30, 'SAL'), (40, 'OPS')
"""


@pytest.fixture(scope="module")
def staff() -> Bench:
    bench = Bench()
    bench.duck(_STAFF)
    return bench


@pytest.fixture
def fresh() -> Bench:
    return Bench()


def names(rows: list[tuple[Any, ...]]) -> list[Any]:
    return [row[0] for row in rows]


def test_nulls_sort_as_in_oracle(staff: Bench) -> None:
    assert names(staff.query("SELECT sal FROM emp ORDER BY sal"))[-1] is None
    assert names(staff.query("SELECT sal FROM emp ORDER BY sal DESC"))[0] is None
    assert names(staff.query("SELECT sal FROM emp ORDER BY sal DESC NULLS LAST"))[-1] is None


def test_columns_are_named_as_oracle_names_them(staff: Bench) -> None:
    sql = "SELECT ename, nvl( sal , 0 ), count(*) over (), 'a b', e.deptno \"dept No\" FROM emp e"
    assert list(map(shown_name, staff.columns(sql))) == [
        "ENAME",
        "NVL(SAL,0)",
        "COUNT(*)OVER()",
        "'AB'",
        "dept No",
    ]
    assert staff.columns("SELECT :abc || 'x', SYSDATE FROM dual", "q") == [":ABC||'X'", "SYSDATE"]


def test_computed_columns_are_followed_into_ctes(staff: Bench) -> None:
    sql = "WITH q AS (SELECT ename, sal * 2 AS pay FROM emp) SELECT q.*, pay p, ename FROM q"
    assert staff.translate(sql).computed_columns == {"PAY", "P"}


def test_old_outer_joins(staff: Bench) -> None:
    sql = """
        SELECT d.dname, e.ename FROM emp e, dept d
        WHERE e.deptno(+) = d.deptno AND e.ename(+) LIKE 'S%' AND d.deptno >= :low
        ORDER BY 1, 2
    """
    plain = """
        SELECT d.dname, e.ename FROM dept d
        LEFT JOIN emp e ON e.deptno = d.deptno AND e.ename LIKE 'S%'
        WHERE d.deptno >= 20 ORDER BY 1, 2
    """
    assert staff.query(sql, 20) == staff.duck(plain)
    chain = """
        SELECT a.ename, b.ename, c.dname FROM emp a, emp b, dept c
        WHERE a.mgr = b.empno(+) AND b.deptno = c.deptno(+) ORDER BY a.empno
    """
    assert staff.query(chain)[0] == ("KING", None, None)
    assert len(staff.query(chain)) == 6


def test_rownum(staff: Bench) -> None:
    assert staff.query("SELECT empno FROM emp WHERE ROWNUM <= 2") == [(1,), (2,)]
    assert staff.query("SELECT empno FROM emp WHERE ROWNUM < :n ORDER BY empno DESC", 3) == [
        (2,),
        (1,),
    ]
    assert staff.query("SELECT COUNT(*) FROM emp WHERE deptno = 20 AND ROWNUM <= 2") == [(2,)]
    assert staff.query("SELECT empno FROM emp WHERE ROWNUM > 1") == []
    assert staff.query("SELECT empno FROM emp WHERE ROWNUM <= :n", None) == []
    page = """
        SELECT * FROM (SELECT q.*, ROWNUM rn FROM
            (SELECT empno FROM emp ORDER BY empno DESC) q WHERE ROWNUM <= 4) WHERE rn > 2
    """
    assert staff.query(page) == [(4, 3), (3, 4)]
    error = staff.error("SELECT empno FROM emp, dept WHERE ROWNUM + 1 < 5")
    assert error.number == 3001
    assert "ROWNUM" in error.text


def test_paging_by_fetch(staff: Bench) -> None:
    sql = "SELECT empno FROM emp ORDER BY empno OFFSET :o ROWS FETCH NEXT :n ROWS ONLY"
    assert staff.query(sql, 1, 2) == [(2,), (3,)]
    assert staff.query(sql, 1, None) == []


def test_in_lists_of_binds_and_null(staff: Bench) -> None:
    sql = "SELECT COUNT(*) FROM emp WHERE mgr {} (:a, :b)"
    assert staff.query(sql.format("IN"), 1, None) == [(2,)]
    assert staff.query(sql.format("NOT IN"), 1, 2) == [(2,)]
    assert staff.query(sql.format("NOT IN"), 1, None) == [(0,)]


def test_set_operators_take_turns_from_the_left(staff: Bench) -> None:
    sql = """
        SELECT deptno FROM emp UNION ALL SELECT deptno FROM dept
        MINUS SELECT 10 FROM dual ORDER BY 1
    """
    assert names(staff.query(sql)) == [20, 30, 40]


def test_keep_listagg_and_ratio(staff: Bench) -> None:
    assert staff.query(
        "SELECT deptno, MAX(ename) KEEP (DENSE_RANK FIRST ORDER BY sal DESC NULLS LAST),"
        " MIN(ename) KEEP (DENSE_RANK LAST ORDER BY sal DESC NULLS LAST),"
        " LISTAGG(ename, ', ') WITHIN GROUP (ORDER BY ename)"
        " FROM emp GROUP BY deptno ORDER BY deptno"
    ) == [
        (10, "KING", "KING", "KING"),
        (20, "SCOTT", "JONES", "ADAMS, JONES, SCOTT"),
        (30, "BLAKE", "ALLEN", "ALLEN, BLAKE"),
    ]
    assert staff.query("SELECT LISTAGG(DISTINCT deptno, '/') FROM emp") == [("10/20/30",)]
    shares = staff.query("SELECT RATIO_TO_REPORT(sal) OVER () FROM emp WHERE sal > 20")
    assert sorted(names(shares)) == [0.375, 0.625]


def test_rows_from_connect_by_level(staff: Bench) -> None:
    assert staff.query("SELECT LEVEL FROM dual CONNECT BY LEVEL <= 3") == [(1,), (2,), (3,)]
    [*_, last] = staff.query(
        "SELECT TRUNC(SYSDATE) - LEVEL + 1 FROM dual CONNECT BY ROWNUM <= :n", 2
    )
    assert last[0].day == SYSDATE.day - 1


def test_trees(staff: Bench) -> None:
    sql = """
        SELECT LPAD(' ', LEVEL - 1) || ename, SYS_CONNECT_BY_PATH(ename, '/'), PRIOR ename
        FROM emp START WITH mgr IS NULL CONNECT BY PRIOR empno = mgr ORDER SIBLINGS BY ename
    """
    assert staff.query(sql) == [
        ("KING", "/KING", None),
        (" BLAKE", "/KING/BLAKE", "KING"),
        ("  ALLEN", "/KING/BLAKE/ALLEN", "BLAKE"),
        (" JONES", "/KING/JONES", "KING"),
        ("  SCOTT", "/KING/JONES/SCOTT", "JONES"),
        ("   ADAMS", "/KING/JONES/SCOTT/ADAMS", "SCOTT"),
    ]
    whole = "SELECT * FROM emp START WITH empno = 4 CONNECT BY PRIOR empno = mgr"
    assert [row[:2] for row in staff.query(whole)] == [(4, "SCOTT"), (5, "ADAMS")]
    loop = "SELECT 1 FROM emp CONNECT BY PRIOR deptno = deptno"
    assert staff.error(loop).number == 1436


def test_tables_keep_their_declared_types(fresh: Bench) -> None:
    sql = """
        CREATE TABLE Lots (
            id NUMBER(10) PRIMARY KEY, name VARCHAR2(20 CHAR) DEFAULT '-' NOT NULL,
            made DATE DEFAULT SYSDATE, qty NUMBER, note CLOB, CONSTRAINT lots_u UNIQUE (name)
        ) TABLESPACE users
    """
    translated = fresh.translate(sql)
    assert translated.kind is StatementKind.DDL
    assert translated.definition is not None
    columns = {column.name: column for column in translated.definition.columns}
    assert columns["ID"].type == DeclaredType("NUMBER", precision=10, scale=0)
    assert not columns["ID"].nullable
    assert columns["NAME"].type == DeclaredType("VARCHAR2", length=20)
    assert columns["NOTE"].type == DeclaredType("CLOB")
    fresh.query(sql)
    fresh.query("INSERT INTO lots (id, name, qty) VALUES (:1, :2, 0.1)", 1, "a")
    assert fresh.query("SELECT * FROM lots") == [(1, "a", SYSDATE, Decimal("0.1"), None)]
    assert fresh.error("INSERT INTO lots (id, name) VALUES (1, 'b')").number == 1
    assert fresh.error("INSERT INTO lots (id, name) VALUES (2, '')").number == 1400
    assert fresh.error(sql).number == 955


def test_changes(fresh: Bench) -> None:
    fresh.duck(_STAFF)
    fresh.query("UPDATE emp e SET e.sal = DEFAULT WHERE e.empno = 1")
    fresh.query(
        "UPDATE emp SET (ename, sal) = (SELECT dname, 7 FROM dept WHERE deptno = 40)"
        " WHERE empno = 2"
    )
    fresh.query("DELETE emp WHERE empno > 3")
    fresh.query(
        "MERGE INTO emp a USING (SELECT 3 id FROM dual UNION ALL SELECT 9 FROM dual) b"
        " ON (a.empno = b.id)"
        " WHEN MATCHED THEN UPDATE SET a.sal = 1 WHERE a.sal IS NULL"
        " WHEN NOT MATCHED THEN INSERT (empno, ename) VALUES (b.id, 'NEW')"
    )
    assert fresh.query("SELECT empno, ename, sal FROM emp ORDER BY empno") == [
        (1, "KING", None),
        (2, "OPS", 7),
        (3, "JONES", 1),
        (9, "NEW", None),
    ]
    fresh.query("ALTER TABLE emp ADD (grade NUMBER(3), badge VARCHAR2(5) DEFAULT 'x')")
    assert fresh.query("SELECT grade, badge FROM emp WHERE ROWNUM = 1") == [(None, "x")]
    fresh.query("CREATE SEQUENCE s START WITH 5 INCREMENT BY 2 NOCACHE")
    assert [fresh.value("s.NEXTVAL"), fresh.value("s.NEXTVAL")] == [5, 7]
    fresh.query("TRUNCATE TABLE emp")
    assert fresh.query("SELECT COUNT(*) FROM emp") == [(0,)]


def test_returning_into_names_its_binds(fresh: Bench) -> None:
    translated = fresh.translate("INSERT INTO t (a) VALUES (:v) RETURNING id, a INTO :i, :a")
    assert translated.bind_names == ("V", "I", "A")
    assert translated.returning_into == (1, 2)
    assert [parameter.bind_indexes for parameter in translated.parameters] == [(0,)]


@pytest.mark.parametrize(
    ("sql", "control", "argument"),
    [
        ("commit", Control.COMMIT, ""),
        ("ROLLBACK WORK", Control.ROLLBACK, ""),
        ("rollback to savepoint sp", Control.ROLLBACK_TO, "SP"),
        ("SAVEPOINT sp", Control.SAVEPOINT, "SP"),
        ("alter session set current_schema = other", Control.SET_SCHEMA, "OTHER"),
    ],
)
def test_control_statements(fresh: Bench, sql: str, control: Control, argument: str) -> None:
    translated = fresh.translate(sql)
    assert (translated.control, translated.control_argument) == (control, argument)


def test_plsql_has_one_bind_per_name(fresh: Bench) -> None:
    translated = fresh.translate("begin :x := f(:y, :x, ':z'); end;")
    assert translated.kind is StatementKind.PLSQL
    assert translated.bind_names == ("X", "Y")


@pytest.mark.parametrize(
    ("sql", "number", "position"),
    [
        ("selec 1 from dual", 900, 0),
        ("SELECT 'abc FROM dual", 1756, 7),
        ("SELECT (1 FROM dual", 907, 19),
        ("SELECT a b c FROM dual", 923, 11),
        ("SELECT 1 FROM dual;", 933, 18),
        ("SELECT a FROM /* : ' */ nowhere", 942, 24),
        ("SELECT ename, nope FROM emp", 904, 14),
        ("SELECT e.nope FROM emp e", 904, 7),
        ("SELECT frobnicate(1) FROM dual", 904, 7),
        ("SELECT 1 / (1 - 1) FROM dual", 1476, None),
        ("SELECT TO_NUMBER('x1') FROM dual", 1722, None),
        ("SELECT TO_DATE('2026-13-01', 'YYYY-MM-DD') FROM dual", 1843, None),
        ("SELECT deptno FROM emp e, dept d", 918, 7),
        ("SELECT ename, COUNT(*) FROM emp", 937, 7),
        ("SELECT (SELECT ename FROM emp) FROM dual", 1427, None),
        ("SELECT SYSDATE + SYSDATE FROM dual", 975, None),
        ("SELECT DATE '2026-1' FROM dual", 1861, None),
    ],
)
def test_errors_have_oracles_number_and_place(
    staff: Bench, sql: str, number: int, position: int | None
) -> None:
    error = staff.error(sql)
    assert error.number == number
    if position is not None:
        assert error.position == position


def test_a_list_has_at_most_a_thousand_members(staff: Bench) -> None:
    for members in ([f":p{i}" for i in range(1001)], [str(i) for i in range(1001)]):
        sql = f"SELECT 1 FROM emp WHERE empno IN ({', '.join(members)})"
        with pytest.raises(OraError, match="ORA-01795"):
            staff.translate(sql)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT * FROM emp PIVOT (COUNT(*) FOR (deptno, job) IN ((10, 'A') AS x))", "PIVOT"),
        ("SELECT JSON_VALUE(ename, '$') FROM emp", "JSON_VALUE"),
        ("SELECT * FROM TABLE(f(1))", "TABLE"),
        ("SELECT ORA_ROWSCN FROM emp", "ORA_ROWSCN"),
        ("SELECT pkg.f(1) FROM dual", "pkg.f"),
        ("SELECT * FROM emp SAMPLE (10)", "SAMPLE"),
        ("SELECT DISTINCT sal FROM emp ORDER BY sal FETCH FIRST 1 ROWS WITH TIES", "TIES"),
        ("SELECT SUM(sal) KEEP (DENSE_RANK FIRST ORDER BY empno) FROM emp", "KEEP"),
        ("SELECT 1 FROM emp a JOIN emp b ON a.mgr = b.mgr CONNECT BY PRIOR a.mgr = b.mgr", "join"),
        ("INSERT FIRST WHEN 1 = 1 THEN INTO emp (empno) VALUES (1) SELECT 1 FROM dual", "INSERT"),
        ("CREATE OR REPLACE PROCEDURE p AS BEGIN NULL; END;", "PROCEDURE"),
    ],
)
def test_what_is_not_translated_is_named(staff: Bench, sql: str, named: str) -> None:
    with pytest.raises(OraError, match="ORA-03001") as raised:
        staff.translate(sql)
    assert named in str(raised.value)


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 3) | st.none(), st.sampled_from(["a", "b", None]), st.integers(0, 9)
        ),
        max_size=8,
    ),
    low=st.integers(0, 3),
)
@settings(max_examples=40, deadline=None)
def test_random_tables_agree_with_hand_written_sql(rows: list[tuple[Any, ...]], low: int) -> None:
    bench = _DIFFERENTIAL
    bench.duck("CREATE OR REPLACE TABLE R (K INTEGER, S VARCHAR, V INTEGER)")
    for row in rows:
        bench.connection.execute("INSERT INTO R VALUES (?, ?, ?)", row).fetchall()
    oracle = """
        SELECT NVL(s, '-') || k, DECODE(k, NULL, -1, v),
               RANK() OVER (PARTITION BY s ORDER BY v DESC),
               CASE WHEN k BETWEEN :low AND 3 THEN GREATEST(k, v) END
        FROM r WHERE LNNVL(k < :low) ORDER BY k DESC, s, v
    """
    plain = f"""
        SELECT coalesce(s, '-') || coalesce(k::VARCHAR, ''), CASE WHEN k IS NULL THEN -1 ELSE v END,
               rank() OVER (PARTITION BY s ORDER BY v DESC),
               CASE WHEN k BETWEEN {low} AND 3 THEN greatest(k, v) END
        FROM r WHERE (k < {low}) IS NOT TRUE
        ORDER BY k DESC NULLS FIRST, s NULLS LAST, v
    """
    assert bench.query(oracle, low, low) == bench.duck(plain)


_DIFFERENTIAL = Bench()
