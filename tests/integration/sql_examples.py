"""Oracle SQL by example: what each statement gives, from Oracle's documentation or by reasoning.

The values are written by hand; nothing here was copied from what the local Oracle answered.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from tests.integration.sql_examples_corners import CORNERS
from tests.integration.sql_examples_schemas import SCHEMAS
from tests.integration.sql_examples_time import SETTINGS, ZONES

SYSDATE = dt.datetime(2026, 3, 1, 12)
"""What the server's clock is pinned to: a Sunday."""

SETUP = (
    "CREATE TABLE dept (deptno NUMBER(2) CONSTRAINT dept_pk PRIMARY KEY, dname VARCHAR2(14))",
    "CREATE TABLE emp (empno NUMBER(4) CONSTRAINT emp_pk PRIMARY KEY, ename VARCHAR2(10) NOT NULL,"
    " job VARCHAR2(9), mgr NUMBER(4), hiredate DATE, sal NUMBER(7, 2), comm NUMBER(7, 2),"
    " deptno NUMBER(2) CONSTRAINT emp_dept_fk REFERENCES dept (deptno))",
    "INSERT INTO dept VALUES (10, 'ACCOUNTING')",
    "INSERT INTO dept VALUES (20, 'RESEARCH')",
    "INSERT INTO dept VALUES (30, 'SALES')",
    "INSERT INTO dept VALUES (40, 'OPERATIONS')",
    "INSERT INTO emp VALUES (7839, 'KING', 'PRESIDENT', NULL, DATE '1981-11-17', 5000, NULL, 10)",
    "INSERT INTO emp VALUES (7698, 'BLAKE', 'MANAGER', 7839, DATE '1981-05-01', 2850, NULL, 30)",
    "INSERT INTO emp VALUES (7782, 'CLARK', 'MANAGER', 7839, DATE '1981-06-09', 2450, NULL, 10)",
    "INSERT INTO emp VALUES (7566, 'JONES', 'MANAGER', 7839, DATE '1981-04-02', 2975, NULL, 20)",
    "INSERT INTO emp VALUES (7499, 'ALLEN', 'SALESMAN', 7698, DATE '1981-02-20', 1600, 300, 30)",
    "INSERT INTO emp VALUES (7521, 'WARD', 'SALESMAN', 7698, DATE '1981-02-22', 1250, 500, 30)",
    "COMMIT",
)
"""Tables that every example starts with."""


@dataclass(frozen=True)
class Example:
    """A construct, statements that use it, and what the last of them gives."""

    construct: str
    steps: tuple[str, ...]
    expected: Any
    """Rows, a single value (one row, one column), a row count, or the text of an error."""
    binds: dict[str, Any] | None = None
    """Of the last statement."""
    note: str = ""


class Error(str):
    """The expected outcome is an error whose text starts so."""

    __slots__ = ()


def _(construct: str, *steps: str, gives: Any, binds: Any = None, note: str = "") -> Example:
    return Example(construct, steps, gives, binds, note)


def _of(construct: str, expression: str, gives: Any, note: str = "") -> Example:
    return Example(construct, (f"SELECT {expression} FROM DUAL",), gives, None, note)


def _at(*parts: int) -> dt.datetime:
    return dt.datetime(*parts)  # type: ignore[arg-type]


_TEXT = [
    _of("'' is NULL", "NVL('', 'null')", "null"),
    _of("|| with NULL", "'a' || NULL || 'b'", "ab"),
    _of("UPPER, LOWER", "UPPER('ab') || LOWER('CD')", "ABcd"),
    _of("INITCAP", "INITCAP('the soap')", "The Soap"),
    _of("TRIM", "'[' || TRIM('  a ') || ']'", "[a]"),
    _of("TRIM LEADING", "TRIM(LEADING '0' FROM '0012')", "12"),
    _of("LTRIM, RTRIM with a set", "LTRIM('xyxa', 'xy') || RTRIM('bzz', 'z')", "ab"),
    _of("TRIM of blanks only", "NVL(TRIM('  '), 'null')", "null"),
    _of("SUBSTR", "SUBSTR('ABCDEFG', 3, 4)", "CDEF"),
    _of("SUBSTR from the end", "SUBSTR('ABCDEFG', -5, 4)", "CDEF"),
    _of("SUBSTR from 0", "SUBSTR('ABC', 0, 2)", "AB"),
    _of("INSTR, n-th occurrence", "INSTR('CORPORATE FLOOR', 'OR', 3, 2)", 14),
    _of("INSTR from the end", "INSTR('CORPORATE FLOOR', 'OR', -3, 2)", 2),
    _of("LPAD, RPAD", "LPAD('Page 1', 15, '*.') || RPAD('x', 3)", "*.*.*.*.*Page 1x  "),
    _of("REPLACE", "REPLACE('JACK and JUE', 'J', 'BL')", "BLACK and BLUE"),
    _of("TRANSLATE", "TRANSLATE('SQL*Plus User''s Guide', ' */''', '___')", "SQL_Plus_Users_Guide"),
    _of("LENGTH, LENGTHB of CJK text", "LENGTH('製程') * 10 + LENGTHB('製程')", 26),
    _of("LENGTH of ''", "NVL(LENGTH(''), -1)", -1),
    _of("ASCII, CHR", "CHR(ASCII('A') + 1)", "B"),
    _of("CONCAT", "CONCAT('a', 1)", "a1"),
    _of("q-quoted strings", "q'[it's :no bind]'", "it's :no bind"),
    _of("N strings", "N'未填寫'", "未填寫"),
    _of("implicit conversion", "'2' + 3 || ''", "5"),
    _of("HEXTORAW, RAWTOHEX", "RAWTOHEX(HEXTORAW('7d'))", "7D"),
    _of("REGEXP_LIKE", "CASE WHEN REGEXP_LIKE('Steven', '^Ste(v|ph)en$') THEN 1 END", 1),
    _of(
        "REGEXP_SUBSTR",
        "REGEXP_SUBSTR('500 Oracle Parkway, Redwood Shores, CA', ',[^,]+,')",
        ", Redwood Shores,",
    ),
    _of("REGEXP_SUBSTR, n-th part", "REGEXP_SUBSTR('a,b,c', '[^,]+', 1, 2)", "b"),
    _of("REGEXP_REPLACE", "REGEXP_REPLACE('500   Oracle', '( ){2,}', ' ')", "500 Oracle"),
    _of("REGEXP_REPLACE with groups", r"REGEXP_REPLACE('ab12', '([a-z]+)(\d+)', '\2\1')", "12ab"),
    _of("REGEXP_INSTR", "REGEXP_INSTR('500 Oracle', '[^ ]+')", 1),
    _of("REGEXP_COUNT", "REGEXP_COUNT('123123123', '123')", 3),
    _(
        "LIKE",
        "SELECT ename FROM emp WHERE ename LIKE '_LA%' ORDER BY 1",
        gives=[("BLAKE",), ("CLARK",)],
    ),
    _of("LIKE with ESCAPE", r"CASE WHEN 'A_B' LIKE 'A\_B' ESCAPE '\' THEN 1 END", 1),
    _of("LIKE with CJK text", "CASE WHEN '焊接製程' LIKE '%製_' THEN 1 END", 1),
    _of("SOUNDEX", "SOUNDEX('SMYTHE')", "S530"),
    _of("ASCIISTR, UNISTR", r"ASCIISTR('aé') || UNISTR('\88FD')", r"a\00E9製"),
    _of("SUBSTRB, INSTRB", "SUBSTRB('abc', 2, 1) || INSTRB('a製b', 'b')", "b5"),
    _of("STANDARD_HASH", "RAWTOHEX(STANDARD_HASH('a', 'MD5'))", "0CC175B9C0F1B6A831C399E269772661"),
    _of("UTL_RAW", "UTL_RAW.CAST_TO_VARCHAR2(UTL_RAW.CAST_TO_RAW('ab'))", "ab"),
    _of("DUMP", "DUMP('a')", Error("ORA-03001")),
    _of("XMLELEMENT", 'XMLELEMENT("a", 1)', Error("ORA-03001")),
]

