"""Oracle's datetime format models.

Elements: Oracle Database SQL Language Reference 19c, Format Models, table 2-17.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from tracekit.localdb.ora_error import OraError

Case = Literal["upper", "title", "lower"]

_ELEMENT = re.compile(
    r"""
      "(?P<text>[^"]*)"
    | (?P<element>FM|FX|IW|SYYYY|YYYY|RRRR|IYYY|Y,YYY|YYY|IYY|YY|RR|IY|SYEAR|YEAR|Y|MONTH|MON
        |MM|RM|DDD|DD|DAY|DY|DS|DL|D|HH24|HH12|HH|MI|SSSSS|SS|FF[1-9]?|A\.M\.|P\.M\.|AM|PM
        |B\.C\.|A\.D\.|BC|AD|SCC|CC|Q|WW|W|J|TZH|TZM|TZR|TZD|TS|X|EE|E|I)
      (?P<suffix>SPTH|THSP|TH|SP)?
    | (?P<punctuation>[\s!#-/:-@\[-`{-~])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TERRITORY = {"DS": "fmMM/DD/YYYY", "DL": "fmDay, Month DD, YYYY", "TS": "fmHH:fmMI:SS AM"}
"""The models that the short forms stand for in the territory AMERICA."""


@dataclass(frozen=True)
class Piece:
    """An element, text or punctuation of a model."""

    kind: Literal["text", "punctuation", "element"]
    text: str
    """Upper-case for an element; `case` holds the model's case."""
    case: Case = "upper"
    padded: bool = True
    """False after FM: no leading zeros or trailing blanks."""
    exact: bool = False
    """True after FX: the text must match the model's punctuation and digits."""
    suffix: str = ""
    """TH for ordinal numbers, SP for spelled ones, a point for `A.M.` and similar elements."""


@lru_cache(maxsize=512)
def parse_model(model: str) -> tuple[Piece, ...]:
    """Split a datetime format model into its pieces.

    Raises:
        OraError: ORA-01821 for an unknown element.
    """
    pieces: list[Piece] = []
    position = 0
    padded, exact = True, False
    while position < len(model):
        match = _ELEMENT.match(model, position)
        if match is None:
            raise OraError(1821, f"date format not recognized: {model!r}")
        position = match.end()
        element, suffix = match["element"], (match["suffix"] or "").upper()
        if element is None:
            kind: Literal["text", "punctuation"] = (
                "punctuation" if match["text"] is None else "text"
            )
            pieces.append(Piece(kind, match["text"] or match["punctuation"] or ""))
        elif element.upper() == "FM":
            padded = not padded
        elif element.upper() == "FX":
            exact = not exact
        elif element.upper() in _TERRITORY:
            pieces += parse_model(_TERRITORY[element.upper()])
        else:
            name = element.upper().replace(".", "")
            suffix = "." if "." in element else suffix
            pieces.append(Piece("element", name, _case(element), padded, exact, suffix))
    return tuple(replace(piece, exact=piece.exact or exact) for piece in pieces)


def is_date_model(model: str) -> bool:
    """Whether a TO_CHAR model is for dates rather than numbers."""
    plain = re.sub(r'"[^"]*"', "", model).upper()
    if re.fullmatch(r"(FM)?(D|DL|DS|TS|J|X|RM|MI|BC|AD|B\.C\.|A\.D\.|Y,YYY)", plain):
        return True
    return bool(re.search(r"[YRQWJHA]|MM|MON|MI(?!$)|DD|DY|DAY|SS|FF|IW|CC|TZ", plain)) and (
        not re.search(r"[09]", plain.replace("HH12", ""))
        or re.search(r"FF[1-9]", plain) is not None
    )


def _case(element: str) -> Case:
    if element[0].islower():
        return "lower"
    letters = [one for one in element if one.isalpha()]
    return "title" if len(letters) > 1 and letters[1].islower() else "upper"


_STRFTIME = {
    "YYYY": "%Y",
    "RRRR": "%Y",
    "YY": "%y",
    "RR": "%y",
    "MM": "%m",
    "DD": "%d",
    "DDD": "%j",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "IYYY": "%G",
    "IW": "%V",
    "FF6": "%f",
    "FF3": "%g",
}
_STRFTIME_NAMES = {"MON": "%b", "DY": "%a", "AM": "%p", "PM": "%p"}


def strftime_format(model: str) -> tuple[str, bool] | None:
    """DuckDB's format that writes what `model` does, in English and for years AD.

    Returns:
        The format, and whether to convert its text to upper case; None if DuckDB has none.
    """
    parts: list[str] = []
    upper = False
    pieces = parse_model(model)
    for piece in pieces:
        if piece.kind != "element":
            parts.append(piece.text.replace("%", "%%"))
        elif not piece.padded or piece.suffix:
            return None
        elif piece.text in _STRFTIME:
            parts.append(_STRFTIME[piece.text])
        elif piece.text in _STRFTIME_NAMES and piece.case == "upper":
            parts.append(_STRFTIME_NAMES[piece.text])
            upper = True
        else:
            return None
    literal = "".join(piece.text for piece in pieces if piece.kind != "element")
    if upper and literal != literal.upper():
        return None
    return "".join(parts), upper
