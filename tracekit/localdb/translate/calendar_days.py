"""Days and calendar dates, before 15 October 1582 by the Julian calendar as Oracle counts them.

Moments are kept in microseconds since 1970 as if the Gregorian calendar had always been used, so
that year, month and day are what they were written as. Only the number and the weekday of an early
day have to be counted by the Julian calendar. A year is astronomical: 0 is 1 BC.
"""

from __future__ import annotations

from datetime import date

from tracekit.localdb.translate.build import unsupported

DAY_MICROSECONDS = 86_400_000_000
_FIRST_ORDINAL = 719_163
"""1970-01-01 as Python's ordinal."""
_ORDINAL_TO_JULIAN_DAY = 1_721_425
_GREGORIAN_START = (1582, 10, 15)
_GREGORIAN_START_DAY = 2_299_161
_FIRST_JULIAN_DAY = 1_721_424
"""1 January of the year 1."""
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097


def days_since_1970(year: int, month: int, day: int) -> int:
    """The day's number, counted by the Gregorian calendar.

    Raises:
        OraError: ORA-03001, the day exists in the Julian calendar only, or in neither.
        ValueError: the month has no such day.
    """
    if (1582, 10, 5) <= (year, month, day) < _GREGORIAN_START:
        raise unsupported("a day from 5 to 14 October 1582, which no calendar has")
    if (month, day) == (2, 29) and year < 1582 and year % 4 == 0 and not _is_gregorian_leap(year):
        raise unsupported("29 February of a year that only the Julian calendar has it in")
    cycles, rest = divmod(year - 1, _CYCLE_YEARS)
    return date(rest + 1, month, day).toordinal() - _FIRST_ORDINAL + cycles * _CYCLE_DAYS


def calendar_date(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day's number; the inverse of `days_since_1970`."""
    cycles, rest = divmod(days + _FIRST_ORDINAL - 1, _CYCLE_DAYS)
    found = date.fromordinal(rest + 1)
    return found.year + cycles * _CYCLE_YEARS, found.month, found.day


def julian_day(year: int, month: int, day: int) -> int:
    """The number of a day, as astronomers and Oracle's J count them.

    Raises:
        OraError: ORA-03001, the year is before Christ: Oracle counts one year more there.
    """
    if year < 1:
        raise unsupported("the Julian day number of a year before Christ")
    if (year, month, day) >= _GREGORIAN_START:
        return days_since_1970(year, month, day) + _FIRST_ORDINAL + _ORDINAL_TO_JULIAN_DAY
    shift = (14 - month) // 12
    years, months = year + 4800 - shift, month + 12 * shift - 3
    return day + (153 * months + 2) // 5 + 365 * years + years // 4 - 32083


def date_of_julian_day(number: int) -> tuple[int, int, int]:
    """Year, month and day of a Julian day's number.

    Raises:
        OraError: ORA-03001, the day is before Christ.
    """
    if number < _FIRST_JULIAN_DAY:
        raise unsupported("the Julian day number of a year before Christ")
    if number >= _GREGORIAN_START_DAY:
        return calendar_date(number - _FIRST_ORDINAL - _ORDINAL_TO_JULIAN_DAY)
    shifted = number + 32082
    years = (4 * shifted + 3) // 1461
    rest = shifted - 1461 * years // 4
    months = (5 * rest + 2) // 153
    day = rest - (153 * months + 2) // 5 + 1
    return years - 4800 + months // 10, months + 3 - 12 * (months // 10), day


def _is_gregorian_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