_NUMBERS = [
    _of("TRUNC of a number", "TRUNC(15.79, 1)", 15.7),
    _of("TRUNC to tens", "TRUNC(15.79, -1)", 10),
    _of("ROUND of a number", "ROUND(15.193, 1)", 15.2),
    _of("ROUND half away from zero", "ROUND(-2.5)", -3),
    _of("ROUND to tens", "ROUND(15.193, -1)", 20),
    _of("MOD", "MOD(11, 4)", 3),
    _of("MOD by zero", "MOD(11, 0)", 11),
    _of("MOD of a negative number", "MOD(-11, 4)", -3),
    _of("CEIL, FLOOR", "CEIL(15.7) * 100 + FLOOR(15.7)", 1615),
    _of("ABS, SIGN, POWER, SQRT", "ABS(-15) + SIGN(-15) + POWER(3, 2) + SQRT(26 - 1)", 28),
    _of("division", "1 / 4", 0.25),
    _of("division is decimal", "TRUNC(0.3 / 0.1)", 3),
    _of("a third has 40 digits", "TO_CHAR(1 / 3)", "." + "3" * 40),
    _of("powers are exact", "POWER(3, 40)", 12157665459056928801),
    _of(
        "SQRT, LN, EXP, SIN ... to 38 digits",
        "TO_CHAR(ROUND(LN(2), 30))",
        ".693147180559945309417232121458",
    ),
    _of("numbers beyond 38 digits", "TO_CHAR(1E40 + 1E-10)", "1" + "0" * 40),
    _of("REMAINDER", "REMAINDER(7, 4)", -1),
    _of("WIDTH_BUCKET", "WIDTH_BUCKET(5, 1, 10, 3)", 2),
    _of("BIN_TO_NUM", "BIN_TO_NUM(1, 0, 1)", 5),
    _of("BINARY_DOUBLE literals", "1.5d / 2", 0.75),
    _of("NANVL", "NANVL(BINARY_DOUBLE_NAN, 1)", 1.0),
    _of("products beyond 32 and 64 bits", "100000 * 100000 * 10000000000 + 1", 10**20 + 1),
    _of("powers of large numbers", "TRUNC(9999999999999 * 86400000)", 863999999999913600000),
    _of("division by zero", "1 / 0", Error("ORA-01476")),
    _of("GREATEST, LEAST", "GREATEST(1, 3, 2) * 10 + LEAST(1, 3, 2)", 31),
    _of("GREATEST with NULL", "NVL(GREATEST(1, NULL), -1)", -1),
    _of("BITAND", "BITAND(6, 3)", 2),
    _of("NVL", "NVL(NULL, 7)", 7),
    _of("NVL2", "NVL2(NULL, 1, 2)", 2),
    _of("NULLIF", "NVL(NULLIF(1, 1), 9)", 9),
    _of("COALESCE", "COALESCE(NULL, NULL, 3)", 3),
    _of("DECODE", "DECODE(2, 1, 'one', 2, 'two', 'many')", "two"),
    _of("DECODE compares NULL", "DECODE(NULL, NULL, 'same', 'other')", "same"),
    _of("CASE", "CASE 3 WHEN 1 THEN 'a' ELSE 'z' END", "z"),
    _of("LNNVL", "CASE WHEN LNNVL(NULL = 1) THEN 1 ELSE 0 END", 1),
    _of("TO_NUMBER", "TO_NUMBER('100.00', '9G999D99')", 100),
    _of("TO_NUMBER of text that is none", "TO_NUMBER('x')", Error("ORA-01722")),
    _of("TO_CHAR of a number", "TO_CHAR(1234.5, '9,999.00')", " 1,234.50"),
    _of("TO_CHAR with FM", "TO_CHAR(0.5, 'FM990.00')", "0.50"),
    _of("TO_CHAR without a model", "TO_CHAR(0.5)", ".5"),
    _of("TO_CHAR that does not fit", "TO_CHAR(12345, '999')", "####"),
    _of("CAST", "CAST(1.257 AS NUMBER(5, 2))", 1.26),
    _of("CAST to text", "CAST('abcdef' AS VARCHAR2(3))", "abc"),
    _of("TO_CHAR in Roman numerals", "TO_CHAR(12, 'FMRN')", "XII"),
    _of("TO_CHAR in hexadecimal digits", "TO_CHAR(1234, 'FMXXXX')", "4D2"),
    _of("TO_CHAR with an exponent", "TRIM(TO_CHAR(1E30, '9.99EEEE'))", "1.00E+30"),
    _of("TO_NUMBER with a default", "TO_NUMBER('x' DEFAULT -1 ON CONVERSION ERROR)", -1),
    _of("VALIDATE_CONVERSION", "VALIDATE_CONVERSION('1x' AS NUMBER)", 0),
    _of("the wrong number of arguments", "NVL(1)", Error("ORA-00909")),
    _of("CAST of a date to a number", "CAST(SYSDATE AS NUMBER)", Error("ORA-00932")),
    _of("IS NAN", "CASE WHEN BINARY_DOUBLE_NAN IS NAN AND 1 IS NOT NAN THEN 1 END", 1),
    _of("NVL of text and a number", "NVL('a', 1)", "a"),
    _of("DECODE goes by its first result", "DECODE(1, 1, 'one', 2)", "one"),
    _of("DECODE of NULL first gives text", "DECODE(2, 1, NULL, 5)", "5"),
    _of("CASE of text and a number", "CASE WHEN 1 = 1 THEN 1 ELSE 'a' END", Error("ORA-00932")),
    _of("CASE number WHEN text", "CASE 1 WHEN '1' THEN 2 END", Error("ORA-00932")),
    _of("text in arithmetic", "ABS('-2') + '1'", 3),
    _of("a RAW as text", "HEXTORAW('ab') || LENGTH(HEXTORAW('ab'))", "AB2"),
    _of("ROUND of a BINARY_DOUBLE, half to even", "ROUND(2.5d)", 2.0),
    _of("CAST of a number to CHAR", "CAST(1 AS CHAR(3)) || '|'", "1  |"),
    _of("SYS_GUID", "LENGTH(RAWTOHEX(SYS_GUID()))", 32),
    _of("ORA_HASH", "ORA_HASH('a')", Error("ORA-03001")),
]

