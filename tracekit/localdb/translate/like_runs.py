"""Find runs of `x LIKE '%' || :a || '%' OR x LIKE '%' || :b || '%' ...` among tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.localdb.translate.lexer import Token, TokenKind

LIKE_ANY = "ORA$LIKE_ANY"
"""The call that replaces a run: the operand and a list parameter."""
_LONGEST_OPERAND = 5
"""The number of tokens in `schema.table.column`."""


@dataclass(frozen=True)
class LikeRun:
    """One run."""

    operand: str
    binds: Sequence[Token]
    token_count: int


def like_run(tokens: Sequence[Token], index: int) -> LikeRun | None:
    """A run of two or more such tests from `index` on, if it is a whole condition."""
    if index == 0 or not (tokens[index - 1].text == "(" or tokens[index - 1].is_word("WHERE")):
        return None
    length = _operand_length(tokens, index)
    if not length:
        return None
    operand = [token.text.upper() for token in tokens[index : index + length]]
    binds: list[Token] = []
    position = index
    while True:
        bind = _test_bind(tokens, position, operand)
        if bind is None:
            return None
        binds.append(bind)
        position += length + 6
        if position < len(tokens) and tokens[position].is_word("OR"):
            position += 1
            continue
        break
    if len(binds) < 2 or not _ends_condition(tokens, position):
        return None
    written = "".join(token.text for token in tokens[index : index + length])
    return LikeRun(written, binds, position - index)


def _operand_length(tokens: Sequence[Token], index: int) -> int:
    """The number of tokens of a plain column reference before LIKE; 0 for anything else."""
    for length in range(1, _LONGEST_OPERAND + 1, 2):
        if index + length >= len(tokens):
            return 0
        if tokens[index + length - 1].kind not in (TokenKind.WORD, TokenKind.QUOTED):
            return 0
        following = tokens[index + length]
        if following.is_word("LIKE"):
            return length
        if following.text != ".":
            return 0
    return 0


def _test_bind(tokens: Sequence[Token], position: int, operand: list[str]) -> Token | None:
    """The bind in `operand LIKE '%' || :bind || '%'` at `position`."""
    length = len(operand)
    test = tokens[position : position + length + 6]
    if len(test) < length + 6 or [token.text.upper() for token in test[:length]] != operand:
        return None
    like, open_, first, bind, second, close = test[length:]
    if (
        like.is_word("LIKE")
        and open_.text == close.text == "'%'"
        and first.text == second.text == "||"
        and bind.kind is TokenKind.BIND
    ):
        return bind
    return None


def _ends_condition(tokens: Sequence[Token], position: int) -> bool:
    """Whether nothing follows that belongs to the last test or binds tighter than OR."""
    return (
        position >= len(tokens)
        or tokens[position].text == ")"
        or tokens[position].is_word("ORDER", "GROUP", "FETCH", "UNION", "MINUS", "INTERSECT")
    )
