"""Date functions: conversion with a format model, truncation and calendar arithmetic."""

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
from tracekit.localdb.translate.calendar_days import DAY_MICROSECONDS, calendar_date
from tracekit.localdb.translate.calendar_names import names_of
from tracekit.localdb.translate.date_models import parse_model, strftime_format
from tracekit.localdb.translate.kinds import (
    MOMENTS,
    Kind,
    fraction_digits,
    kind_of,
    with_digits,
    with_kind,
)
from tracekit.localdb.translate.moment_reader import ReadMoment, read_moment, zone_offset
from tracekit.localdb.translate.number_types import FREE, counted, with_number

_MAX_DIGITS = 9
_MICROSECOND_DIGITS = 6


def to_char(value: exp.Expr, model: str) -> exp.Expr:
    """Translate TO_CHAR of a date with a literal format model."""
    kind = kind_of(value)
    if kind is Kind.TEXT:
        raise OraError(1722, "invalid number")
    pieces = parse_model(model)
    if not pieces:
        raise OraError(1821, "date format not recognized: the model is empty")
    if kind is Kind.DATE and any(piece.text.startswith("FF") for piece in pieces):
        raise OraError(1821, "date format not recognized: a DATE has no fraction of a second")
    if kind is Kind.INTERVAL:
        raise unsupported("TO_CHAR of an interval with a format")
    native = strftime_format(model)
    if native is None or kind not in MOMENTS:
        digits = number(fraction_digits(value))
        return call("ora_written", value, text(model), digits, kind=Kind.TEXT)
    name = "ora_strftime_upper" if native[1] else "ora_strftime"
    moment = value if kind is Kind.TIMESTAMP else call("ora_moment", value)
    if kind is Kind.DATE:  # DuckDB would format it as one with nanoseconds, which end in 2262
        moment = cast(value, exp.DType.TIMESTAMP)
    return call(name, moment, text(native[0]), text(model), kind=Kind.TEXT)


_LANGUAGE = re.compile(r"\s*NLS_DATE_LANGUAGE\s*=\s*'?(\w[\w ]*?)'?\s*", re.IGNORECASE)


def language_of(parameter: exp.Expr) -> str:
    """The language in `NLS_DATE_LANGUAGE = name`.

    Raises:
        OraError: ORA-12702 for another parameter; ORA-03001 for an unknown language.
    """
    match = _LANGUAGE.fullmatch(literal_text(parameter, "an NLS parameter"))
    if match is None:
        raise OraError(12702, "invalid NLS parameter string used in SQL function")
    names_of(match[1])
    return match[1].upper()


def to_char_in(value: exp.Expr, model: str, language: str) -> exp.Expr:
    """Translate TO_CHAR of a date with the month and day names of a language."""
    parse_model(model)
    digits = number(fraction_digits(value))
    return call("ora_written_in", value, text(model), digits, text(language), kind=Kind.TEXT)


def to_date_in(value: exp.Expr, model: str, language: str) -> exp.Expr:
    """Translate TO_DATE with the month and day names of a language."""
    _check_date_model(model)
    return call("ora_text_date_in", as_text(value), text(model), text(language), kind=Kind.DATE)


def to_date(value: exp.Expr, model: str | None) -> exp.Expr:
    """Translate TO_DATE; a date argument is converted to text first, as in Oracle."""
    if model is None:
        return call("ora_to_date", value, kind=Kind.DATE)
    _check_date_model(model)
    return call("ora_text_date", as_text(value), text(model), kind=Kind.DATE)


def _check_date_model(model: str) -> None:
    for piece in parse_model(model):
        if piece.kind == "element" and piece.text[:2] in ("FF", "TZ"):
            raise OraError(1821, f"date format not recognized: {piece.text} in TO_DATE")


def to_timestamp(value: exp.Expr, model: str | None) -> exp.Expr:
    """Translate TO_TIMESTAMP; the result has nanoseconds if the text or model has them."""
    if model is None:
        converted = call("ora_to_timestamp", value, number(_MICROSECOND_DIGITS))
    else:
        name = "ora_text_nano" if _has_nanoseconds(value, model) else "ora_text_timestamp"
        converted = call(name, as_text(value), text(model))
    return with_digits(with_kind(converted, Kind.TIMESTAMP), _MAX_DIGITS)


def _has_nanoseconds(value: exp.Expr, model: str) -> bool:
    """Whether a literal has nanoseconds; for other text, whether the model allows them."""
    elements = {piece.text for piece in parse_model(model)}
    if isinstance(value, exp.Literal):
        return "FF" in {name[:2] for name in elements} and has_nanoseconds(str(value.this))
    return bool(elements & {"FF7", "FF8", "FF9"})


def has_nanoseconds(written: str) -> bool:
    """Whether text has digits of a second beyond microseconds."""
    return re.search(r"\d{6}(?!0+\b)\d{1,3}(?!\d)", written) is not None


def to_zoned(value: exp.Expr, model: str | None) -> exp.Expr:
    """Translate TO_TIMESTAMP_TZ."""
    if model is None:
        converted = call("ora_zoned", value)
    else:
        converted = call("ora_text_zoned", as_text(value), text(model))
    return with_digits(with_kind(converted, Kind.ZONED), _MAX_DIGITS)


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
_ROUNDED = {
    "century", "year", "quarter", "month", "week", "day", "hour", "minute", "sunday",
}  # fmt: skip


def _unit(model: str) -> str:
    unit = _UNITS.get(model.upper())
    if unit is None:
        raise OraError(1898, f"too many precision specifiers: {model!r} is not a unit for dates")
    return unit