_DATES = [
    _of("SYSDATE", "SYSDATE", SYSDATE),
    _of("SYSTIMESTAMP", "CAST(SYSTIMESTAMP AS DATE)", SYSDATE),
    _of("DATE literal", "DATE '2026-02-28'", _at(2026, 2, 28)),
    _of(
        "TIMESTAMP literal",
        "TIMESTAMP '2026-02-28 01:02:03.456789'",
        _at(2026, 2, 28, 1, 2, 3, 456789),
    ),
    _of("date + days", "DATE '2026-02-28' + 1", _at(2026, 3, 1)),
    _of("date + 1/24", "DATE '2026-02-28' + 1/24", _at(2026, 2, 28, 1)),
    _of("date - date is a NUMBER", "SYSDATE - DATE '2026-02-28'", 1.5),
    _of("date + INTERVAL", "DATE '2026-01-31' + INTERVAL '2' HOUR", _at(2026, 1, 31, 2)),
    _of("TRUNC of a date", "TRUNC(SYSDATE)", _at(2026, 3, 1)),
    _of("TRUNC to the month", "TRUNC(DATE '1992-10-27', 'MM')", _at(1992, 10, 1)),
    _of("TRUNC to the year", "TRUNC(DATE '1992-10-27', 'YEAR')", _at(1992, 1, 1)),
    _of("TRUNC to the ISO week", "TRUNC(DATE '2026-03-01', 'IW')", _at(2026, 2, 23)),
    _of("TRUNC to the hour", "TRUNC(SYSDATE + 1/48, 'HH24')", SYSDATE),
    _of("ROUND of a date", "ROUND(DATE '1992-10-27', 'YEAR')", _at(1993, 1, 1)),
    _of("ADD_MONTHS at a month's end", "ADD_MONTHS(DATE '2026-02-28', 1)", _at(2026, 3, 31)),
    _of("LAST_DAY", "LAST_DAY(DATE '2024-02-10')", _at(2024, 2, 29)),
    _of("NEXT_DAY", "NEXT_DAY(DATE '2009-10-15', 'TUESDAY')", _at(2009, 10, 20)),
    _of(
        "MONTHS_BETWEEN",
        "ROUND(MONTHS_BETWEEN(DATE '1995-02-02', DATE '1995-01-01'), 8)",
        1.03225806,
    ),
    _of("EXTRACT", "EXTRACT(YEAR FROM DATE '1998-03-07')", 1998),
    _of(
        "TO_DATE",
        "TO_DATE('1998/05/31:12:00:00AM', 'yyyy/mm/dd:hh:mi:ssam')",
        _at(1998, 5, 31),
    ),
    _of("TO_DATE with RR", "TO_DATE('27-OCT-98', 'DD-MON-RR')", _at(1998, 10, 27)),
    _of("TO_DATE by a model for writing", "TO_DATE('2026 1', 'YYYY Q')", Error("ORA-01820")),
    _of(
        "TO_DATE with a default",
        "TO_DATE('x' DEFAULT '2026-01-01' ON CONVERSION ERROR, 'YYYY-MM-DD')",
        _at(2026, 1, 1),
    ),
    _of("more digits than an interval states", "INTERVAL '100' DAY", Error("ORA-01873")),
    _of("TO_DATE of no date", "TO_DATE('2026-13-01', 'YYYY-MM-DD')", Error("ORA-01843")),
    _of(
        "TO_TIMESTAMP",
        "TO_TIMESTAMP('10-Sep-02 14:10:10.123000', 'DD-Mon-RR HH24:MI:SS.FF')",
        _at(2002, 9, 10, 14, 10, 10, 123000),
    ),
    _of("TO_CHAR of a date", "TO_CHAR(SYSDATE, 'YYYY-MM-DD HH24:MI:SS')", "2026-03-01 12:00:00"),
    _of("TO_CHAR of the last date", "TO_CHAR(DATE '9999-12-31', 'YYYY_MM')", "9999_12"),
    _of("TO_CHAR with names", "TO_CHAR(SYSDATE, 'FMDay, DD Month YYYY')", "Sunday, 1 March 2026"),
    _of("TO_CHAR with quoted text", 'TO_CHAR(SYSDATE, \'YYYY"年"MM"月"\')', "2026年03月"),
    _of("TO_CHAR: quarter, week, day", "TO_CHAR(SYSDATE, 'Q IW DDD')", "1 09 060"),
    _of("TO_CHAR without a model", "TO_CHAR(DATE '2026-03-01')", "01-MAR-26"),
    _of(
        "NUMTODSINTERVAL",
        "DATE '2026-01-01' + NUMTODSINTERVAL(90, 'MINUTE')",
        _at(2026, 1, 1, 1, 30),
    ),
    _of(
        "timestamp - timestamp",
        "TIMESTAMP '2026-01-02 00:00:00' - TIMESTAMP '2026-01-01 12:00:00'",
        dt.timedelta(hours=12),
    ),
    _of("AT TIME ZONE of a region", "SYSTIMESTAMP AT TIME ZONE 'Asia/Taipei'", Error("ORA-03001")),
    _of("date + date", "SYSDATE + SYSDATE", Error("ORA-00975")),
]

