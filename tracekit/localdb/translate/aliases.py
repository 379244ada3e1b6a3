"""Where Oracle does not see the aliases of a query's outputs, but DuckDB does."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.scopes import Scopes


def qualify(column: exp.Column, scopes: Scopes) -> None:
    """Name the table of a column of GROUP BY, HAVING or ORDER BY whose name is an alias, too."""
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


def refuse_in_groups(select: exp.Expr, scopes: Scopes, position: Callable[[exp.Expr], int]) -> None:
    """Refuse a name in WHERE, GROUP BY or HAVING that only an alias has.

    Raises:
        OraError: ORA-00904.
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


def _aliases(select: exp.Select) -> set[str]:
    return {folded(one.args["alias"]) for one in select.expressions if isinstance(one, exp.Alias)}
