"""Constraints of CREATE TABLE and ALTER TABLE."""

from __future__ import annotations

from typing import Any

from sqlglot import exp, parse_one

from tracekit.localdb.translate.binds import prepare
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.column_types import Columns, mark_with
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.dialect import SOURCE_SPAN, ReadOracle
from tracekit.localdb.translate.lexer import tokenize
from tracekit.localdb.translate.names import fold_identifiers, folded
from tracekit.localdb.translate.rewrite import rewrite_expressions
from tracekit.localdb.translate.scopes import Scopes, nothing_known
from tracekit.localdb.translate.table_clauses import without_storage
from tracekit.localdb.translate.translated import (
    ConstraintDeclaration,
)
from tracekit.localdb.translate.writer import write

_CONSTRAINT_KINDS: dict[type[Any], str] = {
    exp.NotNullColumnConstraint: "N",
    exp.PrimaryKeyColumnConstraint: "P",
    exp.PrimaryKey: "P",
    exp.UniqueColumnConstraint: "U",
    exp.Reference: "R",
    exp.ForeignKey: "R",
    exp.CheckColumnConstraint: "C",
}


def mark_columns(tree: exp.Expr, types: Columns) -> None:
    """Record the types of the columns that constraints name."""
    for column in tree.find_all(exp.Column):
        found = types.get(folded(column.this))
        if found is not None:
            mark_with(column, found)


def inner_of(constraint: exp.Expr) -> exp.Expr:
    """A constraint without its name."""
    kind = constraint.args.get("kind") if isinstance(constraint, exp.ColumnConstraint) else None
    return kind if isinstance(kind, exp.Expr) else constraint


def column_constraints(column: exp.ColumnDef, context: Context) -> list[ConstraintDeclaration]:
    """The constraints written after a column's type."""
    found: list[ConstraintDeclaration] = []
    for constraint in column.constraints:
        inner = inner_of(constraint)
        if isinstance(inner, exp.DefaultColumnConstraint):
            continue
        if isinstance(inner, exp.NotNullColumnConstraint) and inner.args.get("allow_null"):
            continue
        kind = _constraint_kind(inner, context)
        columns = () if kind == "C" else (folded(column.this),)
        found.append(
            ConstraintDeclaration(
                kind,
                columns,
                _constraint_name(constraint),
                _parent(inner),
                _parent_key(inner),
                _condition(inner, context),
                _on_delete(inner, context),
            )
        )
    return found


def _condition(inner: exp.Expr, context: Context) -> str:
    """The text of a CHECK condition, as the client wrote it."""
    if not isinstance(inner, exp.CheckColumnConstraint):
        return ""
    written = written_as(inner, context)
    return written[1:-1].strip() if written.startswith("(") else written


def written_as(node: exp.Expr, context: Context) -> str:
    """The text of `node`, as the client wrote it."""
    start, end = node.meta.get(SOURCE_SPAN, (0, 0))
    return context.prepared.text[start:end].strip()


def table_constraint(part: exp.Expr, context: Context) -> ConstraintDeclaration:
    """A constraint in the column list."""
    inner = part
    if isinstance(part, exp.Constraint):
        if len(part.expressions) != 1:
            raise unsupported("a constraint with options", context.position(part))
        inner = part.expressions[0]
    kind = _constraint_kind(inner, context)
    if kind == "C":
        condition = _condition(inner, context)
        return ConstraintDeclaration(kind, (), _constraint_name(part), condition=condition)
    listed = inner.this if isinstance(inner, exp.UniqueColumnConstraint) else inner
    names = tuple(folded(_plain(one)) for one in (listed.expressions if listed else ()))
    return ConstraintDeclaration(
        kind,
        names,
        _constraint_name(part),
        _parent(inner),
        _parent_key(inner),
        on_delete=_on_delete(inner, context),
    )


def _parent(inner: exp.Expr) -> tuple[str | None, str] | None:
    """The schema and name of the table that a foreign key refers to."""
    reference = inner.args.get("reference") if isinstance(inner, exp.ForeignKey) else inner
    if not isinstance(reference, exp.Reference):
        return None
    table = reference.this.this if isinstance(reference.this, exp.Schema) else reference.this
    owner = table.args.get("db")
    return (folded(owner) if owner is not None else None), folded(table.this)


def _parent_key(inner: exp.Expr) -> tuple[str, ...]:
    """The parent columns that a foreign key names; empty for the primary key."""
    reference = inner.args.get("reference") if isinstance(inner, exp.ForeignKey) else inner
    named = reference.this if isinstance(reference, exp.Reference) else None
    listed = named.expressions if isinstance(named, exp.Schema) else ()
    return tuple(folded(_plain(one)) for one in listed)


def drop_references(schema: exp.Schema) -> None:
    """Remove foreign keys from a CREATE TABLE; the local Oracle checks them itself."""
    kept: list[exp.Expr] = []
    for part in schema.expressions:
        if isinstance(part, exp.ColumnDef):
            others = [
                one for one in part.constraints if not isinstance(inner_of(one), exp.Reference)
            ]
            part.set("constraints", others)
        inner = part.expressions[0] if isinstance(part, exp.Constraint) else part
        if not isinstance(inner, exp.ForeignKey):
            kept.append(part)
    schema.set("expressions", kept)


def constraint_clause(
    written: str, current_schema: str, columns: Columns
) -> tuple[ConstraintDeclaration, str]:
    """What ALTER TABLE ADD `written` declares, and its clause in DuckDB's dialect.

    Args:
        written: The constraint's text.
        current_schema: The schema of unqualified tables.
        columns: The table's columns.

    Raises:
        SqlglotError: the text cannot be parsed.
        OraError: the constraint cannot be translated.
    """
    statement = f"CREATE TABLE x ({written})"
    prepared = prepare(statement, without_storage(tokenize(statement)))
    tree = parse_one(prepared.text, read=ReadOracle)
    context = Context(prepared, current_schema, current_schema, Scopes(nothing_known))
    parts = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
    if len(parts) != 1:
        raise unsupported("ALTER TABLE ADD of more than one constraint")
    declaration = table_constraint(parts[0], context)
    mark_columns(tree, columns)
    rewrite_expressions(tree, context)
    fold_identifiers(tree)
    return declaration, write(tree.this.expressions[0])


def _plain(column: exp.Expr) -> exp.Expr:
    while not isinstance(column, exp.Identifier) and isinstance(column.this, exp.Expr):
        column = column.this
    return column


def _constraint_kind(inner: exp.Expr, context: Context) -> str:
    kind = _CONSTRAINT_KINDS.get(type(inner))
    if kind is None:
        name = type(inner).__name__.removesuffix("ColumnConstraint").upper()
        raise unsupported(f"constraint {name}", context.position(inner))
    return kind


def _on_delete(inner: exp.Expr, context: Context) -> str:
    """CASCADE, SET NULL or "", as a foreign key states."""
    reference = inner.args.get("reference") if isinstance(inner, exp.ForeignKey) else inner
    options = reference.args.get("options") if isinstance(reference, exp.Reference) else None
    stated = " ".join(str(one) for one in options or ()).upper()
    if stated not in ("", "ON DELETE CASCADE", "ON DELETE SET NULL"):
        raise unsupported(f"a reference {stated}", context.position(inner))
    return stated.removeprefix("ON DELETE ")


def _constraint_name(constraint: exp.Expr) -> str | None:
    named = isinstance(constraint, exp.Constraint | exp.ColumnConstraint)
    identifier = constraint.this if named else None
    return folded(identifier) if isinstance(identifier, exp.Identifier) else None
