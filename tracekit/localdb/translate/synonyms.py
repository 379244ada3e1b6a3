"""Synonyms: other names of tables, views and sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.column_types import ColumnsOf
from tracekit.localdb.translate.definition_reader import DefinitionReader
from tracekit.localdb.translate.lexer import Token
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.translated import Definition

PUBLIC = "PUBLIC"
"""The owner of public synonyms."""
_DICTIONARY = "SYS"

ObjectName: TypeAlias = tuple[str, str]
"""Schema and name."""


def synonym_change(tokens: Sequence[Token], current_schema: str) -> Definition | None:
    """Read CREATE SYNONYM or DROP SYNONYM; None for any other statement.

    Raises:
        OraError: the statement is malformed, or the synonym is of an object in another database.
    """
    reader = DefinitionReader(tokens)
    drops = reader.take("DROP")
    if not drops and not reader.take("CREATE"):
        return None
    replaces = not drops and reader.take("OR", "REPLACE")
    if not drops:
        reader.take("EDITIONABLE") or reader.take("NONEDITIONABLE")
    is_public = reader.take("PUBLIC")
    if not reader.take("SYNONYM"):
        return None
    lenient = reader.take("IF", "EXISTS") if drops else reader.take("IF", "NOT", "EXISTS")
    owner, name = reader.qualified_name()
    schema = PUBLIC if is_public else owner or current_schema
    if drops:
        reader.take("FORCE")
        reader.expect_end()
        return Definition("DROP", "SYNONYM", schema, name, lenient=lenient)
    reader.take("SHARING", "=", "NONE")
    if not reader.take("FOR"):
        raise OraError(905, "missing keyword", position=tokens[-1].end)
    target_schema, target = reader.qualified_name()
    if not reader.at_end and reader.tokens[reader.index].text == "@":
        raise unsupported("a synonym of an object in another database", tokens[0].start)
    reader.expect_end()
    return Definition(
        "CREATE",
        "SYNONYM",
        schema,
        name,
        synonym_of=(target_schema or current_schema, target),
        lenient=lenient,
        replaces=replaces,
    )


@dataclass(frozen=True)
class SynonymNames:
    """Resolves names that can be synonyms, in one statement.

    Args:
        synonyms: What each synonym stands for.
        current_schema: The schema of unqualified names.
        columns_of: Looks up a table's columns; none if it does not exist.
    """

    synonyms: Mapping[ObjectName, ObjectName]
    current_schema: str
    columns_of: ColumnsOf

    def use(self, tree: exp.Expr) -> None:
        """Write the tables and sequences that a statement's synonyms stand for, in place.

        Raises:
            OraError: ORA-01775 if synonyms stand for each other; ORA-00980 if one stands for
                nothing.
        """
        if not self.synonyms:
            return
        for column in list(tree.find_all(exp.Column)):
            self._use_in_column(column)
        named = {folded(cte.args["alias"].this) for cte in tree.find_all(exp.CTE)}
        for table in list(tree.find_all(exp.Table)):
            if isinstance(table.this, exp.Identifier):
                owner = table.args.get("db")
                if owner is not None or folded(table.this) not in named:
                    self._use_in_table(table)

    def _use_in_table(self, table: exp.Table) -> None:
        owner = table.args.get("db")
        name = folded(table.this)
        target = self._target(folded(owner) if owner is not None else None, name)
        if target is None:
            return
        if target[0] != _DICTIONARY and not self.columns_of(*target):
            raise OraError(980, "synonym translation is no longer valid")
        parent = table.parent.parent if isinstance(table.parent, exp.Schema) else table.parent
        if not table.alias and not isinstance(parent, exp.Insert):
            table.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
        table.set("db", exp.to_identifier(target[0], quoted=True))
        table.set("this", exp.to_identifier(target[1], quoted=True))

    def _use_in_column(self, column: exp.Column) -> None:
        """`synonym.NEXTVAL` is the sequence's; `schema.synonym.column` becomes `synonym.column`."""
        table, owner = column.args.get("table"), column.args.get("db")
        if table is None:
            return
        schema = folded(owner) if owner is not None else None
        if column.name.upper() in ("NEXTVAL", "CURRVAL"):
            target = self._target(schema, folded(table))
            if target is not None:
                column.set("db", exp.to_identifier(target[0], quoted=True))
                column.set("table", exp.to_identifier(target[1], quoted=True))
        elif schema is not None and (schema, folded(table)) in self.synonyms:
            column.set("db", None)

    def _target(self, owner: str | None, name: str) -> ObjectName | None:
        """What a name stands for; None if it is not a synonym.

        A public synonym is used only if the schema has no object of that name.
        """
        key = (owner or self.current_schema, name)
        if key not in self.synonyms:
            key = (PUBLIC, name)
            if owner is not None or key not in self.synonyms or self.columns_of(None, name):
                return None
        seen = set()
        while key in self.synonyms:
            if key in seen:
                raise OraError(1775, "looping chain of synonyms")
            seen.add(key)
            key = self.synonyms[key]
        return key
