"""Aggregate and analytic functions whose meaning depends on the clause after them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import number_aggregates, numbers
from tracekit.localdb.translate.build import as_text, call, number, paren, text, unsupported
from tracekit.localdb.translate.functions import check_count, rewrite_call
from tracekit.localdb.translate.kinds import MOMENTS, Kind, kind_of
from tracekit.localdb.translate.number_types import (
    FREE,
    as_double,
    as_free,
    like_one_of,
    number_type,
)

_FINISH = "ora_finish"
"""Key of an aggregate's `meta`: the macro to apply to its value, outside its window."""
_TRUNCATES = "ora_truncates"
_QUANTILES = {"PERCENTILE_CONT": "quantile_cont", "PERCENTILE_DISC": "quantile_disc"}
_ALWAYS = {"LISTAGG", "RATIO_TO_REPORT", *_QUANTILES}
"""Functions that are always rewritten together with the clause after them."""


def has_clause(node: exp.Anonymous) -> bool:
    """Whether the call is rewritten together with the clause around it."""
    parent = node.parent
    if isinstance(parent, exp.Window) and parent.args.get("over") == "KEEP":
        return True
    name = str(node.this).upper()
    if name in number_aggregates.WITH_WINDOW:
        return isinstance(parent, exp.Window) and node.arg_key == "this"
    return name in _ALWAYS and isinstance(parent, exp.WithinGroup | exp.Window)


def alone(node: exp.Anonymous, position: int) -> exp.Expr | None:
    """Translate such a function without a clause; None for any other function."""
    name = str(node.this).upper()
    if name == "LISTAGG":
        return _listagg(node, None)
    if name in _ALWAYS:
        raise OraError(30491, f"missing ORDER BY or OVER clause for {name}", position=position)
    return None


def within_group(node: exp.Expr, position: int) -> exp.Expr:
    """Translate LISTAGG and percentiles WITHIN GROUP (ORDER BY ...)."""
    function, order = node.this, node.args.get("expression")
    name = str(function.this).upper() if isinstance(function, exp.Anonymous) else ""
    if name == "LISTAGG" and isinstance(order, exp.Order):
        return _listagg(function, order)
    if name in _QUANTILES and isinstance(order, exp.Order) and len(order.expressions) == 1:
        ordered = order.expressions[0]
        share = _first_argument(function)
        if name == "PERCENTILE_CONT" and kind_of(ordered.this) in (Kind.NUMBER, Kind.TEXT):
            descending = bool(ordered.args.get("desc"))
            plain = number_aggregates.plain
            return number_aggregates.percentile(plain, ordered.this, share, descending=descending)
        if ordered.args.get("desc"):
            share = exp.Sub(this=exp.Literal.number(1), expression=paren(share))
        found = call(_QUANTILES[name], ordered.this, as_double(share))
        return like_one_of(found, [ordered.this])
    raise unsupported(f"{name or 'a function'} WITHIN GROUP", position)


def _first_argument(function: exp.Anonymous) -> exp.Expr:
    if not function.expressions:
        raise OraError(938, "not enough arguments for function")
    argument: exp.Expr = function.expressions[0]
    return argument


def _listagg(function: exp.Anonymous, order: exp.Order | None) -> exp.Expr:
    distinct = isinstance(_first_argument(function), exp.Distinct)
    args = function.expressions[0].expressions if distinct else function.expressions
    args = list(args)
    is_cut = bool(args) and isinstance(args[-1], exp.Anonymous) and args[-1].this == _TRUNCATES
    if is_cut:
        args.pop()
    if not args:
        raise OraError(936, "missing expression")
    value = args[0]
    separator = args[1] if len(args) > 1 and not isinstance(args[1], exp.Cast) else text("")
    if distinct:
        return _distinct_listagg(value, separator, order)
    content = as_text(value)
    if order is None:
        listed = call("string_agg", content, separator, kind=Kind.TEXT)
    else:
        last = exp.Order(this=separator, expressions=order.expressions)
        listed = call("string_agg", content, last, kind=Kind.TEXT)
    finish = "ora_listed_to_truncate" if is_cut else "ora_listed"
    if isinstance(function.find_ancestor(exp.Window, exp.Select), exp.Window):
        listed.meta[_FINISH] = finish  # the window goes inside it
        return listed
    return call(finish, listed, kind=Kind.TEXT)


