"""Statements about the session and its transaction."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.localdb.backend import StatementKind
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.lexer import Token, TokenKind
from tracekit.localdb.translate.translated import Control, Translated


def control_statement(tokens: Sequence[Token], sql: str) -> Translated | None:
    """The translation of a control statement, None for any other.

    Raises:
        OraError: it is one, but malformed.
    """
    words = [token.text.upper() if token.kind is TokenKind.WORD else "" for token in tokens]
    first = words[0]
    if first == "COMMIT":
        return _control(Control.COMMIT)
    if first == "ROLLBACK":
        return _rollback(tokens, words)
    if first == "SAVEPOINT":
        if len(tokens) != 2:
            raise OraError(933, "SQL command not properly ended", position=tokens[-1].start)
        return _control(Control.SAVEPOINT, tokens[1].name)
    if words[:2] == ["ALTER", "SESSION"]:
        return _alter_session(tokens, words, sql)
    if words[:2] == ["SET", "TRANSACTION"]:
        return _control(Control.SET_TRANSACTION, sql[tokens[2].start :] if len(tokens) > 2 else "")
    if words[:2] == ["LOCK", "TABLE"]:
        return _control(Control.LOCK_TABLE)
    if first in ("GRANT", "REVOKE", "ANALYZE"):
        return _control(Control.GRANT, sql, StatementKind.DDL)
    return None


def _control(
    control: Control, argument: str = "", kind: StatementKind = StatementKind.OTHER
) -> Translated:
    return Translated(kind, "", control=control, control_argument=argument)


def _rollback(tokens: Sequence[Token], words: Sequence[str]) -> Translated:
    rest = [word for word in words[1:] if word not in ("WORK", "SAVEPOINT")]
    if not rest:
        return _control(Control.ROLLBACK)
    if rest[0] != "TO" or len(rest) != 2:
        raise OraError(933, "SQL command not properly ended", position=tokens[1].start)
    return _control(Control.ROLLBACK_TO, tokens[-1].name)


def _alter_session(tokens: Sequence[Token], words: Sequence[str], sql: str) -> Translated:
    if len(words) > 4 and words[2] == "SET" and words[3] == "CURRENT_SCHEMA":
        return _control(Control.SET_SCHEMA, tokens[-1].name)
    return _control(Control.SET_PARAMETER, sql[tokens[2].start :] if len(tokens) > 2 else "")
