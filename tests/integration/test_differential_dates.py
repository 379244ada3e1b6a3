"""Random expressions of dates, timestamps, time zones and intervals against a calendar model.

The model is Python's datetime, and texts written by hand from its fields; the translator has no
part in it. Moments are (local time, nanoseconds beyond it, offset in minutes).
"""

from __future__ import annotations

import calendar
import datetime as dt
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import oracledb
import pytest

from tracekit.testbed import LocalOracle

STATEMENTS = int(os.environ.get("TRACEKIT_DIFFERENTIAL_EXAMPLES", "20")) * 10
PER_QUERY = 8
"""Expressions of one statement, which is faster than one each."""
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
SESSION_MINUTES = 330
SECOND = dt.timedelta(seconds=1)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """An expression, and what it gives."""

    sql: str
    gives: Any


def moment(rng: random.Random, *, fraction: bool = True) -> dt.datetime:
    start = dt.datetime(rng.choice([1650, 1900, 1970, 2000, 2020, 2300]), 1, 1)
    found = start + dt.timedelta(seconds=rng.randrange(60 * 365 * 86_400))
    return found.replace(microsecond=rng.randrange(1_000_000) if fraction else 0)


def offset(rng: random.Random) -> int:
    return rng.choice([0, 60, -300, 330, 345, -210, 480, -720, 840, rng.randrange(-700, 800)])


def shown(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def zoned(at: dt.datetime, minutes: int) -> str:
    return f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S.%f} {shown(minutes)}'"


def stamp(at: dt.datetime) -> str:
    return f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S.%f}'"


def date_of(at: dt.datetime) -> str:
    return f"TO_DATE('{at:%Y-%m-%d %H:%M:%S}', 'YYYY-MM-DD HH24:MI:SS')"


def hour_12(at: dt.datetime) -> int:
    return (at.hour - 1) % 12 + 1


