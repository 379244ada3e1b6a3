"""DDL that is simple enough to be read from its tokens: DROP, TRUNCATE, ALTER, sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.dialect import ReadOracle
from tracekit.localdb.translate.lexer import Token, TokenKind
from tracekit.localdb.translate.translated import ColumnDeclaration, Definition
from tracekit.localdb.translate.types import read_type
from tracekit.localdb.translate.writer import write


@dataclass
class _Reader:
    """Walks over tokens."""

    tokens: Sequence[Token]
    index: int = 0

    @property
    def at_end(self) -> bool:
        return self.index >= len(self.tokens)

    def take(self, *words: str) -> bool:
        """Step over these words if they come next."""
        ahead = self.tokens[self.index : self.index + len(words)]
        if len(ahead) < len(words):
            return False
        if all(token.is_word(word) for token, word in zip(ahead, words, strict=True)):
            self.index += len(words)
            return True
        return False

    def name(self) -> str:
        """The identifier that comes next, folded."""
        if self.at_end:
            raise OraError(903, "invalid table name", position=self.tokens[-1].end)
        token = self.tokens[self.index]
        self.index += 1
        if token.kind is TokenKind.QUOTED:
            return token.text[1:-1]
        if token.kind is TokenKind.WORD:
            return token.text.upper()
        raise OraError(903, "invalid table name", position=token.start)

    def qualified_name(self) -> tuple[str | None, str]:
        """[schema.]name."""
        first = self.name()
        if not self.at_end and self.tokens[self.index].text == ".":
            self.index += 1
            return first, self.name()
        return None, first

    def integer(self) -> int:
        """The whole number that comes next, with its sign."""
        sign = 1
        if not self.at_end and self.tokens[self.index].text == "-":
            sign = -1
            self.index += 1
        if self.at_end or not self.tokens[self.index].text.isdigit():
            raise OraError(1722, "invalid number", position=self.tokens[-1].start)
        self.index += 1
        return sign * int(self.tokens[self.index - 1].text)

    def expect_end(self) -> None:
        """Nothing may follow."""
        if not self.at_end:
            position = self.tokens[self.index].start
            raise OraError(933, "SQL command not properly ended", position=position)


def schema_change(tokens: Sequence[Token]) -> tuple[str, Definition] | None:
    """DuckDB's text of such a statement and what it changes; None for another statement."""
    reader = _Reader(tokens)
    if reader.take("TRUNCATE", "TABLE"):
        schema, name = reader.qualified_name()
        if not (reader.take("DROP", "STORAGE") or reader.take("REUSE", "STORAGE")):
            reader.expect_end()
        return f"TRUNCATE {_path(schema, name)}", Definition("TRUNCATE", "TABLE", schema, name)
    if reader.take("DROP"):
        return _drop(reader)
    if reader.take("CREATE", "SEQUENCE"):
        return _create_sequence(reader)
    if reader.take("ALTER", "TABLE"):
        return _alter_table(reader)
    if reader.take("RENAME"):
        old = reader.name()
        if not reader.take("TO"):
            raise OraError(933, "SQL command not properly ended")
        new = reader.name()
        text = f"ALTER TABLE {_path(None, old)} RENAME TO {_path(None, new)}"
        return text, Definition("RENAME", "TABLE", None, old)
    return None


def _path(schema: str | None, name: str) -> str:
    quoted = exp.to_identifier(name, quoted=True).sql(dialect="duckdb")
    if schema is None:
        return quoted
    return f"{exp.to_identifier(schema, quoted=True).sql(dialect='duckdb')}.{quoted}"


def _drop(reader: _Reader) -> tuple[str, Definition]:
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
    return text, Definition("DROP", kind, schema, name)


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


def _alter_table(reader: _Reader) -> tuple[str, Definition]:
    schema, name = reader.qualified_name()
    path = _path(schema, name)
    if reader.take("RENAME", "COLUMN"):
        old = reader.name()
        if not reader.take("TO"):
            raise OraError(946, "missing TO keyword")
        text = f"ALTER TABLE {path} RENAME {_path(None, old)} TO {_path(None, reader.name())}"
        return text, Definition("ALTER", "TABLE", schema, name)
    if reader.take("RENAME", "TO"):
        text = f"ALTER TABLE {path} RENAME TO {_path(None, reader.name())}"
        return text, Definition("RENAME", "TABLE", schema, name)
    if reader.take("DROP", "COLUMN"):
        column = reader.name()
        reader.take("CASCADE", "CONSTRAINTS")
        reader.expect_end()
        text = f"ALTER TABLE {path} DROP COLUMN {_path(None, column)}"
        return text, Definition("ALTER", "TABLE", schema, name, dropped_columns=(column,))
    for verb in ("ADD", "MODIFY"):
        if reader.take(verb):
            columns = _column_definitions(reader.tokens[reader.index :], verb)
            text = "; ".join(_alterations(path, column, verb) for column in columns)
            declared = tuple(declaration for declaration, _ in columns)
            return text, Definition("ALTER", "TABLE", schema, name, declared)
    raise unsupported("this ALTER TABLE", reader.tokens[0].start)


def _column_definitions(
    tokens: Sequence[Token], verb: str
) -> list[tuple[ColumnDeclaration, exp.ColumnDef]]:
    if tokens and tokens[0].is_word("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
        raise unsupported("ALTER TABLE ADD CONSTRAINT", tokens[0].start)
    inner = " ".join(token.text for token in tokens)
    if not (tokens and tokens[0].text == "("):
        inner = f"({inner})"
    try:
        tree = parse_one(f"CREATE TABLE x {inner}", read=ReadOracle)
    except SqlglotError:
        raise OraError(1735, "invalid ALTER TABLE option", position=tokens[0].start) from None
    columns: list[tuple[ColumnDeclaration, exp.ColumnDef]] = []
    if not isinstance(tree.this, exp.Schema):
        raise OraError(1735, "invalid ALTER TABLE option", position=tokens[0].start)
    for part in tree.this.expressions:
        if not isinstance(part, exp.ColumnDef) or part.kind is None:
            raise unsupported(f"ALTER TABLE {verb} of other than typed columns", tokens[0].start)
        declared, stored = read_type(part.kind)
        part.set("kind", stored)
        name = part.name if part.this.args.get("quoted") else part.name.upper()
        columns.append((ColumnDeclaration(name, declared), part))
    return columns


def _alterations(path: str, column: tuple[ColumnDeclaration, exp.ColumnDef], verb: str) -> str:
    declaration, node = column
    name = _path(None, declaration.name)
    stored = write(node.kind) if node.kind is not None else ""
    default = ""
    for constraint in node.constraints:
        kind = constraint.args.get("kind")
        if not isinstance(kind, exp.DefaultColumnConstraint) or not isinstance(
            kind.this, exp.Literal
        ):
            raise unsupported(f"ALTER TABLE {verb} with this column constraint")
        default = f" DEFAULT {write(kind.this)}"
    if verb == "ADD":
        return f"ALTER TABLE {path} ADD COLUMN {name} {stored}{default}"
    if default:
        raise unsupported("ALTER TABLE MODIFY with a default")
    return f"ALTER TABLE {path} ALTER {name} SET DATA TYPE {stored}"