_QUERIES = [
    _("DUAL", "SELECT dummy FROM DUAL", gives="X"),
    _(
        "comments with colons and quotes",
        "SELECT /* don't :bind */ 1 -- it's :here too\nFROM DUAL",
        gives=1,
    ),
    _("hints are ignored", "SELECT /*+ FULL(e) PARALLEL(4) */ COUNT(*) FROM emp e", gives=6),
    _("quoted identifiers", 'SELECT "EMPNO" AS "Nr" FROM "EMP" WHERE empno = 7839', gives=7839),
    _(
        "quoted names keep their case",
        'SELECT "id", id FROM (SELECT 1 AS "id", 2 AS id FROM DUAL)',
        gives=[(1, 2)],
    ),
    _(
        "a name in other case",
        'SELECT "empno" FROM emp',
        gives=Error('ORA-00904: "empno": invalid identifier'),
    ),
    _("a reserved word as a name", "SELECT 1 AS date FROM DUAL", gives=Error("ORA-00923")),
    _(
        "a subquery with two columns of one name",
        "SELECT * FROM (SELECT 1 a, 2 a FROM DUAL)",
        gives=Error("ORA-00918"),
    ),
    _("upper-case folding", "select EmpNo from Emp where ENAME = 'KING'", gives=7839),
    _("bind by name", "SELECT ename FROM emp WHERE empno = :id", gives="KING", binds={"id": 7839}),
    _(
        "CTE",
        "WITH m AS (SELECT * FROM emp WHERE job = 'MANAGER') SELECT COUNT(*) FROM m",
        gives=3,
    ),
    _(
        "(+) joins",
        "SELECT d.deptno FROM dept d, emp e WHERE e.deptno (+) = d.deptno AND e.empno IS NULL",
        gives=40,
    ),
    _(
        "FULL OUTER JOIN, USING",
        "SELECT COUNT(*) FROM dept FULL OUTER JOIN emp USING (deptno)",
        gives=7,
    ),
    _(
        "* of a USING join",
        "SELECT * FROM (SELECT dname, deptno FROM dept) d JOIN (SELECT ename, deptno FROM emp) e"
        " USING (deptno) WHERE ename = 'KING'",
        gives=[(10, "ACCOUNTING", "KING")],
    ),
    _(
        "MINUS",
        "SELECT deptno FROM dept MINUS SELECT deptno FROM emp",
        gives=40,
    ),
    _("UNION ALL, INTERSECT", "SELECT 1 FROM DUAL INTERSECT SELECT 1 FROM DUAL", gives=1),
    _(
        "NULLs sort last",
        "SELECT comm FROM emp WHERE deptno = 30 ORDER BY comm",
        gives=[(300,), (500,), (None,)],
    ),
    _(
        "NULLs sort first with DESC",
        "SELECT comm FROM emp WHERE deptno = 30 ORDER BY comm DESC",
        gives=[(None,), (500,), (300,)],
    ),
    _(
        "NULLS LAST",
        "SELECT comm FROM emp WHERE deptno = 30 ORDER BY comm DESC NULLS LAST",
        gives=[(500,), (300,), (None,)],
    ),
    _("NOT IN with NULL", "SELECT COUNT(*) FROM emp WHERE empno NOT IN (1, NULL)", gives=0),
    _(
        "ROWNUM",
        "SELECT ename FROM (SELECT * FROM emp ORDER BY sal DESC) WHERE ROWNUM <= 2",
        gives=[("KING",), ("JONES",)],
    ),
    _("ROWNUM > 1 gives nothing", "SELECT COUNT(*) FROM emp WHERE ROWNUM > 1", gives=0),
    _(
        "OFFSET, FETCH NEXT",
        "SELECT ename FROM emp ORDER BY sal DESC OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY",
        gives=[("JONES",), ("BLAKE",)],
    ),
    _(
        "recursive WITH",
        "WITH halves (n) AS (SELECT 1 FROM DUAL UNION ALL SELECT n / 2 FROM halves WHERE n > 0.3) "
        "SELECT n FROM halves ORDER BY n",
        gives=[(0.25,), (0.5,), (1,)],
    ),
    _(
        "recursive WITH without names of columns",
        "WITH n AS (SELECT 1 AS i FROM DUAL UNION ALL SELECT i + 1 FROM n WHERE i < 3)"
        " SELECT i FROM n",
        gives=Error("ORA-32039"),
    ),
    _("LEVEL without CONNECT BY", "SELECT LEVEL FROM emp", gives=Error("ORA-01788")),
    _(
        "FETCH FIRST WITH TIES",
        "SELECT deptno FROM emp ORDER BY deptno OFFSET 1 ROWS FETCH NEXT 2 ROWS WITH TIES",
        gives=[(10,), (20,)],
    ),
    _(
        "FETCH FIRST n PERCENT",
        "SELECT ename FROM emp ORDER BY sal DESC FETCH FIRST 30 PERCENT ROWS ONLY",
        gives=[("KING",), ("JONES",)],
    ),
    _(
        "FETCH FIRST of an expression",
        "SELECT ename FROM emp ORDER BY sal DESC OFFSET 2 - 1 ROWS FETCH NEXT 1 + 1 ROWS ONLY",
        gives=[("JONES",), ("BLAKE",)],
    ),
    _(
        "lists of keys",
        "SELECT ename FROM emp WHERE empno IN"
        " (SELECT column_value FROM TABLE(SYS.ODCINUMBERLIST(7839, 7566))) ORDER BY 1",
        gives=[("JONES",), ("KING",)],
    ),
    _(
        "UNION of a number and text",
        "SELECT 1 FROM DUAL UNION SELECT 'a' FROM DUAL",
        gives=Error("ORA-01790"),
    ),
    _(
        "a name that only an alias has",
        "SELECT UPPER(job) AS big FROM emp GROUP BY big",
        gives=Error("ORA-00904"),
    ),
    _("GROUP BY, HAVING", "SELECT deptno FROM emp GROUP BY deptno HAVING COUNT(*) = 3", gives=30),
    _(
        "ROLLUP",
        "SELECT deptno, COUNT(*) FROM emp GROUP BY ROLLUP (deptno) ORDER BY deptno",
        gives=[(10, 2), (20, 1), (30, 3), (None, 6)],
    ),
    _("scalar subquery", "SELECT (SELECT MAX(sal) FROM emp) FROM DUAL", gives=5000),
    _(
        "EXISTS",
        "SELECT COUNT(*) FROM dept d WHERE EXISTS (SELECT 1 FROM emp e WHERE e.deptno = d.deptno)",
        gives=3,
    ),
    _(
        "FOR UPDATE",
        "SELECT empno FROM emp WHERE ename = 'KING' FOR UPDATE",
        gives=7839,
        note="other sessions do not wait; its LOBs can be written",
    ),
    _(
        "CONNECT BY PRIOR",
        "SELECT LPAD(' ', 2 * LEVEL - 2) || ename FROM emp START WITH mgr IS NULL"
        " CONNECT BY PRIOR empno = mgr AND LEVEL <= 2 ORDER BY LEVEL, ename",
        gives=[("KING",), ("  BLAKE",), ("  CLARK",), ("  JONES",)],
    ),
    _("CONNECT BY LEVEL", "SELECT LEVEL FROM DUAL CONNECT BY LEVEL <= 3", gives=[(1,), (2,), (3,)]),
    _(
        "SYS_CONNECT_BY_PATH",
        "SELECT SYS_CONNECT_BY_PATH(ename, '/') FROM emp WHERE ename = 'ALLEN'"
        " START WITH mgr IS NULL CONNECT BY PRIOR empno = mgr",
        gives="/KING/BLAKE/ALLEN",
    ),
    _(
        "CONNECT BY NOCYCLE, CONNECT_BY_ISCYCLE",
        "SELECT n, CONNECT_BY_ISCYCLE FROM (SELECT 1 AS n, 2 AS up FROM DUAL UNION ALL"
        " SELECT 2, 1 FROM DUAL) START WITH n = 1 CONNECT BY NOCYCLE PRIOR n = up",
        gives=[(1, 0), (2, 1)],
    ),
    _(
        "CONNECT BY in a subquery about the row around",
        "SELECT e.ename, (SELECT COUNT(*) FROM emp x START WITH x.mgr = e.empno"
        " CONNECT BY PRIOR x.empno = x.mgr) FROM emp e WHERE deptno = 30 ORDER BY ename",
        gives=[("ALLEN", 0), ("BLAKE", 2), ("WARD", 0)],
    ),
    _(
        "CONNECT_BY_ISLEAF, CONNECT_BY_ROOT",
        "SELECT ename, CONNECT_BY_ROOT ename FROM emp WHERE CONNECT_BY_ISLEAF = 1"
        " START WITH ename = 'BLAKE' CONNECT BY PRIOR empno = mgr ORDER BY ename",
        gives=[("ALLEN", "BLAKE"), ("WARD", "BLAKE")],
    ),
    _(
        "CONNECT BY over a join",
        "SELECT 1 FROM emp a JOIN emp b ON a.mgr = b.mgr CONNECT BY PRIOR a.mgr = b.empno",
        gives=Error("ORA-03001"),
    ),
    _(
        "PIVOT",
        "SELECT * FROM (SELECT deptno, job, sal FROM emp)"
        " PIVOT (SUM(sal) FOR job IN ('MANAGER' AS mgr, 'SALESMAN' AS sls)) ORDER BY deptno",
        gives=[(10, 2450, None), (20, 2975, None), (30, 2850, 2850)],
    ),
    _(
        "UNPIVOT",
        "SELECT empno, kind, amount FROM (SELECT empno, sal, comm FROM emp WHERE deptno = 30)"
        " UNPIVOT (amount FOR kind IN (sal, comm)) WHERE empno = 7499 ORDER BY kind",
        gives=[(7499, "COMM", 300), (7499, "SAL", 1600)],
    ),
    _("SAMPLE", "SELECT COUNT(*) FROM emp SAMPLE (10)", gives=Error("ORA-03001")),
    _("AS OF", "SELECT * FROM emp AS OF TIMESTAMP SYSDATE", gives=Error("ORA-03001")),
    _(
        "MATCH_RECOGNIZE",
        "SELECT * FROM emp MATCH_RECOGNIZE (ORDER BY empno PATTERN (a+) DEFINE a AS sal > 1)",
        gives=Error("ORA-03001"),
    ),
    _(
        "JSON_TABLE",
        "SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a NUMBER PATH '$'))",
        gives=Error("ORA-03001"),
    ),
    _(
        "MODEL",
        "SELECT * FROM emp MODEL DIMENSION BY (empno) MEASURES (sal) RULES (sal[1] = 1)",
        gives=Error("ORA-03001"),
    ),
    _("an unknown table", "SELECT * FROM nowhere", gives=Error("ORA-00942")),
    _("an unknown column", "SELECT nothing FROM emp", gives=Error("ORA-00904")),
    _("an unknown function", "SELECT frobnicate(1) FROM DUAL", gives=Error("ORA-00904")),
]

