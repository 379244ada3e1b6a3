"""Digests of pieces of keys, and of a whole key from its pieces."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

from tracekit.equality.digest_file import KeyDigests, LevelDigests
from tracekit.equality.rows import (
    DIGEST_BYTES,
    Layout,
    RecordDigests,
    layout_of,
    record_digests,
)
from tracekit.errors import NotComparable

Piece = tuple[bytes, bytes, bytes | None, bytes | None]
"""Neighbouring records of one key with one order of columns: its digest, and the records'
digests at levels exact, json and value, joined; None if equal to those of the level before."""

Run = tuple[bytes, bytes, bytes, bytes]
"""The same with nothing left out."""

_COUNT = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class BlockDigests:
    """Digests of the records of a block, joined; levels that agree for all share the bytes."""

    parts: tuple[RecordDigests, ...]
    """The records by their columns."""
    places: tuple[Sequence[int], ...]
    """Of each part, the places of its records in the block."""
    orders: Sequence[bytes] | None
    """Of each record; None if the block is of one part."""
    exact: bytes
    json: bytes
    value: bytes

    def pieces(self, start: int, end: int) -> list[Piece]:
        """The records from `start` up to `end`, in order."""
        if self.orders is None:
            return [self._piece(self.parts[0].layout.order, start, end)]
        found = []
        for order, run in groupby(range(start, end), key=self.orders.__getitem__):
            first, *others = run
            found.append(self._piece(order, first, first + 1 + len(others)))
        return found

    def _piece(self, order: bytes, start: int, end: int) -> Piece:
        first, last = start * DIGEST_BYTES, end * DIGEST_BYTES
        exact = self.exact[first:last]
        json = None if self.json is self.exact else self.json[first:last]
        value = None if self.value is self.json else self.value[first:last]
        return (order, exact, json, value)


def bare_piece(columns: Sequence[Any] | None) -> Piece:
    """A key without records, which may come from a table that has columns."""
    if columns is None:
        return (b"", b"", None, None)
    layout = layout_of(tuple(columns))
    return (layout.order, layout.schema, None, None)


def under_type(piece: Piece, kind: str) -> Piece:
    """`piece` of a key of type `kind`, which levels exact and json compare."""
    order, exact, json, value = piece
    return _typed(order, kind), exact, json, value


@lru_cache(maxsize=1024)
def _typed(order: bytes, kind: str) -> bytes:
    return _digest(b"%b%b" % (order, kind.encode()))[:8]


NO_RECORDS = blake2b(b"", digest_size=DIGEST_BYTES).digest()
"""The value digest of a key without records and without known columns."""


def block_digests(records: Sequence[Mapping[Any, Any]]) -> BlockDigests:
    """Digests of `records`, whatever their columns.

    Raises:
        NotComparable: the content of a value cannot be read.
    """
    rows = [record if isinstance(record, dict) else _as_dict(record) for record in records]
    layouts = set(map(tuple, rows))
    if len(layouts) == 1 and all(isinstance(name, str) for name in next(iter(layouts))):
        part = record_digests(rows, layout_of(layouts.pop()))
        return BlockDigests((part,), (range(len(rows)),), None, *_joined(part))
    places: dict[Layout, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(layout_of(tuple(row)), []).append(place)
    parts = tuple(
        record_digests([rows[place] for place in group], layout_of(tuple(rows[group[0]])))
        for group in places.values()
    )
    return _scattered(parts, tuple(places.values()), len(rows))


def _as_dict(record: Any) -> dict[Any, Any]:
    if isinstance(record, Mapping):
        return dict(record)
    raise NotComparable(f"a record is a {type(record).__name__}, not a mapping of columns")


def _joined(digests: RecordDigests) -> tuple[bytes, bytes, bytes]:
    exact = b"".join(digests.exact)
    json = exact if digests.json is digests.exact else b"".join(digests.json)
    value = json if digests.value is digests.json else b"".join(digests.value)
    return exact, json, value


def _scattered(
    parts: tuple[RecordDigests, ...], places: tuple[list[int], ...], rows: int
) -> BlockDigests:
    orders, exact, json, value = ([b""] * rows for _ in range(4))
    for part, group in zip(parts, places, strict=True):
        for index, place in enumerate(group):
            orders[place] = part.layout.order
            exact[place] = part.exact[index]
            json[place] = part.json[index]
            value[place] = part.value[index]
    return BlockDigests(parts, places, orders, *map(b"".join, (exact, json, value)))


def key_digests(key: str, pieces: Sequence[Piece]) -> KeyDigests:
    """The digests of the key whose records are those of `pieces`, in order.

    They do not depend on how the records were divided into pieces.
    """
    pieces = [piece for piece in pieces if len(piece[1]) >= DIGEST_BYTES] or pieces[:1]
    if len(pieces) == 1:
        runs = [_levels_of(pieces[0])]
    else:
        runs = [
            (order, *map(b"".join, zip(*(_levels_of(piece)[1:] for piece in run), strict=True)))
            for order, run in groupby(pieces, key=itemgetter(0))
        ]
    values = runs[0][3] if len(runs) == 1 else b"".join(run[3] for run in runs)
    ordered = _key_levels(runs, values)
    rows = len(values) // DIGEST_BYTES
    if rows <= 1:
        return KeyDigests(key, rows, ordered, ordered)
    values_in_order = _sorted(values)
    sorted_runs = _without_order(runs, values, values_in_order)
    return KeyDigests(key, rows, ordered, _key_levels(sorted_runs, values_in_order))


def _levels_of(piece: Piece) -> Run:
    order, exact, json, value = piece
    json = exact if json is None else json
    return order, exact, json, json if value is None else value


def _key_levels(runs: Sequence[Run], values: bytes) -> LevelDigests:
    exact = _of_runs(runs, 1)
    same = all(run[2] == run[1] for run in runs)
    return LevelDigests(exact, exact if same else _of_runs(runs, 2), _digest(values))


def _without_order(runs: Sequence[Run], values: bytes, values_in_order: bytes) -> list[Run]:
    """One run for each order of columns, its records sorted by digest; values are left out."""
    by_order: dict[bytes, list[Run]] = {}
    for run in runs:
        by_order.setdefault(run[0], []).append(run)
    result = []
    for order in sorted(by_order):
        exact = b"".join(run[1] for run in by_order[order])
        json = b"".join(run[2] for run in by_order[order])
        sorted_json = values_in_order if json == values else _sorted(json)
        sorted_exact = sorted_json if exact == json else _sorted(exact)
        result.append((order, sorted_exact, sorted_json, b""))
    return result


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def _of_runs(runs: Sequence[Run], level: Literal[1, 2]) -> bytes:
    parts: list[bytes] = []
    for run in runs:
        parts += (run[0], _COUNT.pack(len(run[level])), run[level])
    return _digest(b"".join(parts))


def _sorted(rows: bytes) -> bytes:
    digests = struct.unpack(f"{DIGEST_BYTES}s" * (len(rows) // DIGEST_BYTES), rows)
    return b"".join(sorted(digests))
