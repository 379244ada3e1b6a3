"""Parse intervals."""

from __future__ import annotations

import re

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported

_DAYS = re.compile(r"\s*([+-]?)\s*(\d{1,9})\s+(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?\s*")
_ISO_DAYS = re.compile(
    r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,9}))?S)?)?", re.IGNORECASE
)
_MONTHS = re.compile(r"\s*([+-]?)\s*(\d{1,9})\s*-\s*(\d{1,2})\s*")
_ISO_MONTHS = re.compile(r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?", re.IGNORECASE)


def read_day_interval(text: str) -> int:
    """The microseconds of `D HH:MI:SS.FF` or ISO 8601's `P1DT2H3M4.5S`.

    Raises:
        OraError: ORA-01867, ORA-01850 to ORA-01852, or ORA-03001 for nanoseconds.
    """
    match = _DAYS.fullmatch(text)
    if match is None:
        match = _ISO_DAYS.fullmatch(text.strip())
        if match is None or not any(match.groups()[1:]):
            raise OraError(1867, "the interval is invalid")
    elif int(match[3]) > 23:
        raise OraError(1850, "hour must be between 0 and 23")
    elif int(match[4]) > 59:
        raise OraError(1851, "minutes must be between 0 and 59")
    elif int(match[5]) > 59:
        raise OraError(1852, "seconds must be between 0 and 59")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:5])
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    amount = total * 1_000_000 + fraction_microseconds(match[6] or "")
    return -amount if match[1] == "-" else amount


def fraction_microseconds(digits: str) -> int:
    """The microseconds in the digits after the decimal point of a second.

    Raises:
        OraError: ORA-03001 if there are nanoseconds, which DuckDB's intervals cannot hold.
    """
    nanoseconds = int(digits.ljust(9, "0"))
    if nanoseconds % 1_000:
        raise unsupported("an interval of nanoseconds")
    return nanoseconds // 1_000


def read_month_interval(text: str) -> int:
    """The months of `Y-M` or ISO 8601's `P1Y2M`.

    Raises:
        OraError: ORA-01867, or ORA-01843 for more than 11 months.
    """
    match = _MONTHS.fullmatch(text) or _ISO_MONTHS.fullmatch(text.strip())
    if match is None or not any(match.groups()[1:]):
        raise OraError(1867, "the interval is invalid")
    years, months = int(match[2] or 0), int(match[3] or 0)
    if months > 11:
        raise OraError(1843, "not a valid month")
    amount = 12 * years + months
    return -amount if match[1] == "-" else amount
