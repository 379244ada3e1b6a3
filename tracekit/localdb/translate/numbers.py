"""Arithmetic: DuckDB's operators where they have enough digits, else functions of FREE numbers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlglot import exp

from tracekit.localdb.translate.build import call, number, paren
from tracekit.localdb.translate.kinds import Kind, kind_of
from tracekit.localdb.translate.number_functions import WHOLE, WORK
from tracekit.localdb.translate.number_types import (
    DOUBLE,
    FLOAT,
    FREE,
    INTEGER,
    MOST_DIGITS,
    Exact,
    NumberType,
    as_decimal,
    as_double,
    as_form,
    as_free,
    as_integer,
    common,
    literal_value,
    number_type,
    with_number,
)

_BINARY = (DOUBLE, FLOAT)
_INT64_DIGITS = 18
"""DuckDB computes DECIMALs of up to this many digits, result included, in 64 bits."""


def as_number(node: exp.Expr) -> exp.Expr:
    """Convert an operand of arithmetic: text becomes the number it spells."""
    return as_free(node) if kind_of(node) in (Kind.TEXT, Kind.NULL) else node


def free_call(name: str, *args: exp.Expr) -> exp.Expr:
    """Call a function of `number_functions`, with its arguments converted to FREE."""
    return with_number(call(f"ora_number_{name}", *(as_free(arg) for arg in args)), FREE)


def sum_of(left: exp.Expr, right: exp.Expr) -> exp.Expr | None:
    """Left + right; None if their types are unknown without the schema."""
    return _combined(exp.Add, "add", left, right)


def difference(left: exp.Expr, right: exp.Expr) -> exp.Expr | None:
    """Left - right; None if their types are unknown without the schema."""
    return _combined(exp.Sub, "subtract", left, right)


def _combined(
    operator: type[exp.Binary], name: str, left: exp.Expr, right: exp.Expr
) -> exp.Expr | None:
    form = common([number_type(left), number_type(right)])
    if form is None:
        return None
    if form in _BINARY:
        return _operation(operator, as_double(left), as_double(right), DOUBLE)
    if isinstance(form, Exact) and form.precision < MOST_DIGITS:
        result = Exact(form.precision + 1, form.scale)
        if form.precision == _INT64_DIGITS:
            form = result  # otherwise DuckDB adds in 64 bits
        return _operation(operator, as_decimal(left, form), as_decimal(right, form), result)
    return free_call(name, left, right)


def _operation(
    operator: type[exp.Binary], left: exp.Expr, right: exp.Expr, form: NumberType
) -> exp.Expr:
    node = operator(this=paren(left), expression=paren(right))
    return with_number(exp.Paren(this=with_number(node, form)), form)


def product(left: exp.Expr, right: exp.Expr) -> exp.Expr | None:
    """Left * right; None if their types are unknown without the schema."""
    first, second = number_type(left), number_type(right)
    form = common([first, second])
    if form is None:
        return None
    if form in _BINARY:
        return _operation(exp.Mul, as_double(left), as_double(right), DOUBLE)
    if isinstance(first, Exact) and isinstance(second, Exact):
        result = Exact(first.precision + second.precision, first.scale + second.scale)
        if result.precision <= MOST_DIGITS:
            if result.precision > _INT64_DIGITS:  # otherwise DuckDB multiplies in 64 bits
                first = Exact(max(first.precision, _INT64_DIGITS + 1), first.scale)
            operands = as_decimal(left, first), as_decimal(right, second)
            return _operation(exp.Mul, *operands, result)
    return free_call("multiply", left, right)


def quotient(left: exp.Expr, right: exp.Expr) -> exp.Expr | None:
    """Left / right; None if their types are unknown without the schema."""
    form = common([number_type(left), number_type(right)])
    if form is None:
        return None
    if form in _BINARY:
        return _operation(exp.Div, as_double(left), as_double(right), DOUBLE)
    inverse = _inverse(literal_value(right))
    if inverse is not None and isinstance(number_type(left), Exact):
        return product(left, exp.Literal.number(f"{inverse:f}"))
    return free_call("divide", left, right)


def _inverse(divisor: Decimal | None) -> Decimal | None:
    """1 / divisor if it has few digits: dividing by 4 is multiplying by 0.25."""
    if divisor is None or not divisor:
        return None
    inverse = WORK.divide(Decimal(1), divisor).normalize()
    return inverse if inverse > 0 and WHOLE.multiply(inverse, divisor) == 1 else None


def negative(value: exp.Expr) -> exp.Expr:
    """Negate a number."""
    form = number_type(value)
    if form is FREE:
        return free_call("negate", value)
    if isinstance(form, Exact):
        return with_number(exp.Neg(this=paren(value)), form)
    return exp.Neg(this=paren(value))


def unified(values: Sequence[exp.Expr]) -> list[exp.Expr]:
    """Convert numbers to one form that fits all, which DuckDB needs in a column or comparison."""
    forms = [number_type(value) for value in values if kind_of(value) is not Kind.NULL]
    form = common(forms)
    if form is None or (isinstance(form, Exact) and None not in forms):
        return list(values) if form is None else [_widened(value, form) for value in values]
    return [value if kind_of(value) is Kind.NULL else as_form(value, form) for value in values]


def _widened(value: exp.Expr, form: Exact) -> exp.Expr:
    if kind_of(value) is Kind.NULL or number_type(value) == form:
        return value
    return as_decimal(value, form)


def compared(left: exp.Expr, right: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """Convert two numbers to forms that DuckDB compares exactly."""
    forms = number_type(left), number_type(right)
    if None in forms or forms[0] is forms[1]:
        return left, right
    if common(list(forms)) is FREE:
        return as_free(left), as_free(right)
    if FREE in forms:  # the other one is binary
        return as_double(left), as_double(right)
    return left, right


def absolute(args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate ABS."""
    value = as_number(args[0])
    form = number_type(value)
    if form is FREE:
        return free_call("abs", value)
    return _same(call("abs", value), form)


