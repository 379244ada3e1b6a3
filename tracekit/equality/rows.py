"""Digests of the records of a block: 16 bytes for each record and level.

The digest of a record at level value is that of `marshal` version 2 of (names, cell, cell, ...)
with the cells in order of their column names; at level json that of the one before followed by
the JSON marks of its cells, at level exact that of the json digest followed by the type marks;
without marks it is the one before. The order of the columns is not part of a record's digest; it is
kept separately (`order`) and enters the digest of the key at levels exact and json.
"""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import repeat
from typing import Any

from tracekit.equality.canonical import canonical
from tracekit.equality.columns import Cells, ColumnForms, column_forms
from tracekit.equality.labels import label, quoted
from tracekit.errors import NotComparable

DIGEST_BYTES = 16
"""128 bits: among 10**9 keys on each side the chance that any two different ones share a digest
is below (2 * 10**9)**2 / 2**129, about 6 in 10**21."""

Record = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a record, as they stand and sorted."""

    names: tuple[str, ...]
    places: tuple[int, ...]
    """Position in `names` of the sorted names."""
    order: bytes
    """Digest of the names as they stand and of their types, 8 bytes."""
    schema: bytes
    """Digest of the sorted names, 8 bytes."""


@dataclass(frozen=True, slots=True)
class RecordDigests:
    """Records with the same columns: their digests, columns and cells.

    Levels that agree for all records share the list.
    """

    layout: Layout
    exact: list[bytes]
    json: list[bytes]
    value: list[bytes]
    cells: dict[str, Cells]
    columns: dict[str, ColumnForms]


@lru_cache(maxsize=1024)
def _layout(names: tuple[str, ...], types: tuple[str, ...]) -> Layout:
    places = tuple(sorted(range(len(names)), key=names.__getitem__))
    return Layout(
        names,
        places,
        _digest(marshal.dumps(names + types, 2))[:8],
        _digest(marshal.dumps(tuple(names[place] for place in places), 2))[:8],
    )


def layout_of(columns: tuple[Any, ...]) -> Layout:
    """The layout of a record with these columns."""
    types = tuple(canonical(name).kind.name for name in columns if not isinstance(name, str))
    return _layout(tuple(map(label, columns)), types)


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def record_digests(records: Sequence[Record], layout: Layout) -> RecordDigests:
    """Digests of `records`, which all have exactly the columns of `layout` in this order.

    Raises:
        NotComparable: the content of a value cannot be read.
    """
    rows = len(records)
    in_order = list(zip(*map(dict.values, records), strict=True)) if layout.names else []
    cells: dict[str, Cells] = {layout.names[place]: in_order[place] for place in layout.places}
    columns = {name: _forms_of(name, column) for name, column in cells.items()}
    forms = columns.values()
    value = _hashed(layout.schema, [column.value for column in forms], rows)
    json = _marked(value, b"j", [column.json_marks for column in forms])
    exact = _marked(json, b"x", [column.type_marks for column in forms])
    return RecordDigests(layout, exact, json, value, cells, columns)


def _forms_of(name: str, cells: Cells) -> ColumnForms:
    try:
        return column_forms(cells)
    except NotComparable as exc:
        raise NotComparable(f"column {quoted(name)}: {exc}") from exc


def _marked(
    digests: list[bytes], level: bytes, columns: Sequence[Sequence[bytes] | None]
) -> list[bytes]:
    """`digests` with the marks of each record added; the same list if there are none."""
    marked = []
    for place, marks in enumerate(columns):
        if marks is not None:
            whole = {mark: mark and b"%b%d:%b\0" % (level, place, mark) for mark in set(marks)}
            marked.append(map(whole.__getitem__, marks))
    if not marked:
        return digests
    return [
        blake2b(digest + marks, digest_size=DIGEST_BYTES).digest() if marks else digest
        for digest, marks in zip(digests, map(b"".join, zip(*marked, strict=True)), strict=True)
    ]


def _hashed(schema: bytes, columns: Sequence[Cells], rows: int) -> list[bytes]:
    written = map(marshal.dumps, zip(repeat(schema, rows), *columns, strict=True), repeat(2))
    return [blake2b(row, digest_size=DIGEST_BYTES).digest() for row in written]
