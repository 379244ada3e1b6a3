"""CREATE TABLE, VIEW and INDEX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.assignments import assigned
from tracekit.localdb.translate.build import call, text, unsupported
from tracekit.localdb.translate.column_types import ColumnType
from tracekit.localdb.translate.constraints import (
    column_constraints,
    drop_references,
    inner_of,
    mark_columns,
    table_constraint,
    written_as,
)
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.kinds import MOMENTS, kind_of
from tracekit.localdb.translate.names import fold_identifiers, folded
from tracekit.localdb.translate.number_types import FREE, Exact, literal_value, with_number
from tracekit.localdb.translate.rewrite import rewrite_expressions
from tracekit.localdb.translate.stored_values import fitted
from tracekit.localdb.translate.table_clauses import ON_NULL
from tracekit.localdb.translate.text_types import FIXED, TEXTS
from tracekit.localdb.translate.translated import (
    ColumnDeclaration,
    ConstraintDeclaration,
    Definition,
    DrawnColumn,
)
from tracekit.localdb.translate.types import read_type
from tracekit.localdb.translate.writer import write
from tracekit.localdb.translate.zones import as_default

_SEQUENCE_OPTIONS = {
    "increment": "INCREMENT BY",
    "minvalue": "MINVALUE",
    "maxvalue": "MAXVALUE",
    "start": "START WITH",
}
DECLARED_META = "ora_declared"


def create_table(tree: exp.Create, context: Context) -> tuple[str, Definition]:
    """Translate CREATE TABLE with a column list, and record what it declares."""
    schema = tree.this
    assert isinstance(schema, exp.Schema)
    table = schema.this
    definition = _definition(table, "CREATE", "TABLE", temporary=_is_temporary(tree))
    owner = definition.schema or context.current_schema
    default_texts = _default_texts(schema, context)
    columns: list[ColumnDeclaration] = []
    constraints: list[ConstraintDeclaration] = []
    drawn: list[DrawnColumn] = []
    sequences: list[str] = []
    for part in schema.expressions:
        if isinstance(part, exp.ColumnDef):
            sequence = _take_identity(part, definition.name, owner, context)
            if sequence is not None:
                drawn.append(sequence[0])
                sequences.append(sequence[1])
            columns.append(replace(_column(part, context), default_on_null=take_on_null(part)))
            _fit_default(part, columns[-1], f'"{owner}"."{definition.name}"')
            constraints += column_constraints(part, context)
        else:
            constraints.append(table_constraint(part, context))
    refuse_repeated([column.name for column in columns])
    keys = {name for one in constraints if one.kind == "P" for name in one.columns}
    definition = replace(
        definition,
        columns=tuple(replace(c, nullable=c.nullable and c.name not in keys) for c in columns),
        constraints=tuple(constraints),
        default_texts=tuple(default_texts),
        drawn_columns=(*drawn, *_drawn_by_default(schema, owner, drawn)),
        on_commit=_on_commit(tree) if definition.temporary else "",
    )
    types = {
        folded(part.this): defined_type(part)
        for part in schema.expressions
        if isinstance(part, exp.ColumnDef)
    }
    mark_columns(tree, types)
    drop_references(schema)
    _finish(tree, context)
    for part in schema.expressions:
        if isinstance(part, exp.ColumnDef):
            convert_default(part, types[folded(part.this)])
    return "; ".join([*sequences, write(tree)]), definition


def refuse_repeated(names: Sequence[str]) -> None:
    """Raise an error if a column name is repeated.

    Raises:
        OraError: ORA-00957 if a name is repeated.
    """
    if len(set(names)) < len(names):
        raise OraError(957, "duplicate column name")


def defined_type(column: exp.ColumnDef) -> ColumnType:
    """The type of a column whose `kind` is already DuckDB's."""
    assert column.kind is not None, "a column definition has a type"
    stored = column.kind.sql(dialect="duckdb")
    declared = column.meta.get(DECLARED_META)
    return ColumnType("VARCHAR" if stored.startswith("TEXT") else stored, declared)


def convert_default(column: exp.ColumnDef, found: ColumnType) -> None:
    """Convert a column's default to the column's type, in place."""
    for constraint in column.constraints:
        inner = inner_of(constraint)
        if not isinstance(inner, exp.DefaultColumnConstraint):
            continue
        value = literal_value(inner.this)
        if found.number is FREE and value is not None:
            inner.set("this", call("ora_number", text(f"{value:f}")))
        elif found.declared is not None and kind_of(inner.this) in MOMENTS:
            inner.set("this", as_default(inner.this, found.declared))
        else:
            inner.set("this", assigned(inner.this, found))


