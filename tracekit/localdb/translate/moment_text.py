"""Format moments with a model, where DuckDB's strftime cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.calendar_days import DAY_MICROSECONDS, calendar_date, julian_day
from tracekit.localdb.translate.calendar_names import Names, names_of
from tracekit.localdb.translate.date_models import Case, Piece, parse_model
from tracekit.localdb.translate.spelled_numbers import spelled, spelled_ordinal, spelled_year

NO_ZONE = 32_767
"""The offset of a moment without a time zone."""
_ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
_CASES: dict[Case, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "title": lambda text: text[:1].upper() + text[1:],
}
_SPELLED_CASES = {**_CASES, "title": str.title}


@dataclass(frozen=True)
class Moment:
    """A local time and its parts; years BC are negative."""

    year: int
    month: int
    day: int
    seconds: int
    nanoseconds: int
    offset: int
    """Minutes east of UTC; NO_ZONE without a time zone."""
    first_weekday: int = 0
    """The first day of a week: 0 is Sunday, 1 Monday."""

    @property
    def hour(self) -> int:
        """0 to 23."""
        return self.seconds // 3600

    @property
    def weekday(self) -> int:
        """0 for Monday."""
        return julian_day(self.year, self.month, self.day) % 7

    @property
    def day_of_year(self) -> int:
        """1 for 1 January."""
        return julian_day(self.year, self.month, self.day) - julian_day(self.year, 1, 1) + 1

    @property
    def iso_week(self) -> tuple[int, int]:
        """The ISO year and week number.

        Raises:
            OraError: ORA-03001 if the day is before the Gregorian calendar.
        """
        if (self.year, self.month, self.day) < (1582, 10, 15):
            raise unsupported("the ISO week of a day before 15 October 1582")
        week = date(self.year, self.month, self.day).isocalendar()
        return week.year, week.week


@lru_cache(maxsize=4096)
def write_moment(
    microseconds: int, nanoseconds: int, offset: int, model: str, digits: int, language: str
) -> str | None:
    """Format a moment.

    Args:
        microseconds: Local time since 1970-01-01.
        nanoseconds: Nanoseconds in addition to the microseconds.
        offset: Minutes east of UTC, or NO_ZONE.
        model: The format model.
        digits: Digits of the fraction of a second, if the model does not state them.
        language: Language of names; then, behind bars, the decimal character and the first
            weekday (0 is Sunday) if they are not `.` and 0.

    Raises:
        OraError: ORA-01821 if the model needs a part that the moment lacks; ORA-03001.
    """
    name, decimal, first_weekday = f"{language}|.|0".split("|")[:3]
    days, rest = divmod(microseconds, DAY_MICROSECONDS)
    year, month, day = calendar_date(days)
    seconds, micros = divmod(rest, 1_000_000)
    moment = Moment(
        year if year > 0 else year - 1,
        month,
        day,
        seconds,
        micros * 1000 + nanoseconds,
        offset,
        int(first_weekday),
    )
    names = names_of(name)
    parts = [_written(piece, moment, names, digits, decimal) for piece in parse_model(model)]
    return "".join(parts) or None


def _written(piece: Piece, moment: Moment, names: Names, digits: int, decimal: str) -> str:
    if piece.kind != "element":
        return piece.text
    if piece.text == "X":
        return decimal
    if piece.text.startswith("FF"):
        count = int(piece.text[2:] or digits)
        return f"{moment.nanoseconds:09d}"[:count]
    number = _NUMBERS.get(piece.text)
    if number is not None:
        return _number(number[0](moment), number[1], piece)
    if piece.text in _WORDS:
        return _name(piece, moment, names)
    if piece.text in _SIGNED:
        return _signed(piece, moment)
    if piece.text == "YEAR":
        return _SPELLED_CASES[piece.case](spelled_year(moment.year))
    if piece.text == "Y,YYY":
        return f"{abs(moment.year):05,d}"
    if piece.text in ("TZH", "TZM", "TZR"):
        return _zone(piece.text, moment)
    raise unsupported(f"format element {piece.text} in TO_CHAR")


def _number(value: int, width: int, piece: Piece) -> str:
    if "SP" in piece.suffix:
        words = spelled_ordinal(value) if "TH" in piece.suffix else spelled(value)
        return _SPELLED_CASES[piece.case](words)
    written = f"{value:0{width}d}" if piece.padded else str(value)
    if piece.suffix == "TH":
        return written + _CASES[piece.case](_ordinal(value))
    return written


def _ordinal(value: int) -> str:
    if value % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


def _name(piece: Piece, moment: Moment, names: Names) -> str:
    word, width = _WORDS[piece.text](moment, names)
    if piece.suffix == ".":
        word = "".join(f"{letter}." for letter in word)
    cased = _CASES[piece.case](word)
    return cased.ljust(width) if piece.padded else cased


def _width(names: Sequence[str]) -> int:
    return max(map(len, names))


def _signed(piece: Piece, moment: Moment) -> str:
    if piece.text == "SCC":
        value, width = _century(moment), 2
    else:
        value, width = abs(moment.year), 4
    sign = "-" if moment.year < 0 else " " if piece.padded else ""
    return sign + (f"{value:0{width}d}" if piece.padded else str(value))


def _century(moment: Moment) -> int:
    return (abs(moment.year) - 1) // 100 + 1


def _zone(element: str, moment: Moment) -> str:
    if moment.offset == NO_ZONE:
        raise OraError(1821, "date format not recognized: a time zone of a value without one")
    hours, minutes = divmod(abs(moment.offset), 60)
    sign = "-" if moment.offset < 0 else "+"
    return {"TZH": f"{sign}{hours:02d}", "TZM": f"{minutes:02d}"}.get(
        element, f"{sign}{hours:02d}:{minutes:02d}"
    )


_NUMBERS: dict[str, tuple[Callable[[Moment], int], int]] = {
    "YYYY": (lambda m: abs(m.year), 4),
    "RRRR": (lambda m: abs(m.year), 4),
    "YYY": (lambda m: abs(m.year) % 1000, 3),
    "YY": (lambda m: abs(m.year) % 100, 2),
    "RR": (lambda m: abs(m.year) % 100, 2),
    "Y": (lambda m: abs(m.year) % 10, 1),
    "IYYY": (lambda m: m.iso_week[0], 4),
    "IYY": (lambda m: m.iso_week[0] % 1000, 3),
    "IY": (lambda m: m.iso_week[0] % 100, 2),
    "I": (lambda m: m.iso_week[0] % 10, 1),
    "IW": (lambda m: m.iso_week[1], 2),
    "Q": (lambda m: (m.month + 2) // 3, 1),
    "MM": (lambda m: m.month, 2),
    "WW": (lambda m: (m.day_of_year - 1) // 7 + 1, 2),
    "W": (lambda m: (m.day - 1) // 7 + 1, 1),
    "DDD": (lambda m: m.day_of_year, 3),
    "DD": (lambda m: m.day, 2),
    "D": (lambda m: (m.weekday + 1 - m.first_weekday) % 7 + 1, 1),
    "J": (lambda m: julian_day(m.year, m.month, m.day), 7),
    "CC": (_century, 2),
    "HH24": (lambda m: m.hour, 2),
    "HH12": (lambda m: (m.hour - 1) % 12 + 1, 2),
    "HH": (lambda m: (m.hour - 1) % 12 + 1, 2),
    "MI": (lambda m: m.seconds // 60 % 60, 2),
    "SS": (lambda m: m.seconds % 60, 2),
    "SSSSS": (lambda m: m.seconds, 5),
}
"""For each numeric element: its value, and the width it is zero-padded to."""


def _half_day(moment: Moment, _: Names) -> tuple[str, int]:
    return ("AM" if moment.hour < 12 else "PM"), 0


def _era(moment: Moment, _: Names) -> tuple[str, int]:
    return ("AD" if moment.year > 0 else "BC"), 0


_WORDS: dict[str, Callable[[Moment, Names], tuple[str, int]]] = {
    "MONTH": lambda m, names: (names.months[m.month - 1], _width(names.months)),
    "MON": lambda m, names: (names.short_months[m.month - 1], _width(names.short_months)),
    "DAY": lambda m, names: (names.days[m.weekday], _width(names.days)),
    "DY": lambda m, names: (names.short_days[m.weekday], _width(names.short_days)),
    "RM": lambda m, _: (_ROMAN[m.month - 1], _width(_ROMAN)),
    **dict.fromkeys(("AM", "PM"), _half_day),
    **dict.fromkeys(("AD", "BC"), _era),
}
"""For each name element: its word, and the width it is padded to."""
_SIGNED = {"SYYYY", "SCC"}
