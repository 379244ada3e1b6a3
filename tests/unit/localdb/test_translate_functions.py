"""Functions, against examples of Oracle's SQL Language Reference and plain Python models."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.localdb.translate_bench import SYSDATE, Bench

_BENCH = Bench()
_TEXTS = st.text(alphabet="aAbB 批%_'1", max_size=8)


def value(expression: str, *binds: Any) -> Any:
    return _BENCH.value(expression, *binds)


_MONTH_AND_A_DAY = Decimal("1.03225806451612903225806451612903225806")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SUBSTR('ABCDEFG', 3, 4)", "CDEF"),
        ("SUBSTR('ABCDEFG', -5, 4)", "CDEF"),
        ("SUBSTR('ABCDEFG', 0, 2)", "AB"),
        ("SUBSTR('ABC', -4)", None),
        ("SUBSTR('ABC', 2, 0)", None),
        ("SUBSTR('ABC', 9)", None),
        ("INSTR('CORPORATE FLOOR', 'OR', 3, 2)", 14),
        ("INSTR('CORPORATE FLOOR', 'OR', -3, 2)", 2),
        ("INSTR('ABC', 'Z')", 0),
        ("LPAD('Page 1', 15, '*.')", "*.*.*.*.*Page 1"),
        ("RPAD('Morrison', 12, 'ab')", "Morrisonabab"),
        ("LPAD('abc', 2)", "ab"),
        ("LPAD(7, 3, '0')", "007"),
        ("LTRIM('<=====>BROWNING<=====>', '<>=')", "BROWNING<=====>"),
        ("TRIM(LEADING '0' FROM '0090')", "90"),
        ("TRIM('  a ')", "a"),
        ("TRIM('   ')", None),
        ("REPLACE('JACK and JUE', 'J', 'BL')", "BLACK and BLUE"),
        ("REPLACE('aXbX', 'X')", "ab"),
        ("REPLACE('abc', NULL, 'x')", "abc"),
        ("INITCAP('the soap')", "The Soap"),
        ("TRANSLATE('SQL*Plus User''s Guide', ' */''', '___')", "SQL_Plus_Users_Guide"),
        ("LENGTH('批次')", 2),
        ("LENGTHB('批次')", 6),
        ("LENGTH('')", None),
        ("UPPER('aé批') || CHR(65)", "AÉ批A"),
        ("'a' || NULL || 'b'", "ab"),
        ("'' || NULL", None),
        ("1.50 || '/' || .5 || '/' || -0.25", "1.5/.5/-.25"),
        ("q'[it's]' || N'批'", "it's批"),
        ("REGEXP_SUBSTR('500 Oracle Parkway, Redwood Shores, CA', ',[^,]+,')", ", Redwood Shores,"),
        ("REGEXP_SUBSTR('a1b22c333', '[0-9]+', 1, 2)", "22"),
        ("REGEXP_SUBSTR('abc', 'z')", None),
        ("REGEXP_REPLACE('a1b2', '[0-9]')", "ab"),
        ("REGEXP_REPLACE('2026-01', '(\\d+)-(\\d+)', '\\2/\\1')", "01/2026"),
        ("REGEXP_COUNT('123123123123', '123')", 4),
        ("REGEXP_INSTR('lot A-17', '[0-9]')", 7),
        ("CASE WHEN REGEXP_LIKE('Steven', '^ste(v|ph)en$', 'i') THEN 1 END", 1),
        ("NVL(NULL, 'x')", "x"),
        ("NVL('', 'x')", "x"),
        ("NVL2('a', 1, 2)", 1),
        ("NVL2(NULL, 1, 2)", 2),
        ("DECODE(NULL, NULL, 'null', 'other')", "null"),
        ("DECODE(3, 1, 'a', 2, 'b')", None),
        ("COALESCE(NULL, '', 'c')", "c"),
        ("GREATEST('HARRY', 'HARRIOT', 'HAROLD')", "HARRY"),
        ("GREATEST(1, NULL)", None),
        ("LEAST(3, 1, 2)", 1),
        ("ROUND(15.193, 1)", Decimal("15.2")),
        ("ROUND(15.193, -1)", Decimal(20)),
        ("ROUND(201 / 200, 2)", Decimal("1.01")),
        ("TRUNC(15.79, 1)", Decimal("15.7")),
        ("TRUNC(15.79, -1)", Decimal(10)),
        ("TRUNC(-1.5)", Decimal(-1)),
        ("MOD(11, 4)", 3),
        ("MOD(-11, 4)", -3),
        ("MOD(11, 0)", 11),
        ("10 / 4", 2.5),
        ("TO_NUMBER('-12.5')", Decimal("-12.5")),
        ("TO_NUMBER('$1,234.50', '$9,999.99')", Decimal("1234.5")),
        ("CAST('12' AS NUMBER(5, 1))", Decimal(12)),
        ("CAST('abcdef' AS VARCHAR2(3))", "abc"),
        ("CAST('a' AS CHAR(3)) || '|'", "a  |"),
        ("USER", "DWH"),
        ("SYS_CONTEXT( 'userenv', 'current_schema' )", "DWH"),
        ("DBTIMEZONE", "+00:00"),
    ],
)
def test_documented_values(expression: str, expected: Any) -> None:
    found = value(expression)
    assert found == expected
    assert (found is None) == (expected is None)


@pytest.mark.parametrize(
    ("number", "model", "expected"),
    [
        ("0", "99.99", "   .00"),
        ("0.1", "99.99", "   .10"),
        ("-0.2", "99.99", "  -.20"),
        ("0", "90.99", "  0.00"),
        ("-0.2", "90.99", " -0.20"),
        ("0", "9999", "    0"),
        ("1", "9999", "    1"),
        ("-1234567890", "9999999999S", "1234567890-"),
        ("123.456", "999.999", " 123.456"),
        ("-123.456", "999.999", "-123.456"),
        ("123.45", "FM999.009", "123.45"),
        ("123.0", "FM999.009", "123.00"),
        ("123.45", "FML999.99", "$123.45"),
        ("1234567.891", "9,999,999.99", " 1,234,567.89"),
        ("-5", "999PR", "  <5>"),
        ("12345", "999", "####"),
        ("1.5", "FM990.00", "1.50"),
    ],
)
def test_documented_number_models(number: str, model: str, expected: str) -> None:
    assert value(f"TO_CHAR({number}, '{model}')") == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SYSDATE", SYSDATE),
        ("SYSDATE + 1/24", datetime(2026, 2, 28, 14, 14, 15)),
        ("SYSDATE - 1", datetime(2026, 2, 27, 13, 14, 15)),
        ("DATE '2026-03-01' - DATE '2026-02-28'", 1.0),
        ("(SYSDATE - TRUNC(SYSDATE)) * 86400", 13 * 3600 + 14 * 60 + 15),
        ("SYSDATE - INTERVAL '1' HOUR", datetime(2026, 2, 28, 12, 14, 15)),
        ("SYSDATE + INTERVAL '1 02:00' DAY TO MINUTE", datetime(2026, 3, 1, 15, 14, 15)),
        ("DATE '2026-01-31' + NUMTODSINTERVAL(36, 'HOUR')", datetime(2026, 2, 1, 12)),
        ("TRUNC(SYSDATE)", datetime(2026, 2, 28)),
        ("TRUNC(SYSDATE, 'MM')", datetime(2026, 2, 1)),
        ("TRUNC(TO_DATE('27-OCT-92', 'DD-MON-RR'), 'YEAR')", datetime(1992, 1, 1)),
        ("TRUNC(SYSDATE, 'Q')", datetime(2026, 1, 1)),
        ("TRUNC(SYSDATE, 'HH24')", datetime(2026, 2, 28, 13)),
        ("TRUNC(DATE '2026-02-28', 'D')", datetime(2026, 2, 22)),
        ("TRUNC(DATE '2026-02-28', 'IW')", datetime(2026, 2, 23)),
        ("ROUND(TO_DATE('27-OCT-00', 'DD-MON-RR'), 'YEAR')", datetime(2001, 1, 1)),
        ("ROUND(DATE '2026-01-16', 'MONTH')", datetime(2026, 2, 1)),
        ("ROUND(DATE '2026-01-31', 'MONTH')", datetime(2026, 2, 1)),
        ("ROUND(DATE '2026-02-16', 'Q')", datetime(2026, 4, 1)),
        ("ROUND(DATE '2026-02-15', 'Q')", datetime(2026, 1, 1)),
        ("ROUND(SYSDATE)", datetime(2026, 3, 1)),
        ("ADD_MONTHS(DATE '2026-01-31', 1)", datetime(2026, 2, 28)),
        ("ADD_MONTHS(DATE '2026-02-28', 1)", datetime(2026, 3, 31)),
        ("ADD_MONTHS(SYSDATE, -12)", datetime(2025, 2, 28, 13, 14, 15)),
        ("LAST_DAY(DATE '2028-02-03')", datetime(2028, 2, 29)),
        ("NEXT_DAY(DATE '2009-10-15', 'TUESDAY')", datetime(2009, 10, 20)),
        ("MONTHS_BETWEEN(DATE '1995-02-02', DATE '1995-01-01')", _MONTH_AND_A_DAY),
        ("MONTHS_BETWEEN(DATE '2026-02-28', DATE '2026-01-31')", 1),
        ("EXTRACT(YEAR FROM SYSDATE)", 2026),
        ("EXTRACT(DAY FROM TIMESTAMP '2026-01-03 00:00:00' - TIMESTAMP '2026-01-01 00:00:00')", 2),
        ("TO_DATE('2026-01-05 06:07:08', 'YYYY-MM-DD HH24:MI:SS')", datetime(2026, 1, 5, 6, 7, 8)),
        ("TO_DATE('2026-01-05', 'YYYY-MM-DD HH24:MI:SS')", datetime(2026, 1, 5)),
        ("TO_DATE('20260105', 'YYYYMMDD')", datetime(2026, 1, 5)),
        ("TO_DATE('05-JAN-49', 'DD-MON-RR')", datetime(2049, 1, 5)),
        ("TO_DATE('05-JAN-50', 'DD-MON-RR')", datetime(1950, 1, 5)),
        ("TO_DATE('05-JAN-95', 'DD-MON-YY')", datetime(2095, 1, 5)),
        ("TO_DATE('10:30', 'HH24:MI')", datetime(2026, 2, 1, 10, 30)),
        (
            "TO_TIMESTAMP('2026-01-05 06:07:08.25', 'YYYY-MM-DD HH24:MI:SS.FF')",
            datetime(2026, 1, 5, 6, 7, 8, 250000),
        ),
        ("CAST(TIMESTAMP '2026-01-05 06:07:08' AS DATE)", datetime(2026, 1, 5, 6, 7, 8)),
        ("TO_CHAR(SYSDATE, 'YYYY-MM-DD HH24:MI:SS')", "2026-02-28 13:14:15"),
        ("TO_CHAR(SYSDATE, 'DD-MON-RR')", "28-FEB-26"),
        ("TO_CHAR(SYSDATE, 'Day, DD Month')", "Saturday , 28 February "),
        ("TO_CHAR(DATE '2026-02-05', 'FMDay, DD Month')", "Thursday, 5 February"),
        ("TO_CHAR(SYSDATE, 'HH:MI AM')", "01:14 PM"),
        ("TO_CHAR(SYSDATE, 'Q D WW IW SSSSS J')", "1 7 09 09 47655 2461100"),
        ("TO_CHAR(SYSDATE, '\"week\" IYYY')", "week 2026"),
        ("TO_CHAR(SYSDATE)", "28-FEB-26"),
        ("'on ' || SYSDATE", "on 28-FEB-26"),
    ],
)
def test_dates(expression: str, expected: Any) -> None:
    found = value(expression)
    assert found == (pytest.approx(expected, rel=1e-12) if isinstance(found, float) else expected)


@given(text=_TEXTS, start=st.integers(-10, 10), length=st.integers(-1, 9) | st.none())
@settings(max_examples=60, deadline=None)
def test_substr_is_oracles(text: str, start: int, length: int | None) -> None:
    expected: str | None = text
    begin = start - 1 if start > 0 else (0 if start == 0 else len(text) + start)
    expected = (
        None if begin < 0 else text[begin:] if length is None else text[begin:][: max(length, 0)]
    )
    arguments = ":t, :s" if length is None else f":t, :s, {length}"
    assert value(f"SUBSTR({arguments})", text or None, start) == (expected or None)


@given(text=_TEXTS, part=st.text(alphabet="aA批", min_size=1, max_size=2), nth=st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_instr_counts_overlapping_occurrences(text: str, part: str, nth: int) -> None:
    places = [i + 1 for i in range(len(text)) if text.startswith(part, i)]
    expected = places[nth - 1] if len(places) >= nth else 0
    found = value("INSTR(:t, :p, 1, :n)", text or None, part, nth)
    assert found == (expected if text else None)


@given(
    patterns=st.lists(st.text(alphabet="aA批%_.+1", max_size=3), min_size=2, max_size=4),
    text=_TEXTS,
)
@settings(max_examples=60, deadline=None)
def test_a_run_of_likes_is_any_of_them(patterns: list[str], text: str) -> None:
    tests = " OR ".join(f"x LIKE '%' || :p{i} || '%'" for i in range(len(patterns)))
    sql = f"SELECT COUNT(*) FROM (SELECT :x AS x FROM DUAL) WHERE ({tests})"
    [(found,)] = _BENCH.query(sql, text, *patterns)
    plain = " OR ".join("? LIKE concat('%', ?, '%')" for _ in patterns)
    arguments = [item for pattern in patterns for item in (text, pattern)]
    [(expected,)] = _BENCH.connection.execute(f"SELECT {plain}", arguments).fetchall()
    assert bool(found) == expected
