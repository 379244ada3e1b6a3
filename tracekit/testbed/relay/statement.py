"""A statement that the relay passes on; its text determines its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tracekit.localdb.backend import StatementKind
from tracekit.localdb.wire.messages.binds import count_returned
from tracekit.sqltext.lexer import Token, TokenKind, UnendedQuote, bind_name, scan

_KINDS = {
    "SELECT": StatementKind.QUERY,
    "WITH": StatementKind.QUERY,
    "INSERT": StatementKind.DML,
    "UPDATE": StatementKind.DML,
    "DELETE": StatementKind.DML,
    "MERGE": StatementKind.DML,
    "BEGIN": StatementKind.PLSQL,
    "DECLARE": StatementKind.PLSQL,
    "CALL": StatementKind.PLSQL,
}
_DEFINITIONS = frozenset(
    {"CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME", "COMMENT", "GRANT", "REVOKE", "ANALYZE"}
)


@dataclass(frozen=True)
class PassedStatement:
    """A statement as the client sent it."""

    sql: str

    @cached_property
    def kind(self) -> StatementKind:
        """The kind of result that it returns."""
        words = [token.text.upper() for token in self._tokens if token.text != "("][:2]
        first = words[0] if words else ""
        if first in _KINDS:
            return _KINDS[first]
        if first in _DEFINITIONS and words != ["ALTER", "SESSION"]:
            return StatementKind.DDL
        return StatementKind.OTHER

    @cached_property
    def bind_names(self) -> Sequence[str]:
        """One name per placeholder; for a PL/SQL block, one per bind."""
        names = [bind_name(token) for token in self._tokens if token.kind is TokenKind.BIND]
        return tuple(dict.fromkeys(names)) if self.kind is StatementKind.PLSQL else tuple(names)

    @cached_property
    def returned(self) -> int:
        """The number of binds at the end that RETURNING ... INTO fills."""
        return count_returned(self.sql)

    @cached_property
    def _tokens(self) -> list[Token]:
        tokens: list[Token] = []
        try:
            for token in scan(self.sql):
                tokens.append(token)  # noqa: PERF402 - what came before an error is kept
        except UnendedQuote:  # the database reports the error
            pass
        return tokens