_AGGREGATES = [
    _(
        "MIN, MAX, SUM, AVG, COUNT",
        "SELECT MIN(sal), MAX(sal), SUM(sal), AVG(comm), COUNT(comm) FROM emp",
        gives=[(1250, 5000, 16125, 400, 2)],
    ),
    _("COUNT(DISTINCT)", "SELECT COUNT(DISTINCT job) FROM emp", gives=3),
    _(
        "MAX KEEP (DENSE_RANK LAST)",
        "SELECT MAX(ename) KEEP (DENSE_RANK LAST ORDER BY sal) FROM emp WHERE deptno = 30",
        gives="BLAKE",
    ),
    _(
        "MIN KEEP (DENSE_RANK FIRST)",
        "SELECT deptno, MIN(ename) KEEP (DENSE_RANK FIRST ORDER BY hiredate) FROM emp"
        " GROUP BY deptno ORDER BY 1",
        gives=[(10, "CLARK"), (20, "JONES"), (30, "ALLEN")],
    ),
    _(
        "LISTAGG",
        "SELECT LISTAGG(ename, ', ') WITHIN GROUP (ORDER BY ename) FROM emp WHERE deptno = 30",
        gives="ALLEN, BLAKE, WARD",
    ),
    _("MEDIAN", "SELECT MEDIAN(sal) FROM emp", gives=2650),
    _(
        "PERCENTILE_CONT",
        "SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY sal) FROM emp",
        gives=2650,
    ),
    _("STDDEV of one row", "SELECT STDDEV(sal) FROM emp WHERE empno = 7839", gives=0),
    _(
        "ROW_NUMBER",
        "SELECT ename FROM (SELECT ename, ROW_NUMBER() OVER (PARTITION BY deptno"
        " ORDER BY sal DESC) AS rn FROM emp) WHERE rn = 1 ORDER BY 1",
        gives=[("BLAKE",), ("JONES",), ("KING",)],
    ),
    _(
        "RANK, DENSE_RANK",
        "SELECT RANK() OVER (ORDER BY job), DENSE_RANK() OVER (ORDER BY job) FROM emp"
        " WHERE deptno IN (10, 20) ORDER BY 1, 2",
        gives=[(1, 1), (1, 1), (3, 2)],
    ),
    _(
        "LAG, LEAD",
        "SELECT ename, LAG(ename) OVER (ORDER BY sal), LEAD(ename, 1, '-') OVER (ORDER BY sal)"
        " FROM emp WHERE deptno = 10 ORDER BY sal",
        gives=[("CLARK", None, "KING"), ("KING", "CLARK", "-")],
    ),
    _(
        "SUM OVER with a running frame",
        "SELECT SUM(sal) OVER (ORDER BY sal ROWS UNBOUNDED PRECEDING) FROM emp"
        " WHERE deptno = 30 ORDER BY sal",
        gives=[(1250,), (2850,), (5700,)],
    ),
    _(
        "FIRST_VALUE IGNORE NULLS",
        "SELECT DISTINCT FIRST_VALUE(comm IGNORE NULLS) OVER (ORDER BY empno ROWS BETWEEN"
        " UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM emp",
        gives=300,
    ),
    _(
        "RATIO_TO_REPORT",
        "SELECT ROUND(RATIO_TO_REPORT(sal) OVER (), 2) FROM emp WHERE deptno = 10 ORDER BY 1",
        gives=[(0.33,), (0.67,)],
    ),
    _("NTILE", "SELECT MAX(b) FROM (SELECT NTILE(2) OVER (ORDER BY sal) AS b FROM emp)", gives=2),
    _(
        "a column that is not grouped",
        "SELECT ename, COUNT(*) FROM emp GROUP BY deptno",
        gives=Error("ORA-00979"),
    ),
]

_CHANGES = [
    _("INSERT", "INSERT INTO dept VALUES (50, 'IT')", gives=1),
    _(
        "INSERT ... SELECT",
        "INSERT INTO dept (deptno, dname) SELECT 50 + ROWNUM, 'x' FROM emp",
        gives=6,
    ),
    _("UPDATE", "UPDATE emp SET sal = sal * 1.1 WHERE deptno = 30", gives=3),
    _(
        "UPDATE with a subquery",
        "UPDATE emp e SET (job, comm) = (SELECT dname, 1 FROM dept d WHERE d.deptno = e.deptno)"
        " WHERE empno = 7566",
        "SELECT job, comm FROM emp WHERE empno = 7566",
        gives=[("RESEARCH", 1)],
    ),
    _("DELETE", "DELETE FROM emp WHERE job = 'SALESMAN'", gives=2),
    _(
        "MERGE",
        "MERGE INTO dept d USING (SELECT 40 AS n FROM DUAL UNION ALL SELECT 60 FROM DUAL) s"
        " ON (d.deptno = s.n) WHEN MATCHED THEN UPDATE SET d.dname = 'OPS'"
        " WHEN NOT MATCHED THEN INSERT (deptno, dname) VALUES (s.n, 'NEW')",
        "SELECT dname FROM dept WHERE deptno >= 40 ORDER BY deptno",
        gives=[("OPS",), ("NEW",)],
    ),
    _("ROLLBACK", "DELETE FROM emp", "ROLLBACK", "SELECT COUNT(*) FROM emp", gives=6),
    _(
        "SAVEPOINT, ROLLBACK TO",
        "DELETE FROM emp WHERE empno = 7839",
        "SAVEPOINT a",
        "DELETE FROM emp",
        "ROLLBACK TO a",
        "SELECT COUNT(*) FROM emp",
        gives=5,
    ),
    _(
        "unique key violated",
        "INSERT INTO dept VALUES (10, 'x')",
        gives=Error("ORA-00001: unique constraint (DWH.DEPT_PK) violated"),
    ),
    _(
        "NULL in a NOT NULL column",
        "INSERT INTO emp (empno) VALUES (1)",
        gives=Error('ORA-01400: cannot insert NULL into ("DWH"."EMP"."ENAME")'),
    ),
    _(
        "NOT NULL column set to NULL",
        "UPDATE emp SET ename = ''",
        gives=Error('ORA-01407: cannot update ("DWH"."EMP"."ENAME") to NULL'),
    ),
    _(
        "parent key missing",
        "UPDATE emp SET deptno = 99 WHERE empno = 7839",
        gives=Error(
            "ORA-02291: integrity constraint (DWH.EMP_DEPT_FK) violated - parent key not found"
        ),
    ),
    _(
        "child rows exist",
        "DELETE FROM dept WHERE deptno = 10",
        gives=Error(
            "ORA-02292: integrity constraint (DWH.EMP_DEPT_FK) violated - child record found"
        ),
    ),
    _("number too large for its column", "UPDATE emp SET sal = 123456", gives=Error("ORA-01438")),
    _(
        "text too long for its column",
        "UPDATE dept SET dname = 'far too long a name'",
        gives=Error("ORA-12899"),
    ),
    _(
        "CHAR is padded with blanks",
        "CREATE TABLE t (c CHAR(4), v VARCHAR2(4))",
        "INSERT INTO t VALUES ('ab', 'ab')",
        "SELECT LENGTH(c), c || '|' FROM t",
        gives=[(4, "ab  |")],
    ),
    _(
        "CHAR = text literal",
        "CREATE TABLE t (c CHAR(4), v VARCHAR2(4))",
        "INSERT INTO t VALUES ('ab', 'ab')",
        "SELECT COUNT(*) FROM t WHERE c = 'ab' AND c = 'ab      '",
        gives=1,
    ),
    _(
        "CHAR = VARCHAR2",
        "CREATE TABLE t (c CHAR(4), v VARCHAR2(4))",
        "INSERT INTO t VALUES ('ab', 'ab')",
        "SELECT COUNT(*) FROM t WHERE c = v",
        gives=0,
        note="blanks count; bound text is VARCHAR2",
    ),
    _(
        "CHARs of different lengths in tuples",
        "CREATE TABLE t (c CHAR(4), d CHAR(6))",
        "SELECT * FROM t WHERE (c, d) IN (SELECT d, c FROM t)",
        gives=Error("ORA-03001"),
    ),
    _(
        "child and parent deleted in one transaction",
        "DELETE FROM emp WHERE deptno = 20",
        "DELETE FROM dept WHERE deptno = 20",
        gives=1,
    ),
    _("too many values", "INSERT INTO dept VALUES (1, 'a', 2)", gives=Error("ORA-00913")),
    _(
        "a failing statement undoes itself alone",
        "INSERT INTO dept VALUES (50, 'IT')",
        "INSERT INTO dept VALUES (50, 'twice')",
        "SELECT COUNT(*) FROM dept",
        gives=5,
    ),
    _(
        "PL/SQL blocks of plain statements",
        "BEGIN INSERT INTO dept VALUES (50, 'IT'); NULL; END;",
        "SELECT COUNT(*) FROM dept",
        gives=5,
    ),
    _(
        "DBMS_APPLICATION_INFO, DBMS_SESSION.SET_IDENTIFIER",
        "BEGIN DBMS_APPLICATION_INFO.SET_MODULE('load', 'read'); END;",
        "SELECT SYS_CONTEXT('USERENV', 'MODULE') FROM DUAL",
        gives="load",
    ),
    _(
        "PL/SQL with control flow",
        "BEGIN IF 1 = 1 THEN NULL; END IF; END;",
        gives=Error("ORA-03001"),
    ),
]

