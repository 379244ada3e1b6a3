"""Expand comparisons with ANY, SOME or ALL of a list of expressions."""

from __future__ import annotations

from sqlglot import exp

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def write_out_lists(tree: exp.Expr) -> None:
    """Rewrite `x > ANY (1, 2)` as `(x > 1 OR x > 2)`, and ALL the same with AND, in place."""
    for node in list(tree.find_all(*_COMPARISONS)):
        quantifier, values = _list(node.expression)
        if not values or isinstance(node.parent, exp.Update):
            continue
        alternatives = [
            type(node)(this=node.this.copy(), expression=value.copy()) for value in values
        ]
        joined = exp.and_ if quantifier == "ALL" else exp.or_
        node.replace(exp.Paren(this=joined(*alternatives, copy=False)))


def _list(node: exp.Expr) -> tuple[str, list[exp.Expr]]:
    """The quantifier and its expressions; empty if it applies to a query, or there is none."""
    if isinstance(node, exp.Anonymous) and str(node.this).upper() in ("ALL", "SOME", "ANY"):
        return str(node.this).upper(), node.expressions
    if isinstance(node, exp.Any | exp.All):
        inner = node.this
        values = inner.expressions if isinstance(inner, exp.Tuple) else [inner.unnest()]
        if not isinstance(inner, exp.Tuple | exp.Paren) or isinstance(values[0], exp.Query):
            return "", []
        return ("ALL" if isinstance(node, exp.All) else "ANY"), values
    return "", []