def _finish(tree: exp.Create, context: Context) -> None:
    tree.set("properties", None)
    rewrite_expressions(tree, context)
    fold_identifiers(tree)


def _is_temporary(tree: exp.Create) -> bool:
    properties = tree.args.get("properties")
    if properties is None:
        return False
    return any(isinstance(one, exp.TemporaryProperty) for one in properties.expressions)


def _on_commit(tree: exp.Create) -> str:
    """What happens to a temporary table's rows at COMMIT; Oracle's default is DELETE."""
    for one in tree.args["properties"].expressions:
        if isinstance(one, exp.OnCommitProperty):
            return "DELETE" if one.args.get("delete") else "PRESERVE"
    return "DELETE"


def _column(column: exp.ColumnDef, context: Context) -> ColumnDeclaration:
    kind = column.kind
    if kind is None:
        raise OraError(902, "invalid datatype", position=context.position(column))
    declared, stored = read_type(kind)
    if declared.name.startswith("INTERVAL") and context.prepared.interval_digits:
        digits, fraction = context.prepared.interval_digits.pop(0)
        scale = None if declared.scale is None else fraction
        declared = replace(declared, precision=digits, scale=scale)
    column.set("kind", stored)
    column.meta[DECLARED_META] = declared
    kinds = {type(inner_of(constraint)) for constraint in column.constraints}
    required = {exp.PrimaryKeyColumnConstraint} & kinds or any(
        isinstance(inner := inner_of(one), exp.NotNullColumnConstraint)
        and not inner.args.get("allow_null")
        for one in column.constraints
    )
    return ColumnDeclaration(folded(column.this), declared, nullable=not required)


def _fit_default(column: exp.ColumnDef, declared: ColumnDeclaration, table: str) -> None:
    """Fit a text column's default to the column's length, in place.

    Raises:
        OraError: ORA-12899 if a literal is longer than the column.
    """
    length = declared.type.length
    if declared.type.name not in TEXTS or length is None:
        return
    for constraint in column.constraints:
        inner = inner_of(constraint)
        if not isinstance(inner, exp.DefaultColumnConstraint):
            continue
        value = inner.this
        if isinstance(value, exp.Literal) and value.is_string:
            if len(value.this) > length:
                path = f'{table}."{declared.name}" (actual: {len(value.this)}, maximum: {length})'
                raise OraError(12899, f"value too large for column {path}")
            if value.this and declared.type.name in FIXED:
                value.replace(exp.Literal.string(value.this.ljust(length)))
        elif not isinstance(value, exp.Null):
            path = f'{table}."{declared.name}"'
            made = fitted(value.copy(), declared.type.name in FIXED, length, path)
            value.replace(made)


def _take_identity(
    column: exp.ColumnDef, table: str, owner: str, context: Context
) -> tuple[DrawnColumn, str] | None:
    """Replace GENERATED ... AS IDENTITY with a default from a sequence, and return its name."""
    for constraint in list(column.constraints):
        inner = inner_of(constraint)
        if not isinstance(inner, exp.GeneratedAsIdentityColumnConstraint):
            continue
        position = context.position(column)
        if inner.args.get("expression") is not None:
            raise unsupported("a virtual column", position)
        if inner.args.get("on_null"):
            column.append("constraints", _on_null_constraint())
        name = folded(column.this)
        sequence = f"ISEQ$$_{table}_{name}"
        path = f'"{owner}"."{sequence}"'
        default = exp.DefaultColumnConstraint(this=next_value(path))
        constraint.replace(exp.ColumnConstraint(kind=default))
        column.append("constraints", exp.ColumnConstraint(kind=exp.NotNullColumnConstraint()))
        created = [f"CREATE SEQUENCE {path}"]
        for option, words in _SEQUENCE_OPTIONS.items():
            if inner.args.get(option) is not None:
                created.append(f"{words} {inner.args[option].sql()}")
        if inner.args.get("cycle"):
            created.append("CYCLE")
        generation = "ALWAYS" if inner.this else "BY DEFAULT"
        return DrawnColumn(name, path, generation), " ".join(created)
    return None


def _on_null_constraint() -> exp.ColumnConstraint:
    name = exp.to_identifier(ON_NULL, quoted=True)
    return exp.ColumnConstraint(this=name, kind=exp.NotNullColumnConstraint())