_DEFINITIONS = [
    _(
        "CREATE TABLE",
        "CREATE TABLE t (a NUMBER(5), b VARCHAR2(10) DEFAULT 'x')",
        "INSERT INTO t (a) VALUES (1)",
        "SELECT a, b FROM t",
        gives=[(1, "x")],
    ),
    _(
        "storage clauses are ignored",
        "CREATE TABLE t (a NUMBER) TABLESPACE users PCTFREE 10 STORAGE (INITIAL 64K) NOLOGGING",
        "SELECT COUNT(*) FROM t",
        gives=0,
    ),
    _(
        "CREATE TABLE AS SELECT",
        "CREATE TABLE t AS SELECT ename, sal FROM emp",
        "SELECT COUNT(*) FROM t",
        gives=6,
    ),
    _(
        "CREATE TABLE AS SELECT of an expression without a name",
        "CREATE TABLE t AS SELECT sal * 2 FROM emp",
        gives=Error("ORA-00998"),
    ),
    _("a precision that is too large", "CREATE TABLE t (a NUMBER(39))", gives=Error("ORA-01727")),
    _("VARCHAR2 without a length", "CREATE TABLE t (a VARCHAR2)", gives=Error("ORA-00906")),
    _("an unknown type", "CREATE TABLE t (a FOO)", gives=Error("ORA-00902")),
    _(
        "DROP TABLE",
        "CREATE TABLE t (a NUMBER)",
        "DROP TABLE t PURGE",
        "SELECT * FROM t",
        gives=Error("ORA-00942"),
    ),
    _(
        "TRUNCATE TABLE",
        "CREATE TABLE t AS SELECT * FROM emp",
        "TRUNCATE TABLE t",
        "SELECT COUNT(*) FROM t",
        gives=0,
    ),
    _(
        "ALTER TABLE ADD, DROP, RENAME COLUMN",
        "CREATE TABLE t (a NUMBER, b NUMBER)",
        "ALTER TABLE t ADD (c VARCHAR2(3) DEFAULT 'q')",
        "ALTER TABLE t DROP COLUMN b",
        "ALTER TABLE t RENAME COLUMN a TO z",
        "INSERT INTO t (z) VALUES (1)",
        "SELECT z, c FROM t",
        gives=[(1, "q")],
    ),
    _(
        "ALTER TABLE MODIFY",
        "CREATE TABLE t (a NUMBER(3))",
        "ALTER TABLE t MODIFY (a NOT NULL)",
        "INSERT INTO t VALUES (NULL)",
        gives=Error("ORA-01400"),
    ),
    _(
        "ALTER TABLE ADD with a default, MODIFY of a default",
        "CREATE TABLE t AS SELECT 1 AS a FROM DUAL",
        "ALTER TABLE t ADD (b NUMBER DEFAULT -1 NOT NULL, d DATE DEFAULT SYSDATE)",
        "ALTER TABLE t MODIFY (b DEFAULT 7)",
        "INSERT INTO t (a) VALUES (2)",
        "SELECT a, b, COUNT(d) FROM t GROUP BY a, b ORDER BY a",
        gives=[(1, -1, 1), (2, 7, 1)],
    ),
    _(
        "ALTER TABLE ADD of a NOT NULL column to rows",
        "ALTER TABLE dept ADD (city VARCHAR2(9) NOT NULL)",
        gives=Error("ORA-01758"),
    ),
    _(
        "ALTER TABLE MODIFY to fewer digits",
        "ALTER TABLE emp MODIFY (sal NUMBER(6, 2))",
        gives=Error("ORA-01440"),
    ),
    _(
        "ALTER TABLE of a table with an index",
        "CREATE TABLE t AS SELECT deptno, dname FROM dept",
        "CREATE UNIQUE INDEX t_u ON t (LOWER(dname), deptno DESC)",
        "ALTER TABLE t ADD (since DATE DEFAULT SYSDATE NOT NULL)",
        "ALTER TABLE t MODIFY (dname VARCHAR2(30))",
        "ALTER TABLE t RENAME COLUMN dname TO title",
        "INSERT INTO t (deptno, title) VALUES (10, 'Accounting')",
        gives=Error("ORA-00001"),
    ),
    _(
        "ALTER TABLE DROP of an indexed column",
        "CREATE INDEX emp_i ON emp (ename, sal)",
        "ALTER TABLE emp DROP COLUMN sal",
        "SELECT COUNT(*) FROM USER_INDEXES WHERE index_name = 'EMP_I'",
        gives=[(0,)],
    ),
    _(
        "ALTER TABLE MODIFY of a key's type",
        "CREATE TABLE t (a NUMBER(3) PRIMARY KEY, b NUMBER(3))",
        "INSERT INTO t VALUES (1, 2)",
        "ALTER TABLE t MODIFY (a NUMBER(9), b DEFAULT 7)",
        "INSERT INTO t (a) VALUES (1234567)",
        "SELECT a, b FROM t ORDER BY a",
        gives=[(1, 2), (1234567, 7)],
    ),
    _(
        "ALTER TABLE MODIFY to another type",
        "ALTER TABLE emp MODIFY (sal DATE)",
        gives=Error("ORA-01439"),
    ),
    _(
        "ALTER TABLE DROP PRIMARY KEY",
        "CREATE TABLE t (a NUMBER PRIMARY KEY)",
        "ALTER TABLE t DROP PRIMARY KEY",
        "INSERT INTO t VALUES (NULL)",
        gives=1,
    ),
    _(
        "the name of another constraint",
        "CREATE TABLE t (a NUMBER CONSTRAINT emp_pk CHECK (a > 0))",
        gives=Error("ORA-02264"),
    ),
    _(
        "named CHECK",
        "CREATE TABLE t (a NUMBER CONSTRAINT t_positive CHECK (a > 0))",
        "INSERT INTO t VALUES (0)",
        gives=Error("ORA-02290: check constraint (DWH.T_POSITIVE) violated"),
    ),
    _(
        "named UNIQUE",
        "CREATE TABLE t (a NUMBER, CONSTRAINT t_once UNIQUE (a) USING INDEX ENABLE)",
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t VALUES (1)",
        gives=Error("ORA-00001: unique constraint (DWH.T_ONCE) violated"),
    ),
    _(
        "ALTER TABLE ADD CONSTRAINT",
        "CREATE TABLE t (a NUMBER)",
        "ALTER TABLE t ADD CONSTRAINT t_pk PRIMARY KEY (a)",
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t VALUES (1)",
        gives=Error("ORA-00001: unique constraint (DWH.T_PK) violated"),
    ),
    _(
        "ALTER TABLE ADD FOREIGN KEY",
        "CREATE TABLE t (n NUMBER(2))",
        "ALTER TABLE t ADD CONSTRAINT t_fk FOREIGN KEY (n) REFERENCES dept (deptno)",
        "INSERT INTO t VALUES (99)",
        gives=Error("ORA-02291: integrity constraint (DWH.T_FK)"),
    ),
    _(
        "a constraint that rows violate",
        "CREATE TABLE t AS SELECT deptno FROM emp",
        "ALTER TABLE t ADD CONSTRAINT t_pk PRIMARY KEY (deptno)",
        gives=Error("ORA-02437: cannot validate (DWH.T_PK) - primary key violated"),
    ),
    _(
        "ALTER TABLE DROP CONSTRAINT",
        "CREATE TABLE t (a NUMBER CONSTRAINT t_ck CHECK (a > 0))",
        "ALTER TABLE t DROP CONSTRAINT t_ck",
        "INSERT INTO t VALUES (-1)",
        gives=1,
    ),
    _(
        "a disabled constraint",
        "CREATE TABLE t (a NUMBER CHECK (a > 0) DISABLE)",
        gives=Error("ORA-03001"),
    ),
    _(
        "GENERATED ALWAYS AS IDENTITY",
        "CREATE TABLE t (id NUMBER GENERATED ALWAYS AS IDENTITY, a NUMBER)",
        "INSERT INTO t (a) VALUES (7)",
        "INSERT INTO t (a) VALUES (8)",
        "SELECT id, a FROM t ORDER BY 1",
        gives=[(1, 7), (2, 8)],
    ),
    _(
        "a value for an identity column",
        "CREATE TABLE t (id NUMBER GENERATED ALWAYS AS IDENTITY, a NUMBER)",
        "INSERT INTO t (id, a) VALUES (1, 7)",
        gives=Error("ORA-32795"),
    ),
    _(
        "GENERATED BY DEFAULT AS IDENTITY",
        "CREATE TABLE t (id NUMBER GENERATED BY DEFAULT AS IDENTITY (START WITH 5), a NUMBER)",
        "INSERT INTO t (a) VALUES (7)",
        "INSERT INTO t (id, a) VALUES (99, 8)",
        "SELECT id FROM t ORDER BY 1",
        gives=[(5,), (99,)],
    ),
    _(
        "virtual columns",
        "CREATE TABLE t (a NUMBER, b NUMBER GENERATED ALWAYS AS (a * 2))",
        gives=Error("ORA-03001"),
    ),
    _(
        "CREATE VIEW",
        "CREATE OR REPLACE VIEW v AS SELECT ename FROM emp WHERE deptno = 10",
        "SELECT COUNT(*) FROM v",
        gives=2,
    ),
    _(
        "CREATE INDEX",
        "CREATE INDEX emp_job ON emp (job)",
        "SELECT column_name FROM user_ind_columns WHERE index_name = 'EMP_JOB'",
        gives="JOB",
    ),
    _(
        "a unique key that is partly NULL",
        "CREATE TABLE t (a NUMBER, b NUMBER, UNIQUE (a, b))",
        "INSERT INTO t VALUES (1, NULL)",
        "INSERT INTO t VALUES (1, NULL)",
        gives=Error("ORA-00001"),
    ),
    _(
        "a unique key that is NULL",
        "CREATE TABLE t (a NUMBER, b NUMBER, UNIQUE (a, b))",
        "INSERT INTO t VALUES (NULL, NULL)",
        "INSERT INTO t VALUES (NULL, NULL)",
        gives=1,
    ),
    _(
        "a key of rows that are partly NULL",
        "CREATE TABLE t AS SELECT 1 AS a, CAST(NULL AS NUMBER) AS b FROM dept",
        "ALTER TABLE t ADD CONSTRAINT t_u UNIQUE (a, b)",
        gives=Error("ORA-02299"),
    ),
    _(
        "CREATE UNIQUE INDEX over rows that are partly NULL",
        "CREATE TABLE t AS SELECT 1 AS a, CAST(NULL AS NUMBER) AS b FROM dept",
        "CREATE UNIQUE INDEX t_u ON t (a, b)",
        gives=Error("ORA-01452"),
    ),
    _(
        "CREATE UNIQUE INDEX",
        "CREATE UNIQUE INDEX dept_name ON dept (dname)",
        "INSERT INTO dept VALUES (50, 'SALES')",
        gives=Error("ORA-00001: unique constraint (DWH.DEPT_NAME) violated"),
    ),
    _(
        "sequences",
        "CREATE SEQUENCE s START WITH 10 INCREMENT BY 5",
        "SELECT s.NEXTVAL FROM DUAL",
        "SELECT s.NEXTVAL FROM DUAL",
        "SELECT s.CURRVAL FROM DUAL",
        gives=15,
    ),
    _(
        "a sequence at its end",
        "CREATE SEQUENCE s START WITH 2 MAXVALUE 2",
        "SELECT s.NEXTVAL FROM DUAL",
        "SELECT s.NEXTVAL FROM DUAL",
        gives=Error("ORA-08004"),
    ),
    _(
        "DEFAULT s.NEXTVAL",
        "CREATE SEQUENCE s",
        "CREATE TABLE t (id NUMBER DEFAULT s.NEXTVAL, a NUMBER)",
        "INSERT INTO t (a) VALUES (1)",
        "SELECT id FROM t",
        gives=1,
    ),
    _(
        "GLOBAL TEMPORARY TABLE ... PRESERVE ROWS",
        "CREATE GLOBAL TEMPORARY TABLE t (a NUMBER) ON COMMIT PRESERVE ROWS",
        "INSERT INTO t VALUES (1)",
        "COMMIT",
        "SELECT COUNT(*) FROM t",
        gives=1,
    ),
    _(
        "GLOBAL TEMPORARY TABLE ... DELETE ROWS",
        "CREATE GLOBAL TEMPORARY TABLE t (a NUMBER) ON COMMIT DELETE ROWS",
        "INSERT INTO t VALUES (1)",
        "COMMIT",
        "SELECT COUNT(*) FROM t",
        gives=0,
    ),
    _(
        "COMMENT ON TABLE",
        "COMMENT ON TABLE emp IS 'who works here'",
        "SELECT comments FROM user_tab_comments WHERE table_name = 'EMP'",
        gives="who works here",
    ),
    _(
        "COMMENT ON COLUMN",
        "COMMENT ON COLUMN emp.sal IS 'per month'",
        "SELECT comments FROM all_col_comments WHERE table_name = 'EMP' AND column_name = 'SAL'",
        gives="per month",
    ),
    _(
        "CREATE USER, DROP USER",
        "CREATE USER mes IDENTIFIED BY secret",
        "CREATE TABLE mes.t (a NUMBER)",
        "DROP USER mes CASCADE",
        "SELECT * FROM mes.t",
        gives=Error("ORA-00942"),
        note="makes the schema; nobody can log on as the user",
    ),
    _(
        "ALTER SESSION SET CURRENT_SCHEMA",
        "CREATE USER mes IDENTIFIED BY secret",
        "CREATE TABLE mes.t AS SELECT 5 AS a FROM DUAL",
        "ALTER SESSION SET CURRENT_SCHEMA = mes",
        "SELECT a FROM t",
        gives=5,
    ),
    _("GRANT", "GRANT SELECT ON emp TO PUBLIC", gives=0, note="changes nothing"),
    _("CREATE PROCEDURE", "CREATE PROCEDURE p AS BEGIN NULL; END;", gives=Error("ORA-03001")),
    _(
        "CREATE TRIGGER",
        "CREATE TRIGGER g BEFORE INSERT ON emp BEGIN NULL; END;",
        gives=Error("ORA-03001"),
    ),
    _(
        "CREATE MATERIALIZED VIEW",
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM emp",
        gives=Error("ORA-0"),
    ),
]


