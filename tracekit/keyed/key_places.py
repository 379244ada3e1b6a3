"""The places of a query's keys: `IN (:keys)`, or a condition around a text without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Any

from tracekit.errors import ConfigError
from tracekit.keyed.sql_text import Token

_LIST_LIMIT = 1000
"""Most expressions in one IN list (ORA-01795)."""


@dataclass(frozen=True)
class _Place:
    """One `:keys` of the text."""

    start: int
    end: int
    left: str | None
    """The operand of the IN; None if the list is not part of an IN."""


class KeyPlaces:
    """A text and the places of its keys.

    Args:
        sql: The text.
        places: Every `:keys` in it; empty if the text is wrapped.
        key_columns: Key columns of the result.
        order: The text's own ORDER BY, repeated around the wrapped text.
        prefix: First letters of the bind names.
        limit: The clause that limits the rows of a statement with `:keys`, such as `FETCH FIRST`;
            empty if there is none.
    """

    def __init__(
        self,
        sql: str,
        places: Sequence[_Place],
        key_columns: Sequence[str],
        order: str,
        prefix: str,
        limit: str,
    ) -> None:
        self.limit = limit
        self._sql = sql
        self._places = places
        self._key_columns = key_columns
        self._order = order
        self._prefix = prefix
        self._width = max(1, len(key_columns))

    @property
    def found(self) -> bool:
        """Whether the text itself has a place for the keys."""
        return bool(self._places)

    def with_keys(self, count: int) -> str:
        """The text with placeholders for `count` keys."""
        names = [self._placeholder(index) for index in range(count)]
        if self._places:
            return self._replaced([_listed(place.left, names) for place in self._places])
        columns = ", ".join(self._key_columns)
        left = columns if self._width == 1 else f"({columns})"
        # The user's own query, run with the user's own rights; keys are bound.
        return f"SELECT * FROM (\n{self._sql}\n) WHERE {_listed(left, names)}{self._order}"  # noqa: S608

    def without_keys(self) -> str:
        """The text without its key filter, for all keys.

        Raises:
            ConfigError: the keys are not part of an IN, so they cannot be left out.
        """
        if any(place.left is None for place in self._places):
            raise ConfigError(
                "this query cannot run without keys, because :keys is not part of an IN (:keys). "
                "Give the keys with --keys or --keys-sql"
            )
        return self._replaced(["1 = 1"] * len(self._places))

    def binds_of(self, keys: Sequence[Any]) -> dict[str, Any]:
        """The values of the placeholders of `with_keys`."""
        if self._width == 1:
            return {f"{self._prefix}{index}": key for index, key in enumerate(keys)}
        return {
            f"{self._prefix}{index}_{part}": value
            for index, key in enumerate(keys)
            for part, value in enumerate(key)
        }

    def _placeholder(self, index: int) -> str:
        if self._width == 1:
            return f":{self._prefix}{index}"
        parts = (f":{self._prefix}{index}_{part}" for part in range(self._width))
        return f"({', '.join(parts)})"

    def _replaced(self, texts: Sequence[str]) -> str:
        pieces, last = [], 0
        for place, text in zip(self._places, texts, strict=True):
            pieces += [self._sql[last : place.start], text]
            last = place.end
        return "".join([*pieces, self._sql[last:]])


def find_key_places(sql: str, tokens: Sequence[Token], key_columns: Sequence[str]) -> KeyPlaces:
    """The places of `:keys` in `sql`, or around it if it has none.

    Raises:
        ConfigError: `:keys` is where no list can be, or the text cannot be wrapped.
    """
    at = [n for n, token in enumerate(tokens) if token.kind == "bind" and token.bind_name == "KEYS"]
    places = [_place(sql, tokens, n) for n in at]
    order = "" if places or not key_columns else _order(tokens)
    binds = {token.bind_name for token in tokens if token.kind == "bind"}
    prefix = next(
        prefix
        for prefix in ("p", "key_", "tracekit_key_")
        if not any(name.startswith(prefix.upper()) for name in binds)
    )
    limits = (limit for n in at if (limit := _limit_around(tokens, n)))
    return KeyPlaces(sql, places, key_columns, order, prefix, next(limits, ""))


def _limit_around(tokens: Sequence[Token], at: int) -> str:
    """The clause that limits the rows of a query block around the token at `at`."""
    for depth in range(tokens[at].depth):
        block = _block(tokens, at, depth)
        for word, following in pairwise(block):
            if word.is_word("FETCH") and following.is_word("FIRST", "NEXT"):
                return f"FETCH {following.text.upper()}"
            if word.is_word("OFFSET") and following.kind in ("number", "bind"):
                return "OFFSET"
        if any(token.is_word("ROWNUM") for token in block):
            return "ROWNUM"
    return ""


def _block(tokens: Sequence[Token], at: int, depth: int) -> list[Token]:
    """The tokens at `depth` of the innermost parentheses of that depth around `at`."""
    before = list(takewhile(lambda token: token.depth >= depth, reversed(tokens[:at])))
    after = takewhile(lambda token: token.depth >= depth, tokens[at:])
    return [token for token in (*reversed(before), *after) if token.depth == depth]


def _listed(left: str | None, names: Sequence[str]) -> str:
    if left is None:
        return ", ".join(names)
    lists = [
        f"{left} IN ({', '.join(names[start : start + _LIST_LIMIT])})"
        for start in range(0, len(names), _LIST_LIMIT)
    ]
    return lists[0] if len(lists) == 1 else f"({' OR '.join(lists)})"


def _place(sql: str, tokens: Sequence[Token], at: int) -> _Place:
    if [token.text for token in tokens[at - 1 : at + 2 : 2]] != ["(", ")"]:
        raise ConfigError(":keys is a list: write it in parentheses, as in ACCOUNT_ID IN (:keys)")
    if not tokens[at - 2].is_word("IN"):
        return _Place(tokens[at].start, tokens[at].end, None)
    left = at - 3
    first = _first_of_operand(tokens, left)
    if tokens[left].is_word("NOT") or tokens[first - 1].is_word("NOT"):
        raise ConfigError("NOT IN (:keys) selects everything except the keys. Write IN (:keys)")
    return _Place(
        tokens[first].start, tokens[at + 1].end, sql[tokens[first].start : tokens[left].end]
    )


def _first_of_operand(tokens: Sequence[Token], last: int) -> int:
    """The start of the operand that ends at `last`: a.b, f(x), (a, b)."""
    first = last
    if tokens[last].text == ")":
        depth = tokens[last].depth
        while tokens[first].text != "(" or tokens[first].depth != depth:
            first -= 1
        called = tokens[first - 1].kind in ("name", "quoted")
        if not called or tokens[first - 1].is_word("WHERE", "AND", "OR", "ON", "NOT", "WHEN"):
            return first
        first -= 1
    while tokens[first - 1].text == ".":
        first -= 2
    return first


def _order(tokens: Sequence[Token]) -> str:
    """The ORDER BY of the whole text, by the names of result columns; empty without one."""
    starts = [
        n
        for n, (token, following) in enumerate(pairwise(tokens))
        if token.depth == 0 and token.is_word("ORDER") and following.is_word("BY")
    ]
    if not starts:
        return ""
    items: list[list[Token]] = [[]]
    for token in tokens[starts[-1] + 2 :]:
        if token.depth == 0 and token.is_word("FETCH", "OFFSET", "FOR"):
            break
        if token.depth == 0 and token.text == ",":
            items.append([])
        else:
            items[-1].append(token)
    return "\nORDER BY " + ", ".join(map(_ordered_by, items))


def _ordered_by(item: Sequence[Token]) -> str:
    words = list(item)
    while words and words[-1].is_word("ASC", "DESC", "NULLS", "FIRST", "LAST"):
        words.pop()
    names, dots = words[::2], words[1::2]
    named = all(token.kind in ("name", "quoted") for token in names) and all(
        token.text == "." for token in dots
    )
    numbered = [token.kind for token in words] == ["number"]
    if not words or not (named or numbered):
        text = " ".join(token.text for token in item)
        raise ConfigError(
            f"the query is ordered by {text!r}, which is not a column of its result. Write "
            "IN (:keys) into the SQL, or order by columns of the result."
        )
    return " ".join(token.text for token in (names[-1], *item[len(words) :]))