def take_on_null(column: exp.ColumnDef) -> bool:
    """Whether a column has DEFAULT ON NULL; what marked it is a plain NOT NULL afterwards."""
    marks = [
        one
        for one in column.constraints
        if isinstance(one.this, exp.Identifier) and one.this.name == ON_NULL
    ]
    for mark in marks:
        mark.set("this", None)
    required = [
        one for one in column.constraints if isinstance(inner_of(one), exp.NotNullColumnConstraint)
    ]
    for again in required[1:] if marks else ():
        again.pop()
    return bool(marks)


def next_value(path: str) -> exp.Expr:
    """The expression for a sequence's next value."""
    return with_number(call("nextval", text(path)), Exact(19))


def _drawn_by_default(
    schema: exp.Schema, owner: str, known: list[DrawnColumn]
) -> list[DrawnColumn]:
    """The columns with `DEFAULT s.NEXTVAL`; the sequence gets its qualified name, in place."""
    found: list[DrawnColumn] = []
    for column in schema.expressions:
        name = folded(column.this) if isinstance(column, exp.ColumnDef) else ""
        if not name or any(one.column == name for one in known):
            continue
        for constraint in column.constraints:
            inner = inner_of(constraint)
            value = inner.this if isinstance(inner, exp.DefaultColumnConstraint) else None
            if isinstance(value, exp.Column) and value.name.upper() == "NEXTVAL" and value.table:
                parts = [value.args.get("db"), value.args["table"]]
                names = [folded(part) for part in parts if part is not None]
                path = ".".join(
                    f'"{part}"' for part in (names if len(names) > 1 else [owner, *names])
                )
                value.replace(next_value(path))
                found.append(DrawnColumn(name, path))
    return found


def _default_texts(schema: exp.Schema, context: Context) -> list[tuple[str, str]]:
    return [
        (folded(column.this), written_as(inner, context))
        for column in schema.expressions
        if isinstance(column, exp.ColumnDef)
        for inner in map(inner_of, column.constraints)
        if isinstance(inner, exp.DefaultColumnConstraint)
    ]


def _definition(
    table: exp.Expr, action: str, object_type: str, temporary: bool = False
) -> Definition:
    if not isinstance(table, exp.Table):
        raise OraError(903, "invalid table name")
    owner = table.args.get("db")
    return Definition(
        action,
        object_type,
        folded(owner) if owner is not None else None,
        folded(table.this),
        temporary=temporary,
    )


def create_table_as(tree: exp.Create, context: Context) -> tuple[str, Definition]:
    """Translate CREATE TABLE ... AS SELECT with a rewritten query."""
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    definition = _definition(table, "CREATE", "TABLE", temporary=_is_temporary(tree))
    if definition.temporary:
        raise unsupported("CREATE GLOBAL TEMPORARY TABLE ... AS SELECT", context.position(table))
    tree.set("properties", None)
    fold_identifiers(tree)
    return write(tree), definition


def create_view(tree: exp.Create, context: Context) -> tuple[str, Definition]:
    """Translate CREATE [OR REPLACE] VIEW with a rewritten query."""
    view = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    definition = _definition(view, "CREATE", "VIEW")
    tree.set("properties", None)
    fold_identifiers(tree)
    return write(tree), definition


def create_index(tree: exp.Create, context: Context) -> tuple[str, Definition]:
    """Translate CREATE [UNIQUE] INDEX; the index has its table's schema and no sort direction."""
    index = tree.this
    assert isinstance(index, exp.Index)
    descending = [
        folded(ordered.this.this)
        for ordered in index.find_all(exp.Ordered)
        if ordered.args.get("desc") and isinstance(ordered.this, exp.Column)
    ]
    for ordered in list(index.find_all(exp.Ordered)):
        ordered.replace(ordered.this)
    tree.set("properties", None)
    table = index.args["table"]
    owner = table.args.get("db")
    name = index.this
    if isinstance(name, exp.Table):
        name = name.this
        index.set("this", name)
    mark_columns(tree, context.scopes.target(exp.Insert(this=table)))
    rewrite_expressions(tree, context)
    fold_identifiers(tree)
    definition = Definition(
        "CREATE",
        "INDEX",
        folded(owner) if owner is not None else None,
        folded(name),
        index_table=folded(table.this),
        descending=tuple(descending),
    )
    return write(tree), definition