def _type(
    declared: str, value: Any, construct: str = "", gives: Any = None, note: str = ""
) -> Example:
    """A value bound into a column of a type, and read again."""
    return Example(
        construct or declared,
        (
            f"CREATE TABLE t (v {declared})",
            "INSERT INTO t VALUES (:v)",
            "SELECT v FROM t",
        ),
        value if gives is None else gives,
        {"v": value},
        note,
    )


_TYPES = [
    Example(
        "products of NUMBERs",
        (
            "CREATE TABLE t (qty NUMBER, price NUMBER)",
            "INSERT INTO t VALUES (1000.5, 2000.25)",
            "SELECT qty * price, SUM(qty * price) * qty FROM t GROUP BY qty, price",
        ),
        [(2001250.125, 2002250750.0625)],
    ),
    _type("VARCHAR2(10)", "製程 a"),
    _type("NVARCHAR2(10)", "製程"),
    _type("CHAR(4)", "ab", gives="ab  "),
    _type("NUMBER", 12.25),
    _type("NUMBER(10)", 1234567890),
    _type("NUMBER(38)", 10**37 + 1),
    _type("NUMBER(7,2)", 12345.67),
    _type("NUMBER(5,-2)", 100, gives=Error("ORA-03001")),
    _type("INTEGER", 7),
    _type("FLOAT", 0.5),
    _type("BINARY_DOUBLE", 0.1),
    _type("BINARY_FLOAT", 0.5),
    _type("DATE", _at(2026, 2, 28, 23, 59, 59)),
    _type("TIMESTAMP(6)", _at(2026, 2, 28, 1, 2, 3), note="bind TIMESTAMP for microseconds"),
    _type("TIMESTAMP WITH TIME ZONE", _at(2026, 2, 28, 1, 2, 3)),
    _type("TIMESTAMP WITH LOCAL TIME ZONE", _at(2026, 2, 28, 1, 2, 3)),
    _type("INTERVAL DAY TO SECOND", dt.timedelta(days=1, hours=2)),
    _type("RAW(16)", b"\x00\xff"),
    _type("CLOB", "很長" * 20_000, construct="CLOB, 40,000 characters"),
    _type("NCLOB", "很長"),
    _type("BLOB", b"\x00\x01" * 20_000, construct="BLOB, 40,000 bytes"),
    _type("LONG", "text"),
    _type("BOOLEAN", True),
    _type("XMLTYPE", "<a/>", gives=Error("ORA-03001")),
    _type("JSON", "{}", gives=Error("ORA-03001")),
]

