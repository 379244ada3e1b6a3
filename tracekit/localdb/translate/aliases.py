"""Clauses in which DuckDB sees the aliases of a query's outputs, but Oracle does not."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.scopes import Scopes


def qualify(column: exp.Column, scopes: Scopes) -> None:
    """Qualify a column in GROUP BY, HAVING or ORDER BY that has the same name as an alias."""
    select = column.find_ancestor(exp.Select)
    if select is None or column.args.get("table") is not None:
        return
    clause = column.find_ancestor(exp.Group, exp.Having, exp.Ordered)
    if clause is None or (isinstance(clause, exp.Ordered) and column.parent is clause):
        return
    name = folded(column.this)
    if name not in _aliases(select):
        return
    owners = [source for source, known in scopes.sources(select).items() if name in known]
    if len(owners) == 1 and owners[0]:
        column.set("table", exp.to_identifier(owners[0], quoted=True))


def refuse_qualified_common(column: exp.Column) -> None:
    """Refuse a table name before a column of USING.

    Raises:
        OraError: ORA-25154 if there is one.
    """
    select = column.find_ancestor(exp.Select)
    if column.args.get("table") is None or select is None:
        return
    for join in select.args.get("joins") or ():
        common = {folded(one) for one in join.args.get("using") or ()}
        if folded(column.this) in common and _reads(select, folded(column.args["table"])):
            raise OraError(25154, "column part of USING clause cannot have qualifier")


def _reads(select: exp.Select, name: str) -> bool:
    """Whether the query block itself reads the table `name`."""
    tables = [join.this for join in select.args.get("joins") or ()]
    tables += [select.args["from_"].this] if select.args.get("from_") is not None else []
    return name in {table.alias_or_name.upper() for table in tables}


def refuse_in_groups(select: exp.Expr, scopes: Scopes, position: Callable[[exp.Expr], int]) -> None:
    """Refuse a name in WHERE, GROUP BY or HAVING that is only an alias.

    Raises:
        OraError: ORA-00904 if there is one.
    """
    if not isinstance(select, exp.Select):
        return
    sources = scopes.sources(select)
    if not sources or not all(sources.values()):
        return
    names = _aliases(select)
    for clause in (select.args.get(name) for name in ("where", "group", "having")):
        for column in clause.find_all(exp.Column) if clause is not None else ():
            name = folded(column.this)
            if (
                name in names
                and column.args.get("table") is None
                and column.find_ancestor(exp.Select) is select
                and not any(name in known for known in sources.values())
                and not name.startswith("ORA$")
            ):
                raise OraError(904, f'"{name}": invalid identifier', position=position(column))


def refuse_unselected_order(select: exp.Expr) -> None:
    """Refuse SELECT DISTINCT ordered by an expression that it does not select.

    Raises:
        OraError: ORA-01791 if there is one.
    """
    order = select.args.get("order")
    if not isinstance(select, exp.Select) or order is None or not select.args.get("distinct"):
        return
    if any(item.find(exp.Star) for item in select.expressions):
        return
    values = [item.unalias() for item in select.expressions]
    names = _aliases(select) | {
        folded(value.this) for value in values if isinstance(value, exp.Column)
    }
    for ordered in order.expressions:
        key = ordered.this
        if key in values or isinstance(key, exp.Literal):
            continue
        if any(folded(column.this) not in names for column in key.find_all(exp.Column)):
            raise OraError(1791, "not a SELECTed expression")


def _aliases(select: exp.Select) -> set[str]:
    return {folded(one.args["alias"]) for one in select.expressions if isinstance(one, exp.Alias)}