ELEMENTS: dict[str, Callable[[dt.datetime], str]] = {
    "YYYY": lambda d: f"{d.year:04d}",
    "RR": lambda d: f"{d.year % 100:02d}",
    "MM": lambda d: f"{d.month:02d}",
    "MON": lambda d: MONTHS[d.month - 1],
    "Mon": lambda d: MONTHS[d.month - 1].title(),
    "Month": lambda d: calendar.month_name[d.month].ljust(9),
    "fmMonthfm": lambda d: calendar.month_name[d.month],
    "DD": lambda d: f"{d.day:02d}",
    "fmDDfm": lambda d: str(d.day),
    "DDD": lambda d: f"{d.timetuple().tm_yday:03d}",
    "D": lambda d: str(d.isoweekday() % 7 + 1),
    "DY": lambda d: calendar.day_abbr[d.weekday()].upper(),
    "DAY": lambda d: calendar.day_name[d.weekday()].upper().ljust(9),
    "HH24": lambda d: f"{d.hour:02d}",
    "HH": lambda d: f"{hour_12(d):02d}",
    "MI": lambda d: f"{d.minute:02d}",
    "SS": lambda d: f"{d.second:02d}",
    "SSSSS": lambda d: f"{d.hour * 3600 + d.minute * 60 + d.second:05d}",
    "AM": lambda d: "AM" if d.hour < 12 else "PM",
    "Q": lambda d: str((d.month + 2) // 3),
    "IW": lambda d: f"{d.isocalendar().week:02d}",
    "IYYY": lambda d: f"{d.isocalendar().year:04d}",
    "WW": lambda d: f"{(d.timetuple().tm_yday - 1) // 7 + 1:02d}",
    "CC": lambda d: f"{(d.year - 1) // 100 + 1:02d}",
    "J": lambda d: f"{d.toordinal() + 1721425:07d}",
    "DDTH": lambda d: f"{d.day:02d}{ordinal(d.day)}",
}
FRACTIONS: dict[str, Callable[[dt.datetime], str]] = {
    **{f"FF{n}": lambda d, n=n: f"{d.microsecond:06d}000"[:n] for n in range(1, 10)},  # type: ignore[misc]
}


def ordinal(day: int) -> str:
    return "TH" if 10 < day < 20 else {1: "ST", 2: "ND", 3: "RD"}.get(day % 10, "TH")


def written(rng: random.Random) -> Case:
    at = moment(rng)
    names = rng.sample([*ELEMENTS, *FRACTIONS], rng.randint(1, 4))
    known = {**ELEMENTS, **FRACTIONS}
    glue = rng.choice(["-", "/", " ", ":", ", "])
    text = glue.join(known[name](at) for name in names)
    return Case(f"TO_CHAR({stamp(at)}, '{glue.join(names)}')", text)


def written_zoned(rng: random.Random) -> Case:
    at, minutes = moment(rng), offset(rng)
    text = f"{at:%Y-%m-%d %H:%M:%S.%f} {shown(minutes)}"
    return Case(f"TO_CHAR({zoned(at, minutes)}, 'YYYY-MM-DD HH24:MI:SS.FF6 TZH:TZM')", text)


def read(rng: random.Random) -> Case:
    at = moment(rng, fraction=False)
    model, text = rng.choice(
        [
            ("YYYY-MM-DD HH24:MI:SS", f"{at:%Y/%m/%d %H.%M.%S}"),
            ("YYYYMMDDHH24MISS", f"{at:%Y%m%d%H%M%S}"),
            (
                "DD-MON-YYYY HH:MI:SS AM",
                f"{at:%d-}{MONTHS[at.month - 1]}{at:-%Y} {hour_12(at)}"
                f"{at::%M:%S} {'am' if at.hour < 12 else 'P.M.'}",
            ),
            (
                "fmMonth DD, YYYY HH24:MI:SS",
                f"{calendar.month_name[at.month]} {at.day}, {at:%Y %H:%M:%S}",
            ),
            (
                "J SSSSS",
                f"{at.toordinal() + 1721425} {at.hour * 3600 + at.minute * 60 + at.second}",
            ),
            ("YYYY DDD HH24:MI:SS", f"{at.year} {at.timetuple().tm_yday} {at:%H:%M:%S}"),
        ]
    )
    return Case(f"TO_DATE('{text}', '{model}')", at)


def read_zoned(rng: random.Random) -> Case:
    at, minutes = moment(rng), offset(rng)
    text = f"{at:%Y-%m-%d %H:%M:%S.%f} {shown(minutes)}"
    return Case(f"TO_TIMESTAMP_TZ('{text}', 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM')", at)


def moved(rng: random.Random) -> Case:
    at, minutes, other = moment(rng), offset(rng), offset(rng)
    there = at + dt.timedelta(minutes=other - minutes)
    return Case(f"{zoned(at, minutes)} AT TIME ZONE '{shown(other)}'", there)


def utc(rng: random.Random) -> Case:
    at, minutes = moment(rng), offset(rng)
    return Case(f"SYS_EXTRACT_UTC({zoned(at, minutes)})", at - dt.timedelta(minutes=minutes))


def as_date(rng: random.Random) -> Case:
    at, minutes = moment(rng), offset(rng)
    return Case(f"CAST({zoned(at, minutes)} AS DATE)", at.replace(microsecond=0))


def as_local(rng: random.Random) -> Case:
    at, minutes = moment(rng), offset(rng)
    there = at + dt.timedelta(minutes=SESSION_MINUTES - minutes)
    return Case(f"CAST({zoned(at, minutes)} AS TIMESTAMP WITH LOCAL TIME ZONE)", there)


def compared(rng: random.Random) -> Case:
    at, minutes, other = moment(rng), offset(rng), offset(rng)
    there = at + dt.timedelta(minutes=other - minutes, microseconds=rng.choice([0, 0, 1, -1]))
    same = there - dt.timedelta(minutes=other) == at - dt.timedelta(minutes=minutes)
    sql = f"CASE WHEN {zoned(at, minutes)} = {zoned(there, other)} THEN 1 ELSE 0 END"
    return Case(sql, int(same))


def compared_with_date(rng: random.Random) -> Case:
    at, minutes = moment(rng, fraction=False), offset(rng)
    local = at + dt.timedelta(minutes=SESSION_MINUTES - minutes, seconds=rng.choice([0, 0, 1, -1]))
    less = at - dt.timedelta(minutes=minutes) < local - dt.timedelta(minutes=SESSION_MINUTES)
    return Case(f"CASE WHEN {zoned(at, minutes)} < {date_of(local)} THEN 1 ELSE 0 END", int(less))


def extracted(rng: random.Random) -> Case:
    at, minutes = moment(rng), offset(rng)
    there = at - dt.timedelta(minutes=minutes)
    sign = -1 if minutes < 0 else 1
    field, value = rng.choice(
        [
            ("YEAR", there.year),
            ("MONTH", there.month),
            ("DAY", there.day),
            ("HOUR", there.hour),
            ("MINUTE", there.minute),
            ("TIMEZONE_HOUR", sign * (abs(minutes) // 60)),
            ("TIMEZONE_MINUTE", sign * (abs(minutes) % 60)),
        ]
    )
    return Case(f"EXTRACT({field} FROM {zoned(at, minutes)})", value)


def extracted_second(rng: random.Random) -> Case:
    at = moment(rng)
    return Case(
        f"TO_CHAR(EXTRACT(SECOND FROM {stamp(at)}))",
        plain(Decimal(at.second) + Decimal(at.microsecond) / 1_000_000),
    )


def plain(value: Decimal) -> str:
    text = f"{value.normalize():f}"
    return text.replace("0.", ".", 1) if text.startswith("0.") else text


def later(rng: random.Random) -> Case:
    at, days = moment(rng, fraction=False), rng.randrange(-20_000, 20_000)
    return Case(f"{date_of(at)} + ({days})", at + days * DAY)


def later_seconds(rng: random.Random) -> Case:
    at, seconds = moment(rng, fraction=False), rng.randrange(-100_000, 100_000)
    return Case(f"{date_of(at)} + ({seconds}) / 86400", at + seconds * SECOND)


def apart(rng: random.Random) -> Case:
    one, other = moment(rng, fraction=False), moment(rng, fraction=False)
    seconds = (one - other) // SECOND
    return Case(f"ROUND(({date_of(one)} - {date_of(other)}) * 86400)", seconds)


def interval(rng: random.Random) -> Case:
    one, other = moment(rng), moment(rng)
    return Case(f"{zoned(one, 60)} - {zoned(other, -90)}", one - other - dt.timedelta(minutes=150))


def plus_interval(rng: random.Random) -> Case:
    at, minutes = moment(rng), offset(rng)
    hours = rng.randrange(0, 90)
    sign = rng.choice("+-")
    there = at + dt.timedelta(hours=hours if sign == "+" else -hours)
    return Case(f"{zoned(at, minutes)} {sign} INTERVAL '{hours}' HOUR", there)


def plus_months(rng: random.Random) -> Case:
    at, months = moment(rng, fraction=False), rng.randrange(-500, 500)
    total = at.year * 12 + at.month - 1 + months
    year, month = total // 12, total % 12 + 1
    last = calendar.monthrange(year, month)[1]
    is_last = at.day == calendar.monthrange(at.year, at.month)[1]
    day = last if is_last else min(at.day, last)
    return Case(f"ADD_MONTHS({date_of(at)}, {months})", at.replace(year=year, month=month, day=day))


def rounded(rng: random.Random) -> Case:
    at, digits = moment(rng), rng.randrange(0, 7)
    unit = 10 ** (6 - digits)
    micros = (at.microsecond + unit // 2) // unit * unit
    there = at.replace(microsecond=0) + dt.timedelta(microseconds=micros)
    return Case(f"CAST({stamp(at)} AS TIMESTAMP({digits}))", there)


def nanoseconds(rng: random.Random) -> Case:
    at = moment(rng).replace(year=rng.randrange(1700, 2200), day=1)
    beyond = rng.randrange(1000)
    text = f"{at:%Y-%m-%d %H:%M:%S.%f}{beyond:03d}"
    return Case(f"TO_CHAR(TIMESTAMP '{text}', 'YYYY-MM-DD HH24:MI:SS.FF9')", text)


def truncated(rng: random.Random) -> Case:
    at = moment(rng)
    monday = at - at.weekday() * DAY
    sunday = at - at.isoweekday() % 7 * DAY
    unit, start = rng.choice(
        [
            ("YYYY", at.replace(month=1, day=1)),
            ("MM", at.replace(day=1)),
            ("Q", at.replace(month=(at.month - 1) // 3 * 3 + 1, day=1)),
            ("IW", monday),
            ("D", sunday),
            ("DD", at),
        ]
    )
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    return Case(f"TRUNC({zoned(at, offset(rng))}, '{unit}')", midnight)


def before_christ(rng: random.Random) -> Case:
    year, month, day = rng.randrange(1, 4713), rng.randrange(1, 13), rng.randrange(1, 29)
    text = f"{year:04d}-{month:02d}-{day:02d}"
    written_by = rng.choice(
        ["TO_DATE('-{0}', 'SYYYY-MM-DD')", "TO_DATE('{0} BC', 'YYYY-MM-DD BC')"]
    )
    return Case(f"TO_CHAR({written_by.format(text)}, 'SYYYY-MM-DD')", f"-{text}")


KINDS = [
    written, written_zoned, read, read_zoned, moved, utc, as_date, as_local, compared,
    compared_with_date, extracted, extracted_second, later, later_seconds, apart, interval,
    plus_interval, plus_months, rounded, nanoseconds, truncated, before_christ,
]  # fmt: skip


@pytest.fixture(scope="module")
def cursor() -> Iterator[oracledb.Cursor]:
    with (
        LocalOracle(":memory:") as local,
        oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"ALTER SESSION SET TIME_ZONE = '{shown(SESSION_MINUTES)}'")
        yield cursor


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_moments_are_what_the_calendar_says(
    cursor: oracledb.Cursor, kind: Callable[[random.Random], Case]
) -> None:
    rng = random.Random(f"{kind.__name__} {STATEMENTS}")
    cases = [kind(rng) for _ in range(max(STATEMENTS // len(KINDS), PER_QUERY))]
    different = []
    for start in range(0, len(cases), PER_QUERY):
        asked = cases[start : start + PER_QUERY]
        listed = ", ".join(f"{case.sql} AS c{index}" for index, case in enumerate(asked))
        (row,) = cursor.execute(f"SELECT {listed} FROM DUAL")
        different += [
            (case.sql, value, case.gives)
            for case, value in zip(asked, row, strict=True)
            if value != case.gives
        ]
    assert different == []
