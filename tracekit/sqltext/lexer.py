"""Oracle's lexical rules: the tokens of a statement.

What is a letter, a digit or a blank is written out here, so that a statement has the same tokens
under every version of Python and of its Unicode tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from tracekit.errors import TracekitError


class UnendedQuote(TracekitError):
    """A quote in a statement does not end.

    Args:
        quote: `'` of a literal or `"` of a name.
        position: Where it starts, from 0.
    """

    def __init__(self, quote: str, position: int) -> None:
        self.quote = quote
        self.position = position
        super().__init__(f"the quote {quote} at offset {position} of the statement does not end")


class TokenKind(Enum):
    """What a token is."""

    WORD = "word"
    QUOTED = "quoted"
    STRING = "string"
    NUMBER = "number"
    BIND = "bind"
    SYMBOL = "symbol"


class Token(NamedTuple):
    """One token and its place in the text; comments, hints and blanks are no tokens."""

    kind: TokenKind
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The name it is as an identifier: as written in quotes, else in capitals."""
        return self.text[1:-1] if self.kind is TokenKind.QUOTED else self.text.upper()

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these (upper-case) unquoted words."""
        return self.kind is TokenKind.WORD and self.text.upper() in words


_CLOSING = {"[": "]", "{": "}", "(": ")", "<": ">"}
_BLANK = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_FIRST = rf"(?:[A-Za-z_]|[^\x00-\x7f{_BLANK}])"
_REST = rf"(?:[A-Za-z_0-9$\#]|[^\x00-\x7f{_BLANK}])"
_TOKEN = re.compile(
    rf"""
      (?P<blank>(?:[{_BLANK}]+|--[^\n]*|/\*.*?(?:\*/|\Z))+)
    | (?P<qstring>[nN]?[qQ]'(?=.))
    | (?P<string>[nN]?'(?:[^']|'')*(?P<string_end>'?))
    | (?P<quoted>"[^"]*(?P<quoted_end>"?))
    | (?P<bind>:[{_BLANK}]*(?![nN]?[qQ]?')(?:{_FIRST}{_REST}*|[0-9]+|"[^"\n]+"))
    | (?P<number>(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?:[fFdD](?!{_REST}))?)
    | (?P<word>{_FIRST}{_REST}*)
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
        UnendedQuote: a quote does not end.
    """
    return list(scan(sql))


def scan(sql: str, position: int = 0) -> Iterator[Token]:
    """The tokens of `sql` from an offset on, one by one.

    Raises:
        UnendedQuote: a quote does not end.
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
            raise UnendedQuote("'", start)
        if group == "quoted" and not match["quoted_end"]:
            raise UnendedQuote('"', start)
        kind = _KINDS.get(group)
        if kind is not None:
            yield Token(kind, match[0], start, position)


def _alternative_quote_end(sql: str, start: int, body: int) -> int:
    """Where a q'[...]' literal that starts at `start` ends; `body` is at its delimiter."""
    closing = _CLOSING.get(sql[body], sql[body]) + "'"
    end = sql.find(closing, body + 1)
    if end < 0:
        raise UnendedQuote("'", start)
    return end + 2


def string_value(token: Token) -> str:
    """The text of a string token."""
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
