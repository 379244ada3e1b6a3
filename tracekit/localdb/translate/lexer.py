"""Tokenize statements, with quoted names as DuckDB stores them."""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.stored_names import stored_name
from tracekit.sqltext import lexer
from tracekit.sqltext.lexer import Token, TokenKind, UnendedQuote, bind_name, string_value

__all__ = ["Token", "TokenKind", "bind_name", "scan", "string_value", "tokenize"]

_UNENDED = {
    "'": (1756, "quoted string not properly terminated"),
    '"': (1740, "missing double quote in identifier"),
}


def tokenize(sql: str) -> list[Token]:
    """Return the tokens of `sql`.

    Raises:
        OraError: ORA-01756 or ORA-01740 if a quote is not closed.
    """
    return list(scan(sql))


def scan(sql: str, position: int = 0) -> Iterator[Token]:
    """Yield the tokens of `sql` from an offset on.

    Raises:
        OraError: ORA-01756 or ORA-01740 if a quote is not closed.
    """
    try:
        for token in lexer.scan(sql, position):
            if token.kind is TokenKind.QUOTED:
                yield token._replace(text=stored_name(token.text))
            else:
                yield token
    except UnendedQuote as error:
        raise OraError(*_UNENDED[error.quote], position=error.position) from None
