"""CREATE of tables, views and indexes."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from tracekit.localdb.backend import StatementKind
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.binds import Prepared
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.column_types import ColumnType, ValueType
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.definitions import (
    create_index,
    create_table,
    create_table_as,
    create_view,
    refuse_repeated,
)
from tracekit.localdb.translate.kinds import Kind
from tracekit.localdb.translate.names import (
    computed_columns,
    folded,
)
from tracekit.localdb.translate.number_types import DOUBLE, FLOAT
from tracekit.localdb.translate.passes import rewritten
from tracekit.localdb.translate.set_operations import free_outputs, items
from tracekit.localdb.translate.stored_values import settle_outputs
from tracekit.localdb.translate.translated import ColumnDeclaration, Translated
from tracekit.localdb.translate.types import DeclaredType


def create(tree: exp.Expr, prepared: Prepared, context: Context) -> Translated:
    """Translate CREATE of a table, view or index.

    Raises:
        OraError: it is malformed, or of another kind of object.
    """
    if not isinstance(tree, exp.Create):
        raise OraError(901, "invalid CREATE command")
    if prepared.bind_names:
        raise OraError(1027, "bind variables not allowed for data definition operations")
    kind = str(tree.args.get("kind") or "").upper()
    if isinstance(tree.expression, exp.Query):
        return _create_from_query(tree, prepared, context, kind)
    if kind == "TABLE" and isinstance(tree.this, exp.Schema):
        build = create_table
    elif kind == "INDEX":
        build = create_index
    else:
        raise unsupported(f"CREATE {kind}")
    text, definition = build(tree, context)
    return Translated(StatementKind.DDL, text, definition=definition)


def _create_from_query(
    tree: exp.Create, prepared: Prepared, context: Context, kind: str
) -> Translated:
    listed = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
    if any(isinstance(one, exp.ColumnDef | exp.Constraint) for one in listed):
        raise unsupported(f"constraints in CREATE {kind} AS SELECT", context.position(listed[0]))
    names = [folded(one) for one in listed]
    query = tree.expression.pop()
    _check_selected(query, context, is_named=bool(names), is_table=kind == "TABLE")
    query = rewritten(query, prepared, context)
    if kind == "TABLE":
        if isinstance(query, exp.Select):
            items(query, context.scopes)
        free_outputs(query)
    outputs = context.scopes.outputs(query)
    if names and outputs and len(names) != len(outputs):
        raise OraError(1730, "invalid number of column names specified")
    names = names or [name for name, _ in outputs]
    refuse_repeated(names)
    settle_outputs(query)
    tree.set("expression", query)
    build = create_view if kind == "VIEW" else create_table_as
    text, definition = build(tree, context)
    computed = computed_columns(query) if kind == "VIEW" else frozenset[str]()
    columns = tuple(
        ColumnDeclaration(name, declared)
        for name, (output, known) in zip(names, outputs, strict=False)
        if (declared := _declared(known, is_computed=output in computed)) is not None
    )
    definition = replace(definition, columns=columns)
    return Translated(StatementKind.DDL, text, definition=definition)


def _declared(known: ColumnType | ValueType, *, is_computed: bool) -> DeclaredType | None:
    """The type of a view's or table's column, as far as DuckDB's type does not tell it."""
    if isinstance(known, ColumnType) and known.declared is not None:
        return known.declared
    is_decimal = known.kind is Kind.NUMBER and known.number not in (DOUBLE, FLOAT)
    return DeclaredType("NUMBER") if is_computed and is_decimal else None


def _check_selected(query: exp.Expr, context: Context, *, is_named: bool, is_table: bool) -> None:
    """Check that what CREATE TABLE or VIEW selects has names, and types for a table's columns.

    Raises:
        OraError: ORA-00998 if an expression has no name; ORA-01723 for a column of NULLs only.
    """
    if isinstance(query, exp.Subquery):
        query = query.unnest()
    is_single = isinstance(query, exp.Select)
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    for item in query.expressions if isinstance(query, exp.Select) else ():
        position = context.position(item)
        if not is_named and not isinstance(item, exp.Alias | exp.Column | exp.Star):
            message = "must name this expression with a column alias"
            raise OraError(998, message, position=position)
        value = item.unalias()
        is_empty = isinstance(value, exp.Literal) and value.is_string and not value.this
        if is_table and is_single and (is_empty or isinstance(value, exp.Null)):
            raise OraError(1723, "zero-length columns are not allowed", position=position)
