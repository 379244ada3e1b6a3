"""Translate joins written with (+) to LEFT JOIN."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported

Position = Callable[[exp.Expr], int]


def rewrite_outer_joins(tree: exp.Expr, position: Position) -> None:
    """Rewrite every query block of `tree` that uses (+), in place.

    Raises:
        OraError: a use of (+) that Oracle refuses too (ORA-01468, ORA-01719, ORA-25156), or one
            whose table is unknown without the schema (ORA-03001).
    """
    for select in list(tree.find_all(exp.Select)):
        marked = [column for column in select.find_all(exp.Column) if column.args.get("join_mark")]
        own = [column for column in marked if column.find_ancestor(exp.Select) is select]
        if own:
            _rewrite(select, position)


def _rewrite(select: exp.Select, position: Position) -> None:
    sources = _sources(select, position)
    where = select.args.get("where")
    assert where is not None, "(+) stands in WHERE"
    kept: list[exp.Expr] = []
    conditions: dict[str, list[exp.Expr]] = {}
    needs: dict[str, set[str]] = {}
    condition = where.this
    for conjunct in list(condition.flatten()) if isinstance(condition, exp.And) else [condition]:
        optional = _optional_table(conjunct, sources, position)
        if optional is None:
            kept.append(conjunct)
            continue
        tables = {column.table.upper() for column in conjunct.find_all(exp.Column)}
        conditions.setdefault(optional, []).append(conjunct)
        needs.setdefault(optional, set()).update(tables & sources.keys() - {optional})
    for column in select.find_all(exp.Column):
        column.set("join_mark", None)
    _rebuild(select, sources, conditions, needs)
    select.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)


def _sources(select: exp.Select, position: Position) -> dict[str, exp.Expr]:
    """The tables of FROM by upper-case alias, in order."""
    source = select.args.get("from_")
    tables: list[exp.Expr] = [source.this] if source is not None else []
    for join in select.args.get("joins") or ():
        if any(join.args.get(name) for name in ("on", "using", "side", "kind", "method")):
            raise OraError(
                25156,
                "old style outer join (+) cannot be used with ANSI joins",
                position=position(join),
            )
        tables.append(join.this)
    return {table.alias_or_name.upper(): table for table in tables}


def _optional_table(
    conjunct: exp.Expr, sources: dict[str, exp.Expr], position: Position
) -> str | None:
    """The optional table of a condition; None if it has no (+)."""
    marked = [column for column in conjunct.find_all(exp.Column) if column.args.get("join_mark")]
    if not marked:
        return None
    if conjunct.find(exp.Or, exp.In) and not isinstance(conjunct, exp.In):
        raise OraError(
            1719,
            "outer join operator (+) not allowed in operand of OR or IN",
            position=position(conjunct),
        )
    if any(not column.table for column in conjunct.find_all(exp.Column)):
        raise unsupported("(+) with a column without its table's name", position(conjunct))
    tables = {column.table.upper() for column in marked}
    if len(tables) > 1:
        raise OraError(
            1468,
            "a predicate may reference only one outer-joined table",
            position=position(conjunct),
        )
    table = tables.pop()
    if table not in sources:
        raise unsupported("(+) on a table of an outer query", position(conjunct))
    return table


def _rebuild(
    select: exp.Select,
    sources: dict[str, exp.Expr],
    conditions: dict[str, list[exp.Expr]],
    needs: dict[str, set[str]],
) -> None:
    """Build FROM with the required tables first, and each optional one after those it needs."""
    required = [name for name in sources if name not in conditions]
    if not required:
        raise OraError(1416, "two tables cannot be outer-joined to each other")
    placed = set(required)
    joins = [exp.Join(this=sources[name], kind="CROSS") for name in required[1:]]
    waiting = [name for name in sources if name in conditions]
    while waiting:
        ready = next((name for name in waiting if needs[name] <= placed), None)
        if ready is None:
            raise OraError(1416, "two tables cannot be outer-joined to each other")
        waiting.remove(ready)
        placed.add(ready)
        on = exp.and_(*conditions[ready], copy=False)
        joins.append(exp.Join(this=sources[ready], side="LEFT", on=on))
    select.set("from_", exp.From(this=sources[required[0]]))
    select.set("joins", joins)
