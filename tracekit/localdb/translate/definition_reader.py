"""A cursor over the tokens of DDL, and names as DuckDB reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.lexer import Token, TokenKind


@dataclass
class DefinitionReader:
    """A cursor over tokens."""

    tokens: Sequence[Token]
    index: int = 0

    @property
    def at_end(self) -> bool:
        """Whether all tokens are read."""
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


def path_of(schema: str | None, name: str) -> str:
    """`"SCHEMA"."NAME"`, in DuckDB's quotes."""
    quoted = exp.to_identifier(name, quoted=True).sql(dialect="duckdb")
    if schema is None:
        return quoted
    return f"{exp.to_identifier(schema, quoted=True).sql(dialect='duckdb')}.{quoted}"
