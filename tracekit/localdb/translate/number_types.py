"""How DuckDB stores Oracle's numbers, and the conversions between the forms.

A number is a DuckDB integer or DECIMAL if all its digits are known to fit (`Exact`), a binary
float, or `FREE`: the bytes of an Oracle NUMBER, stored as BIT. These bytes sort like the numbers,
so DuckDB sorts, groups and joins by them. They can hold every NUMBER; `number_functions` does their
arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from math import ceil
from typing import TypeAlias

from sqlglot import exp

from tracekit.localdb.translate.build import call, cast
from tracekit.localdb.translate.kinds import (
    Kind,
    kind_of,
    only_output,
    with_binary_form,
    with_kind,
)
from tracekit.localdb.translate.types import DECIMAL_DIGITS_OF_A_BIT, FLOAT_BITS
from tracekit.localdb.wire.rows_number import encode_number

MOST_DIGITS = 38
"""The maximum precision of DuckDB's DECIMAL."""
INTEGER = 18
"""The digits of the integers that DuckDB's counting functions return."""


@dataclass(frozen=True)
class Exact:
    """An integer or DECIMAL of at most `digits` digits, `scale` of them after the point."""

    precision: int
    scale: int = 0


class Form(Enum):
    """The other forms of a number."""

    FREE = "free"
    DOUBLE = "double"
    FLOAT = "float"


NumberType: TypeAlias = Exact | Form
FREE, DOUBLE, FLOAT = Form.FREE, Form.DOUBLE, Form.FLOAT

_META = "ora_number"


def with_number(node: exp.Expr, form: NumberType) -> exp.Expr:
    """Mark `node` as a number of this form."""
    node.meta[_META] = form
    if isinstance(form, Form) and form is not FREE:
        with_binary_form(node, form.value)
    return with_kind(node, Kind.NUMBER)


def counted(name: str, *args: exp.Expr) -> exp.Expr:
    """Call a DuckDB function that returns an integer."""
    return with_number(call(name, *args), Exact(INTEGER))


def number_type(node: exp.Expr | None) -> NumberType | None:
    """The form of a rewritten number; None if it is unknown without the schema."""
    if node is None:
        return None
    marked = node.meta.get(_META)
    if isinstance(marked, Exact | Form):
        return marked
    if isinstance(node, exp.Literal) and not node.is_string:
        return literal_type(Decimal(node.this))
    if isinstance(node, exp.Paren | exp.Alias | exp.Neg | exp.Window):
        return number_type(node.this)
    if isinstance(node, exp.Cast):
        return _cast_type(node.to)
    return number_type(only_output(node))


_INTEGER_DIGITS = {
    exp.DType.TINYINT: 3,
    exp.DType.SMALLINT: 5,
    exp.DType.INT: 10,
    exp.DType.BIGINT: 19,
    exp.DType.INT128: 38,
}


def _cast_type(data_type: exp.DataType) -> NumberType | None:
    kind = data_type.this
    if kind is exp.DType.DECIMAL and len(data_type.expressions) == 2:
        precision, scale = (int(one.this.this) for one in data_type.expressions)
        return Exact(precision, scale)
    if kind in _INTEGER_DIGITS:
        return Exact(_INTEGER_DIGITS[kind])
    return {exp.DType.DOUBLE: DOUBLE, exp.DType.FLOAT: FLOAT}.get(kind)


def literal_type(value: Decimal) -> NumberType:
    """The form of a literal."""
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int), "literals are finite"
    scale = max(0, -exponent)
    precision = max(len(digits) + max(0, exponent), scale, 1)
    return Exact(precision, scale) if precision <= MOST_DIGITS else FREE


def constant(value: Decimal) -> exp.Expr:
    """Write a number as a DuckDB literal.

    Raises:
        OraError: ORA-01426 if it is too large for a NUMBER.
    """
    form = literal_type(value)
    if form is FREE:
        return free_constant(value)
    written = f"{value.copy_abs():f}"
    if form == Exact(MOST_DIGITS, MOST_DIGITS):
        written = written.removeprefix("0")  # DuckDB counts this digit
    literal = exp.Literal.number(written)
    return with_number(exp.Neg(this=literal) if value < 0 else literal, form)


def free_constant(value: Decimal) -> exp.Expr:
    """Convert a literal to FREE during the translation.

    Raises:
        OraError: ORA-01426 if it is too large for a NUMBER.
    """
    written = "".join(f"\\x{byte:02X}" for byte in encode_number(value))
    blob = cast(exp.Literal.string(written), exp.DType.BLOB)
    return with_number(cast(blob, exp.DType.BIT), FREE)


