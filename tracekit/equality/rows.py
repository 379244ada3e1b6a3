"""Digests of the records of a block: two lanes of 64 bits for each record and level.

The digest of a record at level value is XXH3-128 of `marshal` version 2 of (names, cell, cell, ...)
with the cells in order of their column names. At level json its lanes are multiplied, modulo
2**64, by odd factors drawn from the order of the columns and from the JSON marks of the cells; at
level exact also by factors drawn from the type marks. Odd factors lose nothing, and a mark that
moves to another record changes every sum that the records are part of.

XXH3 (https://xxhash.com) mixes well, but does not protect against deliberate collisions.
"""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_128_digest, xxh3_128_intdigest

from tracekit.equality.canonical import canonical
from tracekit.equality.columns import Cells, ColumnForms, column_forms
from tracekit.equality.forms import written
from tracekit.equality.labels import label, quoted
from tracekit.errors import NotComparable

Record = dict[Any, Any]
Lanes = NDArray[np.uint64]
"""An array of shape (2, records): 128 bits for each record. With 10**9 records on each side, the
probability that any two different ones share both lanes is below (2 * 10**9)**2 / 2**129, about
6 in 10**21."""

UNMARKED: Lanes = np.ones((2, 1), dtype=np.uint64)
"""The factors for an empty mark."""

_LANE_BITS = 64
_LANE = (1 << _LANE_BITS) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The columns of a record, in their own order and sorted; made by `layout_of`."""

    names: tuple[str, ...]
    places: tuple[int, ...]
    """Position in `names` of the sorted names."""
    order: Lanes
    """Factors drawn from the names in their own order and from their types, shape (2, 1)."""
    schema: bytes
    """Digest of the sorted names, 8 bytes."""


@dataclass(frozen=True, slots=True)
class RecordDigests:
    """Records with the same columns: their digests, columns and cells.

    Where no cell has a type mark, `exact` is the same array as `json`.
    """

    layout: Layout
    exact: Lanes
    json: Lanes
    value: Lanes
    cells: dict[str, Cells]
    columns: dict[str, ColumnForms]


@lru_cache(maxsize=1024)
def _layout(names: tuple[str, ...], types: tuple[str, ...]) -> Layout:
    places = tuple(sorted(range(len(names)), key=names.__getitem__))
    in_order = written(tuple(names[place] for place in places))
    return Layout(names, places, factors(written(names + types)), xxh3_128_digest(in_order)[:8])


def layout_of(columns: tuple[Any, ...]) -> Layout:
    """The layout of a record with these columns."""
    types = tuple(canonical(name).kind.name for name in columns if not isinstance(name, str))
    return _layout(tuple(map(label, columns)), types)


def factors(data: bytes) -> Lanes:
    """An odd factor for each lane, shape (2, 1)."""
    drawn = xxh3_128_intdigest(data)
    return np.array([[drawn >> _LANE_BITS | 1], [drawn & _LANE | 1]], dtype=np.uint64)


def lanes_of(digests: bytes) -> Lanes:
    """The lanes of digests of 16 bytes each."""
    pairs = np.frombuffer(digests, dtype="<u8").reshape(-1, 2)
    return np.ascontiguousarray(pairs.T, dtype=np.uint64)


def record_digests(records: Sequence[Record], layout: Layout) -> RecordDigests:
    """Digests of `records`, which all have exactly the columns of `layout` in this order.

    Raises:
        NotComparable: the content of a value cannot be read.
    """
    width = len(layout.names)
    flat = list(chain.from_iterable(map(dict.values, records)))
    cells: dict[str, Cells] = {layout.names[place]: flat[place::width] for place in layout.places}
    columns = {name: _forms_of(name, column) for name, column in cells.items()}
    forms = columns.values()
    value = _hashed(layout.schema, [column.value for column in forms], len(records))
    json = _marked(value * layout.order, b"j", [column.json_marks for column in forms])
    exact = _marked(json, b"x", [column.type_marks for column in forms])
    return RecordDigests(layout, exact, json, value, cells, columns)


def _forms_of(name: str, cells: Cells) -> ColumnForms:
    try:
        return column_forms(cells)
    except NotComparable as exc:
        raise NotComparable(f"column {quoted(name)}: {exc}") from exc


def _marked(lanes: Lanes, level: bytes, columns: Sequence[Sequence[bytes] | None]) -> Lanes:
    """`lanes` multiplied by the factors of each record's marks; the same array without marks."""
    for place, marks in enumerate(columns):
        if marks is not None:
            lanes = lanes * _factors_of(marks, b"%b%d:" % (level, place))
    return lanes


def _factors_of(marks: Sequence[bytes], prefix: bytes) -> Lanes:
    """The factors of a column's marks; 1 for an empty mark."""
    numbers = {mark: number for number, mark in enumerate(set(marks))}
    drawn = [factors(prefix + mark) if mark else UNMARKED for mark in numbers]
    if len(drawn) == 1:
        return drawn[0]
    return np.hstack(drawn)[:, list(map(numbers.__getitem__, marks))]


def _hashed(schema: bytes, columns: Sequence[Cells], rows: int) -> Lanes:
    written = map(marshal.dumps, zip(repeat(schema, rows), *columns, strict=True), repeat(2))
    return lanes_of(b"".join(map(xxh3_128_digest, written)))
