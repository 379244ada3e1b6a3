"""Run an INSERT with many rows of binds as a single statement.

Row by row, DuckDB would plan each insert. So `INSERT ... VALUES ($b0, $b1)` becomes
`INSERT ... SELECT binds.b0, binds.b1 FROM (SELECT unnest($b0) AS b0, unnest($b1) AS b1) AS binds`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

MIN_ROWS = 8
_DECIMAL_DIGITS = 38
MAX_ROWS = 10_000
"""Rows per statement; more rows take several statements."""

_NAME = r'"(?:[^"]|"")+"'
_NAMES = rf"{_NAME}(?:, {_NAME})*"
_INSERT = re.compile(
    rf"(INSERT INTO {_NAME}(?:\.{_NAME})*(?: \({_NAMES}\))?) VALUES \((.*)\)",  # noqa: S608
    re.DOTALL,
)
_LITERAL_OR_PARAMETER = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w+)""")
_SUBQUERY = re.compile(r"\bSELECT\b", re.IGNORECASE)


@lru_cache(maxsize=256)
def array_insert(sql: str) -> str | None:
    """Make `sql` take lists as its parameters; None if it is not an insert of one tuple of values.

    An insert whose values contain a subquery is not rewritten: it would not see the rows before.
    """
    match = _INSERT.fullmatch(sql)
    if match is None or _SUBQUERY.search(match[2]) or not _is_one_tuple(match[2]):
        return None
    names: dict[str, None] = {}

    def column(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        names[found[1]] = None
        return f"binds.{found[1]}"

    values = _LITERAL_OR_PARAMETER.sub(column, match[2])
    if not names:
        return None
    lists = ", ".join(f"unnest(${name}) AS {name}" for name in names)
    return f"{match[1]} SELECT {values} FROM (SELECT {lists}) AS binds"  # noqa: S608 (names are ours)


def as_lists(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]] | None:
    """The values of each parameter as a list; None if those of one have different types.

    DuckDB gives a list one type. It would convert a mixed one, and could round numbers.
    """
    lists = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        types = {type(value) for value in values} - {type(None)}
        if Decimal in types and types <= {int, Decimal}:
            if not _fit_together(values):
                return None
            values = [Decimal(value) if isinstance(value, int) else value for value in values]
        elif len(types) > 1 or list in types:
            return None
        lists[name] = values
    return lists


def _fit_together(numbers: Iterable[int | Decimal | None]) -> bool:
    """Whether one DECIMAL type holds all of them exactly."""
    digits = scale = 0
    for number in numbers:
        if number is not None:
            exact = Decimal(number)
            if not exact.is_finite():
                return False
            digits = max(digits, exact.adjusted() + 1)
            scale = max(scale, -int(exact.as_tuple().exponent))
    return digits + scale <= _DECIMAL_DIGITS


def _is_one_tuple(text: str) -> bool:
    depth = 0
    for character in _LITERAL_OR_PARAMETER.sub("", text):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0
