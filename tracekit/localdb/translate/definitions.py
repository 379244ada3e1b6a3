"""CREATE TABLE, VIEW and INDEX."""

from __future__ import annotations

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.names import fold_identifiers
from tracekit.localdb.translate.rewrite import Context, rewrite_expressions
from tracekit.localdb.translate.translated import ColumnDeclaration, Definition
from tracekit.localdb.translate.types import read_type
from tracekit.localdb.translate.writer import write

_COLUMN_CONSTRAINTS = (
    exp.NotNullColumnConstraint,
    exp.PrimaryKeyColumnConstraint,
    exp.UniqueColumnConstraint,
    exp.CheckColumnConstraint,
    exp.DefaultColumnConstraint,
    exp.Reference,
)
_TABLE_CONSTRAINTS = (
    exp.Constraint,
    exp.PrimaryKey,
    exp.UniqueColumnConstraint,
    exp.ForeignKey,
    exp.CheckColumnConstraint,
)


def create_table(tree: exp.Create, context: Context) -> tuple[str, Definition]:
    """CREATE TABLE with columns: DuckDB's text and what was declared.

    Physical properties (tablespace, storage, logging) mean nothing here and are left out.
    """
    schema = tree.this
    assert isinstance(schema, exp.Schema)
    temporary = _is_temporary(tree)
    columns = [
        _column(part, context) for part in schema.expressions if isinstance(part, exp.ColumnDef)
    ]
    keys = {key for part in schema.expressions for key in _key_columns(part)}
    for part in schema.expressions:
        if not isinstance(part, (exp.ColumnDef, *_TABLE_CONSTRAINTS)):
            raise unsupported(type(part).__name__, context.position(part))
    columns = [
        ColumnDeclaration(c.name, c.type, nullable=c.nullable and c.name not in keys)
        for c in columns
    ]
    table = schema.this
    definition = _definition(table, "CREATE", "TABLE", tuple(columns), temporary)
    _finish(tree, context, temporary)
    return write(tree), definition


def _finish(tree: exp.Create, context: Context, temporary: bool) -> None:
    tree.set("properties", None)
    if temporary:
        table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        table.set("db", None)
        tree.set("properties", exp.Properties(expressions=[exp.TemporaryProperty()]))
    rewrite_expressions(tree, context)
    fold_identifiers(tree)


def _is_temporary(tree: exp.Create) -> bool:
    properties = tree.args.get("properties")
    if properties is None:
        return False
    return any(isinstance(one, exp.TemporaryProperty) for one in properties.expressions)


def _column(column: exp.ColumnDef, context: Context) -> ColumnDeclaration:
    kind = column.kind
    if kind is None:
        raise OraError(902, "invalid datatype", position=context.position(column))
    declared, stored = read_type(kind)
    column.set("kind", stored)
    nullable = True
    for constraint in column.constraints:
        inner = constraint.kind if isinstance(constraint, exp.ColumnConstraint) else constraint
        if not isinstance(inner, _COLUMN_CONSTRAINTS):
            raise unsupported(f"column constraint {type(inner).__name__}", context.position(column))
        if isinstance(inner, exp.NotNullColumnConstraint) and not inner.args.get("allow_null"):
            nullable = False
        if isinstance(inner, exp.PrimaryKeyColumnConstraint):
            nullable = False
    return ColumnDeclaration(_folded(column.this), declared, nullable)


def _key_columns(part: exp.Expr) -> list[str]:
    """The columns a table-level primary key makes NOT NULL."""
    return [
        _folded(identifier)
        for key in part.find_all(exp.PrimaryKey)
        for identifier in key.find_all(exp.Identifier)
    ]


def _folded(identifier: exp.Expr | None) -> str:
    if identifier is None:
        raise OraError(904, "invalid identifier")
    quoted = bool(identifier.args.get("quoted"))
    return identifier.name if quoted else identifier.name.upper()


def _definition(
    table: exp.Expr,
    action: str,
    object_type: str,
    columns: tuple[ColumnDeclaration, ...] = (),
    temporary: bool = False,
) -> Definition:
    if not isinstance(table, exp.Table):
        raise OraError(903, "invalid table name")
    owner = table.args.get("db")
    return Definition(
        action,
        object_type,
        _folded(owner) if owner is not None else None,
        _folded(table.this),
        columns,
        temporary=temporary,
    )


def create_table_as(tree: exp.Create, context: Context) -> tuple[str, Definition]:
    """CREATE TABLE ... AS SELECT, its query rewritten already."""
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    definition = _definition(table, "CREATE", "TABLE", temporary=_is_temporary(tree))
    _finish(tree, context, definition.temporary)
    return write(tree), definition


def create_view(tree: exp.Create, context: Context) -> tuple[str, Definition]:
    """CREATE [OR REPLACE] VIEW, its query rewritten already."""
    view = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    definition = _definition(view, "CREATE", "VIEW")
    tree.set("properties", None)
    fold_identifiers(tree)
    return write(tree), definition


def create_index(tree: exp.Create, context: Context) -> tuple[str, Definition]:
    """CREATE [UNIQUE] INDEX: DuckDB keeps it in the table's schema and ignores directions."""
    index = tree.this
    assert isinstance(index, exp.Index)
    for ordered in list(index.find_all(exp.Ordered)):
        ordered.replace(ordered.this)
    tree.set("properties", None)
    table = index.args["table"]
    owner = table.args.get("db")
    name = index.this
    if isinstance(name, exp.Table):
        name = name.this
        index.set("this", name)
    rewrite_expressions(tree, context)
    fold_identifiers(tree)
    definition = Definition(
        "CREATE", "INDEX", _folded(owner) if owner is not None else None, _folded(name)
    )
    return write(tree), definition
