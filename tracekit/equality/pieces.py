"""Digests of pieces of keys, and of a whole key from its pieces.

The digest of a key at one level consists of two sums over the lanes of its records. The first sum
is a polynomial, so the order of the records counts: the lanes of a record are multiplied by a power
of a constant, and the exponent is the number of records of the key that follow. It is taken modulo
a prime, because modulo 2**64 every such polynomial has patterns that it cannot tell apart, whatever
its constant (1,024 records that alternate like the parity of the bits of their numbers, and the
same records with the two values exchanged). The second sum adds up the lanes alone, modulo 2**64,
so it describes a multiset. The sums of a key can be computed from those of its pieces, so a key
takes the same memory however many records it has. Two different orders of n records share both
lanes with a probability of at most (n / 2**61)**2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import countOf
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_128_digest

from tracekit.equality.rows import (
    UNMARKED,
    Lanes,
    Layout,
    RecordDigests,
    factors,
    lanes_of,
    layout_of,
    record_digests,
)
from tracekit.errors import NotComparable

LEVEL_BYTES = 32
"""Bytes of one level of a key: 16 for its records in order, 16 for their multiset."""

_ORDER_CONSTANTS = (0x1E3779B97F4A7C15, 0x11342543DE82EF95)
_PRIME_BITS = 61
_PRIME = (1 << _PRIME_BITS) - 1
_MODULUS = 1 << 64


Piece = tuple[int, bytes]
"""Neighbouring records of one key: their number, and the sums of levels value, json and exact,
`LEVEL_BYTES` each; exact is left out if it equals json."""


@dataclass(frozen=True, slots=True)
class BlockDigests:
    """Digests of the records of a block."""

    parts: tuple[RecordDigests, ...]
    """The records, grouped by their columns."""
    places: tuple[Sequence[int], ...]
    """For each part, the positions of its records in the block."""
    exact: Lanes
    json: Lanes
    value: Lanes

    def pieces(self, counts: Sequence[int], kinds: Sequence[str]) -> Iterator[Piece]:
        """The records, divided into pieces.

        Args:
            counts: Number of records of each piece, at least 1.
            kinds: The type of each piece's key, empty for text.
        """
        lengths = np.array(counts)
        ends = np.cumsum(lengths)
        following = np.repeat(ends, lengths) - np.arange(1, ends[-1] + 1)
        weights = _powers(int(lengths.max()))[:, following]
        typed = np.hstack([_factors_of(kind) for kind in kinds]) if any(kinds) else UNMARKED
        levels = [(self.value, UNMARKED), (self.json, typed)]
        if self.exact is not self.json:
            levels.append((self.exact, typed))
        starts = ends - lengths
        sums: list[Lanes] = []
        for lanes, factor in levels:
            in_order = _summed(_product(_remainder(lanes), weights), starts)
            sums.append(_product(in_order, _remainder(factor)))
            sums.append(np.add.reduceat(lanes, starts, axis=1) * factor)
        data, size = _packed(sums), len(levels) * LEVEL_BYTES
        slices = (data[at : at + size] for at in range(0, len(data), size))
        return zip(counts, slices, strict=True)


def _packed(sums: Sequence[Lanes]) -> bytes:
    """The lanes of one piece, followed by those of the other."""
    return np.ascontiguousarray(np.vstack(sums).T, dtype="<u8").tobytes()


@lru_cache(maxsize=1024)
def _factors_of(kind: str) -> Lanes:
    """The factors of levels json and exact for a key of type `kind`."""
    return factors(b"key" + kind.encode()) if kind else UNMARKED


def _powers(count: int) -> Lanes:
    """At least the powers 0 to `count` - 1 of the constants."""
    return _powers_of(1 << (count - 1).bit_length())


@lru_cache(maxsize=16)
def _powers_of(count: int) -> Lanes:
    powers = np.ones((2, 1), dtype=np.uint64)
    while powers.shape[1] < count:
        by = [[pow(constant, powers.shape[1], _PRIME)] for constant in _ORDER_CONSTANTS]
        powers = np.hstack([powers, _product(powers, np.array(by, dtype=np.uint64))])
    return powers


def _remainder(lanes: Lanes) -> Lanes:
    """Modulo the prime."""
    folded = (lanes & _PRIME) + (lanes >> _PRIME_BITS)
    return np.where(folded >= _PRIME, folded - _PRIME, folded)


def _product(first: Lanes, second: Lanes) -> Lanes:
    """The product of numbers below the prime, modulo it, from parts that fit into 64 bits."""
    high, low = first >> 31, first & 0x7FFFFFFF
    other_high, other_low = second >> 31, second & 0x7FFFFFFF
    middle = low * other_high + high * other_low
    # 2**62 is 2 modulo the prime, 2**61 is 1.
    return _remainder(
        high * other_high * 2 + (middle >> 30) + ((middle & 0x3FFFFFFF) << 31) + low * other_low
    )


def _summed(lanes: Lanes, starts: NDArray[np.int64]) -> Lanes:
    """The sums of stretches of numbers below the prime, modulo the prime."""
    high = np.add.reduceat(lanes >> 32, starts, axis=1)
    low = np.add.reduceat(lanes & 0xFFFFFFFF, starts, axis=1)
    return _remainder(_product(_remainder(high), _TWO_TO_32) + _remainder(low))


_TWO_TO_32: Lanes = np.full((2, 1), 1 << 32, dtype=np.uint64)


def bare_piece(columns: Sequence[Any] | None, kind: str) -> Piece:
    """The piece of a key of type `kind` without records, perhaps from a table with columns."""
    value, order = _NOTHING, UNMARKED
    if columns is not None:
        layout = layout_of(tuple(columns))
        value, order = lanes_of(xxh3_128_digest(b"columns" + layout.schema)), layout.order
    json = value * order * _factors_of(kind)
    return 0, _packed([value, value, json, json])


_NOTHING = lanes_of(xxh3_128_digest(b"no records"))
NO_RECORDS = _packed([_NOTHING])
"""The value digest of a key without records and without known columns."""


def block_digests(records: Sequence[Mapping[Any, Any]]) -> BlockDigests:
    """Digests of `records`, whatever their columns.

    Raises:
        NotComparable: the content of a value cannot be read.
    """
    rows = _as_dicts(records)
    first = tuple(rows[0]) if rows else ()
    if all(isinstance(name, str) for name in first) and _all_have(first, rows):
        part = record_digests(rows, layout_of(first))
        return BlockDigests((part,), (range(len(rows)),), part.exact, part.json, part.value)
    places: dict[Layout, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(layout_of(tuple(row)), []).append(place)
    parts = tuple(
        record_digests([rows[place] for place in group], layout) for layout, group in places.items()
    )
    return _scattered(parts, tuple(places.values()), len(rows))


def _all_have(names: tuple[Any, ...], rows: Sequence[dict[Any, Any]]) -> bool:
    return countOf(map(tuple, rows), names) == len(rows)


def _as_dicts(records: Sequence[Mapping[Any, Any]]) -> Sequence[dict[Any, Any]]:
    if countOf(map(type, records), dict) == len(records):
        return records  # type: ignore[return-value]  # just looked at
    return [record if isinstance(record, dict) else _as_dict(record) for record in records]


def _as_dict(record: Any) -> dict[Any, Any]:
    if isinstance(record, Mapping):
        return dict(record)
    raise NotComparable(f"a record is a {type(record).__name__}, not a mapping of columns")


def _scattered(
    parts: tuple[RecordDigests, ...], places: tuple[list[int], ...], rows: int
) -> BlockDigests:
    exact, json, value = (np.empty((2, rows), dtype=np.uint64) for _ in range(3))
    for part, group in zip(parts, places, strict=True):
        exact[:, group], json[:, group], value[:, group] = part.exact, part.json, part.value
    return BlockDigests(parts, places, exact, json, value)


def joined(pieces: Sequence[Piece]) -> Piece:
    """The records of `pieces`, in order, as one piece: the same however they were divided."""
    found = [piece for piece in pieces if piece[0]] or [_with_columns(pieces)]
    rows, sums = found[0]
    for more, others in found[1:]:
        rows, sums = rows + more, _followed(sums, others, more)
    return rows, sums


def _with_columns(pieces: Sequence[Piece]) -> Piece:
    """The first of some pieces without records that knows its columns."""
    return next((piece for piece in pieces if not piece[1].startswith(NO_RECORDS)), pieces[0])


def _followed(sums: bytes, others: bytes, rows: int) -> bytes:
    """The sums of a piece that is followed by one of `rows` records with the sums `others`."""
    by_order = [(pow(constant, rows, _PRIME), _PRIME) for constant in _ORDER_CONSTANTS]
    firsts, seconds = _lanes_of_levels(sums), _lanes_of_levels(others)
    steps = (*by_order, (1, _MODULUS), (1, _MODULUS)) * 3
    lanes = [
        (first * factor + second) % modulus
        for first, second, (factor, modulus) in zip(firsts, seconds, steps, strict=True)
    ]
    return _THREE_LEVELS.pack(*lanes)


_THREE_LEVELS = struct.Struct("<12Q")


def _lanes_of_levels(sums: bytes) -> tuple[int, ...]:
    return _THREE_LEVELS.unpack_from(sums + sums[LEVEL_BYTES:])  # exact defaults to json
