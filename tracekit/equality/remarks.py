"""Explain in one sentence why two different values look alike."""

from __future__ import annotations

import datetime
import decimal
import unicodedata
from typing import NamedTuple

from tracekit.equality.canonical import canonical
from tracekit.equality.forms import text_of
from tracekit.equality.inside import first_inside, value_differs
from tracekit.jsonvalue import encode


class Remark(NamedTuple):
    """A remark on two different values."""

    text: str | None
    lossy: bool
    """Whether the second value looks like a lossy conversion of the first."""


_NOTHING = Remark(None, False)


def remark_on(reference: object, candidate: object) -> Remark:
    """The remark on two values that are not equal at level value."""
    for look in (_nested, _text, _number, _moment):
        remark = look(reference, candidate)
        if remark.text:
            return remark
    if _same_json(reference, candidate):
        return Remark("written as the same JSON, but not the same value", False)
    return _NOTHING


def _same_json(reference: object, candidate: object) -> bool:
    try:
        return encode(reference) == encode(candidate)
    except (TypeError, ValueError):
        return False


def _nested(reference: object, candidate: object) -> Remark:
    found = first_inside(reference, candidate, value_differs)
    if found is None:
        return _NOTHING
    before, after = text_of(found.reference, 60), text_of(found.candidate, 60)
    return Remark(f"first at {found.where}: {before} against {after}", False)


def _text(reference: object, candidate: object) -> Remark:
    sides = (reference, candidate)
    empty = any(isinstance(side, str) and not len(side) for side in sides)
    if empty and any(canonical(side).kind.family == "null" for side in sides):
        return Remark("empty text against NULL; Oracle stores '' as NULL", True)
    if not isinstance(reference, str) or not isinstance(candidate, str):
        return _NOTHING
    if reference.rstrip(" ") == candidate.rstrip(" "):
        return Remark("they differ only in trailing spaces (as CHAR columns pad)", True)
    if reference.strip() == candidate.strip():
        return Remark("they differ only in surrounding white space", True)
    if reference.casefold() == candidate.casefold():
        return Remark("they differ only in letter case", False)
    if unicodedata.normalize("NFC", reference) == unicodedata.normalize("NFC", candidate):
        return Remark("the same characters in another Unicode normalisation", False)
    return _long_text(reference, candidate)


def _long_text(reference: str, candidate: str) -> Remark:
    """The first difference of two texts, if they may be cut off before it."""
    pairs = enumerate(zip(reference, candidate, strict=False))
    shorter = min(len(reference), len(candidate))
    place = next((place for place, (one, other) in pairs if one != other), shorter)
    if place < _SHOWN_ANYWAY:
        return _NOTHING
    before, after = (text_of(side[place:], 60) for side in (reference, candidate))
    return Remark(f"first at character {place}: {before} against {after}", False)


_SHOWN_ANYWAY = 40


def _number(reference: object, candidate: object) -> Remark:
    if isinstance(reference, bool) != isinstance(candidate, bool):
        return _boolean(reference, candidate)
    if not _is_number(reference) or not _is_number(candidate):
        return _NOTHING
    floats = [side for side in (reference, candidate) if isinstance(side, float)]
    decimals = [side for side in (reference, candidate) if isinstance(side, decimal.Decimal)]
    if len(floats) == 2:
        return _two_floats(*floats)
    if len(floats) == 1:
        return _against_float(reference, candidate, floats[0], bool(decimals))
    if len(decimals) == 1 and reference == candidate:
        return Remark(
            "a Decimal and an int of the same number; JSON writes the Decimal as text", False
        )
    return _NOTHING


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | decimal.Decimal)


def _boolean(reference: object, candidate: object) -> Remark:
    if _is_number(reference) and _is_number(candidate) and reference == candidate:
        return Remark("a Boolean and a number are not the same", False)
    return _NOTHING


def _two_floats(reference: float, candidate: float) -> Remark:
    if reference == candidate:
        return Remark("negative zero against zero: the sign is lost", True)
    return _NOTHING


def _against_float(
    reference: object, candidate: object, number: float, with_decimal: bool
) -> Remark:
    other = candidate if reference is number else reference
    assert isinstance(other, int | decimal.Decimal), "the side that is not a float"
    try:
        converted = float(other)
    except OverflowError:
        return Remark("a float cannot hold a number of this size", True)
    if converted != number:
        return _NOTHING
    if other == number and not with_decimal:
        return Remark("negative zero against zero: the sign is lost", True)
    held = decimal.Decimal(number)
    if other == number:
        return Remark(
            "a Decimal and a float of the same number; JSON writes the Decimal as text", False
        )
    return Remark(f"the float holds {held:.25g}, not exactly {other}: digits are lost", True)


def _moment(reference: object, candidate: object) -> Remark:
    dates = [
        isinstance(side, datetime.date) and canonical(side).kind.family != "null"
        for side in (reference, candidate)
    ]
    if dates == [True, True]:
        return _two_moments(reference, candidate)
    if True in dates and _same_json(reference, candidate):
        return Remark("a date and its text: the same JSON, but not the same value", False)
    return _NOTHING


def _two_moments(reference: object, candidate: object) -> Remark:
    times = [side for side in (reference, candidate) if isinstance(side, datetime.datetime)]
    if len(times) == 1:
        return Remark("a date against a date with a time", True)
    if len(times) == 0:
        return _NOTHING
    first, second = times
    if (first.tzinfo is None) != (second.tzinfo is None):
        if first.replace(tzinfo=None) == second.replace(tzinfo=None):
            return Remark("the same wall time, but only one side knows its time zone", True)
        return Remark("only one side knows its time zone", True)
    if first.tzinfo is not None and first == second:
        return Remark("the same instant in two time zones", False)
    if first.timetuple()[:6] == second.timetuple()[:6]:
        return Remark("they differ only in fractions of a second", True)
    return _NOTHING
