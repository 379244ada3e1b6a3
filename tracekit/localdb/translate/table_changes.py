"""ALTER TABLE: columns, constraints and names of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.assignments import stored_number
from tracekit.localdb.translate.binds import prepare
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.column_types import Columns, ColumnsOf, ColumnType, mark_with
from tracekit.localdb.translate.constraints import constraint_clause
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.definition_reader import DefinitionReader, path_of
from tracekit.localdb.translate.definitions import (
    DECLARED_META,
    convert_default,
    defined_type,
    take_on_null,
)
from tracekit.localdb.translate.dialect import ReadOracle
from tracekit.localdb.translate.implicit import as_number
from tracekit.localdb.translate.lexer import Token, tokenize
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.number_types import FREE
from tracekit.localdb.translate.physical_changes import enabled_constraint, is_without_effect
from tracekit.localdb.translate.rewrite import rewrite_expressions
from tracekit.localdb.translate.scopes import Scopes, nothing_known
from tracekit.localdb.translate.table_clauses import without_storage
from tracekit.localdb.translate.text_types import FIXED, TEXTS
from tracekit.localdb.translate.translated import (
    ColumnDeclaration,
    ConstraintDeclaration,
    Definition,
)
from tracekit.localdb.translate.types import DeclaredType, read_type, written_type
from tracekit.localdb.translate.writer import write


def alter_table(
    reader: DefinitionReader, current_schema: str, columns_of: ColumnsOf
) -> tuple[str, Definition]:
    """Translate what follows ALTER TABLE, and describe what it changes.

    The SQL is empty if the table must be rebuilt.
    """
    schema, name = reader.qualified_name()
    known = columns_of(schema, name)
    path = path_of(schema, name)
    alter = partial(Definition, "ALTER", "TABLE", schema, name)
    if reader.take("RENAME", "TO"):
        new = reader.name()
        text = f"ALTER TABLE {path} RENAME TO {path_of(None, new)}"
        return text, Definition("RENAME", "TABLE", schema, name, new_name=new)
    if reader.take("RENAME"):
        return _rename(path, alter, reader, known)
    if is_without_effect(reader):
        _check_exists(known, reader)
        return "", alter(enabled_constraint=enabled_constraint(reader))
    if reader.take("SET", "UNUSED") or reader.take("DROP"):
        return _drop(path, alter, reader)
    for verb in ("ADD", "MODIFY"):
        if reader.take(verb):
            return _add_or_modify(verb, path, alter, reader, current_schema, known)
    raise unsupported("this ALTER TABLE", reader.tokens[0].start)


def _rename(
    path: str, alter: Callable[..., Definition], reader: DefinitionReader, known: Columns
) -> tuple[str, Definition]:
    kind = next((one for one in ("COLUMN", "CONSTRAINT") if reader.take(one)), None)
    if kind is None:
        raise unsupported("this ALTER TABLE ... RENAME", reader.tokens[0].start)
    old = reader.name()
    if not reader.take("TO"):
        raise OraError(946, "missing TO keyword")
    new = reader.name()
    reader.expect_end()
    if kind == "COLUMN":
        text = f"ALTER TABLE {path} RENAME {path_of(None, old)} TO {path_of(None, new)}"
        return text, alter(renamed_column=(old, new))
    _check_exists(known, reader)
    return "", alter(renamed_constraint=(old, new))


def _drop(
    path: str, alter: Callable[..., Definition], reader: DefinitionReader
) -> tuple[str, Definition]:
    """DROP of a constraint or columns; SET UNUSED."""
    if reader.take("CONSTRAINT"):
        definition = alter(dropped_constraints=(reader.name(),))
    elif reader.take("PRIMARY", "KEY"):
        definition = alter(dropped_key=("P",))
    elif reader.take("UNIQUE"):
        definition = alter(dropped_key=("U", *_listed_names(reader)))
    else:
        columns = [reader.name()] if reader.take("COLUMN") else _listed_names(reader)
        reader.take("CASCADE", "CONSTRAINTS")
        reader.expect_end()
        text = "; ".join(f"ALTER TABLE {path} DROP COLUMN {path_of(None, one)}" for one in columns)
        return text, alter(dropped_columns=tuple(columns))
    definition = replace(definition, cascade=reader.take("CASCADE"))
    _ = reader.take("DROP", "INDEX") or reader.take("KEEP", "INDEX")
    reader.expect_end()
    return "", definition


def _add_or_modify(
    verb: str,
    path: str,
    alter: Callable[..., Definition],
    reader: DefinitionReader,
    current_schema: str,
    known: Columns,
) -> tuple[str, Definition]:
    rest = _unwrapped(reader.tokens[reader.index :])
    parts = list(_parts(rest))
    if verb == "ADD" and any(_is_constraint(one) for one in parts):
        return _add_constraints(path, alter, parts, current_schema, known)
    nullability = _nullability(path, rest) if verb == "MODIFY" and len(parts) == 1 else None
    if nullability is not None:
        text, required = nullability
        return text, alter(constraints=required)
    columns = _column_definitions(parts, verb, current_schema, known)
    return _change_columns(path, alter, columns, verb, known)


_CONSTRAINT_WORDS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK")


def _check_exists(known: Columns, reader: DefinitionReader) -> None:
    if not known:
        raise OraError(942, "table or view does not exist", position=reader.tokens[2].start)


def _change_columns(
    path: str,
    alter: Callable[..., Definition],
    columns: Sequence[tuple[ColumnDeclaration, exp.ColumnDef]],
    verb: str,
    known: Columns,
) -> tuple[str, Definition]:
    """ADD or MODIFY of columns."""
    text = "; ".join(_alterations(path, column, verb, known) for column in columns)
    required = tuple(
        ConstraintDeclaration("N", (declaration.name,))
        for declaration, node in columns
        if _is_required(node)
    )
    changed = tuple((one.name, "") for one, node in columns if _has_default(node))
    declared = tuple(one for one, _ in columns)
    return text, alter(declared, constraints=required, default_texts=changed)


def _is_constraint(tokens: Sequence[Token]) -> bool:
    return bool(tokens) and tokens[0].is_word(*_CONSTRAINT_WORDS)


def _add_constraints(
    path: str,
    alter: Callable[..., Definition],
    parts: Sequence[Sequence[Token]],
    current_schema: str,
    known: Columns,
) -> tuple[str, Definition]:
    """ADD of constraints, and perhaps of columns before them."""
    listed = [one for one in parts if not _is_constraint(one)]
    text, definition = "", alter()
    if listed:
        columns = _column_definitions(listed, "ADD", current_schema, known)
        known = {**known, **{one.name: defined_type(node) for one, node in columns}}
        text, definition = _change_columns(path, alter, columns, "ADD", known)
    read = [_added_constraint(one, current_schema, known) for one in parts if _is_constraint(one)]
    return text, replace(
        definition,
        constraints=(*definition.constraints, *(constraint for constraint, _ in read)),
        added_clauses=tuple(clause for constraint, clause in read if constraint.kind != "R"),
    )


def _listed_names(reader: DefinitionReader) -> list[str]:
    names: list[str] = []
    if reader.at_end or reader.tokens[reader.index].text != "(":
        raise unsupported("this ALTER TABLE ... DROP", reader.tokens[reader.index - 1].start)
    while not reader.at_end and reader.tokens[reader.index].text in ("(", ","):
        reader.index += 1
        names.append(reader.name())
    if reader.at_end or reader.tokens[reader.index].text != ")":
        raise OraError(907, "missing right parenthesis", position=reader.tokens[-1].end)
    reader.index += 1
    return names


def _unwrapped(tokens: Sequence[Token]) -> Sequence[Token]:
    """Remove parentheses around the whole."""
    if tokens and tokens[0].text == "(" and tokens[-1].text == ")":
        return tokens[1:-1]
    return tokens


def _added_constraint(
    tokens: Sequence[Token], current_schema: str, columns: Columns
) -> tuple[ConstraintDeclaration, str]:
    """Read one constraint, and write its clause in DuckDB's dialect."""
    try:
        return constraint_clause(" ".join(token.text for token in tokens), current_schema, columns)
    except SqlglotError:
        raise OraError(1735, "invalid ALTER TABLE option", position=tokens[0].start) from None


