"""Finds the rows of each key in the columns, in a few dozen bytes per key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tracekit.keyed.column_kinds import python_values
from tracekit.keyed.key_codes import arrow_places, key_codes
from tracekit.keyed.query import Key

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_AT_ONCE = 16_384
"""Number of keys that exist as Python objects at the same time."""


class KeyIndex:
    """Finds keys by hash. A key may have several runs of rows; they keep their order.

    Args:
        fields: The key columns; none if all rows are one group.
        parts: Their arrays without NULLs, part after part in row order, each with its rows.
    """

    def __init__(
        self, fields: Sequence[pa.Field], parts: Iterable[tuple[Sequence[pa.Array], int]]
    ) -> None:
        import numpy as np
        import pyarrow as pa

        self._fields = fields
        runs = [key_runs(arrays, rows) for arrays, rows in parts]
        counts = [count for _, count in runs]
        self._keys = [
            pa.chunked_array([keys[place] for keys, _ in runs], _plain(field.type)).combine_chunks()
            for place, field in enumerate(fields)
        ]
        self._counts = np.concatenate([np.zeros(0, np.int64), *counts])
        self._starts = np.cumsum(self._counts) - self._counts
        del runs, counts
        hashes = np.fromiter(map(hash, self._all()), np.int64, len(self._counts))
        self._by_hash = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._by_hash]
        self._later_runs = self._find_later_runs()

    def __len__(self) -> int:
        return len(self._counts) - len(self._later_runs)

    def __iter__(self) -> Iterator[Key]:
        for run, key in enumerate(self._all()):
            if run not in self._later_runs:
                yield key

    def runs(self, key: object) -> list[tuple[int, int]]:
        """First row and number of rows of each run of `key`; none if it has no rows."""
        try:
            wanted = hash(key)
        except TypeError:
            return []
        return [
            (int(self._starts[run]), int(self._counts[run]))
            for run in self._same_hash(wanted)
            if self._key(int(run)) == key
        ]

    def _key(self, run: int) -> Key:
        (key,) = self._values(run, run + 1)
        return key

    def _values(self, start: int, stop: int) -> Sequence[Key]:
        parts = [
            python_values(field, array.slice(start, stop - start))
            for field, array in zip(self._fields, self._keys, strict=True)
        ]
        return keys_of(parts, min(stop, len(self._counts)) - start)

    def _same_hash(self, value: int) -> npt.NDArray[np.int64]:
        first = self._hashes.searchsorted(value)
        last = self._hashes.searchsorted(value, "right")
        return self._by_hash[first:last]

    def _all(self) -> Iterator[Key]:
        for start in range(0, len(self._counts), _AT_ONCE):
            yield from self._values(start, start + _AT_ONCE)

    def _find_later_runs(self) -> set[int]:
        import numpy as np

        repeated = np.unique(self._hashes[1:][self._hashes[1:] == self._hashes[:-1]])
        later: set[int] = set()
        for value in repeated:
            seen: set[Key] = set()
            for run in map(int, self._same_hash(value)):
                key = self._key(run)
                if key in seen:
                    later.add(run)
                seen.add(key)
        return later


def keys_of(parts: Sequence[Sequence[Any]], count: int) -> Sequence[Key]:
    """The keys whose columns hold `parts`: values, tuples of several, or None `count` times."""
    if not parts:
        return [None] * count
    return parts[0] if len(parts) == 1 else list(zip(*parts, strict=True))


def key_runs(arrays: Sequence[pa.Array], rows: int) -> tuple[list[pa.Array], npt.NDArray[np.int64]]:
    """The key columns and the number of rows of each run of rows with equal keys."""
    import numpy as np

    codes = key_codes(arrays, rows)
    firsts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]])[: len(codes)])
    counts = np.diff(np.append(firsts, len(codes)))
    places = arrow_places(firsts)
    return [array.take(places).cast(_plain(array.type)) for array in arrays], counts


def _plain(type_: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    return type_.value_type if pa.types.is_dictionary(type_) else type_
