"""Days and calendar dates, with the Julian calendar before 15 October 1582, as in Oracle.

Moments are microseconds since 1970 in the Gregorian calendar for all years, so that year, month and
day stay as they were written. Only the number and the weekday of an early day depend on the Julian
calendar. Years are astronomical: 0 is 1 BC.
"""

from __future__ import annotations

from datetime import date

from tracekit.localdb.translate.build import unsupported

DAY_MICROSECONDS = 86_400_000_000
_FIRST_ORDINAL = 719_163
"""The ordinal of 1970-01-01 in Python."""
_ORDINAL_TO_JULIAN_DAY = 1_721_425
_GREGORIAN_START = (1582, 10, 15)
_GREGORIAN_START_DAY = 2_299_161
_FIRST_JULIAN_DAY = 1_721_424
"""The Julian day of 1 January of the year 1."""
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097


def days_since_1970(year: int, month: int, day: int) -> int:
    """The number of days since 1970-01-01 in the Gregorian calendar.

    Raises:
        OraError: ORA-03001 if the day exists only in the Julian calendar, or in neither.
        ValueError: the month has no such day.
    """
    if (1582, 10, 5) <= (year, month, day) < _GREGORIAN_START:
        raise unsupported("a day from 5 to 14 October 1582, which no calendar has")
    if (month, day) == (2, 29) and year < 1582 and year % 4 == 0 and not _is_gregorian_leap(year):
        raise unsupported("29 February of a year that is a leap year only in the Julian calendar")
    cycles, rest = divmod(year - 1, _CYCLE_YEARS)
    return date(rest + 1, month, day).toordinal() - _FIRST_ORDINAL + cycles * _CYCLE_DAYS


def calendar_date(days: int) -> tuple[int, int, int]:
    """Year, month and day; the inverse of `days_since_1970`."""
    cycles, rest = divmod(days + _FIRST_ORDINAL - 1, _CYCLE_DAYS)
    found = date.fromordinal(rest + 1)
    return found.year + cycles * _CYCLE_YEARS, found.month, found.day


def julian_day(year: int, month: int, day: int) -> int:
    """The Julian day number, as in astronomy and in Oracle's J.

    Raises:
        OraError: ORA-03001 if the year is BC, where Oracle counts one year more.
    """
    if year < 1:
        raise unsupported("the Julian day number of a year BC")
    if (year, month, day) >= _GREGORIAN_START:
        return days_since_1970(year, month, day) + _FIRST_ORDINAL + _ORDINAL_TO_JULIAN_DAY
    shift = (14 - month) // 12
    years, months = year + 4800 - shift, month + 12 * shift - 3
    return day + (153 * months + 2) // 5 + 365 * years + years // 4 - 32083


def date_of_julian_day(number: int) -> tuple[int, int, int]:
    """Year, month and day of a Julian day number.

    Raises:
        OraError: ORA-03001 if the day is BC.
    """
    if number < _FIRST_JULIAN_DAY:
        raise unsupported("the Julian day number of a year BC")
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