def _same(node: exp.Expr, form: NumberType | None) -> exp.Expr:
    return with_number(node, form) if form is not None else _number(node)


def _number(node: exp.Expr) -> exp.Expr:
    node.meta["ora_kind"] = Kind.NUMBER
    return node


def sign(args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate SIGN."""
    value = as_number(args[0])
    if number_type(value) is FREE:
        return free_call("sign", value)
    return with_number(call("ora_sign", value), Exact(1))


def whole(name: str, args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate CEIL or FLOOR."""
    value = as_number(args[0])
    form = number_type(value)
    if form is FREE:
        return free_call(name, value)
    if isinstance(form, Exact):
        if not form.scale:
            return value
        return with_number(call(name, value), Exact(form.precision - form.scale + 1))
    return _same(call(name, value), form)


def cut(name: str, args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate ROUND or TRUNC of a number."""
    value = as_number(args[0])
    form = number_type(value)
    places = literal_value(args[1]) if len(args) > 1 else Decimal(0)
    if form in _BINARY and len(args) == 1:  # halves of a binary number go to the even neighbour
        rounded = call("round_even", value, number(0)) if name == "round" else call(name, value)
        return with_number(rounded, DOUBLE)
    if isinstance(form, Exact) and places is not None:
        return _cut_decimal(name, value, form, int(places))
    if form is None and len(args) == 1:
        return _number(call(f"ora_{name}", value))
    return free_call(name, value, as_number(args[1]) if len(args) > 1 else number(0))


def _cut_decimal(name: str, value: exp.Expr, form: Exact, places: int) -> exp.Expr:
    if places >= form.scale:
        return value
    kept = max(places, 0)
    result = Exact(form.precision - form.scale + kept + 1, kept)
    if result.precision > MOST_DIGITS or places < -MOST_DIGITS:
        return free_call(name, value, number(places))
    cut_value = call(name, as_decimal(value, form), number(places))
    return with_number(cut_value, result)


def modulo(args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate MOD."""
    left, right = (as_number(arg) for arg in args)
    form = common([number_type(left), number_type(right)])
    if isinstance(form, Exact):
        operands = as_decimal(left, form), as_decimal(right, form)
        return with_number(call("ora_mod", *operands), form)
    if form is FREE:
        return free_call("mod", left, right)
    return _same(call("ora_mod", left, right), form)


_DOUBLE_FUNCTIONS = {"power": "pow"}


def computed(name: str, args: Sequence[exp.Expr]) -> exp.Expr:
    """A function whose result needs all the digits of a NUMBER: SQRT, POWER, LN ..."""
    values = [as_number(arg) for arg in args]
    forms = [number_type(value) for value in values]
    if DOUBLE in forms or FLOAT in forms:
        doubles = [as_double(value) for value in values]
        return with_number(call(_DOUBLE_FUNCTIONS.get(name, name), *doubles), DOUBLE)
    return free_call(name, *values)


def bits(args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate BITAND."""
    left, right = (as_integer(as_number(arg)) for arg in args)
    return with_number(call("ora_bitand", left, right), Exact(INTEGER))


def ratio(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Left / right for a divisor that is known not to be 0."""
    result = quotient(left, right)
    return result if result is not None else free_call("divide", left, right)
