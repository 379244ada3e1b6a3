"""Comparisons of CHAR values: the shorter side is padded with blanks.

Oracle pads if both sides are CHAR or NCHAR (text literals are CHAR). If one side is VARCHAR2, such
as a bound text, trailing blanks count. CHAR columns store padded values, so the translation only
has to pad a literal to the column's length, and the comparison costs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from tracekit.localdb.translate.build import call, number, paren, text, unsupported
from tracekit.localdb.translate.kinds import Kind
from tracekit.localdb.translate.text_types import is_fixed, text_type, varies, with_text_type
from tracekit.localdb.translate.types import DeclaredType

_BIND_META = "ora_char_length"


def pad_chars(node: exp.Expr) -> None:
    """Pad the CHARs in a comparison with rewritten operands, in place.

    Raises:
        OraError: ORA-03001 for a form that cannot compare CHARs of different lengths.
    """
    rule = _RULES.get(type(node))
    assigns = isinstance(node.parent, exp.Update) and node.arg_key == "expressions"
    if rule is not None and not assigns:
        rule(node)


def _compare(node: exp.Expr) -> None:
    left, right = node.this, node.expression
    if isinstance(right, exp.Any | exp.All):
        inner = right.this
        if isinstance(inner, exp.Tuple):
            _set_list(node, inner)
        else:
            left, query = _padded_query(left, inner)
            node.set("this", left)
            right.set("this", query)
        return
    if isinstance(left.unnest(), exp.Tuple) and isinstance(right.unnest(), exp.Tuple):
        node.set("expression", _padded_tuple(left.unnest(), right.unnest()))
        return
    left, right = _padded_pair(left, right)
    node.set("this", left)
    node.set("expression", right)


def _in(node: exp.Expr) -> None:
    query = node.args.get("query")
    if query is None:
        _set_list(node, node)
        return
    left, query = _padded_query(node.this, query)
    node.set("this", left)
    node.set("query", query)


def _set_list(comparison: exp.Expr, listed: exp.Expr) -> None:
    left, values = _padded_list(comparison.this, listed.expressions)
    comparison.set("this", left)
    listed.set("expressions", values)


def _between(node: exp.Expr) -> None:
    value, low, high = node.this, node.args["low"], node.args["high"]
    value, [low, high] = _padded_list(value, [low, high])
    node.set("this", value)
    node.set("low", low)
    node.set("high", high)


def _padded_pair(left: exp.Expr, right: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    if is_fixed(left) and is_fixed(right):
        length = max(_least_length(left), _least_length(right))
        return _padded(left, length), _padded(right, length)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, exp.Placeholder) and is_fixed(other):
            one.meta[_BIND_META] = _least_length(other)
    return left, right


def bind_lengths(tree: exp.Expr) -> dict[str, int]:
    """The length to pad each bound CHAR to, by parameter; a bound VARCHAR2 is not padded."""
    return {
        str(one.this): one.meta[_BIND_META]
        for one in tree.find_all(exp.Placeholder)
        if _BIND_META in one.meta
    }


def _least_length(node: exp.Expr) -> int:
    """The minimum length of a CHAR, without trailing blanks."""
    if isinstance(node, exp.Literal) and node.is_string:
        return len(str(node.this).rstrip(" "))
    found = text_type(node)
    return found.length or 1 if found is not None else 1


def _padded(node: exp.Expr, length: int) -> exp.Expr:
    if isinstance(node, exp.Literal):
        padded = str(node.this).rstrip(" ").ljust(length)
        return node if padded == node.this else text(padded)
    known = text_type(node)
    if known is not None and known.length == length and not varies(node):
        return node
    made = call("rpad", node, number(length), text(" "), kind=Kind.TEXT)
    with_text_type(made, DeclaredType("CHAR", length=length))
    return made


def _padded_list(left: exp.Expr, values: Sequence[exp.Expr]) -> tuple[exp.Expr, list[exp.Expr]]:
    """An operand, and each value that it is compared with."""
    if isinstance(left, exp.Tuple):
        return left, [_padded_tuple(left, value) for value in values]
    pairs = [_padded_pair(left, value) for value in values]
    if all(one is left for one, _ in pairs):
        return left, [value for _, value in pairs]
    if not all(map(is_fixed, values)):
        # A longer CHAR would need the operand padded for that comparison alone.
        raise unsupported("a CHAR compared with longer CHARs and with other texts")
    length = max(map(_least_length, [left, *values]))
    return _padded(left, length), [_padded(value, length) for value in values]


def _padded_tuple(left: exp.Tuple, value: exp.Expr) -> exp.Expr:
    if not isinstance(value, exp.Tuple):
        return value
    pairs = zip(left.expressions, value.expressions, strict=False)
    padded = [_padded_pair(one, other) for one, other in pairs]
    if any(one is not key for (one, _), key in zip(padded, left.expressions, strict=False)):
        raise unsupported("tuples with CHARs of different lengths")
    return exp.Tuple(expressions=[other for _, other in padded])


def _padded_query(left: exp.Expr, query: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """`left IN (query)`, ANY or ALL, with both sides padded as needed.

    Args:
        left: A value or a tuple.
        query: A rewritten subquery in parentheses.
    """
    inner = query.unnest() if isinstance(query, exp.Subquery) else query
    outputs = inner.expressions if isinstance(inner, exp.Select) else []
    if isinstance(left, exp.Tuple):
        for key, output in zip(left.expressions, outputs, strict=False):
            if _differ(key, output):
                raise unsupported("a tuple with CHARs of different lengths in a subquery")
        return left, query
    only = text_type(query) if isinstance(query, exp.Subquery) else None
    if only is None or not is_fixed(left) or not is_fixed(query):
        return left, query
    length = max(_least_length(left), only.length or 1)
    if length == only.length and not varies(query):
        return _padded(left, length), query
    column = exp.column("ORA$VALUE", quoted=True)
    selected = exp.Select(expressions=[_padded_column(column, length)])
    alias = exp.TableAlias(
        this=exp.to_identifier("ORA$LIST", quoted=True),
        columns=[exp.to_identifier("ORA$VALUE", quoted=True)],
    )
    selected.set("from_", exp.From(this=exp.Subquery(this=inner.copy(), alias=alias)))
    return _padded(left, length), exp.Subquery(this=selected)


def _differ(left: exp.Expr, right: exp.Expr) -> bool:
    """Whether both are CHARs and one needs padding."""
    padded = _padded_pair(left, right)
    return padded[0] is not left or padded[1] is not right


def _padded_column(column: exp.Expr, length: int) -> exp.Expr:
    return call("rpad", column, number(length), text(" "), kind=Kind.TEXT)


def _case(node: exp.Expr) -> None:
    """Pad the values of a simple CASE, which compares like `=`."""
    value = node.this
    branches = node.args["ifs"]
    if value is None or not any(_differ(value, branch.this) for branch in branches):
        return
    for branch in branches:
        left, right = _padded_pair(value.copy(), branch.this)
        branch.set("this", exp.EQ(this=paren(left), expression=paren(right)))
    node.set("this", None)


def _nullif(node: exp.Expr) -> None:
    if str(node.this).upper() != "NULLIF" or len(node.expressions) != 2:
        return
    left, right = node.expressions
    padded = _padded_pair(left, right)
    if padded[0] is not left and not isinstance(left, exp.Literal):
        raise unsupported("NULLIF of CHARs of different lengths")
    node.set("expressions", [left, padded[1]])


_RULES: dict[type[Any], Callable[[Any], None]] = {
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _compare),
    exp.In: _in,
    exp.Between: _between,
    exp.Case: _case,
    exp.Anonymous: _nullif,
}
