"""Conversions that can fail: DEFAULT ... ON CONVERSION ERROR and VALIDATE_CONVERSION."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tracekit.localdb.translate import dates, implicit, intervals, numbers
from tracekit.localdb.translate.build import as_text, call, case, literal_text, paren, unsupported
from tracekit.localdb.translate.kinds import MOMENTS, Kind, kind_of
from tracekit.localdb.translate.number_models import check_number_model
from tracekit.localdb.translate.number_types import (
    INTEGER,
    Exact,
    as_free,
    like_one_of,
    with_number,
)
from tracekit.localdb.translate.types import read_type
from tracekit.localdb.translate.zones import as_declared


def with_default(default: exp.Expr, converted: exp.Expr, source: exp.Expr) -> exp.Expr:
    """A conversion of `source`, or `default` if it fails; NULL stays NULL."""
    kind = kind_of(converted)
    if kind is Kind.NUMBER:
        default, converted = numbers.unified([implicit.as_number(default), converted])
    else:
        default = implicit.as_kind(default, kind)
    attempt = call("coalesce", call("try", converted), default)
    absent = exp.Is(this=paren(source.copy()), expression=exp.Null())
    return like_one_of(case((absent, exp.Null()), default=attempt), [converted])


def validated(args: Sequence[exp.Expr]) -> exp.Expr:
    """VALIDATE_CONVERSION: 1 if a value is NULL or can be converted, otherwise 0."""
    value, data_type, *rest = args
    if not isinstance(data_type, exp.DataType):
        raise unsupported("VALIDATE_CONVERSION to this type")
    attempt = call("try", _converted(value, data_type, rest))
    absent = exp.Is(this=paren(value.copy()), expression=exp.Null())
    present = exp.Not(this=exp.Is(this=attempt, expression=exp.Null()))
    one, zero = exp.Literal.number(1), exp.Literal.number(0)
    return with_number(case((absent, one), (present, one.copy()), default=zero), Exact(INTEGER))


def _converted(value: exp.Expr, data_type: exp.DataType, rest: Sequence[exp.Expr]) -> exp.Expr:
    declared, _ = read_type(data_type)
    model = literal_text(rest[0], "VALIDATE_CONVERSION with a format") if rest else None
    if declared.name in ("NUMBER", "FLOAT", "BINARY_DOUBLE", "BINARY_FLOAT"):
        if model is None:
            return as_free(implicit.as_number(value))
        check_number_model(model)
        return as_free(
            call("ora_read_number", as_text(value), exp.Literal.string(model), kind=Kind.TEXT)
        )
    if declared.name.startswith("INTERVAL"):
        return intervals.as_declared(value, declared)
    if declared.name == "DATE" or declared.name.startswith("TIMESTAMP"):
        if kind_of(value) in MOMENTS or model is None:
            return as_declared(value, declared)
        read = dates.to_date if declared.name == "DATE" else dates.to_timestamp
        return read(value, model)
    raise unsupported(f"VALIDATE_CONVERSION to {declared.name}")
