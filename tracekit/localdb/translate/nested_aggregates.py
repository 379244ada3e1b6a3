"""Move the inner aggregates of `MAX(COUNT(*))` and similar expressions into a subquery."""

from __future__ import annotations

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.names import AGGREGATES

_VALUE = "ORA$VALUE"


def split_nested_aggregates(tree: exp.Expr) -> None:
    """Rewrite every query block with aggregates of aggregates, in place.

    Raises:
        OraError: ORA-00978 without a GROUP BY.
    """
    for select in list(tree.find_all(exp.Select)):
        outer = [call for item in select.expressions for call in _outermost(item)]
        if any(_outermost(argument) for call in outer for argument in call.iter_expressions()):
            _split(select, outer)


def _is_aggregate(node: exp.Expr) -> bool:
    return (
        isinstance(node, exp.Anonymous)
        and str(node.this).upper() in AGGREGATES
        and not isinstance(node.parent, exp.Window)
    )


def _outermost(node: exp.Expr) -> list[exp.Expr]:
    """The aggregates of a query block that are not inside another one."""
    if _is_aggregate(node):
        return [node]
    if isinstance(node, exp.Query):
        return []
    return [found for child in node.iter_expressions() for found in _outermost(child)]


def _split(select: exp.Select, outer: list[exp.Expr]) -> None:
    if select.args.get("group") is None:
        raise OraError(978, "nested group function without GROUP BY")
    values: list[exp.Expr] = []
    for call in outer:
        for argument in list(call.expressions):
            inner = argument.expressions[0] if isinstance(argument, exp.Distinct) else argument
            if isinstance(inner, exp.Star | exp.Literal):
                continue
            name = exp.to_identifier(f"{_VALUE}{len(values)}", quoted=True)
            values.append(exp.Alias(this=inner.copy(), alias=name))
            inner.replace(exp.Column(this=name.copy()))
    groups = exp.Select(expressions=values)
    for part in ("from_", "joins", "where", "group", "having"):
        groups.set(part, select.args.get(part))
        select.set(part, None)
    alias = exp.TableAlias(this=exp.to_identifier("ORA$GROUPS", quoted=True))
    select.set("from_", exp.From(this=exp.Subquery(this=groups, alias=alias)))
