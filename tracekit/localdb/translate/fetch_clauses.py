"""Translate FETCH FIRST n PERCENT and WITH TIES, which DuckDB lacks, to window functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.lexer import Token

Position = Callable[[exp.Expr], int]
_PERCENT = 100


def rewrite_fetches(tree: exp.Expr, position: Position) -> None:
    """Rewrite every PERCENT and WITH TIES, in place.

    Raises:
        OraError: ORA-03001 if the query is not a plain query block.
    """
    for fetch in list(tree.find_all(exp.Fetch)):
        options = fetch.args.get("limit_options")
        if options is None or not (options.args.get("percent") or options.args.get("with_ties")):
            continue
        select = fetch.parent
        if not isinstance(select, exp.Select) or select.args.get("distinct"):
            raise unsupported("FETCH with PERCENT or TIES of this query", position(fetch))
        _condition(select, fetch, options)


def _condition(select: exp.Select, fetch: exp.Expr, options: exp.Expr) -> None:
    offset = select.args.get("offset")
    skipped = offset.expression if offset is not None else exp.Literal.number(0)
    most: exp.Expr = fetch.args.get("count") or exp.Literal.number(1)
    if options.args.get("percent"):
        rows = exp.Window(this=exp.Anonymous(this="COUNT", expressions=[exp.Star()]))
        share = exp.Mul(this=rows, expression=exp.Paren(this=most.copy()))
        most = exp.Div(this=share, expression=exp.Literal.number(_PERCENT))
    last = exp.Add(this=exp.Paren(this=skipped.copy()), expression=exp.Paren(this=most.copy()))
    beyond = exp.Add(this=last, expression=exp.Literal.number(1))  # a fraction is a whole row
    ranked: exp.Expr = _row_number()
    if options.args.get("with_ties") and select.args.get("order") is not None:
        ranked = exp.Anonymous(this="RANK")
    conditions: list[exp.Expr] = [exp.LT(this=_over(ranked, select), expression=beyond)]
    if offset is not None:
        numbered = _over(_row_number(), select)
        conditions.append(exp.GT(this=numbered, expression=exp.Paren(this=skipped.copy())))
    select.set("limit", None)
    select.set("offset", None)
    select.set("qualify", exp.Qualify(this=exp.and_(*conditions)))


def _row_number() -> exp.Expr:
    return exp.Anonymous(this="ROW_NUMBER")


def _over(function: exp.Expr, select: exp.Select) -> exp.Expr:
    """The function over the rows in the query's order."""
    ordered = select.args.get("order")
    if ordered is None:
        return exp.Window(this=function)
    order = ordered.copy()
    for item in order.expressions:
        if isinstance(item.this, exp.Literal) and not item.this.is_string:  # by its position
            chosen = select.expressions[int(item.this.this) - 1]
            item.set("this", chosen.unalias().copy())
    return exp.Window(this=function, order=order)


def row_expressions(tokens: Sequence[Token]) -> tuple[set[int], set[int]]:
    """The opening and closing parentheses that the parser needs around OFFSET and FETCH numbers."""
    opened, closed = set(), set()
    for index, token in enumerate(tokens[:-1]):
        first = index + 1
        if token.is_word("FETCH") and tokens[first].is_word("FIRST", "NEXT"):
            first += 1
        elif not token.is_word("OFFSET"):
            continue
        end = first
        while end < len(tokens) and not tokens[end].is_word("ROW", "ROWS", "PERCENT"):
            end += 1
        if end < len(tokens) and end - first > 1 and not tokens[first].is_word("ROW", "ROWS"):
            opened.add(first)
            closed.add(end - 1)
    return opened, closed
