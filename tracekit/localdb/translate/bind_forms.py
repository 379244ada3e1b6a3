"""The kinds of values that binds have; a statement is translated for the kinds it gets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlglot import exp

from tracekit.localdb.translate.build import call, cast, date
from tracekit.localdb.translate.kinds import Kind, with_kind, with_months
from tracekit.localdb.translate.number_types import (
    DOUBLE,
    FREE,
    Exact,
    NumberType,
    with_number,
)
from tracekit.localdb.wire.rows_number import encode_number
from tracekit.localdb.wire.values import YearMonthInterval

_LARGEST_INTEGER = 10**18


class BindForm(Enum):
    """A kind of bind values, and how they are passed to DuckDB."""

    UNKNOWN = "unknown"
    NULL = "null"
    TEXT = "text"
    INTEGER = "integer"
    SHORT = "short"
    """Numbers with at most 12 digits before the point and 6 after it."""
    LONG = "long"
    """Numbers with at most 18 digits before the point and 18 after it."""
    FREE = "free"
    """Any NUMBERs, passed as their bytes."""
    DOUBLE = "double"
    DATE = "date"
    TIMESTAMP = "timestamp"
    ZONED = "timestamp with time zone"
    MONTHS = "interval year to month"

    def of_value(self, node: exp.Expr) -> exp.Expr:
        """Convert the placeholder of one value to this kind."""
        form = _FORMS.get(self)
        if form is not None:
            return with_number(_typed(node, form), form)
        if self is BindForm.DATE:  # DuckDB's client passes datetimes as timestamps
            return date(node)
        if self is BindForm.MONTHS:
            return with_months(node)
        return with_kind(node, _KINDS[self]) if self in _KINDS else node

    def of_list(self, node: exp.Expr) -> exp.Expr:
        """Convert the placeholder of a list of values to rows of one column."""
        return self.of_value(call("unnest", node))

    def parameter(self, value: Any) -> Any:
        """Convert a value to what DuckDB's client accepts."""
        if value is None:
            return None
        if self is BindForm.FREE:
            return encode_number(value)
        if self in (BindForm.SHORT, BindForm.LONG):
            return f"{Decimal(value):f}"
        return value


_KINDS = {
    BindForm.TEXT: Kind.TEXT,
    BindForm.NULL: Kind.NULL,
    BindForm.TIMESTAMP: Kind.TIMESTAMP,
    BindForm.ZONED: Kind.ZONED,
}
_FORMS: dict[BindForm, NumberType] = {
    BindForm.INTEGER: Exact(18),
    BindForm.SHORT: Exact(18, 6),
    BindForm.LONG: Exact(36, 18),
    BindForm.FREE: FREE,
    BindForm.DOUBLE: DOUBLE,
}


def _typed(node: exp.Expr, form: NumberType) -> exp.Expr:
    if form is FREE:
        return cast(cast(node, exp.DType.BLOB), exp.DType.BIT)
    if form is DOUBLE:
        return cast(node, exp.DType.DOUBLE)
    assert isinstance(form, Exact)
    if not form.scale:
        return cast(node, exp.DType.BIGINT)
    parameters = [
        exp.DataTypeParam(this=exp.Literal.number(one)) for one in (form.precision, form.scale)
    ]
    return exp.Cast(this=node, to=exp.DataType(this=exp.DType.DECIMAL, expressions=parameters))


def form_of(values: Sequence[Any], *, are_dates: bool = False) -> BindForm:
    """The form that holds all values of one bind.

    Args:
        values: The bind's values, one per execution.
        are_dates: Whether the client sent them as Oracle's type DATE.
    """
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return BindForm.NULL
    if kinds == {str}:
        return BindForm.TEXT
    if kinds == {YearMonthInterval}:
        return BindForm.MONTHS
    if kinds == {float}:
        return BindForm.DOUBLE
    if kinds <= {int, Decimal}:
        return _number_form([value for value in values if value is not None])
    if kinds == {datetime}:
        zones = {value.tzinfo is not None for value in values if value is not None}
        if zones == {True}:
            return BindForm.ZONED
        return BindForm.DATE if are_dates else BindForm.TIMESTAMP
    return BindForm.UNKNOWN


def _number_form(values: list[int | Decimal]) -> BindForm:
    if all(isinstance(value, int) and abs(value) < _LARGEST_INTEGER for value in values):
        return BindForm.INTEGER
    for form in (BindForm.SHORT, BindForm.LONG):
        exact = _FORMS[form]
        assert isinstance(exact, Exact)
        if all(_fits(Decimal(value), exact) for value in values):
            return form
    return BindForm.FREE


_WIDER = (BindForm.INTEGER, BindForm.SHORT, BindForm.LONG, BindForm.FREE)


def widest(forms: Iterable[BindForm]) -> BindForm:
    """The form that holds values of all these forms."""
    known = set(forms) - {BindForm.NULL}
    if not known:
        return BindForm.NULL if BindForm.NULL in set(forms) else BindForm.UNKNOWN
    if len(known) == 1:
        return known.pop()
    if known == {BindForm.INTEGER, BindForm.SHORT}:
        return BindForm.LONG
    if known == {BindForm.DATE, BindForm.TIMESTAMP}:
        return BindForm.TIMESTAMP
    if known <= set(_WIDER):
        return max(known, key=_WIDER.index)
    return BindForm.UNKNOWN


def _fits(value: Decimal, form: Exact) -> bool:
    exponent = value.as_tuple().exponent
    return (
        isinstance(exponent, int)
        and exponent >= -form.scale
        and value.adjusted() < form.precision - form.scale
    )
