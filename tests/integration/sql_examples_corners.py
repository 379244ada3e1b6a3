"""Examples of Oracle's corners for the table of SQL: what DBAs write and databases differ in."""

from __future__ import annotations

import datetime as dt
from typing import Any

Row = tuple[str, tuple[str, ...], Any, str]


def _of(construct: str, expression: str, gives: Any, note: str = "") -> Row:
    return construct, (f"SELECT {expression} FROM DUAL",), gives, note


def _query(construct: str, *steps_and_result: Any, note: str = "") -> Row:
    *steps, gives = steps_and_result
    return construct, tuple(steps), gives, note


CORNERS: list[Row] = [
    # Texts
    _of("LPAD to nothing, with nothing", "LPAD('a', 0) || LPAD('a', 3, '') || 'x'", "x"),
    _of("LPAD to a length of NULL", "RPAD('a', NULL)", None),
    _of(
        "LPAD, RPAD count columns of a screen",
        "LPAD('製', 4, '*') || RPAD('製程', 6)",
        "**製製程  ",
    ),
    _of("LPAD into the middle of a wide character", "LPAD('製', 1)", "ORA-03001"),
    _of("|| and + from left to right", "1 || 2 + 3 || 'x'", "15x"),
    _of("text joined before it is added", "'a' || 1 + 1", "ORA-01722"),
    _of("CHARTOROWID of no ROWID", "CHARTOROWID('x')", "ORA-01410"),
    _of("LENGTH2 of UTF-16 units", "LENGTH2('a😀')", 3),
    _of(
        "TO_YMINTERVAL with a default",
        "TO_CHAR(TO_YMINTERVAL('x' DEFAULT '1-2' ON CONVERSION ERROR))",
        "+000000001-02",
    ),
    _of("SUBSTR before the start", "SUBSTR('abc', -5)", None),
    _of("SUBSTR of a fraction", "SUBSTR('abc', 1.9)", "abc"),
    _of("INSTR of an occurrence below 1", "INSTR('abc', 'a', 1, 0)", "ORA-01428"),
    _of("TRANSLATE to nothing", "TRANSLATE('abc', 'abc', '')", None),
    _of("REGEXP_INSTR, n-th occurrence", "REGEXP_INSTR('hello world', 'o', 1, 2)", 8),
    _of("REGEXP_INSTR, behind the match", "REGEXP_INSTR('hello', 'l', 1, 1, 1)", 4),
    _of("REGEXP_REPLACE, n-th occurrence", "REGEXP_REPLACE('hello', 'l', 'L', 1, 2)", "helLo"),
    _of("REGEXP_REPLACE from a position", "REGEXP_REPLACE('aaa', 'a', 'b', 2)", "abb"),
    _of(
        "lines of a regular expression",
        "REGEXP_COUNT('a' || CHR(10) || 'b', '^.', 1, 'm')",
        2,
    ),
    _of("blanks of a regular expression", "REGEXP_SUBSTR('ab', 'a b', 1, 1, 'x')", "ab"),
    _of("a bracket that is not closed", "REGEXP_SUBSTR('a', '[')", "ORA-12726"),
    _of("a group that is not closed", "REGEXP_SUBSTR('a', '(')", "ORA-12725"),
    _of(
        "ESCAPE at the end of a pattern",
        "CASE WHEN 'x' LIKE 'xy' ESCAPE 'y' THEN 1 END",
        "ORA-01424",
    ),
    _query(
        "LISTAGG beyond 32,767 bytes",
        "SELECT LISTAGG(RPAD('x', 8000, 'x'), ',') WITHIN GROUP (ORDER BY empno) FROM emp",
        "ORA-01489",
        note="as with MAX_STRING_SIZE = EXTENDED",
    ),
    _query(
        "LISTAGG ... ON OVERFLOW TRUNCATE that fits",
        "SELECT LISTAGG(ename, ',' ON OVERFLOW TRUNCATE '...' WITH COUNT)"
        " WITHIN GROUP (ORDER BY ename) FROM emp WHERE deptno = 10",
        "CLARK,KING",
    ),
    _query(
        "LISTAGG ... ON OVERFLOW TRUNCATE that does not fit",
        "SELECT LISTAGG(RPAD('x', 8000, 'x'), ',' ON OVERFLOW TRUNCATE)"
        " WITHIN GROUP (ORDER BY empno) FROM emp",
        "ORA-03001",
    ),
    # Numbers
    _of("TO_NUMBER with too many digits", "TO_NUMBER('12345', '99')", "ORA-01722"),
    _of("CAST of a number to short text", "CAST(123 AS VARCHAR2(2))", "ORA-25137"),
    _of("a model that is none", "TO_CHAR(1, 'foo')", "ORA-01481"),
    _of("TO_CHAR by a computed model", "TO_CHAR(12, LPAD('9', 3, '9'))", "  12"),
    _of("rounding that needs one more digit", "TO_CHAR(99.5, '99')", "###"),
    _of("what is rounded to zero keeps its sign", "TO_CHAR(-0.4, '9')", "-0"),
    _of(
        "characters of a number",
        "TO_CHAR(1234.5, '9G999D99', 'NLS_NUMERIC_CHARACTERS='',.''')",
        " 1.234,50",
    ),
    _of(
        "text of a BINARY_DOUBLE",
        "TO_CHAR(0.1d) || ' ' || 100d",
        "1.0000000000000001E-001 1.0E+002",
    ),
    _of("a sign behind an exponent", "1e2-5", 95),
    _of("digits of other scripts", "TO_NUMBER('١٢')", "ORA-01722"),
    _of("NULLIF of NULL", "NULLIF(NULL, 1)", "ORA-00932"),
    _of("a condition is not a value", "1 = 1", "ORA-00923"),
    # Dates
    _of("text added to a date", "DATE '2024-01-01' + '1'", dt.datetime(2024, 1, 2)),
    _of("a date times a number", "SYSDATE * 1", "ORA-00932"),
    _of("a sum behind an interval", "SYSDATE + INTERVAL '1' DAY + 1", dt.datetime(2026, 3, 3, 12)),
    _of(
        "(date - date) DAY TO SECOND",
        "(SYSDATE - DATE '2026-02-28') DAY TO SECOND",
        dt.timedelta(days=1.5),
    ),
    _of("TRUNC to the century", "TRUNC(SYSDATE, 'CC')", dt.datetime(2001, 1, 1)),
    _of("TRUNC to the ISO year", "TRUNC(DATE '2026-01-01', 'IYYY')", dt.datetime(2025, 12, 29)),
    _of("NEXT_DAY by number", "NEXT_DAY(DATE '2026-03-01', 2)", dt.datetime(2026, 3, 2)),
    _of(
        "TO_CHAR in words",
        "TO_CHAR(DATE '2024-01-21', 'fmDdspth YEAR')",
        "Twenty-First TWENTY TWENTY-FOUR",
    ),
    _of("a fraction of a DATE", "TO_CHAR(SYSDATE, 'FF')", "ORA-01821"),
    _of("TO_DATE by a computed model", "TO_DATE('2024', LOWER('YYYY'))", dt.datetime(2024, 3, 1)),
    _query("AVG of dates", "SELECT AVG(hiredate) FROM emp", "ORA-00932"),
    _of(
        "an interval of months", "TO_CHAR(INTERVAL '1' YEAR + INTERVAL '2' MONTH)", "+000000001-02"
    ),
    _query(
        "RANGE of days",
        "SELECT SUM(sal) OVER (ORDER BY hiredate RANGE 7 PRECEDING) FROM emp"
        " WHERE deptno = 30 ORDER BY hiredate",
        [(1600,), (2850,), (2850,)],
    ),
    # Queries
    _query(
        "set operators from left to right",
        "SELECT 1 AS n FROM DUAL UNION ALL SELECT 2 FROM DUAL INTERSECT SELECT 2 FROM DUAL",
        2,
    ),
    _query("> ANY of a list", "SELECT COUNT(*) FROM emp WHERE sal > ANY (2900, 3000)", 2),
    _query("ALL of a list", "SELECT COUNT(*) FROM emp WHERE sal >= ALL (1000, 2900)", 2),
    _query(
        "equal tuples",
        "CREATE TABLE t (a NUMBER, b VARCHAR2(3), d BINARY_DOUBLE)",
        "INSERT INTO t VALUES (1, 'x', 1)",
        "SELECT COUNT(*) FROM t WHERE (a, b) = ((1, 'x')) AND d = a AND d IN (a, 2)"
        " AND d BETWEEN a AND a",
        1,
    ),
    _query("ROWNUM <> n", "SELECT COUNT(*) FROM emp WHERE ROWNUM <> 3", 2),
    _query("ROWNUM >= 1", "SELECT COUNT(*) FROM emp WHERE ROWNUM >= 1", 6),
    _query("ROWNUM IN", "SELECT COUNT(*) FROM emp WHERE ROWNUM IN (1, 2, 5)", 2),
    _query(
        "GROUP BY CONNECT_BY_ROOT",
        "SELECT CONNECT_BY_ROOT ename, SUM(sal) FROM emp WHERE deptno = 30"
        " CONNECT BY PRIOR empno = mgr GROUP BY CONNECT_BY_ROOT ename ORDER BY 1",
        [("ALLEN", 1600), ("BLAKE", 5700), ("KING", 5700), ("WARD", 1250)],
    ),
    _query("ROWNUM in an aggregate", "SELECT MAX(ROWNUM) FROM emp WHERE deptno = 30", 3),
    _query(
        "ROWID of a subquery",
        "SELECT MAX(LENGTH(r)) FROM (SELECT ROWID AS r FROM emp)",
        18,
    ),
    _query(
        "ROWNUM of a subquery without alias, counted",
        "SELECT COUNT(*), MAX(n) FROM (SELECT LEVEL AS n FROM DUAL CONNECT BY LEVEL <= 9)"
        " WHERE ROWNUM < 4",
        [(3, 3)],
    ),
    _query("GROUP BY a number", "SELECT job, SUM(sal) FROM emp GROUP BY 1", "ORA-00979"),
    _query(
        "ORDER BY a name that two outputs have",
        "SELECT sal AS job, job FROM emp ORDER BY job",
        "ORA-00960",
    ),
    _query(
        "the separator in a path",
        "SELECT SYS_CONNECT_BY_PATH('a/b', '/') FROM DUAL CONNECT BY LEVEL <= 1",
        "ORA-30004",
    ),
    _of(
        "GREATEST of intervals and of moments with offsets",
        "TO_CHAR(GREATEST(INTERVAL '1' DAY, INTERVAL '25' HOUR)),"
        " TO_CHAR(LEAST(TIMESTAMP '2024-01-01 10:00:00 +09:00',"
        " TIMESTAMP '2024-01-01 02:00:00 +00:00'), 'HH24 TZR')",
        [("+000000001 01:00:00.000000000", "10 +09:00")],
    ),
    _query(
        "a group character is no decimal character",
        "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = ',.'",
        "SELECT TO_NUMBER('1.5') FROM DUAL",
        "ORA-01722",
    ),
    _query(
        "NOT LIKE that ignores case",
        "ALTER SESSION SET NLS_COMP = LINGUISTIC NLS_SORT = BINARY_CI",
        "SELECT COUNT(*) FROM emp WHERE ename NOT LIKE 'k%' AND ename LIKE '%k%'",
        2,
    ),
    _of("TO_CHAR of 38 decimals", "TO_CHAR(1E-38)", "." + "0" * 37 + "1"),
    _of("a month's name for MM with FX", "TO_DATE('2016-Apr-21', 'FXYYYY-MM-DD')", "ORA-01858"),
    _query("aggregates of aggregates", "SELECT MAX(COUNT(*)) FROM emp GROUP BY deptno", 3),
    _query("aggregates of aggregates of all rows", "SELECT MAX(COUNT(*)) FROM emp", "ORA-00978"),
    _query("a column next to an aggregate", "SELECT ename, COUNT(*) FROM emp", "ORA-00937"),
    _query("DISTINCT in another order", "SELECT DISTINCT job FROM emp ORDER BY sal", "ORA-01791"),
    _query(
        "a table's name before a column of USING",
        "SELECT e.deptno FROM emp e JOIN dept USING (deptno)",
        "ORA-25154",
    ),
    _query(
        "a window in WHERE", "SELECT 1 FROM emp WHERE RANK() OVER (ORDER BY sal) = 1", "ORA-30483"
    ),
    _query(
        "CROSS APPLY, OUTER APPLY",
        "SELECT d.deptno, x.ename FROM dept d OUTER APPLY"
        " (SELECT ename FROM emp e WHERE e.deptno = d.deptno AND sal > 2900) x ORDER BY 1",
        [(10, "KING"), (20, "JONES"), (30, None), (40, None)],
    ),
    _query(
        "MERGE of a row twice",
        "MERGE INTO dept d USING emp e ON (d.deptno = e.deptno)"
        " WHEN MATCHED THEN UPDATE SET d.dname = e.ename",
        "ORA-30926",
    ),
    _query(
        "MERGE of a column of ON",
        "MERGE INTO dept d USING emp e ON (d.deptno = e.deptno)"
        " WHEN MATCHED THEN UPDATE SET d.deptno = 1",
        "ORA-38104",
    ),
    # What other databases have
    _query("LIMIT", "SELECT ename FROM emp LIMIT 1", "ORA-00933"),
    _query("TOP", "SELECT TOP 1 ename FROM emp", "ORA-00933"),
    _query("SELECT without FROM", "SELECT 1", "ORA-00923"),
    _query("AS before the alias of a table", "SELECT e.ename FROM emp AS e", "ORA-00933"),
    _query("a string as alias", "SELECT 1 AS 'x' FROM DUAL", "ORA-00923"),
    _query("* and more", "SELECT *, ename FROM emp", "ORA-00923"),
    _query(
        "two columns where one is wanted", "SELECT (SELECT 1, 2 FROM DUAL) FROM DUAL", "ORA-00913"
    ),
    _query("ORDER without BY", "SELECT ename FROM emp ORDER ename", "ORA-00924"),
    _query("UPDATE without SET", "UPDATE emp sal = 1", "ORA-00971"),
    _query("==", "SELECT ename FROM emp WHERE deptno == 10", "ORA-00936"),
    _query("ILIKE", "SELECT ename FROM emp WHERE ename ILIKE 'k%'", "ORA-00920"),
    _query("FILTER", "SELECT SUM(sal) FILTER (WHERE deptno = 10) FROM emp", "ORA-00923"),
]
