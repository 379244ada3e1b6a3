"""Oracle's datetime format models, compiled for DuckDB's strftime and strptime.

Elements: Oracle Database SQL Language Reference 19c, Format Models, table 2-17.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported

_ELEMENT = re.compile(
    r"""
      "(?P<text>[^"]*)"
    | (?P<element>FM|FX|IW|SYYYY|YYYY|RRRR|IYYY|Y,YYY|YYY|IYY|YY|RR|IY|Y|I|SYEAR|YEAR|MONTH|MON
        |MM|RM|DDD|DD|DAY|DY|D|HH24|HH12|HH|MI|SSSSS|SS|FF[1-9]?|A\.M\.|P\.M\.|AM|PM|B\.C\.|A\.D\.|BC|AD
        |SCC|CC|Q|WW|W|J|TZH|TZM|TZR|TZD|X|DS|DL|TS|E|EE)
    | (?P<punctuation>[\-/,.;:\s])
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True)
class Piece:
    """One part of a compiled model."""

    kind: Literal["text", "element"]
    text: str
    """An element is upper-case; its case in the model is in `case`."""
    case: Literal["upper", "title", "lower"] = "upper"
    padded: bool = True
    """False after FM: no leading zeros, no trailing blanks."""


def parse_model(model: str) -> list[Piece]:
    """The pieces of a datetime format model.

    Raises:
        OraError: ORA-01821, an element that Oracle does not know either.
    """
    pieces: list[Piece] = []
    position = 0
    padded = True
    while position < len(model):
        match = _ELEMENT.match(model, position)
        if match is None:
            raise OraError(1821, f"date format not recognized: {model!r}")
        position = match.end()
        element = match["element"]
        if element is None:
            pieces.append(Piece("text", match["text"] or match["punctuation"] or ""))
        elif element.upper() == "FM":
            padded = not padded
        elif element.upper() != "FX":
            pieces.append(Piece("element", element.upper(), _case(element), padded))
    return pieces


def is_date_model(model: str) -> bool:
    """Whether a TO_CHAR model is one for dates rather than numbers."""
    plain = re.sub(r'"[^"]*"', "", model).upper()
    return bool(re.search(r"[YRQWJHA]|MM|MON|MI(?!$)|DD|DY|DAY|SS|FF|IW|CC|TZ|^D$", plain)) and (
        not re.search(r"[09]", plain.replace("HH12", ""))
        or re.search(r"FF[1-9]", plain) is not None
    )


def _case(element: str) -> Literal["upper", "title", "lower"]:
    if element[0].islower():
        return "lower"
    return "title" if len(element) > 1 and element[1].islower() else "upper"


_STRPTIME = {
    "YYYY": "%Y",
    "RRRR": "%Y",
    "SYYYY": "%Y",
    "MM": "%m",
    "MON": "%b",
    "MONTH": "%B",
    "DD": "%d",
    "DDD": "%j",
    "DAY": "%A",
    "DY": "%a",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "AM": "%p",
    "PM": "%p",
}


_TIME_OF_DAY = ("HH24", "HH12", "HH", "MI", "SS", "FF")


def strptime_formats(model: str) -> list[str]:
    """Formats that read what `model` describes, longest first.

    Oracle lets time elements be missing from the end of the text; each shorter format leaves out
    one more.

    Raises:
        OraError: an element that cannot be read, or one Oracle does not know.
    """
    pieces = parse_model(model)
    formats = ["".join(_strptime_piece(piece) for piece in pieces)]
    while pieces:
        last = pieces.pop()
        if last.kind == "text":
            continue
        if last.text.rstrip("123456789") not in _TIME_OF_DAY and last.text not in _TIME_OF_DAY:
            break
        while pieces and pieces[-1].kind == "text":
            pieces.pop()
        if pieces:
            formats.append("".join(_strptime_piece(piece) for piece in pieces))
    return formats


def _strptime_piece(piece: Piece) -> str:
    if piece.kind == "text":
        return piece.text.replace("%", "%%")
    if piece.text.startswith("FF"):
        return "%f"
    if piece.text in ("RR", "YY"):
        return "%y"
    if piece.text in _STRPTIME:
        return _STRPTIME[piece.text]
    raise unsupported(f"format element {piece.text} for reading dates")
