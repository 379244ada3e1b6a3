"""Canonical forms of a whole column of cells at once: the rules of `canonical`, at C speed.

What drivers and pandas hand out in bulk (text, ints, floats, datetimes, Timestamps, None) is
converted by `map` over whole columns; everything else goes one value at a time.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from tracekit.equality.canonical import (
    BOOL,
    DATETIME,
    FLOAT,
    INT,
    INTEGRAL_FLOAT,
    NAN,
    NAN_FLOAT,
    NONE,
    STR,
    TIMESTAMP,
    Form,
    Kind,
    canonical,
    is_integral,
    tagged,
)

Cells = Sequence[Any]


@dataclass(frozen=True, slots=True)
class ColumnForms:
    """Forms of a column's cells; where two levels share all forms they share the list."""

    exact: Cells
    json: Cells
    value: Cells
    kinds: dict[Kind, int]
    """Cells of each kind."""


def column_forms(cells: Cells) -> ColumnForms:
    """The forms of `cells`, the same that `canonical` gives for each.

    Raises:
        TypeError: a cell has no canonical form.
    """
    types = set(map(type, cells))
    if len(types) == 1:
        return _of_type(types.pop())(cells)
    if types <= _THEMSELVES.keys():
        counts = Counter(map(type, cells))
        kinds = {_THEMSELVES[kind]: count for kind, count in counts.items()}
        return ColumnForms(cells, cells, cells, kinds)
    return _merged(cells, types)


def _merged(cells: Cells, types: set[type]) -> ColumnForms:
    """Convert the cells of each type on their own, then put them back in their places."""
    parts = {kind: _of_type(kind)([cell for cell in cells if type(cell) is kind]) for kind in types}
    kinds: Counter[Kind] = Counter()
    for part in parts.values():
        kinds.update(part.kinds)
    exact = _interleaved(cells, {kind: part.exact for kind, part in parts.items()})
    json = value = exact
    if any(part.json is not part.exact for part in parts.values()):
        json = value = _interleaved(cells, {kind: part.json for kind, part in parts.items()})
    if any(part.value is not part.json for part in parts.values()):
        value = _interleaved(cells, {kind: part.value for kind, part in parts.items()})
    return ColumnForms(exact, json, value, dict(kinds))


def _interleaved(cells: Cells, parts: dict[type, Cells]) -> list[Form]:
    following = {kind: iter(part).__next__ for kind, part in parts.items()}
    return [following[type(cell)]() for cell in cells]


def _of_type(kind: type) -> Callable[[Cells], ColumnForms]:
    convert = _CONVERTERS.get(kind)
    if convert is not None:
        return convert
    if kind.__name__ == "Timestamp" and kind.__module__.partition(".")[0] == "pandas":
        return _timestamps
    return _one_by_one


def _one_by_one(cells: Cells) -> ColumnForms:
    forms = [canonical(cell) for cell in cells]
    return ColumnForms(
        [form.exact for form in forms],
        [form.json for form in forms],
        [form.value for form in forms],
        dict(Counter(form.kind for form in forms)),
    )


def _themselves(kind: Kind) -> Callable[[Cells], ColumnForms]:
    return lambda cells: ColumnForms(cells, cells, cells, {kind: len(cells)})


def _floats(cells: Cells) -> ColumnForms:
    integral = list(map(is_integral, cells))
    whole = sum(integral)
    nans = sum(cell != cell for cell in cells)
    natural: Cells = cells
    value: Cells = cells
    if nans:
        natural = [NAN if cell != cell else cell for cell in cells]
        value = [None if cell != cell else cell for cell in cells]
    if whole:
        value = [
            int(cell) if is_int else cell for cell, is_int in zip(value, integral, strict=True)
        ]
    counts = {INTEGRAL_FLOAT: whole, NAN_FLOAT: nans, FLOAT: len(cells) - whole - nans}
    kinds = {kind: count for kind, count in counts.items() if count}
    return ColumnForms(natural, natural, value, kinds)


_zone_of = attrgetter("tzinfo")
_details_of = attrgetter("nanosecond", "tzinfo")
_year_of = attrgetter("year")


def _datetimes(cells: Cells) -> ColumnForms:
    if any(map(_zone_of, cells)):
        return _one_by_one(cells)
    forms = list(map(str.encode, map(datetime.datetime.isoformat, cells)))
    return ColumnForms(forms, forms, forms, {DATETIME: len(cells)})


_TIMESTAMP_TAG = tagged(TIMESTAMP.name, b"")


def _timestamps(cells: Cells) -> ColumnForms:
    # A Timestamp is a datetime whose base class knows neither nanoseconds nor years beyond 9999.
    plain = set(map(_details_of, cells)) == {(0, None)}
    if not plain or not 1 <= min(map(_year_of, cells)) <= max(map(_year_of, cells)) <= 9999:
        return _one_by_one(cells)
    forms = list(map(str.encode, map(datetime.datetime.isoformat, cells)))
    exact = list(map(_TIMESTAMP_TAG.__add__, forms))
    return ColumnForms(exact, forms, forms, {TIMESTAMP: len(cells)})


_THEMSELVES: dict[type, Kind] = {type(None): NONE, bool: BOOL, int: INT, str: STR}
_CONVERTERS: dict[type, Callable[[Cells], ColumnForms]] = {
    **{kind: _themselves(name) for kind, name in _THEMSELVES.items()},
    float: _floats,
    datetime.datetime: _datetimes,
}
