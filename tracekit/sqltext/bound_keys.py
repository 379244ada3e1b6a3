"""Which columns of a query's result are its keys, and which binds hold their values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tracekit.sqltext.lexer import Token, TokenKind, UnendedQuote, scan

_NAMES = frozenset({TokenKind.WORD, TokenKind.QUOTED})
_Comparison = tuple[tuple[str, ...], list[tuple[int, ...]]]
"""Columns as the statement names them, and the binds of each key by their places."""


@dataclass(frozen=True)
class BoundKeys:
    """The keys in a statement."""

    columns: tuple[str, ...]
    """Key columns of the result."""
    places: tuple[tuple[int, ...], ...]
    """For each key, the places of its binds among all placeholders, one per column."""

    def values(self, row: Sequence[Any]) -> list[Any]:
        """The keys in a bind row: values, or tuples where the key has several columns."""
        if len(self.columns) == 1:
            return [row[place[0]] for place in self.places]
        return [tuple(row[one] for one in place) for place in self.places]


def bound_keys(
    statement: str, result_columns: Sequence[str], named: Collection[str] = ()
) -> BoundKeys | None:
    """Find the keys of a query: the binds in the list of a selected column's `IN`.

    Several lists of the same columns are one. Without a list, a selected column is the key if it
    is the only one that `=` compares with a bind.

    Args:
        statement: The query.
        result_columns: Names of the columns of its result.
        named: The columns that can be a key; empty for any.

    Returns:
        None if no selected column is compared in this way.
    """
    tokens = _tokens(statement)
    aliases = _aliases(tokens, result_columns)
    lists = _of_result(_lists(tokens), aliases, named)
    equal = _of_result(_equalities(tokens), aliases, named)
    found = lists or (equal if len(equal) == 1 else {})
    for columns, places in found.items():
        return BoundKeys(columns, tuple(places))
    return None


def _of_result(
    comparisons: Iterator[_Comparison], aliases: dict[str, str], named: Collection[str]
) -> dict[tuple[str, ...], list[tuple[int, ...]]]:
    """The comparisons of columns that the result has, by their names there."""
    found: dict[tuple[str, ...], list[tuple[int, ...]]] = {}
    for columns, places in comparisons:
        titles = tuple(aliases.get(column, "") for column in columns)
        if all(titles) and all(not named or title in named for title in titles):
            found.setdefault(titles, []).extend(places)
    return found


def _tokens(statement: str) -> list[Token]:
    tokens: list[Token] = []
    try:
        for token in scan(statement):
            tokens.append(token)  # noqa: PERF402 - keeps what came before an error
    except UnendedQuote:
        pass
    return tokens


def _aliases(tokens: Sequence[Token], result_columns: Sequence[str]) -> dict[str, str]:
    """By the name of a column in the statement, its name in the result."""
    aliases = {name: name for name in result_columns}
    ends = (",", "FROM")
    for column, *rest in zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False):
        title, after = rest[0], rest[1]
        if title.is_word("AS"):
            title, after = rest[1], rest[2]
        if (
            column.kind in _NAMES
            and title.kind in _NAMES
            and title.name in result_columns
            and after.text.upper() in ends
        ):
            aliases.setdefault(column.name, title.name)
    return aliases


def _lists(tokens: Sequence[Token]) -> Iterator[_Comparison]:
    """Every `COLUMN IN (:a, :b)` and `(COLUMN, COLUMN) IN ((:a, :b), (:c, :d))`."""
    numbers = _bind_numbers(tokens)
    for place, token in enumerate(tokens):
        if not token.is_word("IN") or not 0 < place < len(tokens) - 1:
            continue
        columns = _columns_before(tokens, place)
        binds = _binds_after(tokens, place + 1, numbers)
        if columns and binds and len(binds) % len(columns) == 0:
            width = len(columns)
            yield columns, [tuple(binds[i : i + width]) for i in range(0, len(binds), width)]


def _equalities(tokens: Sequence[Token]) -> Iterator[_Comparison]:
    """Every `COLUMN = :a`, either way around."""
    numbers = _bind_numbers(tokens)
    for place, token in enumerate(tokens[:-1]):
        if token.text != "=" or not place:
            continue
        before, after = tokens[place - 1], tokens[place + 1]
        if before.kind in _NAMES and after.kind is TokenKind.BIND:
            yield (before.name,), [(numbers[place + 1],)]
        elif before.kind is TokenKind.BIND and after.kind in _NAMES:
            end = place + 1
            while end + 2 < len(tokens) and tokens[end + 1].text == ".":
                end += 2
            yield (tokens[end].name,), [(numbers[place - 1],)]


def _bind_numbers(tokens: Sequence[Token]) -> dict[int, int]:
    """By the place of a placeholder among the tokens, its number among the placeholders."""
    places = [place for place, token in enumerate(tokens) if token.kind is TokenKind.BIND]
    return {place: number for number, place in enumerate(places)}


def _columns_before(tokens: Sequence[Token], place: int) -> tuple[str, ...]:
    """The names before the IN at `place`; none before NOT IN or an expression."""
    last = tokens[place - 1]
    if last.is_word("NOT"):
        return ()
    if last.kind in _NAMES:
        return (last.name,)
    names: list[str] = []
    at = place - 2
    while last.text == ")" and at > 0 and tokens[at].kind in _NAMES:
        names.append(tokens[at].name)
        while tokens[at - 1].text == ".":
            at -= 2
        if tokens[at - 1].text == "(":
            # `UPPER(NAME) IN` calls a function; `(A, B) IN` does not
            called = at > 1 and tokens[at - 2].kind in _NAMES and len(names) == 1
            return () if called else tuple(reversed(names))
        at -= 2
    return ()


def _binds_after(tokens: Sequence[Token], place: int, numbers: dict[int, int]) -> list[int]:
    """Numbers of the binds in the list that opens at `place`; none if it holds anything else."""
    if tokens[place].text != "(":
        return []
    binds, depth = [], 0
    for at in range(place, len(tokens)):
        token = tokens[at]
        if token.kind is TokenKind.BIND:
            binds.append(numbers[at])
        elif token.text == "(":
            depth += 1
        elif token.text == ")":
            depth -= 1
            if not depth:
                return binds
        elif token.text != ",":
            return []
    return []