def truncate(value: exp.Expr, model: str) -> exp.Expr:
    """Translate TRUNC(date, model)."""
    unit = _unit(model)
    if unit in _NATIVE_UNITS:
        return date(call("date_trunc", text(unit), call("ora_moment", value)))
    return call(f"ora_trunc_{unit}", value, kind=Kind.DATE)


def round_date(value: exp.Expr, model: str) -> exp.Expr:
    """Translate ROUND(date, model)."""
    unit = _unit(model)
    if unit not in _ROUNDED:
        raise unsupported(f"ROUND to {model}")
    return call(f"ora_round_{unit}", value, kind=Kind.DATE)


_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def next_day(args: Sequence[exp.Expr]) -> exp.Expr:
    """NEXT_DAY(date, weekday): its name, the beginning of it, or its number from Sunday on."""
    if isinstance(args[1], exp.Literal) and not args[1].is_string:
        if str(args[1].this) not in "1234567":
            raise OraError(1846, "not a valid day of the week")
        weekday = (int(args[1].this) + 5) % 7 + 1
        return call("ora_next_day", args[0], number(weekday), kind=Kind.DATE)
    if not isinstance(args[1], exp.Literal) and kind_of(args[1]) is Kind.TEXT:
        return call("ora_next_named_day", args[0], args[1], kind=Kind.DATE)
    name = literal_text(args[1], "NEXT_DAY with a weekday").upper()
    for number_of_day, day in enumerate(_DAYS, start=1):
        if len(name) >= 3 and name.startswith(day[:3]):
            return call("ora_next_day", args[0], number(number_of_day), kind=Kind.DATE)
    raise OraError(1846, "not a valid day of the week")


def date_literal(value: str, position: int) -> exp.Expr:
    """DATE 'YYYY-MM-DD'; a minus sign before the year means BC."""
    if not re.fullmatch(r"\s*-?\d{1,4}-\d{1,2}-\d{1,2}\s*", value):
        raise OraError(1861, "literal does not match format string", position=position)
    moment = _literal_moment(value, "SYYYY-MM-DD", position)
    return date(_timestamp(moment, exp.DType.TIMESTAMP))


_NANOSECONDS_END = 2**63 // 1000
"""The last microsecond since 1970 that DuckDB's TIMESTAMP_NS can hold."""
_TIMESTAMP = re.compile(
    r"\s*(-?\d{1,4}-\d{1,2}-\d{1,2} +\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d{1,9})?)"
    r"(?:\s*([+-]\d{1,2}:\d{2}|\s[A-Za-z]\S*))?\s*"
)


def timestamp_literal(value: str, position: int) -> exp.Expr:
    """TIMESTAMP 'YYYY-MM-DD HH24:MI:SS[.ff][ +hh:mm]'."""
    match = _TIMESTAMP.fullmatch(value)
    if match is None:
        raise OraError(1861, "literal does not match format string", position=position)
    moment = _literal_moment(match[1], "SYYYY-MM-DD HH24:MI:SS.FF", position)
    zone = match[2]
    if zone is not None:
        offset = zone_offset(zone)
        utc = moment.microseconds - offset * 60_000_000
        made = call("ora_make_zoned", _bigint(utc), number(moment.nanoseconds), number(offset))
        return with_digits(with_kind(made, Kind.ZONED), _MAX_DIGITS)
    if moment.nanoseconds and not -_NANOSECONDS_END <= moment.microseconds < _NANOSECONDS_END:
        raise unsupported("a moment with nanoseconds before 1677-09-22 or after 2262-04-10")
    stored = exp.DType.TIMESTAMP_NS if moment.nanoseconds else exp.DType.TIMESTAMP
    return with_digits(_timestamp(moment, stored), _MAX_DIGITS)


def _literal_moment(value: str, model: str, position: int) -> ReadMoment:
    try:
        return read_moment(value, model, 0, "AMERICAN")
    except OraError as error:
        raise OraError(error.number, error.text, position=position) from None


def _timestamp(moment: ReadMoment, stored: exp.DType) -> exp.Expr:
    """A DuckDB timestamp literal."""
    days, rest = divmod(moment.microseconds, DAY_MICROSECONDS)
    year, month, day = calendar_date(days)
    seconds, fraction = divmod(rest, 1_000_000)
    era = "" if year > 0 else " (BC)"
    written = (
        f"{year if year > 0 else 1 - year:04d}-{month:02d}-{day:02d}{era}"
        f" {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    )
    if fraction or moment.nanoseconds:
        written += f".{fraction:06d}{moment.nanoseconds:03d}"
    return cast(text(written), stored, Kind.TIMESTAMP)


def _bigint(value: int) -> exp.Expr:
    return cast(number(value), exp.DType.BIGINT)


_ZONE_FIELDS = ("TIMEZONE_HOUR", "TIMEZONE_MINUTE")
_DATE_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


def extract(node: exp.Extract) -> exp.Expr:
    """EXTRACT(field FROM value)."""
    field = node.name.upper()
    value = node.expression
    if kind_of(value) is Kind.TEXT or (
        kind_of(value) is Kind.DATE and field not in ("YEAR", "MONTH", "DAY")
    ):
        raise OraError(30076, "invalid extract field for extract source")
    if field in _ZONE_FIELDS:
        return counted(f"ora_extract_{field.lower()}", value)
    if field not in _DATE_FIELDS:
        raise unsupported(f"EXTRACT({field})")
    source = value
    if field != "SECOND" and kind_of(value) not in (Kind.DATE, Kind.TIMESTAMP, Kind.INTERVAL):
        source = call("ora_part_source", value)
    if field == "SECOND":
        return with_number(call("ora_number", call("ora_extract_second", source)), FREE)
    return counted(f"ora_extract_{field.lower()}", source)
