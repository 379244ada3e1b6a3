"""Examples of time zones, format models and session settings for the table of SQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

ZONES: list[tuple[str, tuple[str, ...], Any, str]] = [
    (
        "TIMESTAMP WITH TIME ZONE keeps its offset",
        (
            "CREATE TABLE t (z TIMESTAMP WITH TIME ZONE)",
            "INSERT INTO t VALUES (TIMESTAMP '2026-03-01 09:00:00 +08:00')",
            "SELECT z, CAST(z AS DATE), TO_CHAR(z, 'HH24:MI TZH:TZM') FROM t",
        ),
        [(dt.datetime(2026, 3, 1, 9), dt.datetime(2026, 3, 1, 9), "09:00 +08:00")],
        "",
    ),
    (
        "moments of two offsets are compared as instants",
        (
            "SELECT COUNT(*) FROM DUAL WHERE TIMESTAMP '2026-01-01 10:00:00 +09:00'"
            " = TIMESTAMP '2026-01-01 01:00:00 +00:00'",
        ),
        1,
        "",
    ),
    (
        "FROM_TZ, AT TIME ZONE",
        (
            "SELECT TO_CHAR(FROM_TZ(TIMESTAMP '2026-01-01 10:00:00', '+09:00')"
            " AT TIME ZONE '-05:30', 'DD HH24:MI TZR') FROM DUAL",
        ),
        "31 19:30 -05:30",
        "",
    ),
    (
        "UPDATE of a column AT TIME ZONE",
        (
            "CREATE TABLE t (a TIMESTAMP WITH TIME ZONE, b TIMESTAMP WITH TIME ZONE)",
            "UPDATE t SET b = a AT TIME ZONE '+02:00'",
            "UPDATE t SET a = a AT TIME ZONE '+02:00'",
        ),
        "ORA-03001",
        "DuckDB does not write a value that equals the old one; another column is no problem",
    ),
    (
        "SYS_EXTRACT_UTC",
        ("SELECT SYS_EXTRACT_UTC(TIMESTAMP '2026-01-01 10:00:00 +09:00') FROM DUAL",),
        dt.datetime(2026, 1, 1, 1),
        "",
    ),
    (
        "EXTRACT of a zone",
        ("SELECT EXTRACT(TIMEZONE_HOUR FROM TIMESTAMP '2026-01-01 10:00:00 +09:00') FROM DUAL",),
        9,
        "",
    ),
    (
        "TIMESTAMP WITH LOCAL TIME ZONE follows the session",
        (
            "CREATE TABLE t (l TIMESTAMP WITH LOCAL TIME ZONE)",
            "INSERT INTO t VALUES (TIMESTAMP '2026-01-01 12:00:00 +00:00')",
            "ALTER SESSION SET TIME_ZONE = '+08:00'",
            "SELECT l FROM t",
        ),
        dt.datetime(2026, 1, 1, 20),
        "",
    ),
    (
        "CURRENT_TIMESTAMP, CURRENT_DATE",
        (
            "ALTER SESSION SET TIME_ZONE = '-05:00'",
            "SELECT TO_CHAR(CURRENT_TIMESTAMP, 'HH24 TZH:TZM'), CURRENT_DATE FROM DUAL",
        ),
        [("07 -05:00", dt.datetime(2026, 3, 1, 7))],
        "SYSDATE and SYSTIMESTAMP are in UTC",
    ),
    (
        "TO_TIMESTAMP_TZ",
        (
            "SELECT TO_TIMESTAMP_TZ('2026-01-01 10:00 +09:00', 'YYYY-MM-DD HH24:MI TZH:TZM')"
            " FROM DUAL",
        ),
        dt.datetime(2026, 1, 1, 10),
        "",
    ),
    (
        "TIMESTAMP(3) rounds, TIMESTAMP(9) keeps nine digits",
        (
            "CREATE TABLE t (a TIMESTAMP(3), b TIMESTAMP(9))",
            "INSERT INTO t VALUES (TIMESTAMP '2026-01-01 00:00:00.0155',"
            " TIMESTAMP '2026-01-01 00:00:00.123456789')",
            "SELECT TO_CHAR(a, 'FF3'), TO_CHAR(b, 'FF9') FROM t",
        ),
        [("016", "123456789")],
        "TIMESTAMP(7) to (9): years 1678 to 2261",
    ),
    (
        "years before Christ",
        ("SELECT TO_CHAR(TO_DATE('-0044-03-15', 'SYYYY-MM-DD'), 'YYYY BC') FROM DUAL",),
        "0044 BC",
        "",
    ),
    (
        "an interval of months that meets no such day",
        ("SELECT DATE '2026-01-31' + INTERVAL '1' MONTH FROM DUAL",),
        "ORA-01839",
        "",
    ),
    (
        "TO_DSINTERVAL",
        ("SELECT EXTRACT(HOUR FROM TO_DSINTERVAL('3 10:00:01.5')) FROM DUAL",),
        10,
        "",
    ),
    (
        "CAST of text to an interval, TZ_OFFSET, AT LOCAL",
        (
            "SELECT EXTRACT(HOUR FROM CAST('3 10:00:01' AS INTERVAL DAY TO SECOND)),"
            " TZ_OFFSET('-03:30'), TO_CHAR(TIMESTAMP '2026-01-01 10:00:00 +09:00' AT LOCAL, 'HH24')"
            " FROM DUAL",
        ),
        [(10, "-03:30", "01")],
        "",
    ),
    (
        "TO_CHAR of an interval",
        (
            "SELECT TO_CHAR(INTERVAL '1 02:03:04' DAY TO SECOND), TO_CHAR(INTERVAL '1-2' YEAR TO"
            " MONTH), TO_CHAR(SYSDATE, 'HH a.m.') FROM DUAL",
        ),
        [("+01 02:03:04.000000", "+01-02", "12 p.m.")],
        "",
    ),
    (
        "counting days before 15 October 1582",
        ("SELECT SYSDATE - DATE '0001-01-01' FROM DUAL",),
        "ORA-03001",
        "Oracle counts them by the Julian calendar",
    ),
    (
        "nanoseconds in arithmetic",
        (
            "SELECT TIMESTAMP '2026-01-01 00:00:00.123456789' - TIMESTAMP '2026-01-01 00:00:00'"
            " FROM DUAL",
        ),
        "ORA-03001",
        "DuckDB's intervals hold microseconds",
    ),
    (
        "TIMESTAMP(9) out of the years 1677 to 2262",
        (
            "CREATE TABLE t (a TIMESTAMP(9))",
            "INSERT INTO t VALUES (TIMESTAMP '9999-12-31 00:00:00')",
        ),
        "ORA-03001",
        "DuckDB counts nanoseconds in 64 bits; Oracle keeps it",
    ),
]
"""Construct, statements, what the last gives (a code for an error), and a note."""

SETTINGS: list[tuple[str, tuple[str, ...], Any, str]] = [
    (
        "NLS_DATE_FORMAT",
        (
            "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD'",
            "SELECT TO_CHAR(SYSDATE), 'on ' || SYSDATE, TO_DATE('2026-02-28') FROM DUAL",
        ),
        [("2026-03-01", "on 2026-03-01", dt.datetime(2026, 2, 28))],
        "",
    ),
    (
        "text meets a date by NLS_DATE_FORMAT",
        ("SELECT ename FROM emp WHERE hiredate = '17-NOV-81'",),
        "KING",
        "",
    ),
    (
        "text that is not a date",
        ("SELECT ename FROM emp WHERE hiredate = '1981-11-17'",),
        "ORA-01861",
        "",
    ),
    (
        "NLS_TIMESTAMP_FORMAT",
        (
            "ALTER SESSION SET NLS_TIMESTAMP_FORMAT = 'HH24:MI:SS.FF3'",
            "SELECT TO_CHAR(TIMESTAMP '2026-01-01 01:02:03.5') FROM DUAL",
        ),
        "01:02:03.500",
        "",
    ),
    (
        "NLS_NUMERIC_CHARACTERS",
        (
            "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = ',.'",
            "SELECT TO_CHAR(1234.5), TO_CHAR(1234.5, 'FM9G999D00'), TO_NUMBER('1,5') FROM DUAL",
        ),
        [("1234,5", "1.234,50", 1.5)],
        "",
    ),
    (
        "NLS_TERRITORY, NLS_CURRENCY",
        (
            "ALTER SESSION SET NLS_TERRITORY = GERMANY",
            "SELECT TO_CHAR(DATE '2026-03-02', 'D'), TO_CHAR(5.5, 'FML9D9') FROM DUAL",
        ),
        [("1", "€5,5")],
        "",
    ),
    (
        "NLS_DATE_LANGUAGE",
        (
            "ALTER SESSION SET NLS_DATE_LANGUAGE = GERMAN",
            "SELECT TO_CHAR(SYSDATE, 'fmDay, DD. Month') FROM DUAL",
        ),
        "Sonntag, 1. März",
        "English, German, French, Spanish, Italian, Chinese, Japanese",
    ),
    (
        "NLS_COMP, NLS_SORT",
        (
            "ALTER SESSION SET NLS_COMP = LINGUISTIC NLS_SORT = BINARY_CI",
            "SELECT COUNT(*) FROM emp WHERE ename = 'king' AND ename LIKE 'k%'",
        ),
        1,
        "BINARY, BINARY_CI, BINARY_AI",
    ),
    (
        "a parameter that Oracle has not",
        ("ALTER SESSION SET foo = bar",),
        "ORA-02248",
        "",
    ),
    (
        "a parameter that would change results",
        ("ALTER SESSION SET ISOLATION_LEVEL = SERIALIZABLE",),
        "ORA-03001",
        "",
    ),
    (
        "a parameter of plans",
        ("ALTER SESSION SET OPTIMIZER_MODE = FIRST_ROWS",),
        0,
        "changes nothing",
    ),
    (
        "TIME_ZONE of a region",
        ("ALTER SESSION SET TIME_ZONE = 'Asia/Taipei'",),
        "ORA-03001",
        "offsets and UTC only",
    ),
    (
        "NLS_SESSION_PARAMETERS",
        (
            "ALTER SESSION SET NLS_TERRITORY = GERMANY",
            "SELECT value FROM nls_session_parameters WHERE parameter = 'NLS_DATE_FORMAT'",
        ),
        "DD.MM.RR",
        "",
    ),
    (
        "SYS_CONTEXT of the session",
        (
            "SELECT SYS_CONTEXT('USERENV', 'CON_NAME'), SYS_CONTEXT('USERENV', 'CLIENT_INFO')"
            " FROM DUAL",
        ),
        [("TRACEKIT", None)],
        "",
    ),
    (
        "V$SESSION",
        ("SELECT COUNT(*) FROM v$session WHERE sid = SYS_CONTEXT('USERENV', 'SID')",),
        1,
        "shows only the session that asks",
    ),
]
"""In the same form."""
