"""Read text with a datetime format model: TO_DATE, TO_TIMESTAMP, TO_TIMESTAMP_TZ.

Rules: Oracle Database SQL Language Reference 19c, Format Models, "String-to-Date Conversion Rules".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.calendar_days import (
    DAY_MICROSECONDS,
    calendar_date,
    date_of_julian_day,
    days_since_1970,
    julian_day,
)
from tracekit.localdb.translate.calendar_names import Names, names_of
from tracekit.localdb.translate.date_models import Piece, parse_model
from tracekit.localdb.translate.moment_text import NO_ZONE

_MICROSECOND = 1_000
_TIME_OF_DAY = {"HH24", "HH12", "HH", "MI", "SS", "FF", "AM", "PM", "X", "TZH", "TZM", "TZR"}
_LIMITS = {
    "MM": (2, 1, 12, 1843, "not a valid month"),
    "DD": (2, 1, 31, 1847, "day of month must be between 1 and last day of month"),
    "DDD": (3, 1, 366, 1848, "day of year must be between 1 and 365 (366 for leap year)"),
    "D": (1, 1, 7, 1846, "not a valid day of the week"),
    "HH24": (2, 0, 23, 1850, "hour must be between 0 and 23"),
    "HH12": (2, 1, 12, 1849, "hour must be between 1 and 12"),
    "HH": (2, 1, 12, 1849, "hour must be between 1 and 12"),
    "MI": (2, 0, 59, 1851, "minutes must be between 0 and 59"),
    "SS": (2, 0, 59, 1852, "seconds must be between 0 and 59"),
    "SSSSS": (5, 0, 86399, 1853, "seconds in day must be between 0 and 86399"),
    "J": (7, 1, 5373484, 1854, "julian date must be between 1 and 5373484"),
}
"""For each element: its maximum digits, minimum, maximum and the error for other values."""
_YEARS = {"YYYY": 4, "RRRR": 4, "SYYYY": 4, "YYY": 3, "YY": 2, "RR": 2, "Y": 1}
_ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
_WRITTEN_ONLY = {
    "WW", "W", "IW", "Q", "CC", "SCC", "YEAR", "SYEAR", "IYYY", "IYY", "IY", "I", "TZD", "E", "EE",
}  # fmt: skip
_ONCE = [
    (set(_YEARS), 1812, "year may only be specified once"),
    ({"MM", "MON", "MONTH", "RM"}, 1816, "month may only be specified once"),
    ({"HH24", "AM", "PM"}, 1818, "'HH24' precludes use of meridian indicator"),
    ({"HH24", "HH12", "HH"}, 1813, "hour may only be specified once"),
]
"""Elements of which a model for reading has at most one, and the error for more."""
_ZONE = re.compile(r"([+-]?)(\d{1,2}):(\d{2})")
_ZERO_ZONES = ("UTC", "GMT")
_MISMATCH = "literal does not match format string"


@dataclass(frozen=True)
class ReadMoment:
    """A local time, and its time zone if the text has one."""

    microseconds: int
    """Since 1970-01-01."""
    nanoseconds: int
    """Nanoseconds in addition to `microseconds`."""
    offset: int
    """Minutes east of UTC, or NO_ZONE."""


@lru_cache(maxsize=4096)
def read_moment(text: str, model: str, today: int, language: str) -> ReadMoment:
    """Read text with a format model.

    Args:
        text: The text.
        model: The format model.
        today: The current time in microseconds since 1970; it supplies a missing year or month.
        language: The language of month and day names.

    Raises:
        OraError: the text does not match the model (ORA-018xx) or the model is unsupported
            (ORA-03001).
    """
    return _Reader(text, _reading_model(model), names_of(language.partition("|")[0])).read(today)


@lru_cache(maxsize=512)
def _reading_model(model: str) -> tuple[Piece, ...]:
    """The pieces of a model that text can be read by.

    Raises:
        OraError: ORA-01820 and its kin, it cannot.
    """
    pieces = parse_model(model)
    names = [piece.text for piece in pieces if piece.kind == "element"]
    for name in names:
        if name in _WRITTEN_ONLY:
            raise OraError(1820, "format code cannot appear in date input format")
        if names.count(name) > 1:
            raise OraError(1810, "format code appears twice")
    for group, code, message in _ONCE:
        if len(group.intersection(names)) > 1:
            raise OraError(code, message)
    return pieces


def zone_offset(zone: str) -> int:
    """The offset of a time zone in minutes east of UTC.

    Raises:
        OraError: ORA-01882 or ORA-01874 for an unknown zone; ORA-03001 for a region's name.
    """
    match = _ZONE.fullmatch(zone.strip())
    if match is not None:
        hours, minutes = int(match[2]), int(match[3])
        if minutes > 59 or 60 * hours + minutes > 14 * 60:
            raise OraError(1874, "time zone hour must be between -15 and 15")
        return (60 * hours + minutes) * (-1 if match[1] == "-" else 1)
    if zone.strip().upper() in _ZERO_ZONES:
        return 0
    if re.fullmatch(r"[A-Za-z][\w/+-]*", zone.strip()):
        raise unsupported(f"the time zone region {zone.strip()}")
    raise OraError(1882, "timezone region not found")


class _Reader:
    """Reads one text, element by element."""

    def __init__(self, text: str, pieces: Sequence[Piece], names: Names) -> None:
        self._text = text.strip()
        self._pieces = pieces
        self._names = names
        self._at = 0
        self._left_out = False
        """True if the text ended before the model's last punctuation."""
        self._values: dict[str, int] = {}
        self._zone: int | None = None

    def read(self, today: int) -> ReadMoment:
        for index, piece in enumerate(self._pieces):
            if piece.kind == "text":
                self._take_text(piece.text)
            elif piece.kind == "punctuation":
                self._take_punctuation(piece)
            elif self._at >= len(self._text):
                self._end_early(self._pieces[index:])
                break
            else:
                self._take_element(piece, self._pieces[index + 1 :])
                self._left_out = False
        if self._at < len(self._text):
            raise OraError(1830, "date format picture ends before converting entire input string")
        return self._moment(today)

    def _take_text(self, quoted: str) -> None:
        if self._text[self._at : self._at + len(quoted)] != quoted:
            raise OraError(1861, _MISMATCH)
        self._at += len(quoted)

    def _take_punctuation(self, piece: Piece) -> None:
        following = self._text[self._at : self._at + 1]
        if piece.exact:
            if self._at < len(self._text) and following != piece.text:
                raise OraError(1861, _MISMATCH)
            self._at += 1
        elif piece.text.isspace():
            blanks = re.compile(r"\s*").match(self._text, self._at)
            taken = blanks.end() - self._at if blanks else 0
            self._at += taken
            self._left_out = not taken and following.isalnum()
        elif following.isspace() or (following and not following.isalnum()):
            self._at += 1
        else:
            self._left_out = bool(following)

    def _end_early(self, missing: Sequence[Piece]) -> None:
        for piece in missing:
            name = piece.text.rstrip("123456789") if piece.text.startswith("FF") else piece.text
            if piece.exact or (piece.kind == "element" and name not in _TIME_OF_DAY):
                raise OraError(1840, "input value not long enough for date format")

    def _take_element(self, piece: Piece, following: Sequence[Piece]) -> None:
        name = piece.text
        if not piece.exact:
            blanks = re.compile(r"\s*").match(self._text, self._at)
            self._at = blanks.end() if blanks else self._at
        if name in _YEARS:
            self._take_year(piece, following)
        elif name in ("MON", "MONTH") or (
            name == "MM" and not piece.exact and self._text[self._at].isalpha()
        ):
            self._take_month()
        elif name in _LIMITS:
            self._take_number(piece)
        elif name.startswith("FF"):
            self._take_fraction(piece)
        elif name in ("AM", "PM", "AD", "BC"):
            self._take_half(name)
        elif name in ("DAY", "DY"):
            self._take_weekday()
        elif name == "RM":
            self._take_roman_month()
        elif name == "X":
            self._take_radix()
        elif name in ("TZH", "TZM", "TZR"):
            self._take_zone(name)
        else:
            raise unsupported(f"format element {name} for reading dates")

    def _digits(self, most: int) -> str:
        match = re.compile(rf"\d{{1,{most}}}", re.ASCII).match(self._text, self._at)
        if match is None:
            if self._left_out:
                raise OraError(1861, _MISMATCH)
            raise OraError(1858, "a non-numeric character was found where a numeric was expected")
        self._at = match.end()
        return match[0]

    def _take_number(self, piece: Piece) -> None:
        most, least, largest, code, message = _LIMITS[piece.text]
        digits = self._digits(most)
        if piece.exact and piece.padded and len(digits) != most:
            raise OraError(1862, "the numeric value does not match the length of the format item")
        if not least <= int(digits) <= largest:
            raise OraError(code, message)
        self._values["HH12" if piece.text == "HH" else piece.text] = int(digits)

    def _take_year(self, piece: Piece, following: Sequence[Piece]) -> None:
        name, most = piece.text, _YEARS[piece.text]
        sign = self._text[self._at]
        if name == "SYYYY" and sign in "+-":
            self._at += 1
        if name in ("YY", "RR") and not piece.exact and self._has_long_year(following):
            most = 4
        digits = self._digits(most)
        if piece.exact and piece.padded and len(digits) != most:
            raise OraError(1862, "the numeric value does not match the length of the format item")
        self._values["year"] = int(digits) * (-1 if name == "SYYYY" and sign == "-" else 1)
        if name in ("RR", "RRRR") and len(digits) <= 2:
            self._values["short"] = 50
        elif name in ("YY", "YYY", "Y") and len(digits) <= most and most < 4:
            self._values["short"] = 10 ** _YEARS[name]

    def _has_long_year(self, following: Sequence[Piece]) -> bool:
        """Whether the text has four digits here that must all belong to the year."""
        is_last = not following or following[0].kind != "element"
        run = re.compile(r"\d+", re.ASCII).match(self._text, self._at)
        return is_last and run is not None and len(run[0]) == 4

    def _take_month(self) -> None:
        names = self._names
        rest = self._text[self._at :].upper()
        found = [
            (len(name), number)
            for listed in (names.months, names.short_months)
            for number, name in enumerate(listed, start=1)
            if rest.startswith(name.upper())
        ]
        if not found:
            if self._left_out:
                raise OraError(1861, _MISMATCH)
            raise OraError(1843, "not a valid month")
        length, number = max(found)
        self._at += length
        self._values["MM"] = number

    def _take_roman_month(self) -> None:
        match = re.compile(r"[IVX]+", re.IGNORECASE).match(self._text, self._at)
        if match is None or match[0].upper() not in _ROMAN:
            raise OraError(1843, "not a valid month")
        self._at = match.end()
        self._values["MM"] = _ROMAN.index(match[0].upper()) + 1

    def _take_weekday(self) -> None:
        rest = self._text[self._at :].upper()
        found = [
            (len(name), number)
            for listed in (self._names.days, self._names.short_days)
            for number, name in enumerate(listed)
            if rest.startswith(name.upper())
        ]
        if not found:
            raise OraError(1846, "not a valid day of the week")
        length, number = max(found)
        self._at += length
        self._values["weekday"] = number

    def _take_half(self, name: str) -> None:
        words = ("AM", "PM") if name in ("AM", "PM") else ("AD", "BC")
        match = re.compile(r"([A-Z])\.?([A-Z])\.?", re.IGNORECASE).match(self._text, self._at)
        word = (match[1] + match[2]).upper() if match is not None else ""
        if match is None or word not in words:
            raise OraError(1855, f"{words[0]}/{words[0][0]}.{words[0][1]}. or similar required")
        self._at = match.end()
        self._values[words[1]] = words.index(word)

    def _take_fraction(self, piece: Piece) -> None:
        if not piece.exact and not self._text[self._at].isdigit():
            return  # the fraction is optional
        digits = self._digits(int(piece.text[2:] or 9))
        self._values["nanoseconds"] = int(digits.ljust(9, "0"))

    def _take_radix(self) -> None:
        if self._text[self._at] in ".,":
            self._at += 1

    def _take_zone(self, name: str) -> None:
        if name == "TZR":
            match = re.compile(r"[+-]?\d{1,2}:\d{2}|[A-Za-z][\w/+-]*").match(self._text, self._at)
            if match is None:
                raise OraError(1882, "timezone region not found")
            self._at = match.end()
            self._zone = zone_offset(match[0])
            return
        if name == "TZH":
            sign = self._text[self._at]
            if sign in "+-":
                self._at += 1
            self._values["TZH"] = -1 if sign == "-" else 1
            self._zone = 60 * int(self._digits(2)) * self._values["TZH"]
        else:
            self._zone = (self._zone or 0) + int(self._digits(2)) * self._values.get("TZH", 1)
        if abs(self._zone) > 14 * 60:
            raise OraError(1874, "time zone hour must be between -15 and 15")

    def _moment(self, today: int) -> ReadMoment:
        values = self._values
        days = self._day(*calendar_date(today // DAY_MICROSECONDS)[:2])
        seconds = values.get("SSSSS")
        if seconds is None:
            hour = values.get("HH24")
            if hour is None:
                hour = values.get("HH12", 12 if "PM" in values else 0) % 12
                hour += 12 * values.get("PM", 0)
                if "HH12" in values and "PM" not in values:
                    hour = values["HH12"] % 12
            seconds = 3600 * hour + 60 * values.get("MI", 0) + values.get("SS", 0)
        nanoseconds = values.get("nanoseconds", 0)
        microseconds = days * DAY_MICROSECONDS + seconds * 1_000_000 + nanoseconds // _MICROSECOND
        offset = NO_ZONE if self._zone is None else self._zone
        return ReadMoment(microseconds, nanoseconds % _MICROSECOND, offset)

    def _day(self, this_year: int, this_month: int) -> int:
        values = self._values
        if "J" in values:
            return days_since_1970(*date_of_julian_day(values["J"]))
        year = self._year(this_year)
        if "DDD" in values:
            first = julian_day(year, 1, 1)
            found = date_of_julian_day(first + values["DDD"] - 1)
            if found[0] != year:
                raise OraError(_LIMITS["DDD"][3], _LIMITS["DDD"][4])
            return days_since_1970(*found)
        month, day = values.get("MM", this_month), values.get("DD", 1)
        try:
            days = days_since_1970(year, month, day)
        except ValueError:
            raise OraError(1839, "date not valid for month specified") from None
        weekday = values.get("weekday")
        if weekday is not None and weekday != julian_day(year, month, day) % 7:
            raise OraError(1835, "day of week conflicts with Julian date")
        return days

    def _year(self, this_year: int) -> int:
        """The astronomical year."""
        values = self._values
        year = values.get("year")
        if year is None:
            return this_year
        short = values.get("short")
        if short == 50:
            century = this_year - this_year % 100
            if year < 50 <= this_year % 100:
                century += 100
            elif year >= 50 > this_year % 100:
                century -= 100
            year += century
        elif short is not None:
            year += this_year - this_year % short
        if values.get("BC"):
            year = -abs(year)
        if year == 0 or year < -4712:
            raise OraError(1841, "(full) year must be between -4713 and +9999, and not be 0")
        return year if year > 0 else year + 1
