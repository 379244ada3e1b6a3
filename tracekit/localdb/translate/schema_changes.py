"""DDL simple enough to read token by token: users, sequences, comments, DROP, TRUNCATE, RENAME."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.column_types import ColumnsOf
from tracekit.localdb.translate.definition_reader import DefinitionReader, path_of
from tracekit.localdb.translate.lexer import Token, TokenKind, string_value
from tracekit.localdb.translate.sequence_changes import alter_sequence, create_sequence
from tracekit.localdb.translate.table_changes import alter_table
from tracekit.localdb.translate.translated import (
    Definition,
)


def schema_change(
    tokens: Sequence[Token], current_schema: str, columns_of: ColumnsOf
) -> tuple[str, Definition] | None:
    """Translate such a statement and describe what it changes; None for any other statement.

    The SQL is empty if the definition requires the table to be rebuilt.
    """
    reader = DefinitionReader(tokens)
    if reader.take("CREATE", "USER"):
        return _create_user(reader)
    if reader.take("TRUNCATE", "TABLE"):
        schema, name = reader.qualified_name()
        if not (reader.take("DROP", "STORAGE") or reader.take("REUSE", "STORAGE")):
            reader.expect_end()
        return f"TRUNCATE {path_of(schema, name)}", Definition("TRUNCATE", "TABLE", schema, name)
    if reader.take("DROP"):
        return _drop(reader)
    if reader.take("COMMENT", "ON"):
        return _comment(reader)
    if reader.take("CREATE", "SEQUENCE"):
        return create_sequence(reader)
    if reader.take("ALTER", "SEQUENCE"):
        return alter_sequence(reader)
    if reader.take("ALTER", "INDEX"):
        return _alter_index(reader)
    if reader.take("ALTER", "TABLE"):
        return alter_table(reader, current_schema, columns_of)
    if reader.take("RENAME"):
        old = reader.name()
        if not reader.take("TO"):
            raise OraError(933, "SQL command not properly ended")
        new = reader.name()
        text = f"ALTER TABLE {path_of(None, old)} RENAME TO {path_of(None, new)}"
        return text, Definition("RENAME", "TABLE", None, old, new_name=new)
    return None


def _alter_index(reader: DefinitionReader) -> tuple[str, Definition]:
    """ALTER INDEX renames it, or changes how Oracle keeps it."""
    schema, name = reader.qualified_name()
    if reader.take("RENAME", "TO"):
        new = reader.name()
        reader.expect_end()
        return "", Definition("RENAME", "INDEX", schema, name, new_name=new)
    if reader.take("UNUSABLE"):
        raise unsupported("an index that is UNUSABLE", reader.tokens[0].start)
    return "", Definition("ALTER", "INDEX", schema, name)


def _comment(reader: DefinitionReader) -> tuple[str, Definition]:
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
    path = ".".join(path_of(None, name) for name in names)
    table = names[:-1] if kind == "COLUMN" else names
    if not table:
        raise OraError(904, "invalid identifier", position=reader.tokens[0].start)
    schema = table[0] if len(table) == 2 else None
    definition = Definition("COMMENT", "TABLE", schema, table[-1])
    return f"COMMENT ON {kind} {path} IS {quoted}", definition


def _create_user(reader: DefinitionReader) -> tuple[str, Definition]:
    """CREATE USER makes a schema; passwords and quotas are ignored."""
    name = reader.name()
    if not (reader.take("IDENTIFIED") or reader.take("NO", "AUTHENTICATION")):
        raise OraError(28007, "the password cannot be reused; expected IDENTIFIED BY")
    return f"CREATE SCHEMA {path_of(None, name)}", Definition("CREATE", "SCHEMA", None, name)


def _drop_user(reader: DefinitionReader) -> tuple[str, Definition]:
    name = reader.name()
    cascade = " CASCADE" if reader.take("CASCADE") else ""
    reader.expect_end()
    return f"DROP SCHEMA {path_of(None, name)}{cascade}", Definition("DROP", "SCHEMA", None, name)


def _drop(reader: DefinitionReader) -> tuple[str, Definition]:
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
    text = f"DROP {kind} {exists}{path_of(schema, name)}{cascade}"
    return text, Definition("DROP", kind, schema, name, cascade=bool(cascade))
