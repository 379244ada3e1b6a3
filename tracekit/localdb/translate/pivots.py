"""Translate PIVOT and UNPIVOT to plain queries.

PIVOT becomes `SELECT * EXCLUDE (...), agg(CASE WHEN key = value THEN argument END) ... GROUP BY
ALL`; UNPIVOT a UNION ALL with a branch for every column.
"""

from __future__ import annotations

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.stored_names import shown_name, stored_name
from tracekit.localdb.translate.build import case, text, unsupported
from tracekit.localdb.translate.names import folded

_UNNAMED = "ORA$PIVOT"
_AGGREGATES = {"SUM", "MIN", "MAX", "AVG", "COUNT", "MEDIAN", "STDDEV", "VARIANCE"}


def rewrite_pivots(tree: exp.Expr) -> None:
    """Replace every PIVOT and UNPIVOT with a query, in place.

    Raises:
        OraError: ORA-03001 for a form that cannot be translated.
    """
    for pivot in list(tree.find_all(exp.Pivot)):
        source = pivot.parent
        if source is None or len(source.args.get("pivots") or ()) != 1:
            raise unsupported("more than one PIVOT of a source")
        plain = source.copy()
        plain.set("pivots", None)
        plain.set("joins", None)
        query = _unpivoted(pivot, plain) if pivot.args.get("unpivot") else _pivoted(pivot, plain)
        alias = pivot.args.get("alias")
        name = alias.this.copy() if alias is not None else exp.to_identifier(_UNNAMED)
        source.replace(
            exp.Subquery(
                this=query, alias=exp.TableAlias(this=name), joins=source.args.get("joins")
            )
        )


def _field(pivot: exp.Expr) -> exp.In:
    """The `column IN (...)` of the FOR clause."""
    fields = pivot.args.get("fields") or []
    if len(fields) != 1 or not isinstance(fields[0], exp.In) or fields[0].args.get("query"):
        raise unsupported("PIVOT FOR several columns or a subquery")
    return fields[0]


def _pivoted(pivot: exp.Expr, source: exp.Expr) -> exp.Expr:
    field = _field(pivot)
    key = field.this
    if not isinstance(key, exp.Column):
        raise unsupported("PIVOT FOR several columns")
    used = {folded(column.this) for column in pivot.find_all(exp.Column)}
    columns: list[exp.Expr] = []
    for item in field.expressions:
        value, label = _labelled(item)
        for written in pivot.expressions:
            aggregate = written.this if isinstance(written, exp.Alias) else written
            name = label
            if isinstance(written, exp.Alias):
                name = f"{label}_{folded(written.args['alias'])}"
            condition = exp.EQ(this=key.copy(), expression=value.copy())
            identifier = exp.to_identifier(name, quoted=True)
            columns.append(exp.Alias(this=_filtered(aggregate, condition), alias=identifier))
    others = exp.Star(except_=[exp.to_identifier(name, quoted=True) for name in sorted(used)])
    return exp.Select(
        expressions=[others, *columns], from_=exp.From(this=source), group=exp.Group(all=True)
    )


def _filtered(aggregate: exp.Expr, condition: exp.Expr) -> exp.Expr:
    """Aggregate only the rows for which `condition` holds."""
    name = str(aggregate.this).upper() if isinstance(aggregate, exp.Anonymous) else ""
    if name not in _AGGREGATES or len(aggregate.expressions) != 1:
        raise unsupported(f"PIVOT ({name or 'an expression'} ...)")
    argument = aggregate.expressions[0]
    distinct = isinstance(argument, exp.Distinct)
    inner = argument.expressions[0] if distinct else argument
    counted = exp.Literal.number(1) if isinstance(inner, exp.Star) else inner.copy()
    chosen: exp.Expr = case((condition, counted))
    if distinct:
        chosen = exp.Distinct(expressions=[chosen])
    return exp.Anonymous(this=name, expressions=[chosen])


def _labelled(item: exp.Expr) -> tuple[exp.Expr, str]:
    """A value of the IN list and its column's name: the alias, or the value as written."""
    if isinstance(item, exp.PivotAlias | exp.Alias):
        alias = item.args["alias"]
        named = isinstance(alias, exp.Identifier)
        return item.this, folded(alias) if named else stored_name(str(alias.this))
    return item, stored_name(item.sql(dialect="oracle"))


def _unpivoted(pivot: exp.Expr, source: exp.Expr) -> exp.Expr:
    field = _field(pivot)
    if len(pivot.expressions) != 1 or not isinstance(pivot.expressions[0], exp.Identifier):
        raise unsupported("UNPIVOT into several columns")
    listed: list[tuple[exp.Expr, exp.Expr]] = []
    for item in field.expressions:
        aliased = isinstance(item, exp.PivotAlias | exp.Alias)
        column = item.this if aliased else item
        if not isinstance(column, exp.Column):
            raise unsupported("UNPIVOT of several columns together")
        label = item.args["alias"] if aliased else text(shown_name(folded(column.this)))
        if not isinstance(label, exp.Literal):
            raise OraError(56901, "non-constant expression is not allowed for pivot|unpivot values")
        listed.append((column, label))
    excluded = [exp.to_identifier(folded(c.this), quoted=True) for c, _ in listed]
    branches: list[exp.Select] = []
    for column, label in listed:
        key = exp.Alias(this=label.copy(), alias=_identifier(field.this))
        value = exp.Alias(this=column.copy(), alias=_identifier(pivot.expressions[0]))
        branch = exp.Select(
            expressions=[exp.Star(except_=[one.copy() for one in excluded]), key, value],
            from_=exp.From(this=source.copy()),
        )
        if not pivot.args.get("include_nulls"):
            present = exp.Not(this=exp.Is(this=column.copy(), expression=exp.Null()))
            branch.set("where", exp.Where(this=present))
        branches.append(branch)
    query: exp.Expr = branches[0]
    for branch in branches[1:]:
        query = exp.Union(this=query, expression=branch, distinct=False)
    return query


def _identifier(node: exp.Expr) -> exp.Identifier:
    inner = node.this if isinstance(node, exp.Column) else node
    return exp.to_identifier(folded(inner), quoted=True)
