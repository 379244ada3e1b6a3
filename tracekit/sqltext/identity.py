"""Which statements are the same, apart from notation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from string import ascii_lowercase

from tracekit.sqltext.lexer import Token, TokenKind, UnendedQuote, scan

BIND = ":BIND"
BINDS = ":BINDS"

_CAPITALS = str.maketrans(ascii_lowercase, ascii_lowercase.upper())
_TIGHT_BEFORE = frozenset(",);")
_FOLDED = frozenset({TokenKind.WORD, TokenKind.NUMBER})
_NAMES = frozenset({TokenKind.WORD, TokenKind.QUOTED})


def normalise(statement: str) -> str:
    """Normalise a statement: remove what does not change its meaning.

    Comments and hints are dropped. White space and letter case are folded outside literals and
    quoted names. Every bind is called `:BIND`, and a list of binds in an `IN`, of any length,
    is `(:BINDS)`. Literals stay. Normalising twice changes nothing.

    Example:
        >>> normalise("select /*+ FULL(t) */ a from t where k in (:p0, :p1) and at > :since")
        'SELECT A FROM T WHERE K IN (:BINDS) AND AT > :BIND'
    """
    return _joined(_folded(_named(_tokens(statement))))


def without_literals(statement: str) -> str:
    """The normalised statement with every text literal as `'?'` and every number as `?`.

    Two statements with the same form can select different rows, so it is only for display and
    suggestions, not for identity.
    """
    return _joined(_folded(_blind(_named(_tokens(statement)))))


def statement_sha256(statement: str) -> str:
    """The hash of the normalised statement, in 64 hexadecimal digits."""
    return hashlib.sha256(normalise(statement).encode("utf-8", "surrogatepass")).hexdigest()


def _tokens(statement: str) -> list[Token]:
    """The tokens; what follows a quote that does not end is one literal."""
    tokens: list[Token] = []
    try:
        for token in scan(statement):
            tokens.append(token)  # noqa: PERF402 - keeps what came before an error
    except UnendedQuote as error:
        rest = statement[error.position :]
        tokens.append(Token(TokenKind.STRING, rest, error.position, len(statement)))
    return tokens


def _named(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens with one name for each bind and each list of binds."""
    place = 0
    while place < len(tokens):
        end = _list_end(tokens, place)
        if end:
            yield tokens[place]
            yield tokens[place + 1]
            yield tokens[place + 2]._replace(kind=TokenKind.BIND, text=BINDS)
            yield tokens[end]
            place = end + 1
        elif tokens[place].text == ":" and place + 1 < len(tokens) and _is_name(tokens[place + 1]):
            # A comment was between them; a bind's name can be separated.
            yield tokens[place]._replace(kind=TokenKind.BIND, text=BIND)
            place += 2
        else:
            token = tokens[place]
            yield token._replace(text=BIND) if token.kind is TokenKind.BIND else token
            place += 1


def _is_name(token: Token) -> bool:
    return token.kind in _NAMES or token.kind is TokenKind.NUMBER


def _list_end(tokens: Sequence[Token], place: int) -> int:
    """The place of the `)` of a list of binds that follows an IN at `place`, or 0."""
    if not tokens[place].is_word("IN") or place + 1 >= len(tokens) or tokens[place + 1].text != "(":
        return 0
    depth, at, wants_item = 1, place + 2, True
    while at < len(tokens):
        token = tokens[at]
        if wants_item and token.text == "(" and depth == 1:  # keys of several columns
            depth = 2
        elif wants_item and token.kind is TokenKind.BIND:
            wants_item = False
        elif not wants_item and token.text == ",":
            wants_item = True
        elif not wants_item and token.text == ")":
            depth -= 1
            if not depth:
                return at
        else:
            return 0
        at += 1
    return 0


def _blind(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.kind is TokenKind.STRING:
            yield token._replace(text="'?'")
        elif token.kind is TokenKind.NUMBER:
            yield token._replace(kind=TokenKind.SYMBOL, text="?")
        else:
            yield token


def _folded(tokens: Iterable[Token]) -> Iterator[Token]:
    """ASCII letters alone change case, so that no version of Unicode's tables matters."""
    for token in tokens:
        if token.kind in _FOLDED:
            yield token._replace(text=token.text.translate(_CAPITALS))
        elif token.kind is TokenKind.STRING and token.text[0] != "'":  # N'…', q'[…]', nq'[…]'
            prefix, quote, rest = token.text.partition("'")
            yield token._replace(text=prefix.translate(_CAPITALS) + quote + rest)
        else:
            yield token


def _joined(tokens: Iterable[Token]) -> str:
    """The tokens with a blank between them, but for the usual places."""
    pieces: list[str] = []
    before: Token | None = None
    dotted = False
    """Whether a `.` between two names was just written."""
    for token in tokens:
        is_dot = token.text == "." and before is not None and before.kind in _NAMES
        tight = (
            before is None
            or before.text == "("
            or token.text in _TIGHT_BEFORE
            or is_dot
            or (dotted and token.kind in _NAMES)
        )
        pieces.append(token.text if tight else f" {token.text}")
        before, dotted = token, is_dot
    return "".join(pieces)
