"""What INSERT, UPDATE and MERGE assign, converted to the types of the columns it goes into."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.scopes import Columns, ColumnType, Scopes
from tracekit.localdb.translate.types import ZONED_TYPE, DeclaredType
from tracekit.localdb.translate.zones import as_declared

_BY_STORED_TYPE = {
    "TIMESTAMP_S": DeclaredType("DATE"),
    "TIMESTAMP": DeclaredType("TIMESTAMP", scale=6),
    "TIMESTAMP_NS": DeclaredType("TIMESTAMP", scale=9),
    "TIMESTAMP WITH TIME ZONE": DeclaredType("TIMESTAMP WITH LOCAL TIME ZONE", scale=6),
    ZONED_TYPE: DeclaredType("TIMESTAMP WITH TIME ZONE", scale=6),
}
"""What the columns of a DuckDB file count as, which no Oracle DDL declared."""
_SOURCE = "ORA$ASSIGNED"


def convert_assignments(tree: exp.Expr, scopes: Scopes) -> None:
    """Convert dates and timestamps to the columns' types, in place; `tree` is rewritten."""
    columns = scopes.target(tree) if isinstance(tree, exp.Insert | exp.Update | exp.Merge) else {}
    if not any(_wanted(column) for column in columns.values()):
        return
    if isinstance(tree, exp.Insert):
        _convert_insert(tree, columns)
    elif isinstance(tree, exp.Update):
        _convert_update(tree, columns)
    else:
        for when in tree.find_all(exp.When):
            then = when.args.get("then")
            if isinstance(then, exp.Update):
                _convert_update(then, columns)
            elif isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
                listed = then.this.expressions if isinstance(then.this, exp.Tuple) else ()
                names = [folded(column.this) for column in listed] or list(columns)
                _convert_values(then.expression, names, columns)


def _wanted(column: ColumnType | None) -> DeclaredType | None:
    """The type of date or timestamp that a column is of."""
    if column is None:
        return None
    stated = column.declared
    if stated is not None and (stated.name == "DATE" or stated.name.startswith("TIMESTAMP")):
        return stated
    return _BY_STORED_TYPE.get(column.stored)


def _convert_update(update: exp.Expr, columns: Columns) -> None:
    for assignment in update.expressions:
        wanted = _wanted(columns.get(folded(assignment.this.this)))
        if wanted is not None and isinstance(assignment.this, exp.Column):
            assignment.set("expression", _converted(assignment.expression, wanted))


def _convert_insert(insert: exp.Insert, columns: Columns) -> None:
    listed = insert.this.expressions if isinstance(insert.this, exp.Schema) else ()
    names = [folded(one) for one in listed] or list(columns)
    source = insert.expression
    if isinstance(source, exp.Values):
        for row in source.expressions:
            _convert_values(row, names, columns)
    elif isinstance(source, exp.Query) and any(_wanted(columns.get(name)) for name in names):
        insert.set("expression", _converted_query(source, names, columns))


def _converted_query(query: exp.Query, names: Sequence[str], columns: Columns) -> exp.Expr:
    aliases = [exp.to_identifier(f"C{number}", quoted=True) for number in range(len(names))]
    alias = exp.TableAlias(this=exp.to_identifier(_SOURCE, quoted=True), columns=aliases)
    items: list[exp.Expr] = []
    for identifier, name in zip(aliases, names, strict=True):
        column = exp.Column(this=identifier.copy())
        wanted = _wanted(columns.get(name))
        items.append(column if wanted is None else _converted(column, wanted))
    source = exp.From(this=exp.Subquery(this=query.copy(), alias=alias))
    return exp.Select(expressions=items, from_=source)


def _convert_values(row: exp.Expr, names: Sequence[str], columns: Columns) -> None:
    if len(row.expressions) == len(names):
        values = [
            value if wanted is None else _converted(value, wanted)
            for value, wanted in zip(
                row.expressions, (_wanted(columns.get(name)) for name in names), strict=True
            )
        ]
        row.set("expressions", values)


def _converted(value: exp.Expr, wanted: DeclaredType) -> exp.Expr:
    is_default = isinstance(value, exp.Var) or (
        isinstance(value, exp.Column) and not value.table and value.name.upper() == "DEFAULT"
    )
    return value if is_default or isinstance(value, exp.Null) else as_declared(value, wanted)
