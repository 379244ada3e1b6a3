"""Oracle's lexical rules: the tokens of a statement, and where its bind placeholders are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.stored_names import held_name


class TokenKind(Enum):
    """What a token is, as far as translating needs to know."""

    WORD = "word"
    QUOTED = "quoted"
    STRING = "string"
    NUMBER = "number"
    BIND = "bind"
    SYMBOL = "symbol"


class Token(NamedTuple):
    """One token and its place in the client's text; comments and blanks are no tokens.

    The text of a quoted name is the name as DuckDB holds it (`stored_names`).
    """

    kind: TokenKind
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The name it is as an identifier, as DuckDB holds it."""
        return self.text[1:-1] if self.kind is TokenKind.QUOTED else self.text.upper()

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these (upper-case) unquoted words."""
        return self.kind is TokenKind.WORD and self.text.upper() in words


_CLOSING = {"[": "]", "{": "}", "(": ")", "<": ">"}
_TOKEN = re.compile(
    r"""
      (?P<blank>(?:\s+|--[^\n]*|/\*.*?(?:\*/|\Z))+)
    | (?P<qstring>[nN]?[qQ]'(?=.))
    | (?P<string>[nN]?'(?:[^']|'')*(?P<string_end>'?))
    | (?P<quoted>"[^"]*(?P<quoted_end>"?))
    | (?P<bind>:\s*(?:[^\W\d][\w$#]*|\d+|"[^"\n]+"))
    | (?P<number>(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?(?![\w$#]))
    | (?P<word>[^\W\d][\w$#]*)
    | (?P<symbol>:=|::|\|\||<>|!=|\^=|~=|<=|>=|=>|\*\*|\.\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = {
    "quoted": TokenKind.QUOTED,
    "string": TokenKind.STRING,
    "bind": TokenKind.BIND,
    "number": TokenKind.NUMBER,
    "word": TokenKind.WORD,
    "symbol": TokenKind.SYMBOL,
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
    while position < len(sql):
        match = _TOKEN.match(sql, position)
        assert match is not None, "the last alternative matches any character"
        group = match.lastgroup or "symbol"
        start, position = position, match.end()
        if group == "qstring":
            position = _alternative_quote_end(sql, start, position)
            yield Token(TokenKind.STRING, sql[start:position], start, position)
            continue
        if group == "string" and not match["string_end"]:
            raise OraError(1756, "quoted string not properly terminated", position=start)
        if group == "quoted" and not match["quoted_end"]:
            raise OraError(1740, "missing double quote in identifier", position=start)
        kind = _KINDS.get(group)
        if kind is not None:
            text = held_name(match[0]) if kind is TokenKind.QUOTED else match[0]
            yield Token(kind, text, start, position)


def _alternative_quote_end(sql: str, start: int, body: int) -> int:
    """Where a q'[...]' literal that starts at `start` ends; `body` is at its delimiter."""
    closing = _CLOSING.get(sql[body], sql[body]) + "'"
    end = sql.find(closing, body + 1)
    if end < 0:
        raise OraError(1756, "quoted string not properly terminated", position=start)
    return end + 2


def string_value(token: Token) -> str:
    """The text a string token stands for."""
    text = token.text
    if text[0] in "nN":
        text = text[1:]
    if text[0] in "qQ":
        return text[3:-2]
    return text[1:-1].replace("''", "'")


def bind_name(token: Token) -> str:
    """The name of a bind token without its colon, upper-case unless quoted."""
    name = token.text[1:].strip()
    return name[1:-1] if name.startswith('"') else name.upper()