_DICTIONARY = [
    _(
        "ALL_TABLES",
        "SELECT table_name FROM all_tables WHERE owner = 'DWH' ORDER BY 1",
        gives=[("DEPT",), ("EMP",)],
    ),
    _(
        "ALL_TAB_COLUMNS",
        "SELECT data_type, data_precision, data_scale FROM all_tab_columns"
        " WHERE table_name = 'EMP' AND column_name = 'SAL'",
        gives=[("NUMBER", 7, 2)],
    ),
    _(
        "USER_CONSTRAINTS",
        "SELECT constraint_name, constraint_type FROM user_constraints"
        " WHERE table_name = 'EMP' AND constraint_name LIKE 'EMP%' ORDER BY 1",
        gives=[("EMP_DEPT_FK", "R"), ("EMP_PK", "P")],
    ),
    _(
        "ALL_CONS_COLUMNS",
        "SELECT column_name FROM all_cons_columns WHERE constraint_name = 'EMP_DEPT_FK'",
        gives="DEPTNO",
    ),
    _(
        "V$VERSION",
        "SELECT COUNT(*) FROM v$version WHERE banner LIKE 'Oracle Database 19c%'",
        gives=1,
    ),
    _(
        "numbers that a view computes",
        "CREATE VIEW v AS SELECT sal * 2 AS twice FROM emp",
        "SELECT data_type, data_precision FROM user_tab_columns WHERE table_name = 'V'",
        gives=[("NUMBER", None)],
    ),
    _("TAB", "SELECT tname FROM tab ORDER BY 1", gives=[("DEPT",), ("EMP",)]),
    _(
        "SYS_CONTEXT of a computed name",
        "SELECT SYS_CONTEXT('USERENV', 'SESSION' || '_USER') FROM DUAL",
        gives="DWH",
    ),
    _("SYS_CONTEXT", "SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM DUAL", gives="DWH"),
    _("ROWID", "SELECT COUNT(DISTINCT ROWID) FROM emp", gives=6),
]


def _examples(rows: list[tuple[str, tuple[str, ...], Any, str]]) -> list[Example]:
    return [
        Example(
            construct,
            steps,
            Error(gives) if isinstance(gives, str) and gives.startswith("ORA-") else gives,
            None,
            note,
        )
        for construct, steps, gives, note in rows
    ]


SECTIONS: dict[str, list[Example]] = {
    "Text": _TEXT,
    "Numbers and conditions": _NUMBERS,
    "Dates": _DATES,
    "Time zones and fractions of a second": _examples(ZONES),
    "Session settings": _examples(SETTINGS),
    "Queries": _QUERIES,
    "Aggregate and analytic functions": _AGGREGATES,
    "Corners": _examples(CORNERS),
    "Changing data": _CHANGES,
    "Definitions": _DEFINITIONS,
    "Exported schemas and migrations": _examples(SCHEMAS),
    "Types": _TYPES,
    "Data dictionary": _DICTIONARY,
}