def literal_value(node: exp.Expr) -> Decimal | None:
    """The value of a numeric literal; None for anything else."""
    inner = node.unnest()
    if isinstance(inner, exp.Neg):
        value = literal_value(inner.this)
        return None if value is None else value.copy_negate()
    if isinstance(inner, exp.Literal) and not inner.is_string:
        return Decimal(inner.this)
    return None


def common(forms: list[NumberType | None]) -> NumberType | None:
    """The form that holds values of all these forms exactly; None if one is unknown."""
    if None in forms:
        return None
    if DOUBLE in forms:
        return DOUBLE
    if FLOAT in forms:
        return FLOAT
    if FREE in forms:
        return FREE
    exact = [one for one in forms if isinstance(one, Exact)]
    scale = max(one.scale for one in exact)
    whole = max(one.precision - one.scale for one in exact)
    return Exact(whole + scale, scale) if whole + scale <= MOST_DIGITS else FREE


def as_form(node: exp.Expr, form: NumberType | None) -> exp.Expr:
    """Convert a number to another form that can hold it."""
    if form is FREE:
        return as_free(node)
    if form is DOUBLE or form is FLOAT:
        return as_double(node)
    return as_decimal(node, form) if isinstance(form, Exact) else node


def _has_decimal(node: exp.Expr) -> bool:
    """Whether it is a literal text with a decimal character, which depends on the session."""
    return isinstance(node, exp.Literal) and node.is_string and "." in node.this


def as_free(node: exp.Expr) -> exp.Expr:
    """Convert a number, or text that spells one, to FREE."""
    if number_type(node) is FREE:
        return node
    value = literal_value(node)
    if value is not None and not _has_decimal(node):
        return free_constant(value)
    if kind_of(node) is Kind.NULL:
        return with_number(cast(exp.Null(), exp.DType.BIT), FREE)
    if kind_of(node) is Kind.TEXT:
        written = call("ora_plain_decimal", node)
    else:
        written = cast(node, exp.DType.VARCHAR)
    return with_number(call("ora_number", written), FREE)


def as_decimal(node: exp.Expr, form: Exact) -> exp.Expr:
    """Convert a number that fits `form` to a DECIMAL of that form."""
    if number_type(node) is FREE:
        node = call("ora_free_text", node)
    data_type = exp.DataType(
        this=exp.DType.DECIMAL,
        expressions=[
            exp.DataTypeParam(this=exp.Literal.number(one)) for one in (form.precision, form.scale)
        ],
    )
    return with_number(exp.Cast(this=node, to=data_type), form)


def as_double(node: exp.Expr) -> exp.Expr:
    """Convert a number, or text that spells one, to DOUBLE."""
    form = number_type(node)
    if form is DOUBLE:
        return node
    if form is FREE:
        return with_number(call("ora_number_double", node), DOUBLE)
    if kind_of(node) is Kind.TEXT:
        node = call("ora_plain_decimal", node)
    return with_number(cast(node, exp.DType.DOUBLE), DOUBLE)


def as_float(node: exp.Expr, bits: int) -> exp.Expr:
    """Round a number to the decimal digits of FLOAT(bits)."""
    if bits >= FLOAT_BITS:
        return as_free(node)
    digits = exp.Literal.number(ceil(bits * DECIMAL_DIGITS_OF_A_BIT))
    return with_number(call("ora_number_significant", as_free(node), digits), FREE)


def as_integer(node: exp.Expr) -> exp.Expr:
    """Convert the whole part of a number, or of text that spells one, to BIGINT."""
    value = literal_value(node)
    if value is not None:
        return constant(value.to_integral_value("ROUND_DOWN"))
    form = number_type(node)
    if kind_of(node) is Kind.TEXT:
        node, form = as_free(node), FREE
    if form is FREE:
        return with_number(call("ora_number_integer", node), Exact(INTEGER))
    if not (isinstance(form, Exact) and form.scale == 0):
        node = call("trunc", node)
    return with_number(cast(node, exp.DType.BIGINT), Exact(INTEGER))


def like_one_of(node: exp.Expr, values: Sequence[exp.Expr]) -> exp.Expr:
    """Mark `node`, which returns one of `values`, with their type."""
    for value in values:
        kind = kind_of(value)
        if kind is Kind.NULL:
            continue
        form = number_type(value)
        return with_number(node, form) if form is not None else with_kind(node, kind)
    return with_kind(node, Kind.NULL)