def _nullability(
    path: str, tokens: Sequence[Token]
) -> tuple[str, tuple[ConstraintDeclaration, ...]] | None:
    """Read `column [CONSTRAINT name] [NOT] NULL`; None for anything else."""
    reader = DefinitionReader(tokens)
    column = reader.name()
    name = reader.name() if reader.take("CONSTRAINT") else None
    alter = f"ALTER TABLE {path} ALTER {path_of(None, column)}"
    if reader.take("NOT", "NULL"):
        reader.take("ENABLE")
        reader.expect_end()
        return f"{alter} SET NOT NULL", (ConstraintDeclaration("N", (column,), name),)
    if reader.take("NULL"):
        reader.expect_end()
        return f"{alter} DROP NOT NULL", ()
    return None


def _column_definitions(
    parts: Sequence[Sequence[Token]], verb: str, current_schema: str, known: Columns
) -> list[tuple[ColumnDeclaration, exp.ColumnDef]]:
    if not all(parts):
        raise OraError(1735, "invalid ALTER TABLE option")
    start = parts[0][0].start
    written = ", ".join(_with_type(one, known) for one in parts)
    statement = f"CREATE TABLE x ({written})"
    prepared = prepare(statement, without_storage(tokenize(statement)))
    try:
        tree = parse_one(prepared.text, read=ReadOracle)
    except SqlglotError:
        raise OraError(1735, "invalid ALTER TABLE option", position=start) from None
    columns: list[tuple[ColumnDeclaration, exp.ColumnDef]] = []
    if not isinstance(tree.this, exp.Schema):
        raise OraError(1735, "invalid ALTER TABLE option", position=start)
    for part in tree.this.expressions:
        if not isinstance(part, exp.ColumnDef) or part.kind is None:
            raise unsupported(f"ALTER TABLE {verb} of anything but typed columns", start)
        declared, stored = read_type(part.kind)
        part.set("kind", stored)
        part.meta[DECLARED_META] = declared
        name = folded(part.this)
        on_null = take_on_null(part)
        columns.append((ColumnDeclaration(name, declared, default_on_null=on_null), part))
    rewrite_expressions(
        tree, Context(prepared, current_schema, current_schema, Scopes(nothing_known))
    )
    return columns


