"""Digests of pieces of CIDs, and of a whole CID from its pieces."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

from tracekit.equality.digest_file import CidDigests, LevelDigests
from tracekit.equality.rows import DIGEST_BYTES, RecordDigests, key_order, record_digests

Piece = tuple[bytes, bytes, bytes | None, bytes | None]
"""Neighbouring records of one CID with one key order: the order's digest, and the records'
digests at levels exact, json and value, joined; None where they equal those of the level before."""

Run = tuple[bytes, bytes, bytes, bytes]
"""The same with nothing left out."""

_COUNT = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class BlockDigests:
    """Digests of the records of a block, joined; levels that agree for all share the bytes."""

    parts: tuple[RecordDigests, ...]
    """The records by their keys."""
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
            return [self._piece(self.parts[0].keys.order, start, end)]
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


def block_digests(records: Sequence[Mapping[Any, Any]]) -> BlockDigests:
    """Digests of `records`, whatever their keys.

    Raises:
        TypeError: a value has no canonical form.
    """
    rows = [record if isinstance(record, dict) else dict(record) for record in records]
    keys = set(map(tuple, rows))
    if len(keys) == 1 and all(isinstance(key, str) for key in next(iter(keys))):
        part = record_digests(rows, key_order(keys.pop()))
        return BlockDigests((part,), (range(len(rows)),), None, *_joined(part))
    places: dict[tuple[str, ...], list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(key_order(tuple(row)).names, []).append(place)
    parts = tuple(
        record_digests([rows[place] for place in group], key_order(tuple(rows[group[0]])))
        for group in places.values()
    )
    return _scattered(parts, tuple(places.values()), len(rows))


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
            orders[place] = part.keys.order
            exact[place] = part.exact[index]
            json[place] = part.json[index]
            value[place] = part.value[index]
    return BlockDigests(parts, places, orders, *map(b"".join, (exact, json, value)))


def cid_digests(cid: str, pieces: Sequence[Piece]) -> CidDigests:
    """The digests of the CID whose records are those of `pieces`, in order.

    They do not depend on how the records were cut into pieces.
    """
    if len(pieces) == 1:
        runs = [_levels_of(pieces[0])]
    else:
        runs = [
            (order, *map(b"".join, zip(*(_levels_of(piece)[1:] for piece in run), strict=True)))
            for order, run in groupby(pieces, key=itemgetter(0))
        ]
    values = runs[0][3] if len(runs) == 1 else b"".join(run[3] for run in runs)
    ordered = _cid_levels(runs, values)
    rows = len(values) // DIGEST_BYTES
    if rows <= 1:
        return CidDigests(cid, rows, ordered, ordered)
    values_in_order = _sorted(values)
    sorted_runs = _without_order(runs, values, values_in_order)
    return CidDigests(cid, rows, ordered, _cid_levels(sorted_runs, values_in_order))


def _levels_of(piece: Piece) -> Run:
    order, exact, json, value = piece
    json = exact if json is None else json
    return order, exact, json, json if value is None else value


def _cid_levels(runs: Sequence[Run], values: bytes) -> LevelDigests:
    exact = _of_runs(runs, 1)
    same = all(run[2] == run[1] for run in runs)
    return LevelDigests(exact, exact if same else _of_runs(runs, 2), _digest(values))


def _without_order(runs: Sequence[Run], values: bytes, values_in_order: bytes) -> list[Run]:
    """One run for each key order, its records sorted by digest; values are left out."""
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
