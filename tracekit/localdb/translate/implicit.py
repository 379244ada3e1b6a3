"""Oracle's implicit conversions between values of different kinds.

Oracle Database SQL Language Reference 19c, Data Type Comparison Rules: text compared with a number
is converted to a number, and text compared with a date or timestamp to that type. NVL, DECODE,
NVL2, GREATEST and LEAST convert their arguments to the type of the first. CASE and set operations
convert nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import numbers, zones
from tracekit.localdb.translate.build import as_text, call
from tracekit.localdb.translate.column_types import is_raw
from tracekit.localdb.translate.kinds import MOMENTS, Kind, kind_of
from tracekit.localdb.translate.number_functions import NumberError, read
from tracekit.localdb.translate.number_types import (
    FREE,
    as_free,
    constant,
    number_type,
)
from tracekit.localdb.translate.types import DeclaredType

_TYPES = {
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.ZONED: "TIMESTAMP WITH TIME ZONE",
    Kind.LOCAL: "TIMESTAMP WITH LOCAL TIME ZONE",
}


def as_number(value: exp.Expr) -> exp.Expr:
    """Convert text to the number it spells; most literals are converted during the translation.

    A decimal point is not one in every session.
    """
    if kind_of(value) is not Kind.TEXT:
        return value
    if isinstance(value, exp.Literal) and "." not in value.this:
        try:
            return constant(read(str(value.this)))
        except NumberError:
            return as_free(value)  # raises an error only for rows that use it
    return as_free(value)


def as_kind(value: exp.Expr, kind: Kind) -> exp.Expr:
    """Convert `value` to `kind`, if Oracle does so implicitly."""
    own = kind_of(value)
    if own in (kind, Kind.NULL, Kind.UNKNOWN) or kind in (Kind.NULL, Kind.UNKNOWN):
        return value
    if kind is Kind.TEXT:
        return as_text(value)
    if kind is Kind.NUMBER and own is Kind.TEXT:
        return as_number(value)
    if kind in MOMENTS and own in (Kind.TEXT, *MOMENTS):
        return zones.as_declared(value, DeclaredType(_TYPES[kind]))
    raise _inconsistent(kind, own)


def refuse_moment(value: exp.Expr) -> None:
    """Check that what is to become a number is not a date or timestamp.

    Raises:
        OraError: ORA-00932 if it is.
    """
    if kind_of(value) in MOMENTS:
        raise _inconsistent(Kind.NUMBER, kind_of(value))


def _inconsistent(expected: Kind, got: Kind) -> OraError:
    names = {Kind.TEXT: "CHAR", Kind.ROWID: "ROWID"}
    shown = [names.get(kind, kind.name) for kind in (expected, got)]
    return OraError(932, f"inconsistent datatypes: expected {shown[0]} got {shown[1]}")


def compared(left: exp.Expr, right: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """The two sides of a comparison, converted so that they can be compared.

    Raises:
        OraError: ORA-00932, their types cannot be compared.
    """
    kinds = {kind_of(left), kind_of(right)}
    if Kind.NUMBER in kinds and kinds & set(MOMENTS):
        raise _inconsistent(kind_of(left), kind_of(right))
    if kinds & set(MOMENTS):
        left, right = zones.comparable([left, right])
    elif kinds == {Kind.NUMBER, Kind.TEXT}:
        left, right = as_number(left), as_number(right)
    elif kinds == {Kind.UNKNOWN, Kind.TEXT} and (is_raw(left) or is_raw(right)):
        left, right = _as_raw(left), _as_raw(right)
    if {kind_of(left), kind_of(right)} == {Kind.NUMBER}:
        return numbers.compared(left, right)
    return left, right


def _as_raw(value: exp.Expr) -> exp.Expr:
    return call("ora_hex_to_raw", value) if kind_of(value) is Kind.TEXT else value


def matched(subject: exp.Expr, values: Sequence[exp.Expr]) -> tuple[exp.Expr, list[exp.Expr]]:
    """A subject and the values it is compared with, all converted to one form."""
    everything = [subject, *values]
    kinds = {kind_of(one) for one in everything} - {Kind.NULL, Kind.UNKNOWN}
    if kinds & set(MOMENTS):
        everything = zones.comparable(everything)
    elif kinds == {Kind.NUMBER, Kind.TEXT}:
        everything = [as_number(one) for one in everything]
    if kinds <= {Kind.NUMBER, Kind.TEXT} and Kind.NUMBER in kinds:
        forms = {number_type(one) for one in everything if kind_of(one) is Kind.NUMBER}
        if None not in forms and FREE in forms:
            everything = numbers.unified(everything)
    return everything[0], everything[1:]


def like_first(values: Sequence[exp.Expr]) -> list[exp.Expr]:
    """Convert values that become one column to the kind of the first that is not NULL."""
    kind = first_kind(values)
    converted = [as_kind(value, kind) for value in values]
    return numbers.unified(converted) if kind is Kind.NUMBER else converted


def alike(values: Sequence[exp.Expr]) -> list[exp.Expr]:
    """Convert values that become one column and must already be of one kind.

    Raises:
        OraError: ORA-00932 if they are not.
    """
    kind = first_kind(values)
    for value in values:
        own = kind_of(value)
        families = {Kind.TEXT: Kind.TEXT, Kind.NUMBER: Kind.NUMBER}
        if own in families and kind in (Kind.TEXT, Kind.NUMBER, *MOMENTS) and own is not kind:
            raise _inconsistent(kind, own)
        if kind in families and own in MOMENTS:
            raise _inconsistent(kind, own)
    return numbers.unified(values) if kind is Kind.NUMBER else list(values)


def first_kind(values: Sequence[exp.Expr]) -> Kind:
    """The kind of the first value that is not NULL."""
    for value in values:
        kind = kind_of(value)
        if kind is not Kind.NULL:
            return kind
    return Kind.NULL
