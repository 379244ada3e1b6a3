"""SQL text as tokens, as far as needed to place keys: quotes, comments, binds, parentheses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<space>   \s+ | --[^\n]* | /\*.*?\*/ )
  | (?P<string>  [nN]?[qQ]'(?: \[.*?\] | \{.*?\} | \(.*?\) | <.*?>
                             | (?P<mark>[^\s\[{(<]).*?(?P=mark) )'
               | [nN]?'(?:[^']|'')*' )
  | (?P<quoted>  "[^"]*" )
  | (?P<bind>    :\s*(?:"[^"]*"|\w+) )
  | (?P<name>    [^\W\d][\w$\#]* )
  | (?P<number>  \d+ )
  | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """A piece of SQL that is neither white space nor a comment."""

    kind: str
    """`string`, `quoted`, `bind`, `name`, `number` or `other`."""
    text: str
    start: int
    end: int
    depth: int
    """Nesting depth in parentheses; a parenthesis counts itself."""

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords, in any case."""
        return self.kind == "name" and self.text.upper() in words

    @property
    def bind_name(self) -> str:
        """A bind's name, in upper case unless it is quoted."""
        name = self.text[1:].strip()
        return name[1:-1] if name.startswith('"') else name.upper()


def tokens_of(sql: str) -> list[Token]:
    """The tokens of `sql`, without white space and comments."""
    return list(_tokens(sql))


def _tokens(sql: str) -> Iterator[Token]:
    depth = 0
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "other"
        if kind == "space":
            continue
        depth += match[0] == "("
        yield Token(kind, match[0], match.start(), match.end(), depth)
        depth -= match[0] == ")"
