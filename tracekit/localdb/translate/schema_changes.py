"""DDL simple enough to read token by token: DROP, TRUNCATE, ALTER, sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.assignments import stored_number
from tracekit.localdb.translate.binds import prepare
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.constraints import constraint_clause
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.definitions import DECLARED_META, convert_default, defined_type
from tracekit.localdb.translate.dialect import ReadOracle
from tracekit.localdb.translate.implicit import as_number
from tracekit.localdb.translate.lexer import Token, TokenKind, string_value, tokenize
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.number_types import FREE
from tracekit.localdb.translate.rewrite import rewrite_expressions
from tracekit.localdb.translate.scopes import (
    Columns,
    ColumnsOf,
    ColumnType,
    Scopes,
    mark_with,
    nothing_known,
)
from tracekit.localdb.translate.text_types import FIXED, TEXTS
from tracekit.localdb.translate.translated import (
    ColumnDeclaration,
    ConstraintDeclaration,
    Definition,
)
from tracekit.localdb.translate.types import DeclaredType, read_type, written_type
from tracekit.localdb.translate.writer import write


@dataclass
class _Reader:
    """A cursor over tokens."""

    tokens: Sequence[Token]
    index: int = 0

    @property
    def at_end(self) -> bool:
        return self.index >= len(self.tokens)

    def take(self, *words: str) -> bool:
        """Skip these words if they come next."""
        ahead = self.tokens[self.index : self.index + len(words)]
        if len(ahead) < len(words):
            return False
        if all(token.is_word(word) for token, word in zip(ahead, words, strict=True)):
            self.index += len(words)
            return True
        return False

    def name(self) -> str:
        """Read an identifier, folded."""
        if self.at_end:
            raise OraError(903, "invalid table name", position=self.tokens[-1].end)
        token = self.tokens[self.index]
        self.index += 1
        if token.kind in (TokenKind.QUOTED, TokenKind.WORD):
            return token.name
        raise OraError(903, "invalid table name", position=token.start)

    def qualified_name(self) -> tuple[str | None, str]:
        """Read `[schema.]name`."""
        first = self.name()
        if not self.at_end and self.tokens[self.index].text == ".":
            self.index += 1
            return first, self.name()
        return None, first

    def integer(self) -> int:
        """Read a whole number with its sign."""
        sign = 1
        if not self.at_end and self.tokens[self.index].text == "-":
            sign = -1
            self.index += 1
        if self.at_end or not self.tokens[self.index].text.isdigit():
            raise OraError(1722, "invalid number", position=self.tokens[-1].start)
        self.index += 1
        return sign * int(self.tokens[self.index - 1].text)

    def expect_end(self) -> None:
        """Raise ORA-00933 unless all tokens are read."""
        if not self.at_end:
            position = self.tokens[self.index].start
            raise OraError(933, "SQL command not properly ended", position=position)


def schema_change(
    tokens: Sequence[Token], current_schema: str, columns_of: ColumnsOf
) -> tuple[str, Definition] | None:
    """Translate such a statement and describe what it changes; None for any other statement.

    The SQL is empty if the definition requires the table to be rebuilt.
    """
    reader = _Reader(tokens)
    if reader.take("CREATE", "USER"):
        return _create_user(reader)
    if reader.take("TRUNCATE", "TABLE"):
        schema, name = reader.qualified_name()
        if not (reader.take("DROP", "STORAGE") or reader.take("REUSE", "STORAGE")):
            reader.expect_end()
        return f"TRUNCATE {_path(schema, name)}", Definition("TRUNCATE", "TABLE", schema, name)
    if reader.take("DROP"):
        return _drop(reader)
    if reader.take("COMMENT", "ON"):
        return _comment(reader)
    if reader.take("CREATE", "SEQUENCE"):
        return _create_sequence(reader)
    if reader.take("ALTER", "TABLE"):
        return _alter_table(reader, current_schema, columns_of)
    if reader.take("RENAME"):
        old = reader.name()
        if not reader.take("TO"):
            raise OraError(933, "SQL command not properly ended")
        new = reader.name()
        text = f"ALTER TABLE {_path(None, old)} RENAME TO {_path(None, new)}"
        return text, Definition("RENAME", "TABLE", None, old, new_name=new)
    return None


def _comment(reader: _Reader) -> tuple[str, Definition]:
    """COMMENT ON TABLE | COLUMN | MATERIALIZED VIEW name IS 'text'; '' removes the comment."""
    kind = next((kind for kind in ("TABLE", "COLUMN", "VIEW") if reader.take(kind)), None)
    if kind is None:
        raise unsupported("COMMENT ON this kind of object", reader.tokens[0].start)
    names = [reader.name()]
    while not reader.at_end and reader.tokens[reader.index].text == ".":
        reader.index += 1
        names.append(reader.name())
    if len(names) > (3 if kind == "COLUMN" else 2):
        raise OraError(905, "missing keyword", position=reader.tokens[0].start)
    ahead = reader.tokens[reader.index + 1 :]
    if not reader.take("IS") or len(ahead) != 1 or ahead[0].kind is not TokenKind.STRING:
        raise OraError(1780, "string literal required", position=reader.tokens[-1].start)
    said = string_value(ahead[0])
    quoted = "'" + said.replace("'", "''") + "'" if said else "NULL"
    path = ".".join(_path(None, name) for name in names)
    table = names[:-1] if kind == "COLUMN" else names
    if not table:
        raise OraError(904, "invalid identifier", position=reader.tokens[0].start)
    schema = table[0] if len(table) == 2 else None
    definition = Definition("COMMENT", "TABLE", schema, table[-1])
    return f"COMMENT ON {kind} {path} IS {quoted}", definition


def _create_user(reader: _Reader) -> tuple[str, Definition]:
    """CREATE USER makes a schema; passwords and quotas are ignored."""
    name = reader.name()
    if not (reader.take("IDENTIFIED") or reader.take("NO", "AUTHENTICATION")):
        raise OraError(28007, "the password cannot be reused; expected IDENTIFIED BY")
    return f"CREATE SCHEMA {_path(None, name)}", Definition("CREATE", "SCHEMA", None, name)


def _drop_user(reader: _Reader) -> tuple[str, Definition]:
    name = reader.name()
    cascade = " CASCADE" if reader.take("CASCADE") else ""
    reader.expect_end()
    return f"DROP SCHEMA {_path(None, name)}{cascade}", Definition("DROP", "SCHEMA", None, name)


def _path(schema: str | None, name: str) -> str:
    quoted = exp.to_identifier(name, quoted=True).sql(dialect="duckdb")
    if schema is None:
        return quoted
    return f"{exp.to_identifier(schema, quoted=True).sql(dialect='duckdb')}.{quoted}"


def _drop(reader: _Reader) -> tuple[str, Definition]:
    if reader.take("USER"):
        return _drop_user(reader)
    kinds = ("TABLE", "VIEW", "INDEX", "SEQUENCE")
    kind = next((kind for kind in kinds if reader.take(kind)), None)
    if kind is None:
        raise unsupported("DROP of this kind of object", reader.tokens[0].start)
    exists = "IF EXISTS " if reader.take("IF", "EXISTS") else ""
    schema, name = reader.qualified_name()
    cascade = " CASCADE" if reader.take("CASCADE", "CONSTRAINTS") else ""
    reader.take("PURGE")
    reader.expect_end()
    text = f"DROP {kind} {exists}{_path(schema, name)}{cascade}"
    return text, Definition("DROP", kind, schema, name, cascade=bool(cascade))


def _create_sequence(reader: _Reader) -> tuple[str, Definition]:
    schema, name = reader.qualified_name()
    parts = [f"CREATE SEQUENCE {_path(schema, name)}"]
    while not reader.at_end:
        if reader.take("START", "WITH"):
            parts.append(f"START WITH {reader.integer()}")
        elif reader.take("INCREMENT", "BY"):
            parts.append(f"INCREMENT BY {reader.integer()}")
        elif reader.take("MINVALUE"):
            parts.append(f"MINVALUE {reader.integer()}")
        elif reader.take("MAXVALUE"):
            parts.append(f"MAXVALUE {min(reader.integer(), 2**63 - 1)}")
        elif reader.take("CYCLE"):
            parts.append("CYCLE")
        elif reader.take("CACHE"):
            reader.integer()
        elif not any(
            reader.take(word)
            for word in ("NOCACHE", "NOCYCLE", "ORDER", "NOORDER", "NOMINVALUE", "NOMAXVALUE")
        ):
            reader.expect_end()
    return " ".join(parts), Definition("CREATE", "SEQUENCE", schema, name)


def _alter_table(
    reader: _Reader, current_schema: str, columns_of: ColumnsOf
) -> tuple[str, Definition]:
    schema, name = reader.qualified_name()
    known = columns_of(schema, name)
    path = _path(schema, name)
    alter = partial(Definition, "ALTER", "TABLE", schema, name)
    if reader.take("RENAME", "COLUMN"):
        old = reader.name()
        if not reader.take("TO"):
            raise OraError(946, "missing TO keyword")
        new = reader.name()
        text = f"ALTER TABLE {path} RENAME {_path(None, old)} TO {_path(None, new)}"
        return text, alter(renamed_column=(old, new))
    if reader.take("RENAME", "TO"):
        new = reader.name()
        text = f"ALTER TABLE {path} RENAME TO {_path(None, new)}"
        return text, Definition("RENAME", "TABLE", schema, name, new_name=new)
    if reader.take("DROP", "CONSTRAINT"):
        dropped = reader.name()
        reader.take("CASCADE")
        reader.expect_end()
        return "", alter(dropped_constraints=(dropped,))
    if reader.take("DROP", "PRIMARY", "KEY"):
        reader.take("CASCADE")
        reader.take("DROP", "INDEX")
        reader.expect_end()
        return "", alter(dropped_key=("P",))
    if reader.take("DROP", "UNIQUE"):
        columns_of_key = _listed_names(reader)
        reader.take("CASCADE")
        reader.expect_end()
        return "", alter(dropped_key=("U", *columns_of_key))
    if reader.take("DROP", "COLUMN"):
        return _drop_columns(path, alter, [reader.name()], reader)
    if reader.take("DROP") and reader.tokens[reader.index : reader.index + 1]:
        return _drop_columns(path, alter, _listed_names(reader), reader)
    for verb in ("ADD", "MODIFY"):
        if reader.take(verb):
            rest = _unwrapped(reader.tokens[reader.index :])
            if verb == "ADD" and rest and rest[0].is_word(*_CONSTRAINT_WORDS):
                constraint, clause = _added_constraint(rest, current_schema, known)
                return "", alter(
                    constraints=(constraint,),
                    added_clauses=() if constraint.kind == "R" else (clause,),
                )
            is_one = len(list(_parts(rest))) == 1
            nullability = _nullability(path, rest) if verb == "MODIFY" and is_one else None
            if nullability is not None:
                text, required = nullability
                return text, alter(constraints=required)
            columns = _column_definitions(rest, verb, current_schema, known)
            text = ALTERED.join(_alterations(path, column, verb, known) for column in columns)
            required = tuple(
                ConstraintDeclaration("N", (declaration.name,))
                for declaration, node in columns
                if _is_required(node)
            )
            changed = tuple((one.name, "") for one, node in columns if _has_default(node))
            return text, alter(
                tuple(declared for declared, _ in columns),
                constraints=required,
                default_texts=changed,
            )
    raise unsupported("this ALTER TABLE", reader.tokens[0].start)


_CONSTRAINT_WORDS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK")


def _drop_columns(
    path: str, alter: Callable[..., Definition], columns: list[str], reader: _Reader
) -> tuple[str, Definition]:
    reader.take("CASCADE", "CONSTRAINTS")
    reader.expect_end()
    text = "; ".join(f"ALTER TABLE {path} DROP COLUMN {_path(None, one)}" for one in columns)
    return text, alter(dropped_columns=tuple(columns))


def _listed_names(reader: _Reader) -> list[str]:
    names: list[str] = []
    if reader.tokens[reader.index].text != "(":
        raise unsupported("this ALTER TABLE ... DROP", reader.tokens[reader.index].start)
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
    reader = _Reader(tokens)
    column = reader.name()
    name = reader.name() if reader.take("CONSTRAINT") else None
    alter = f"ALTER TABLE {path} ALTER {_path(None, column)}"
    if reader.take("NOT", "NULL"):
        reader.take("ENABLE")
        reader.expect_end()
        return f"{alter} SET NOT NULL", (ConstraintDeclaration("N", (column,), name),)
    if reader.take("NULL"):
        reader.expect_end()
        return f"{alter} DROP NOT NULL", ()
    return None


def _column_definitions(
    tokens: Sequence[Token], verb: str, current_schema: str, known: Columns
) -> list[tuple[ColumnDeclaration, exp.ColumnDef]]:
    if not tokens:
        raise OraError(1735, "invalid ALTER TABLE option")
    written = ", ".join(_with_type(one, known) for one in _parts(tokens))
    statement = f"CREATE TABLE x ({written})"
    prepared = prepare(statement, tokenize(statement))
    try:
        tree = parse_one(prepared.text, read=ReadOracle)
    except SqlglotError:
        raise OraError(1735, "invalid ALTER TABLE option", position=tokens[0].start) from None
    columns: list[tuple[ColumnDeclaration, exp.ColumnDef]] = []
    if not isinstance(tree.this, exp.Schema):
        raise OraError(1735, "invalid ALTER TABLE option", position=tokens[0].start)
    for part in tree.this.expressions:
        if not isinstance(part, exp.ColumnDef) or part.kind is None:
            raise unsupported(f"ALTER TABLE {verb} of anything but typed columns", tokens[0].start)
        declared, stored = read_type(part.kind)
        part.set("kind", stored)
        part.meta[DECLARED_META] = declared
        name = folded(part.this)
        columns.append((ColumnDeclaration(name, declared), part))
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


ALTERED = ";\n"
"""Stands between the statements that alter columns."""
_TOO_BIG = "error('ORA-01441: cannot decrease column length because some value is too big')"


def _alterations(
    path: str, column: tuple[ColumnDeclaration, exp.ColumnDef], verb: str, known: Columns
) -> str:
    declaration, node = column
    assert node.kind is not None, "the column is typed"
    found = defined_type(node)
    convert_default(node, found)
    name = _path(None, declaration.name)
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
    required = f"{ALTERED}{alter} ALTER {name} SET NOT NULL" if _is_required(node) else ""
    if verb == "ADD":
        return f"{alter} ADD COLUMN {name} {stored}{default}{required}"
    if default:
        default = f"{ALTERED}{alter} ALTER {name} SET{default}"
    before = known.get(declaration.name)
    if nullable:
        required = f"{ALTERED}{alter} ALTER {name} DROP NOT NULL"
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
