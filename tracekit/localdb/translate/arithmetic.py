"""Sums, products and quotients of numbers, moments, intervals and days."""

from __future__ import annotations

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import numbers, zones
from tracekit.localdb.translate.build import call, number, paren
from tracekit.localdb.translate.implicit import as_number
from tracekit.localdb.translate.kinds import MOMENTS, Kind, kind_of, with_kind
from tracekit.localdb.translate.number_types import (
    FREE,
    INTEGER,
    Exact,
    as_double,
    as_free,
    number_type,
    with_number,
)

SECONDS_OF_DAY = 86_400


def add(node: exp.Add, position: int) -> exp.Expr:
    """Translate a whole chain of additions; `position` is its offset in the statement.

    Raises:
        OraError: it adds two moments.
    """
    if isinstance(node.parent, exp.Add) and node.arg_key == "this":
        return node  # part of a longer chain
    return _add(_operands(_terms(node)), position)


def subtract(node: exp.Sub) -> exp.Expr:
    """Translate a difference; of two dates it is a number of days."""
    left, right = _operands([node.this, node.expression])
    kinds = (kind_of(left), kind_of(right))
    if set(kinds) & {Kind.ZONED, Kind.LOCAL} and set(kinds) <= set(MOMENTS):
        left, right = zones.zoned(left), zones.zoned(right)
    if kinds == (Kind.NUMBER, Kind.NUMBER):
        known = numbers.difference(left, right)
        if known is not None:
            return known
        node.set("this", left)
        node.set("expression", right)
        return with_kind(node, Kind.NUMBER)
    if kinds == (Kind.DATE, Kind.DATE):
        seconds = with_number(call("ora_seconds_between", left, right), Exact(INTEGER))
        return numbers.ratio(seconds, number(SECONDS_OF_DAY))
    return call("ora_subtract", *map(_as_days, (left, right)), kind=_sum_kind(kinds, subtract=True))


def _operands(values: list[exp.Expr]) -> list[exp.Expr]:
    """Convert text to the number it spells, and a number beside a date to days."""
    kinds = {kind_of(value) for value in values}
    values = [as_number(value) for value in values]
    if kinds & {*MOMENTS, Kind.INTERVAL}:
        return values
    if Kind.NUMBER in kinds | {kind_of(value) for value in values}:
        values = [as_free(one) if kind_of(one) is Kind.NULL else one for one in values]
    return values


def _refuse_moments(*values: exp.Expr) -> None:
    if any(kind_of(value) in MOMENTS for value in values):
        raise OraError(932, "inconsistent datatypes: expected NUMBER got DATE")


def _as_days(value: exp.Expr) -> exp.Expr:
    """Convert a number added to a date to what DuckDB adds."""
    return as_double(value) if number_type(value) is FREE else value


def multiply(node: exp.Mul) -> exp.Expr:
    """Translate a product, with Oracle's digits."""
    left, right = _operands([node.this, node.expression])
    _refuse_moments(left, right)
    if Kind.INTERVAL in (kind_of(left), kind_of(right)):
        left, right = _as_days(left), _as_days(right)
    known = numbers.product(left, right)
    if known is not None:
        return known
    if _is_simple_factor(left) or _is_simple_factor(right):
        node.set("this", left)
        node.set("expression", right)
        is_interval = Kind.INTERVAL in (kind_of(left), kind_of(right))
        return with_kind(node, Kind.INTERVAL if is_interval else Kind.NUMBER)
    return call("ora_multiply", left, right, kind=Kind.NUMBER)


def _is_simple_factor(node: exp.Expr) -> bool:
    """Whether a product with this factor fits in DuckDB's digits after the point."""
    inner = node.unnest()
    return kind_of(inner) is Kind.INTERVAL or isinstance(inner, exp.Literal | exp.Neg)


def _terms(node: exp.Expr) -> list[exp.Expr]:
    """The operands of `a + b + c`, in order."""
    terms: list[exp.Expr] = []
    while isinstance(node, exp.Add):
        terms.append(node.expression)
        node = node.this
    return [node, *reversed(terms)]


def _add(terms: list[exp.Expr], position: int) -> exp.Expr:
    """Add `terms` as a balanced tree.

    DuckDB binds the arguments of an overloaded macro twice, so the cost doubles with each
    level of nesting. A long chain must therefore not be nested one level per term.
    """
    if len(terms) == 1:
        return terms[0]
    middle = (len(terms) + 1) // 2
    left, right = _add(terms[:middle], position), _add(terms[middle:], position)
    kinds = (kind_of(left), kind_of(right))
    if kinds == (Kind.NUMBER, Kind.NUMBER):
        known = numbers.sum_of(left, right)
        if known is not None:
            return known
        return with_kind(exp.Add(this=left, expression=paren(right)), Kind.NUMBER)
    if kinds[0] in MOMENTS and kinds[1] in MOMENTS:
        raise OraError(975, "date + date not allowed", position=position)
    return call("ora_add", *map(_as_days, (left, right)), kind=_sum_kind(kinds, subtract=False))


def _sum_kind(kinds: tuple[Kind, Kind], subtract: bool) -> Kind:
    left, right = kinds
    if left in MOMENTS and right in MOMENTS:
        return Kind.NUMBER if left is right is Kind.DATE else Kind.INTERVAL
    if left is right is Kind.INTERVAL:
        return Kind.INTERVAL
    if left not in MOMENTS and (right not in MOMENTS or subtract):
        return Kind.UNKNOWN
    moment, other = (left, right) if left in MOMENTS else (right, left)
    if other is Kind.INTERVAL:
        return moment
    if other is Kind.NUMBER or (moment is Kind.DATE and not subtract):
        return Kind.DATE
    return Kind.UNKNOWN


def divide(node: exp.Div) -> exp.Expr:
    """Translate a quotient; division by zero raises ORA-01476 when the statement runs."""
    dividend, divisor = _operands([node.this, node.expression])
    _refuse_moments(dividend, divisor)
    known = numbers.quotient(dividend, divisor)
    if known is not None:
        return known
    node.set("this", dividend)
    node.set("expression", divisor)
    kind = Kind.INTERVAL if kind_of(dividend) is Kind.INTERVAL else Kind.NUMBER
    if isinstance(divisor, exp.Literal) and float(divisor.this or 0) != 0:
        return with_kind(node, kind)
    return call("ora_divide", paren(node.this), paren(divisor), kind=kind)


def negate(node: exp.Neg) -> exp.Expr:
    """Translate -value; text is converted to the number it spells."""
    value = _operands([node.this])[0]
    _refuse_moments(value)
    if kind_of(value) is not Kind.NUMBER:
        return node
    return numbers.negative(value)
