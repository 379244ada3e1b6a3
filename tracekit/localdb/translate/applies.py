"""Translate CROSS APPLY and OUTER APPLY to lateral joins."""

from __future__ import annotations

from sqlglot import exp


def rewrite_applies(tree: exp.Expr) -> None:
    """Rewrite every APPLY, in place."""
    for lateral in list(tree.find_all(exp.Lateral)):
        crossed = lateral.args.get("cross_apply")
        join = lateral.parent
        if crossed is None or not isinstance(join, exp.Join):
            continue
        lateral.set("cross_apply", None)
        if crossed:
            join.set("kind", "CROSS")
        else:
            join.set("side", "LEFT")
            join.set("on", exp.true())
