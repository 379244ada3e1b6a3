"""Functions of dates: conversion by format model, truncation, calendar arithmetic."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import (
    as_text,
    call,
    cast,
    date,
    literal_text,
    number,
    text,
    unsupported,
)
from tracekit.localdb.translate.date_models import Piece, parse_model, strptime_formats
from tracekit.localdb.translate.kinds import Kind, kind_of, with_kind

_STRFTIME = {
    "YYYY": "%Y",
    "RRRR": "%Y",
    "SYYYY": "%Y",
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
    "FF": "%f",
    "FF6": "%f",
    "FF3": "%g",
    "FF9": "%n",
}
_UNPADDED = {
    "MM": "%-m",
    "DD": "%-d",
    "DDD": "%-j",
    "HH24": "%-H",
    "HH12": "%-I",
    "HH": "%-I",
    "MI": "%-M",
    "SS": "%-S",
}
_NAMES = {"MON": "%b", "MONTH": "%B", "DY": "%a", "DAY": "%A", "AM": "%p", "PM": "%p"}
_MACRO_ELEMENTS = frozenset(
    ["Q", "D", "WW", "W", "J", "SSSSS", "CC", "YYY", "Y", "IY", "TZH", "TZM", "TZR"]
)
_BLANK_PADDED = {"MONTH", "DAY"}
_LONGEST_NAME = 9
"""Letters of SEPTEMBER and WEDNESDAY: MONTH and DAY are padded to them."""
_CASES = {"upper": "upper", "lower": "lower"}


def to_char(value: exp.Expr, model: str) -> exp.Expr:
    """A date as text by a format model."""
    moment = call("ora_moment", value) if kind_of(value) is not Kind.DATE else value
    parts: list[exp.Expr] = []
    pending = ""
    for piece in parse_model(model):
        simple = _simple_format(piece)
        if simple is not None:
            pending += simple
            continue
        if pending:
            parts.append(call("strftime", moment.copy(), text(pending)))
            pending = ""
        parts.append(_element_text(moment.copy(), piece))
    if pending:
        parts.append(call("strftime", moment.copy(), text(pending)))
    if not parts:
        raise OraError(1821, "date format not recognized: the model is empty")
    joined = parts[0]
    for part in parts[1:]:
        joined = exp.DPipe(this=joined, expression=part)
    return with_kind(exp.Paren(this=joined), Kind.TEXT)


def _simple_format(piece: Piece) -> str | None:
    """The strftime text of a piece that needs nothing else."""
    if piece.kind == "text":
        return piece.text.replace("%", "%%")
    if not piece.padded and piece.text in _UNPADDED:
        return _UNPADDED[piece.text]
    if piece.text in _NAMES and piece.case == "title" and piece.text not in ("AM", "PM"):
        return None if piece.padded and piece.text in _BLANK_PADDED else _NAMES[piece.text]
    return _STRFTIME.get(piece.text)


def _element_text(moment: exp.Expr, piece: Piece) -> exp.Expr:
    if piece.text in _NAMES:
        name = call("strftime", moment, text(_NAMES[piece.text]))
        if piece.case in _CASES:
            name = call(_CASES[piece.case], name)
        if piece.padded and piece.text in _BLANK_PADDED:
            return call("rpad", name, number(_LONGEST_NAME), text(" "))
        return name
    if piece.text in _MACRO_ELEMENTS:
        return call(f"ora_format_{piece.text.lower()}", moment)
    if piece.text in ("FF1", "FF2", "FF4", "FF5"):
        digits = number(int(piece.text[2]))
        return call("left", call("strftime", moment, text("%f")), digits)
    raise unsupported(f"format element {piece.text} in TO_CHAR")


def to_date(value: exp.Expr, model: str | None) -> exp.Expr:
    """TO_DATE: text (or a date, left as it is) to DATE."""
    if model is None:
        return call("ora_to_date", value, kind=Kind.DATE)
    return date(_parsed(value, model))


def to_timestamp(value: exp.Expr, model: str | None) -> exp.Expr:
    """TO_TIMESTAMP: text to TIMESTAMP."""
    if model is None:
        return cast(value, exp.DType.TIMESTAMP, Kind.TIMESTAMP)
    return with_kind(_parsed(value, model), Kind.TIMESTAMP)


def _parsed(value: exp.Expr, model: str) -> exp.Expr:
    """`value` read by `model`; trailing elements may be missing, as Oracle allows."""
    pieces = [piece.text for piece in parse_model(model) if piece.kind == "element"]
    formats = strptime_formats(model)
    listed: exp.Expr = text(formats[0])
    if len(formats) > 1:
        listed = exp.Array(expressions=[text(one) for one in formats])
    parsed = call("strptime", as_text(value), listed)
    if "RR" in pieces:
        parsed = call("ora_rr_year", parsed)
    elif "YY" in pieces:
        parsed = call("ora_yy_year", parsed)
    has_year = any(piece in ("YYYY", "RRRR", "SYYYY", "RR", "YY") for piece in pieces)
    has_month = any(piece in ("MM", "MON", "MONTH", "DDD") for piece in pieces)
    if not has_year:
        parsed = call("ora_this_year", parsed)
    if not has_month:
        parsed = call("ora_this_month", parsed)
    return parsed


_UNITS = {
    **dict.fromkeys(("SYYYY", "YYYY", "YEAR", "SYEAR", "YYY", "YY", "Y"), "year"),
    **dict.fromkeys(("MONTH", "MON", "MM", "RM"), "month"),
    **dict.fromkeys(("DDD", "DD", "J"), "day"),
    **dict.fromkeys(("DAY", "DY", "D"), "sunday"),
    **dict.fromkeys(("HH", "HH12", "HH24"), "hour"),
    **dict.fromkeys(("IYYY", "IYY", "IY", "I"), "isoyear"),
    **dict.fromkeys(("CC", "SCC"), "century"),
    "Q": "quarter",
    "MI": "minute",
    "IW": "week",
    "WW": "yearweek",
    "W": "monthweek",
}
_NATIVE_UNITS = {"year", "month", "day", "hour", "quarter", "minute", "week"}
_ROUNDED = {"year", "quarter", "month", "week", "day", "hour", "minute", "sunday"}


def _unit(model: str) -> str:
    unit = _UNITS.get(model.upper())
    if unit is None:
        raise OraError(1898, f"too many precision specifiers: {model!r} is no unit for dates")
    return unit


def truncate(value: exp.Expr, model: str) -> exp.Expr:
    """TRUNC(date, model)."""
    unit = _unit(model)
    if unit in _NATIVE_UNITS:
        return date(call("date_trunc", text(unit), call("ora_moment", value)))
    if unit in ("century", "isoyear"):
        raise unsupported(f"TRUNC to {model}")
    return call(f"ora_trunc_{unit}", value, kind=Kind.DATE)


def round_date(value: exp.Expr, model: str) -> exp.Expr:
    """ROUND(date, model)."""
    unit = _unit(model)
    if unit not in _ROUNDED:
        raise unsupported(f"ROUND to {model}")
    return call(f"ora_round_{unit}", value, kind=Kind.DATE)


_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def next_day(args: Sequence[exp.Expr]) -> exp.Expr:
    """NEXT_DAY(date, weekday name or its beginning)."""
    name = literal_text(args[1], "NEXT_DAY with a weekday").upper()
    for number_of_day, day in enumerate(_DAYS, start=1):
        if len(name) >= 3 and name.startswith(day[:3]):
            return call("ora_next_day", args[0], number(number_of_day), kind=Kind.DATE)
    raise OraError(1846, "not a valid day of the week")


def date_literal(value: str, position: int) -> exp.Expr:
    """DATE 'YYYY-MM-DD'."""
    if not re.fullmatch(r"\s*\d{1,4}-\d{1,2}-\d{1,2}\s*", value):
        raise OraError(1861, "literal does not match format string", position=position)
    return date(text(value.strip()))


def timestamp_literal(value: str, position: int) -> exp.Expr:
    """TIMESTAMP 'YYYY-MM-DD HH24:MI:SS[.ff][ +hh:mm]'."""
    moment = r"\s*\d{1,4}-\d{1,2}-\d{1,2} +\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d{1,9})?"
    if re.fullmatch(moment + r"\s*", value):
        return cast(text(value.strip()), exp.DType.TIMESTAMP, Kind.TIMESTAMP)
    if re.fullmatch(moment + r"\s*[+-]\d{1,2}:\d{2}\s*", value):
        joined = re.sub(r" +(?=[+-])", "", value.strip())  # DuckDB takes a blank for a zone's name
        return cast(text(joined), exp.DType.TIMESTAMPTZ, Kind.TIMESTAMP)
    if re.fullmatch(moment + r"\s+\S+", value):
        raise unsupported("a time zone region in a TIMESTAMP literal", position)
    raise OraError(1861, "literal does not match format string", position=position)


def extract(node: exp.Extract) -> exp.Expr:
    """EXTRACT(field FROM value)."""
    field = node.name.upper()
    value = node.expression
    if field == "SECOND":
        return call("ora_extract_second", value, kind=Kind.NUMBER)
    if field not in ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE"):
        raise unsupported(f"EXTRACT({field})")
    if kind_of(value) is Kind.TEXT:
        raise OraError(30076, "invalid extract field for extract source")
    return with_kind(exp.Extract(this=exp.var(field), expression=value), Kind.NUMBER)


def interval_literal(node: exp.Interval) -> exp.Expr:
    """INTERVAL '...' with one unit, DAY TO SECOND or YEAR TO MONTH."""
    value = node.this
    if not (isinstance(value, exp.Literal) and value.is_string):
        raise unsupported("INTERVAL of something that is not a literal")
    written = str(value.this).strip()
    unit = node.args.get("unit")
    if isinstance(unit, exp.IntervalSpan):
        return _interval_span(written, unit.this.name.upper(), unit.expression.name.upper())
    name = unit.name.upper() if unit is not None else ""
    if name not in ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"):
        raise unsupported(f"INTERVAL in {name or 'no unit'}")
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", written):
        raise OraError(1867, "the interval is invalid")
    return with_kind(exp.Interval(this=text(written), unit=exp.var(name)), Kind.INTERVAL)


_FIELDS = ("DAY", "HOUR", "MINUTE", "SECOND")


def _interval_span(written: str, first: str, last: str) -> exp.Expr:
    sign = -1 if written.startswith("-") else 1
    numbers = re.split(r"[\s:]+", written.lstrip("+-"))
    if (first, last) == ("YEAR", "MONTH"):
        years, _, months = written.lstrip("+-").partition("-")
        amount = sign * (int(years) * 12 + int(months or 0))
        return call("to_months", number(amount), kind=Kind.INTERVAL)
    if first not in _FIELDS or last not in _FIELDS:
        raise unsupported(f"INTERVAL {first} TO {last}")
    fields = _FIELDS[_FIELDS.index(first) : _FIELDS.index(last) + 1]
    if len(fields) != len(numbers):
        raise OraError(1867, "the interval is invalid")
    units = {"DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}
    microseconds = sum(
        round(float(value) * units[field] * 1_000_000)
        for value, field in zip(numbers, fields, strict=True)
    )
    return call("ora_microseconds", number(sign * microseconds), kind=Kind.INTERVAL)
