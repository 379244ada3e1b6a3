"""Canonical forms of a whole column of cells: the rules of `canonical`, at C speed.

Types that drivers and pandas return in bulk (text, ints, floats, datetimes, Timestamps, None) are
converted by `map` over whole columns; all others one value at a time.
"""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any

from tracekit.equality.canonical import canonical
from tracekit.equality.forms import (
    BOOL,
    DATETIME,
    FLOAT,
    INT,
    INTEGRAL_FLOAT,
    INTEGRAL_MARK,
    NAN_FLOAT,
    NONE,
    STR,
    TIMESTAMP,
    TIMESTAMP_MARK,
    Kind,
    is_integral,
)

Cells = Sequence[Any]


@dataclass(frozen=True, slots=True)
class ColumnForms:
    """The forms and marks of a column's cells; None instead of marks that are all empty."""

    value: Cells
    json_marks: Sequence[bytes] | None
    type_marks: Sequence[bytes] | None
    kinds: dict[Kind, int]
    """Number of cells of each kind."""


def column_forms(cells: Cells) -> ColumnForms:
    """The forms and marks of `cells`, equal to those that `canonical` returns for each.

    Raises:
        TypeError: a cell has no canonical form.
    """
    types = set(map(type, cells))
    if len(types) == 1:
        return _of_type(types.pop())(cells)
    if types <= _THEMSELVES.keys():
        counts = Counter(map(type, cells))
        kinds = {_THEMSELVES[kind]: count for kind, count in counts.items()}
        return ColumnForms(cells, None, None, kinds)
    return _merged(cells, types)


def _merged(cells: Cells, types: set[type]) -> ColumnForms:
    """Convert the cells of each type separately, then restore their order."""
    parts = {kind: _of_type(kind)([cell for cell in cells if type(cell) is kind]) for kind in types}
    kinds: Counter[Kind] = Counter()
    for part in parts.values():
        kinds.update(part.kinds)
    return ColumnForms(
        _interleaved(cells, {kind: part.value for kind, part in parts.items()}),
        _interleaved_marks(cells, {kind: part.json_marks for kind, part in parts.items()}),
        _interleaved_marks(cells, {kind: part.type_marks for kind, part in parts.items()}),
        dict(kinds),
    )


def _interleaved(cells: Cells, parts: Mapping[type, Iterable[Any]]) -> list[Any]:
    following = {kind: iter(part).__next__ for kind, part in parts.items()}
    return [following[type(cell)]() for cell in cells]


def _interleaved_marks(
    cells: Cells, parts: dict[type, Sequence[bytes] | None]
) -> list[bytes] | None:
    if not any(parts.values()):
        return None
    return _interleaved(
        cells, {kind: repeat(b"") if part is None else part for kind, part in parts.items()}
    )


def _of_type(kind: type) -> Callable[[Cells], ColumnForms]:
    convert = _CONVERTERS.get(kind)
    if convert is not None:
        return convert
    if kind.__name__ == "Timestamp" and kind.__module__.partition(".")[0] == "pandas":
        return _timestamps
    return _one_by_one


def _one_by_one(cells: Cells) -> ColumnForms:
    forms = [canonical(cell) for cell in cells]
    json_marks = [form.json_mark for form in forms]
    type_marks = [form.type_mark for form in forms]
    return ColumnForms(
        [form.value for form in forms],
        json_marks if any(json_marks) else None,
        type_marks if any(type_marks) else None,
        dict(Counter(form.kind for form in forms)),
    )


def _themselves(kind: Kind, cells: Cells) -> ColumnForms:
    return ColumnForms(cells, None, None, {kind: len(cells)})


def _floats(cells: Cells) -> ColumnForms:
    integral = list(map(is_integral, cells))
    whole = sum(integral)
    nans = sum(map(math.isnan, cells))
    value: Cells = cells
    marks: Sequence[bytes] | None = None
    if whole == len(cells):
        value, marks = list(map(int, cells)), [INTEGRAL_MARK] * whole
    elif whole or nans:
        forms = [canonical(cell) for cell in cells]
        value, marks = [form.value for form in forms], [form.json_mark for form in forms]
    counts = {INTEGRAL_FLOAT: whole, NAN_FLOAT: nans, FLOAT: len(cells) - whole - nans}
    kinds = {kind: count for kind, count in counts.items() if count}
    return ColumnForms(value, marks, None, kinds)


_zone_of = attrgetter("tzinfo")
_nanosecond_of = attrgetter("nanosecond")
_year_of = attrgetter("year")


def _datetimes(cells: Cells) -> ColumnForms:
    if any(map(_zone_of, cells)):
        return _one_by_one(cells)
    return ColumnForms(_packed(cells), None, None, {DATETIME: len(cells)})


def _packed(cells: Cells) -> Cells:
    return list(map(itemgetter(1), map(datetime.datetime.__reduce__, cells)))


def _timestamps(cells: Cells) -> ColumnForms:
    special = any(map(_nanosecond_of, cells)) or any(map(_zone_of, cells))
    if special or not 1 <= min(map(_year_of, cells)) <= max(map(_year_of, cells)) <= 9999:
        return _one_by_one(cells)
    marks = [TIMESTAMP_MARK] * len(cells)
    return ColumnForms(_packed(cells), None, marks, {TIMESTAMP: len(cells)})


_THEMSELVES: dict[type, Kind] = {type(None): NONE, bool: BOOL, int: INT, str: STR}
_CONVERTERS: dict[type, Callable[[Cells], ColumnForms]] = {
    **{kind: partial(_themselves, name) for kind, name in _THEMSELVES.items()},
    float: _floats,
    datetime.datetime: _datetimes,
}