def _distinct_listagg(value: exp.Expr, separator: exp.Expr, order: exp.Order | None) -> exp.Expr:
    """LISTAGG(DISTINCT x): distinct values in ascending order."""
    descending = False
    if order is not None:
        if len(order.expressions) != 1 or order.expressions[0].this != value:
            raise unsupported("LISTAGG(DISTINCT x) ordered by anything but x")
        descending = bool(order.expressions[0].args.get("desc"))
    values = exp.Distinct(expressions=[value])
    key = exp.Ordered(this=value.copy(), desc=descending, nulls_first=False)
    listed = call("list", exp.Order(this=values, expressions=[key]))
    return call("ora_join_list", listed, separator, kind=Kind.TEXT)


def window(node: exp.Expr, position: int) -> exp.Expr:
    """Translate KEEP, and functions whose OVER form differs; other windows need no change."""
    function = node.this
    if node.args.get("over") == "KEEP":
        return _keep(node, position)
    if isinstance(function, exp.RespectNulls):
        node.set("this", function.this)
        function = node.this
    if isinstance(function, exp.IgnoreNulls) and isinstance(function.this, exp.Anonymous):
        inner = function.this
        *first, last = inner.expressions
        inner.set("expressions", [*first, exp.IgnoreNulls(this=last)])
        node.set("this", inner)
        return node
    if not isinstance(function, exp.Anonymous):
        return node
    _bound_in_days(node)
    if _FINISH in function.meta:
        return call(function.meta[_FINISH], node, kind=Kind.TEXT)
    name = str(function.this).upper()
    if name == "RATIO_TO_REPORT":
        return _ratio(node, function)
    if name in number_aggregates.WITH_WINDOW:
        return _numeric(node, function, name, position)
    return node


def _bound_in_days(node: exp.Expr) -> None:
    """RANGE n PRECEDING over dates: n is a number of days."""
    order, spec = node.args.get("order"), node.args.get("spec")
    if order is None or spec is None or str(spec.args.get("kind")).upper() != "RANGE":
        return
    if len(order.expressions) != 1 or kind_of(order.expressions[0].this) not in MOMENTS:
        return
    for bound in ("start", "end"):
        value = spec.args.get(bound)
        if isinstance(value, exp.Expr) and kind_of(value) is Kind.NUMBER:
            spec.set(bound, call("ora_days", as_double(value), kind=Kind.INTERVAL))


def _numeric(node: exp.Expr, function: exp.Anonymous, name: str, position: int) -> exp.Expr:
    """Translate a numeric aggregate; each of its parts gets the window."""
    least, most, rule = number_aggregates.WITH_WINDOW[name]
    check_count(function.expressions, least, most, position)
    return rule(partial(_over, node), function.expressions)


def _keep(node: exp.Expr, position: int) -> exp.Expr:
    """MIN/MAX(x) KEEP (DENSE_RANK FIRST/LAST ORDER BY y): the extreme x at the first y.

    Sorting by y and then by x (descending for MAX) puts that x first.
    """
    function = node.this
    name = str(function.this).upper() if isinstance(function, exp.Anonymous) else ""
    ranking = node.args.get("alias")
    order = node.args.get("order")
    if (
        name not in ("MIN", "MAX")
        or not isinstance(order, exp.Order)
        or not (ranking is not None and ranking.name.upper() == "DENSE_RANK")
    ):
        raise unsupported(f"{name or 'a function'} KEEP", position)
    keys = [_reversed(key, bool(node.args.get("first"))) for key in order.expressions]
    value = _first_argument(function)
    keys.append(exp.Ordered(this=value.copy(), desc=name == "MAX", nulls_first=False))
    ordered = exp.Order(this=value, expressions=keys)
    return like_one_of(call("first", ordered), [value])


def _reversed(key: exp.Expr, first: bool) -> exp.Expr:
    if first:
        return key
    return exp.Ordered(
        this=key.this, desc=not key.args.get("desc"), nulls_first=not key.args.get("nulls_first")
    )


def _over(window_node: exp.Expr | None, function: exp.Expr) -> exp.Expr:
    """Put `function` in the same window, if there is one."""
    if window_node is None:
        return function
    copied = window_node.copy()
    copied.set("this", function)
    return like_one_of(copied, [function])


def _ratio(node: exp.Expr, function: exp.Anonymous) -> exp.Expr:
    value = numbers.as_number(_first_argument(function))
    total = number_aggregates.total(partial(_over, node), [value.copy()])
    nothing = as_free(number(0)) if number_type(total) is FREE else number(0)
    known = like_one_of(call("nullif", total, nothing), [total])
    return numbers.ratio(paren(value), known)


def rewrite(node: exp.Anonymous, position: int) -> exp.Expr:
    """Translate a call without any of the clauses above."""
    special = alone(node, position)
    return special if special is not None else rewrite_call(node, position)


__all__: Sequence[str] = ("has_clause", "rewrite", "window", "within_group")
