"""Convert the values that INSERT, UPDATE and MERGE assign to the types of their columns."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tracekit.localdb.translate.build import as_text, call
from tracekit.localdb.translate.column_types import Columns, ColumnType, mark_with
from tracekit.localdb.translate.implicit import as_number, refuse_moment
from tracekit.localdb.translate.kinds import MOMENTS, Kind, kind_of
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.number_types import (
    DOUBLE,
    FLOAT,
    FREE,
    NumberType,
    as_double,
    as_float,
    as_free,
    number_type,
    with_number,
)
from tracekit.localdb.translate.scopes import Scopes
from tracekit.localdb.translate.set_operations import items
from tracekit.localdb.translate.types import ZONED_TYPE, DeclaredType
from tracekit.localdb.translate.zones import as_declared

_BY_STORED_TYPE = {
    "TIMESTAMP_S": DeclaredType("DATE"),
    "TIMESTAMP": DeclaredType("TIMESTAMP", scale=6),
    "TIMESTAMP_NS": DeclaredType("TIMESTAMP", scale=9),
    "TIMESTAMP WITH TIME ZONE": DeclaredType("TIMESTAMP WITH LOCAL TIME ZONE", scale=6),
    ZONED_TYPE: DeclaredType("TIMESTAMP WITH TIME ZONE", scale=6),
}
"""The Oracle types of columns in a DuckDB file, which no Oracle DDL declared."""
_SOURCE = "ORA$ASSIGNED"


def convert_assignments(tree: exp.Expr, scopes: Scopes) -> None:
    """Convert the values in a rewritten tree to their columns' types, in place."""
    columns = scopes.target(tree) if isinstance(tree, exp.Insert | exp.Update | exp.Merge) else {}
    if not columns:
        return
    if isinstance(tree, exp.Insert):
        _convert_insert(tree, columns, scopes)
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
    """The date or timestamp type of a column, if it has one."""
    if column is None:
        return None
    stated = column.declared
    if stated is not None and (stated.name == "DATE" or stated.name.startswith("TIMESTAMP")):
        return stated
    return _BY_STORED_TYPE.get(column.stored)


def _convert_update(update: exp.Expr, columns: Columns) -> None:
    for assignment in update.expressions:
        column = columns.get(folded(assignment.this.this))
        if column is not None and isinstance(assignment.this, exp.Column):
            assignment.set("expression", _converted(assignment.expression, column))


def _convert_insert(insert: exp.Insert, columns: Columns, scopes: Scopes) -> None:
    listed = insert.this.expressions if isinstance(insert.this, exp.Schema) else ()
    names = [folded(one) for one in listed] or list(columns)
    source = insert.expression
    if isinstance(source, exp.Values):
        for row in source.expressions:
            _convert_values(row, names, columns)
    elif isinstance(source, exp.Query):
        insert.set("expression", _converted_query(source, names, columns, scopes))


def _converted_query(
    query: exp.Query, names: Sequence[str], columns: Columns, scopes: Scopes
) -> exp.Expr:
    """Convert a query's outputs in place, or around it if that would change its meaning."""
    wanted = [columns.get(name, ColumnType("")) for name in names]
    if isinstance(query, exp.Select) and not query.args.get("distinct"):
        listed = items(query, scopes)
        if len(listed) == len(wanted):
            pairs = zip(listed, wanted, strict=True)
            query.set("expressions", [_assigned_item(item, column) for item, column in pairs])
            return query
    known = [output for _, output in scopes.outputs(query)]
    if len(known) != len(wanted):
        return query
    aliases = [exp.to_identifier(f"C{number}", quoted=True) for number in range(len(names))]
    values = [
        assigned(mark_with(exp.Column(this=identifier.copy()), found), column)
        for identifier, found, column in zip(aliases, known, wanted, strict=True)
    ]
    alias = exp.TableAlias(this=exp.to_identifier(_SOURCE, quoted=True), columns=aliases)
    source = exp.From(this=exp.Subquery(this=query.copy(), alias=alias))
    return exp.Select(expressions=values, from_=source)


def _convert_values(row: exp.Expr, names: Sequence[str], columns: Columns) -> None:
    if len(row.expressions) == len(names):
        pairs = zip(row.expressions, (columns.get(name) for name in names), strict=True)
        values = [value if one is None else _converted(value, one) for value, one in pairs]
        row.set("expressions", values)


def _converted(value: exp.Expr, column: ColumnType) -> exp.Expr:
    is_default = isinstance(value, exp.Var) or (
        isinstance(value, exp.Column) and not value.table and value.name.upper() == "DEFAULT"
    )
    if is_default:
        return value
    if isinstance(value, exp.Subquery):
        return _converted_subquery(value, column)
    return assigned(value, column)


def _converted_subquery(value: exp.Subquery, column: ColumnType) -> exp.Expr:
    """Convert the only output of a scalar subquery."""
    select = value.unnest()
    if isinstance(select, exp.Select) and len(select.expressions) == 1:
        select.set("expressions", [_assigned_item(select.expressions[0], column)])
        return value
    return assigned(value, column)


def _assigned_item(item: exp.Expr, column: ColumnType) -> exp.Expr:
    if not isinstance(item, exp.Alias):
        return assigned(item, column)
    item.set("this", assigned(item.this, column))
    return item


def assigned(value: exp.Expr, column: ColumnType) -> exp.Expr:
    """Convert a value to a column's type."""
    if isinstance(value, exp.Null):
        return value
    wanted = _wanted(column)
    if wanted is not None:
        return as_declared(value, wanted)
    if column.kind is Kind.NUMBER:
        refuse_moment(value)
        stated = column.declared
        if stated is not None and stated.name == "FLOAT" and stated.precision:
            return as_float(as_number(value), stated.precision)
        return _assigned_number(as_number(value), column.number)
    if column.stored == "BLOB" and kind_of(value) is Kind.TEXT:
        return call("ora_hex_to_raw", value)
    if column.kind is Kind.TEXT and kind_of(value) in (Kind.NUMBER, Kind.ROWID, *MOMENTS):
        return as_text(value)
    return value


def _assigned_number(value: exp.Expr, form: NumberType | None) -> exp.Expr:
    if form is FREE:
        known = number_type(value) is not None or kind_of(value) in (Kind.TEXT, Kind.NULL)
        return as_free(value) if known else call("ora_number", value)
    if number_type(value) is not FREE:
        return value
    if form in (DOUBLE, FLOAT):
        return as_double(value)
    return call("ora_free_text", value)  # DuckDB rounds it to the column's scale


def stored_number(value: exp.Expr, stored: exp.DataType) -> exp.Expr:
    """Round a number to what a DuckDB column type holds; too large a number raises ORA-01438."""
    if stored.this is exp.DType.BIT:
        return as_free(value)
    if number_type(value) is FREE:
        value = call("ora_free_text", value)
    node = exp.Cast(this=value, to=stored)
    form = number_type(node)
    return with_number(node, form) if form is not None else node