def _parts(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The definitions in a list, without the commas between them."""
    start = depth = 0
    for index, token in enumerate(tokens):
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and not depth:
            yield tokens[start:index]
            start = index + 1
    yield tokens[start:]


_BEHIND_A_TYPE = ("DEFAULT", "NOT", "NULL", "CONSTRAINT")


def _with_type(tokens: Sequence[Token], known: Columns) -> str:
    """The text of a column's definition; MODIFY may leave out a type that stays as it is."""
    words = [token.text for token in tokens]
    found = known.get(tokens[0].name) if tokens else None
    if found is not None and len(tokens) > 1 and tokens[1].is_word(*_BEHIND_A_TYPE):
        if found.declared is None:
            raise unsupported("ALTER TABLE MODIFY of a column without a declared type")
        words.insert(1, written_type(found.declared))
    return " ".join(words)


_TOO_BIG = "error('ORA-01441: cannot decrease column length because some value is too big')"


def _alterations(
    path: str, column: tuple[ColumnDeclaration, exp.ColumnDef], verb: str, known: Columns
) -> str:
    declaration, node = column
    assert node.kind is not None, "the column is typed"
    found = defined_type(node)
    convert_default(node, found)
    name = path_of(None, declaration.name)
    stored = write(node.kind)
    default, nullable = "", False
    for constraint in node.constraints:
        kind = constraint.args.get("kind")
        if isinstance(kind, exp.NotNullColumnConstraint):
            nullable = nullable or bool(kind.args.get("allow_null"))
            continue
        if not isinstance(kind, exp.DefaultColumnConstraint) or kind.this.find(exp.Column):
            raise unsupported(f"ALTER TABLE {verb} with this column constraint")
        literal = kind.this
        if (
            isinstance(literal, exp.Literal)
            and literal.is_string
            and declaration.type.name in FIXED
        ):
            literal = exp.Literal.string(literal.this.ljust(declaration.type.length or 1))
        default = f" DEFAULT {write(literal)}"
    text = declaration.type if declaration.type.name in TEXTS else None
    using = ""
    if text is not None and text.length is not None:
        padded = f"rpad({name}, {text.length}, ' ')" if text.name in FIXED else name
        shorter = f"rtrim({name}, ' ')" if text.name in FIXED else name
        using = (
            f" USING CASE WHEN length({shorter}) > {text.length} THEN {_TOO_BIG} ELSE {padded} END"
        )
    alter = f"ALTER TABLE {path}"
    required = f"; {alter} ALTER {name} SET NOT NULL" if _is_required(node) else ""
    if verb == "ADD":
        return f"{alter} ADD COLUMN {name} {stored}{default}{required}"
    if default:
        default = f"; {alter} ALTER {name} SET{default}"
    before = known.get(declaration.name)
    if nullable:
        required = f"; {alter} ALTER {name} DROP NOT NULL"
    refused = _refused_change(before, declaration.type)
    if refused:
        using = f" USING CASE WHEN {name} IS NOT NULL THEN CAST(error('{refused}') AS {stored}) END"
    elif before is not None and FREE in (before.number, found.number) and found.number is not None:
        old = mark_with(exp.column(declaration.name, quoted=True), before)
        using = f" USING {write(stored_number(as_number(old), node.kind))}"
    return f"{alter} ALTER {name} SET DATA TYPE {stored}{using}{default}{required}"


def _refused_change(before: ColumnType | None, wanted: DeclaredType) -> str:
    """Why a column that has values cannot get a type; "" if it can."""
    old = before.declared if before is not None else None
    if old is None:
        return ""
    if _family(old) != _family(wanted):
        return "ORA-01439: column to be modified must be empty to change datatype"
    if old.name != "NUMBER" or None in (old.precision, wanted.precision):
        return ""
    scales = old.scale or 0, wanted.scale or 0
    digits = (old.precision or 0) - scales[0], (wanted.precision or 0) - scales[1]
    if scales[1] < scales[0] or digits[1] < digits[0]:
        return "ORA-01440: column to be modified must be empty to decrease precision or scale"
    return ""


def _family(declared: DeclaredType) -> str:
    """Types between which a column with values can change have the same."""
    if declared.name in TEXTS:
        return "NCHAR" if declared.name.startswith("N") else "CHAR"
    if declared.name == "DATE" or declared.name.startswith("TIMESTAMP"):
        return "TIMESTAMP"
    return "NUMBER" if declared.name == "FLOAT" else declared.name


def _has_default(node: exp.ColumnDef) -> bool:
    return any(
        isinstance(one.args.get("kind"), exp.DefaultColumnConstraint) for one in node.constraints
    )


def _is_required(node: exp.ColumnDef) -> bool:
    return any(
        isinstance(kind := constraint.args.get("kind"), exp.NotNullColumnConstraint)
        and not kind.args.get("allow_null")
        for constraint in node.constraints
    )
