"""Digests of the records of a block: one of 16 bytes a record and level.

The digest of a record at level value is that of `marshal` version 2 of (names, cell, cell, ...)
with the cells in order of their column names; at level json that of the one before followed by
the JSON marks of its cells, at level exact that of the json digest followed by the type marks;
without marks it is the one before. The order of the keys is not part of a record's digest; it is
kept beside it (`order`) and enters the digest of the CID at levels exact and json.
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

DIGEST_BYTES = 16
"""128 bits: among 10**9 CIDs on each side the chance that any two different ones share a digest
is below (2 * 10**9)**2 / 2**129, about 6 in 10**21."""

Record = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """The keys of a record, as they stand and sorted."""

    names: tuple[str, ...]
    places: tuple[int, ...]
    """Position in `names` of the sorted names."""
    order: bytes
    """Digest of the names as they stand, 8 bytes."""
    schema: bytes
    """Digest of the sorted names, 8 bytes."""


@dataclass(frozen=True, slots=True)
class RecordDigests:
    """Records with the same keys: their digests, columns and cells.

    Levels that agree for all records share the list.
    """

    keys: KeyOrder
    exact: list[bytes]
    json: list[bytes]
    value: list[bytes]
    cells: dict[str, Cells]
    columns: dict[str, ColumnForms]


@lru_cache(maxsize=1024)
def _key_order(names: tuple[str, ...]) -> KeyOrder:
    places = tuple(sorted(range(len(names)), key=names.__getitem__))
    return KeyOrder(
        names,
        places,
        _digest(marshal.dumps(names, 2))[:8],
        _digest(marshal.dumps(tuple(names[place] for place in places), 2))[:8],
    )


def key_order(keys: tuple[Any, ...]) -> KeyOrder:
    """The names of `keys` and their order; 1, True and 1.0 are different keys."""
    return _key_order(tuple(map(key_name, keys)))


def key_name(key: object) -> str:
    """A key as a column name: text (of any class) as it is, anything else marked with its type."""
    if isinstance(key, str):
        return str.__str__(key)
    return f"\0{canonical(key).kind.name}\0{key!r}"


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def record_digests(records: Sequence[Record], keys: KeyOrder) -> RecordDigests:
    """Digests of `records`, which all have exactly `keys` in this order.

    Raises:
        TypeError: a value has no canonical form.
    """
    rows = len(records)
    in_order = list(zip(*map(dict.values, records), strict=True)) if keys.names else []
    cells: dict[str, Cells] = {keys.names[place]: in_order[place] for place in keys.places}
    columns = {name: column_forms(column) for name, column in cells.items()}
    forms = columns.values()
    value = _hashed(keys.schema, [column.value for column in forms], rows)
    json = _marked(value, b"j", [column.json_marks for column in forms])
    exact = _marked(json, b"x", [column.type_marks for column in forms])
    return RecordDigests(keys, exact, json, value, cells, columns)


def _marked(
    digests: list[bytes], level: bytes, columns: Sequence[Sequence[bytes] | None]
) -> list[bytes]:
    """`digests` with the marks of each record taken in; the same list if there are none."""
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
