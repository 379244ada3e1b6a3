"""Statements about the session and its transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracekit.localdb.backend import StatementKind
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.lexer import Token, TokenKind, string_value
from tracekit.localdb.translate.translated import Control, Translated


def control_statement(tokens: Sequence[Token], sql: str) -> Translated | None:
    """Translate a control statement; None for any other.

    Raises:
        OraError: the control statement is malformed.
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
    if _is_accepted(words):
        return _control(Control.ACCEPTED, sql, StatementKind.DDL)
    return None


def _is_accepted(words: Sequence[str]) -> bool:
    """Whether it is DDL about what the local Oracle does not have: rights, roles, statistics."""
    return (
        words[0] in ("GRANT", "REVOKE", "ANALYZE", "PURGE", "AUDIT", "NOAUDIT")
        or words[:2] in (["CREATE", "ROLE"], ["ALTER", "ROLE"], ["DROP", "ROLE"])
        or words[:2] == ["ALTER", "USER"]
        or (words[:2] == ["ALTER", "VIEW"] and words[-1] == "COMPILE")
        or words[:3] == ["ALTER", "SYSTEM", "FLUSH"]
    )


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
    verb = words[2] if len(words) > 2 else ""
    if verb in ("ENABLE", "DISABLE", "ADVISE", "CLOSE", "SYNC"):
        return _ignored_verb(words, tokens)
    if verb != "SET":
        raise OraError(2248, "invalid option for ALTER SESSION", position=tokens[-1].end)
    if len(words) > 4 and words[3] == "CURRENT_SCHEMA":
        return _control(Control.SET_SCHEMA, tokens[-1].name)
    return Translated(
        StatementKind.OTHER,
        "",
        control=Control.SET_PARAMETER,
        settings=tuple(_settings(tokens[3:], tokens[-1].end)),
    )


def _ignored_verb(words: Sequence[str], tokens: Sequence[Token]) -> Translated:
    """Parallel execution and resumable statements do not change results, so they are ignored."""
    if words[3:4] and words[3] in ("PARALLEL", "RESUMABLE", "COMMIT", "GUARD"):
        return _control(Control.SET_PARAMETER)
    raise unsupported(f"ALTER SESSION {' '.join(words[2:])}".strip(), tokens[0].start)


def _settings(tokens: Sequence[Token], end: int) -> Iterator[tuple[str, str]]:
    """Read the pairs of `name = value name = value ...`; EVENTS has no equals sign."""
    index = 0
    while index < len(tokens):
        name = tokens[index].text.upper()
        index += 1 + (index + 1 < len(tokens) and tokens[index + 1].text == "=")
        if index >= len(tokens):
            raise OraError(2248, "invalid option for ALTER SESSION", position=end)
        value = tokens[index]
        is_text = value.kind is TokenKind.STRING
        yield name, string_value(value) if is_text else value.name
        index += 1
        if name == "EVENTS":
            return
    if not tokens:
        raise OraError(2248, "invalid option for ALTER SESSION", position=end)
