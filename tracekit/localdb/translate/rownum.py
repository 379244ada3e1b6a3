"""ROWNUM: rows are numbered after WHERE, before ORDER BY and GROUP BY."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tracekit.localdb.translate.build import call, isolate, number, unsupported

_NUMBER = "ORA$ROWNUM"
_ROWS = "ORA$ROWS"
_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
}


def is_rownum(node: exp.Expr | None) -> bool:
    """Whether `node` is the pseudo-column ROWNUM."""
    return (
        isinstance(node, exp.Column)
        and node.args.get("table") is None
        and isinstance(node.this, exp.Identifier)
        and not node.this.quoted
        and node.name.upper() == "ROWNUM"
    )


def rewrite_rownum(tree: exp.Expr) -> None:
    """Replace ROWNUM conditions with limits, and ROWNUM columns with row numbers.

    Raises:
        OraError: ORA-03001 if ROWNUM is used where it cannot be translated.
    """
    for node in list(tree.find_all(exp.Select, exp.Delete, exp.Update)):
        if not any(is_rownum(column) for column in _own_columns(node)):
            continue
        limit = _take_limit(node)
        if isinstance(node, exp.Select):
            _limit_select(node, limit)
        elif limit is not None:
            _limit_change(node, limit)
        if any(is_rownum(column) for column in _own_columns(node)):
            raise unsupported("ROWNUM other than as a column or as ROWNUM <= n")


def _own_columns(query: exp.Expr) -> list[exp.Column]:
    """The columns of `query` that do not belong to a nested query."""
    found: list[exp.Column] = []
    pending = list(query.iter_expressions())
    while pending:
        node = pending.pop()
        if isinstance(node, exp.Query):
            continue
        if isinstance(node, exp.Column):
            found.append(node)
        pending.extend(node.iter_expressions())
    return found


def _take_limit(query: exp.Expr) -> exp.Expr | None:
    """Remove ROWNUM conditions from WHERE, and return the limit they set as an expression."""
    where = query.args.get("where")
    if where is None:
        return None
    condition = where.this
    conjuncts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    limits: list[exp.Expr] = []
    kept: list[exp.Expr] = []
    for conjunct in conjuncts:
        if _always_holds(conjunct):
            continue
        limit = _limit_of(conjunct)
        if limit is None:
            kept.append(conjunct)
        else:
            limits.append(limit)
    query.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)
    if not limits:
        return None
    if len(limits) == 1:
        return limits[0]
    return call("least", *limits)


def _always_holds(condition: exp.Expr) -> bool:
    """Whether every row meets the condition, as in ROWNUM >= 1."""
    if isinstance(condition, exp.Paren):
        return _always_holds(condition.this)
    if not isinstance(condition, exp.Binary) or type(condition) not in _FLIPPED:
        return False
    operator: type[exp.Expr] = type(condition)
    left, right = condition.this, condition.expression
    if is_rownum(right):
        left, right, operator = right, left, _FLIPPED[operator]
    if not (is_rownum(left) and _is_number(right)):
        return False
    bound = float(right.this)
    return (
        (operator is exp.GT and bound < 1)
        or (operator is exp.GTE and bound <= 1)
        or (operator is exp.NEQ and (bound < 1 or not bound.is_integer()))
    )


def _limit_of(condition: exp.Expr) -> exp.Expr | None:
    """The limit that a condition sets: after the first number it refuses, no row can follow."""
    if isinstance(condition, exp.Paren):
        return _limit_of(condition.this)
    if isinstance(condition, exp.In) and is_rownum(condition.this):
        return _limit_of_list(condition.expressions)
    if isinstance(condition, exp.Between) and is_rownum(condition.this):
        if _is_one(condition.args["low"]):
            return _row_count(condition.args["high"], inclusive=True)
        return number(0)
    operator = type(condition)
    if operator not in _FLIPPED:
        return None
    left, right = condition.this, condition.expression
    if is_rownum(right):
        left, right, operator = right, left, _FLIPPED[operator]
    if not is_rownum(left):
        return None
    if operator in (exp.LT, exp.LTE):
        return _row_count(right, inclusive=operator is exp.LTE)
    if not _is_number(right):
        return None
    if operator is exp.EQ:
        return number(1 if _is_one(right) else 0)
    if operator is exp.NEQ:
        return number(int(float(right.this)) - 1)
    return number(0)


def _limit_of_list(values: list[exp.Expr]) -> exp.Expr | None:
    if not values or not all(_is_number(value) for value in values):
        return None
    listed = {float(value.this) for value in values}
    first_missing = next(n for n in range(1, len(values) + 2) if n not in listed)
    return number(first_missing - 1)


def _is_number(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string


def _is_one(node: exp.Expr) -> bool:
    return _is_number(node) and float(node.this) == 1


def _row_count(bound: exp.Expr, *, inclusive: bool) -> exp.Expr:
    if _is_number(bound) and str(bound.this).isdigit():
        return number(max(0, int(bound.this) - (0 if inclusive else 1)))
    return call("ora_rows_to" if inclusive else "ora_rows_below", bound)


def _limit_select(select: exp.Select, limit: exp.Expr | None) -> None:
    numbered = [column for column in _own_columns(select) if is_rownum(column)]
    grouped = bool(
        select.args.get("group") or select.args.get("distinct") or select.args.get("having")
    ) or has_aggregate(select)
    windowed = any(isinstance(node, exp.Window) for node in _own_nodes(select))
    if grouped or (windowed and (limit is not None or numbered)):
        _limit_source(select, limit, numbered)
        return
    for column in numbered:
        if column.find_ancestor(exp.Where, exp.Order, exp.Join):
            raise unsupported("ROWNUM other than as a column or as ROWNUM <= n")
        column.replace(_row_number())
    if limit is None:
        return
    if any(select.args.get(name) for name in ("order", "limit", "offset")):
        select.set("qualify", exp.Qualify(this=exp.LTE(this=_row_number(), expression=limit)))
    else:
        select.set("limit", exp.Limit(expression=limit))
        isolate(select)


def _row_number() -> exp.Expr:
    return exp.Window(this=call("row_number"), over="OVER")


_AGGREGATES = {"COUNT", "SUM", "AVG", "MIN", "MAX", "LISTAGG", "MEDIAN", "STDDEV", "VARIANCE"}


def _own_nodes(query: exp.Expr) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    pending = list(query.iter_expressions())
    while pending:
        node = pending.pop()
        if isinstance(node, exp.Query):
            continue
        found.append(node)
        pending.extend(node.iter_expressions())
    return found


def has_aggregate(select: exp.Select) -> bool:
    """Whether the query block aggregates its rows."""
    return any(
        isinstance(node, exp.Anonymous)
        and str(node.this).upper() in _AGGREGATES
        and not isinstance(node.parent, exp.Window)
        for node in _own_nodes(select)
    )


def _limit_source(
    select: exp.Select, limit: exp.Expr | None, numbered: Sequence[exp.Column]
) -> None:
    """Move FROM and WHERE into an inner query that limits and numbers the rows of one table."""
    if limit is None and not numbered:
        return
    source = select.args.get("from_")
    if source is None or select.args.get("joins"):
        raise unsupported("ROWNUM in a query of several tables with groups or windows")
    if any(column.find_ancestor(exp.Where) for column in numbered):
        raise unsupported("ROWNUM other than as a column or as ROWNUM <= n")
    if numbered and any(isinstance(item, exp.Star) for item in select.expressions):
        raise unsupported("ROWNUM beside * in a query with groups or windows")
    table = source.this
    alias = table.args.get("alias") or exp.TableAlias(
        this=exp.to_identifier(table.alias_or_name or _ROWS)
    )
    name = exp.to_identifier(_NUMBER, quoted=True)
    inner = exp.Select(
        expressions=[
            exp.Star(),
            *([exp.Alias(this=_row_number(), alias=name)] if numbered else []),
        ],
        from_=exp.From(this=table),
        where=select.args.get("where"),
        limit=exp.Limit(expression=limit) if limit is not None else None,
    )
    for column in numbered:
        column.replace(exp.Column(this=name.copy()))
    select.set("where", None)
    select.set("from_", exp.From(this=exp.Subquery(this=inner, alias=alias.copy())))


def _limit_change(change: exp.Expr, limit: exp.Expr) -> None:
    """UPDATE or DELETE of the first n rows, with DuckDB's row identifiers."""
    table = change.args.get("this")
    if not isinstance(table, exp.Table):
        raise unsupported("ROWNUM in this DELETE or UPDATE")
    row_id = exp.Column(this=exp.to_identifier("ROWID", quoted=True))
    inner = exp.Select(
        expressions=[row_id],
        from_=exp.From(this=table.copy()),
        where=change.args.get("where"),
        limit=exp.Limit(expression=limit),
    )
    chosen = exp.In(this=row_id.copy(), query=exp.Subquery(this=inner))
    change.set("where", exp.Where(this=chosen))
