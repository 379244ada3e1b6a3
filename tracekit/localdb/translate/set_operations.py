"""UNION, INTERSECT and MINUS: convert the branches' outputs to common types."""

from __future__ import annotations

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.column_types import Output, column_type, mark_with
from tracekit.localdb.translate.kinds import Kind, has_precision, kind_of
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.number_types import (
    FREE,
    Exact,
    NumberType,
    as_form,
    common,
    number_type,
)
from tracekit.localdb.translate.scopes import Scopes
from tracekit.localdb.translate.types import DeclaredType

_CONVERTED_APART = ({Kind.TEXT, Kind.NUMBER}, {Kind.TEXT, Kind.DATE}, {Kind.NUMBER, Kind.DATE})


def unify(node: exp.SetOperation, scopes: Scopes) -> None:
    """Give the outputs of all branches the same kinds and forms, in place.

    Raises:
        OraError: ORA-01790 if two are of different kinds.
    """
    branches = _branches(node)
    lists = [items(branch, scopes) for branch in branches]
    if len({len(one) for one in lists}) != 1:
        return  # DuckDB reports the different counts
    for position in range(len(lists[0])):
        column = [one[position] for one in lists]
        kinds = {kind_of(item) for item in column} - {Kind.NULL, Kind.UNKNOWN}
        if any(kinds == apart for apart in _CONVERTED_APART):
            raise OraError(1790, "expression must have same datatype as corresponding expression")
        if kinds == {Kind.NUMBER}:
            _unify_numbers(branches, position, column)


def _unify_numbers(branches: list[exp.Select], position: int, column: list[exp.Expr]) -> None:
    forms = [number_type(item) for item in column if kind_of(item) is not Kind.NULL]
    form = common(forms)
    if form is None or (len(forms) == len(column) and set(forms) == {form}):
        return
    for branch in branches:
        convert_output(branch, position, form)


def _branches(node: exp.Expr) -> list[exp.Select]:
    if isinstance(node, exp.SetOperation):
        return _branches(node.this) + _branches(node.expression)
    inner = node.unnest() if isinstance(node, exp.Subquery) else node
    if isinstance(inner, exp.SetOperation):
        return _branches(inner)
    return [inner] if isinstance(inner, exp.Select) else []


def items(select: exp.Select, scopes: Scopes) -> list[exp.Expr]:
    """The outputs of a query; `*` is expanded if its columns are known."""
    if any(_is_star(item) for item in select.expressions):
        _expand_stars(select, scopes)
    return list(select.expressions)


def _is_star(item: exp.Expr) -> bool:
    return isinstance(item, exp.Star) or (
        isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
    )


def _expand_stars(select: exp.Select, scopes: Scopes) -> None:
    sources = scopes.sources(select)
    joins = select.args.get("joins") or ()
    if any(None in columns.values() for columns in sources.values()):
        raise OraError(918, "column ambiguously defined")
    if not all(sources.values()) or any(
        join.args.get("using") or join.args.get("method") for join in joins
    ):
        return
    written: list[exp.Expr] = []
    for item in select.expressions:
        if not _is_star(item):
            written.append(item)
            continue
        star = item if isinstance(item, exp.Star) else item.this
        hidden = {folded(one) for one in star.args.get("except_") or ()}
        table = item.args.get("table") if isinstance(item, exp.Column) else None
        for source, columns in sources.items():
            if table is None or source == folded(table):
                written += [
                    mark_with(exp.column(name, table=source or None, quoted=True), found)
                    for name, found in columns.items()
                    if found is not None and name not in hidden
                ]
    select.set("expressions", written)


def expand_common(select: exp.Select, scopes: Scopes) -> bool:
    """Write out `*` over USING or NATURAL joins, with the common columns first, in place.

    Returns:
        Whether the columns of all sources are known.
    """
    sources = scopes.sources(select)
    joins = select.args.get("joins") or ()
    if len(sources) != len(joins) + 1 or not all(sources.values()):
        return False
    (first, columns), *others = sources.items()
    listed: list[tuple[str | None, str, Output | None]] = [(first, *one) for one in columns.items()]
    for join, (alias, columns) in zip(joins, others, strict=True):
        using = {folded(one) for one in join.args.get("using") or ()}
        if join.args.get("method"):
            using = {name for _, name, _ in listed} & columns.keys()
        shared = [(None, name, known) for _, name, known in listed if name in using]
        rest = [one for one in listed if one[1] not in using]
        added = [(alias, *one) for one in columns.items() if one[0] not in using]
        listed = [*shared, *rest, *added]
    written: list[exp.Expr] = []
    for owner, name, known in listed:
        if known is None:
            raise OraError(918, "column ambiguously defined")
        written.append(mark_with(exp.column(name, table=owner, quoted=True), known))
    select.set("expressions", written)
    return True


def convert_output(select: exp.Select, position: int, form: NumberType) -> None:
    """Convert one output of a query to another form, in place."""
    item = select.expressions[position]
    inner = item.this if isinstance(item, exp.Alias) else item
    if number_type(inner) == form:
        return
    changed = as_form(inner, form)
    name = item.args["alias"] if isinstance(item, exp.Alias) else item.this
    written = list(select.expressions)
    written[position] = (
        exp.Alias(this=changed, alias=name.copy()) if isinstance(name, exp.Identifier) else changed
    )
    select.set("expressions", written)


_COMPUTED = DeclaredType("NUMBER")
"""What a view's computed number counts as, though DuckDB knows its digits."""


def is_anchor(select: exp.Expr) -> bool:
    """Whether it is the first branch of a recursive WITH."""
    union, definition = select.parent, select.parent.parent if select.parent else None
    if not isinstance(union, exp.SetOperation) or select.arg_key != "this":
        return False
    return isinstance(definition, exp.CTE) and any(
        folded(table.this) == folded(definition.args["alias"].this)
        for table in union.expression.find_all(exp.Table)
    )


def free_outputs(query: exp.Expr) -> None:
    """Convert every computed number to FREE: the table or recursion made from it can hold any."""
    if isinstance(query, exp.SetOperation):
        free_outputs(query.this)
        free_outputs(query.expression)
    if not isinstance(query, exp.Select):
        return
    for position, item in enumerate(query.expressions):
        inner = item.this if isinstance(item, exp.Alias) else item
        known = column_type(inner)
        is_own = known is not None and known.declared != _COMPUTED
        named = is_own or item.alias.startswith("ORA$")
        free = isinstance(number_type(inner), Exact) or (
            number_type(inner) is None and kind_of(inner) is Kind.NUMBER
        )
        if not named and free and not has_precision(inner):
            convert_output(query, position, FREE)
