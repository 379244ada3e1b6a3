"""A statement's tokens as translating needs them: quoted names as DuckDB holds them."""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.stored_names import held_name
from tracekit.sqltext import lexer
from tracekit.sqltext.lexer import Token, TokenKind, UnendedQuote, bind_name, string_value

__all__ = ["Token", "TokenKind", "bind_name", "scan", "string_value", "tokenize"]

_UNENDED = {
    "'": (1756, "quoted string not properly terminated"),
    '"': (1740, "missing double quote in identifier"),
}


def tokenize(sql: str) -> list[Token]:
    """The tokens of `sql`.

    Raises:
        OraError: ORA-01756 or ORA-01740, a quote that does not end.
    """
    return list(scan(sql))


def scan(sql: str, position: int = 0) -> Iterator[Token]:
    """The tokens of `sql` from an offset on, one by one.

    Raises:
        OraError: ORA-01756 or ORA-01740, a quote that does not end.
    """
    try:
        for token in lexer.scan(sql, position):
            if token.kind is TokenKind.QUOTED:
                yield token._replace(text=held_name(token.text))
            else:
                yield token
    except UnendedQuote as error:
        raise OraError(*_UNENDED[error.quote], position=error.position) from None
