"""Interval literals, and functions that make intervals."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import (
    INTERVAL_DIGITS,
    as_text,
    call,
    cast,
    literal_text,
    number,
    unsupported,
)
from tracekit.localdb.translate.interval_text import fraction_microseconds
from tracekit.localdb.translate.kinds import Kind, kind_of, with_digits, with_kind, with_months
from tracekit.localdb.translate.number_types import as_double
from tracekit.localdb.translate.types import DeclaredType

Rule = Callable[[Sequence[exp.Expr]], exp.Expr]

_MONTH_UNITS = {"YEAR": 12, "MONTH": 1}
_SECOND_UNITS = {"DAY": 86_400, "HOUR": 3_600, "MINUTE": 60, "SECOND": 1}
_FIELDS = tuple(_SECOND_UNITS)
_LIMITS = {"HOUR": (23, 1850), "MINUTE": (59, 1851), "SECOND": (59, 1852)}


def interval_literal(node: exp.Interval) -> exp.Expr:
    """Translate INTERVAL '...' with one unit, DAY TO SECOND or YEAR TO MONTH.

    Raises:
        OraError: ORA-01867 and similar errors for malformed text; ORA-03001 for nanoseconds.
    """
    value = node.this
    unit = node.args.get("unit")
    if isinstance(unit, exp.IntervalSpan):
        first, last = unit.this.name.upper(), unit.expression.name.upper()
    else:
        first = last = unit.name.upper() if unit is not None else ""
    if not (isinstance(value, exp.Literal) and value.is_string):
        return _difference(value, first, last)
    written = str(value.this).strip()
    sign = -1 if written.startswith("-") else 1
    digits = written.lstrip("+-").strip()
    if first in _MONTH_UNITS and last in _MONTH_UNITS:
        months = number(sign * _months(digits, first, last))
        return with_digits(with_months(call("to_months", months)), INTERVAL_DIGITS)
    if first in _FIELDS and last in _FIELDS and _FIELDS.index(first) <= _FIELDS.index(last):
        made = _day_interval(sign * _microseconds(digits, first, last))
        return with_digits(made, INTERVAL_DIGITS)
    raise unsupported(f"INTERVAL in {first or 'no unit'}")


def _difference(value: exp.Expr, first: str, last: str) -> exp.Expr:
    """Translate `(date - date) DAY TO SECOND`."""
    kind = kind_of(value)
    if not isinstance(value, exp.Paren) or kind not in (Kind.NUMBER, Kind.INTERVAL):
        raise unsupported("INTERVAL of anything but a literal")
    if (first, last) != ("DAY", "SECOND"):
        raise unsupported(f"a difference of dates as an interval from {first} to {last}")
    if kind is Kind.INTERVAL:
        return value
    return call("ora_day_interval", call("ora_days_us", as_double(value)), kind=Kind.INTERVAL)


def _months(written: str, first: str, last: str) -> int:
    if first == last:
        if not written.isdigit():
            raise OraError(1867, "the interval is invalid")
        return int(written) * _MONTH_UNITS[first]
    match = re.fullmatch(r"(\d+)-(\d+)", written)
    if match is None or (first, last) != ("YEAR", "MONTH"):
        raise OraError(1867, "the interval is invalid")
    if int(match[2]) > 11:
        raise OraError(1843, "not a valid month")
    return int(match[1]) * 12 + int(match[2])


def _microseconds(written: str, first: str, last: str) -> int:
    fields = _FIELDS[_FIELDS.index(first) : _FIELDS.index(last) + 1]
    whole, point, fraction = written.partition(".")
    values = re.split(r"\s+|:", whole)
    if (
        len(fields) != len(values)
        or not all(value.isdigit() for value in values)
        or (point and (last != "SECOND" or not re.fullmatch(r"\d{1,9}", fraction)))
    ):
        raise OraError(1867, "the interval is invalid")
    for field, value in zip(fields[1:], values[1:], strict=True):
        largest, code = _LIMITS[field]
        if int(value) > largest:
            raise OraError(code, f"{field.lower()} must be between 0 and {largest}")
    seconds = sum(
        int(value) * _SECOND_UNITS[field] for field, value in zip(fields, values, strict=True)
    )
    return seconds * 1_000_000 + fraction_microseconds(fraction)


def _day_interval(microseconds: int) -> exp.Expr:
    return call(
        "ora_day_interval", cast(number(microseconds), exp.DType.BIGINT), kind=Kind.INTERVAL
    )


def number_to_days(args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate NUMTODSINTERVAL."""
    factor = _unit(args[1], "NUMTODSINTERVAL", _SECOND_UNITS)
    amount = as_double(args[0])  # an INTEGER would overflow
    microseconds = exp.Mul(this=amount, expression=number(factor * 1_000_000))
    whole = cast(call("round", microseconds), exp.DType.BIGINT)
    return call("ora_day_interval", whole, kind=Kind.INTERVAL)


def number_to_months(args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate NUMTOYMINTERVAL."""
    factor = _unit(args[1], "NUMTOYMINTERVAL", _MONTH_UNITS)
    months = exp.Mul(this=as_double(args[0]), expression=number(factor))
    return with_months(call("to_months", cast(months, exp.DType.INT)))


def as_declared(value: exp.Expr, declared: DeclaredType) -> exp.Expr:
    """CAST to an interval."""
    if kind_of(value) in (Kind.INTERVAL, Kind.NULL, Kind.UNKNOWN):
        return with_kind(cast(value, exp.DType.INTERVAL), Kind.INTERVAL)
    convert = text_to_days if declared.name == "INTERVAL DAY TO SECOND" else text_to_months
    return convert([value])


def _unit(node: exp.Expr, function: str, units: dict[str, int]) -> int:
    factor = units.get(literal_text(node, f"{function} with a unit").upper())
    if factor is None:
        raise OraError(1760, "illegal argument for function")
    return factor


def text_to_days(args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate TO_DSINTERVAL."""
    amount = call("ora_day_interval_us", as_text(args[0]))
    return call("ora_day_interval", amount, kind=Kind.INTERVAL)


def text_to_months(args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate TO_YMINTERVAL."""
    amount = cast(call("ora_month_interval", as_text(args[0])), exp.DType.INT)
    return with_months(call("to_months", amount))
