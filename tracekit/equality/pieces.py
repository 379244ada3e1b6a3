"""Digests of pieces of CIDs, and of a whole CID from its pieces."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from typing import Any

from tracekit.equality.digest_file import CidDigests, LevelDigests
from tracekit.equality.rows import DIGEST_BYTES, RecordDigests, key_order, record_digests

Piece = tuple[bytes, int, bytes, bytes | None, bytes | None]
"""Neighbouring records of one CID with one key order: the order's digest, how many records, and
their digests at levels exact, json and value, joined; None where they equal the level before."""

_COUNT = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class BlockDigests:
    """Digests of the records of a block, one list a level; equal levels share the list."""

    parts: tuple[RecordDigests, ...]
    """The records by their keys."""
    places: tuple[Sequence[int], ...]
    """Of each part, the places of its records in the block."""
    orders: Sequence[bytes] | None
    """Of each record; None if the block is of one part."""
    exact: list[bytes]
    json: list[bytes]
    value: list[bytes]

    def pieces(self, start: int, end: int) -> Iterator[Piece]:
        """The records from `start` up to `end`, in order."""
        if start == end:
            return
        if self.orders is None:
            yield self._piece(self.parts[0].keys.order, start, end)
            return
        for order, run in groupby(range(start, end), key=self.orders.__getitem__):
            first, *others = run
            yield self._piece(order, first, first + 1 + len(others))

    def _piece(self, order: bytes, start: int, end: int) -> Piece:
        exact = b"".join(self.exact[start:end])
        json = value = exact
        if self.json is not self.exact:
            json = value = b"".join(self.json[start:end])
        if self.value is not self.json:
            value = b"".join(self.value[start:end])
        return (
            order,
            end - start,
            exact,
            None if json == exact else json,
            None if value == json else value,
        )


def block_digests(records: Sequence[Mapping[Any, Any]]) -> BlockDigests:
    """Digests of `records`, whatever their keys.

    Raises:
        TypeError: a value has no canonical form.
    """
    rows = [record if isinstance(record, dict) else dict(record) for record in records]
    keys = set(map(tuple, rows))
    if len(keys) == 1 and all(isinstance(key, str) for key in next(iter(keys))):
        part = record_digests(rows, key_order(keys.pop()))
        return BlockDigests((part,), (range(len(rows)),), None, part.exact, part.json, part.value)
    places: dict[tuple[str, ...], list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(key_order(tuple(row)).names, []).append(place)
    parts = tuple(
        record_digests([rows[place] for place in group], key_order(tuple(rows[group[0]])))
        for group in places.values()
    )
    return _scattered(parts, tuple(places.values()), len(rows))


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
    return BlockDigests(parts, places, orders, exact, json, value)


def cid_digests(cid: str, pieces: Iterable[Piece]) -> CidDigests:
    """The digests of the CID whose records are those of `pieces`, in order.

    They do not depend on how the records were cut into pieces.
    """
    runs: list[tuple[bytes, bytes, bytes, bytes]] = []
    for order, _, exact, maybe_json, maybe_value in pieces:
        json = exact if maybe_json is None else maybe_json
        value = json if maybe_value is None else maybe_value
        if runs and runs[-1][0] == order:
            _, *before = runs.pop()
            exact, json, value = before[0] + exact, before[1] + json, before[2] + value
        runs.append((order, exact, json, value))
    rows = sum(len(run[1]) for run in runs) // DIGEST_BYTES
    ordered = _levels(runs)
    if rows <= 1:
        return CidDigests(cid, rows, ordered, ordered)
    return CidDigests(cid, rows, ordered, _levels(_without_order(runs)))


def _levels(runs: Sequence[tuple[bytes, bytes, bytes, bytes]]) -> LevelDigests:
    exact = _of_runs((run[0], run[1]) for run in runs)
    json = exact
    if any(run[2] != run[1] for run in runs):
        json = _of_runs((run[0], run[2]) for run in runs)
    return LevelDigests(exact, json, _digest(b"".join(run[3] for run in runs)))


def _without_order(
    runs: Sequence[tuple[bytes, bytes, bytes, bytes]],
) -> list[tuple[bytes, bytes, bytes, bytes]]:
    """One run for each key order, its records sorted by digest; the last holds all values."""
    by_order: dict[bytes, list[bytes]] = {}
    for order, exact, json, _ in runs:
        before = by_order.setdefault(order, [b"", b""])
        before[0] += exact
        before[1] += json
    values = _sorted(b"".join(run[3] for run in runs))
    result = []
    for order in sorted(by_order):
        exact, json = by_order[order]
        in_order = values if exact == values else _sorted(exact)
        result.append((order, in_order, in_order if json == exact else _sorted(json), b""))
    return [*result[:-1], (*result[-1][:3], values)]


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def _of_runs(runs: Iterable[tuple[bytes, bytes]]) -> bytes:
    digest = blake2b(digest_size=DIGEST_BYTES)
    for order, rows in runs:
        digest.update(order + _COUNT.pack(len(rows)) + rows)
    return digest.digest()


def _sorted(rows: bytes) -> bytes:
    digests = struct.unpack(f"{DIGEST_BYTES}s" * (len(rows) // DIGEST_BYTES), rows)
    return b"".join(sorted(digests))
