"""Where the rows of each CID stand in columns: a few dozen bytes a CID, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tracekit.keyed.column_reader import arrow_places, raw_codes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_AT_ONCE = 16_384
"""CIDs that are Python objects at the same time."""


class CidIndex:
    """Finds CIDs by hash. A CID may have several runs of rows; they keep their order.

    Args:
        columns: The CID column in parts, in row order, without NULLs.
    """

    def __init__(self, columns: Iterable[pa.Array]) -> None:
        import numpy as np
        import pyarrow as pa

        runs = [cid_runs(column) for column in columns]
        counts = [count for _, count in runs]
        self._cids = pa.concat_arrays([pa.nulls(0, pa.string()), *(cids for cids, _ in runs)])
        self._counts = np.concatenate([np.zeros(0, np.int64), *counts])
        self._starts = np.cumsum(self._counts) - self._counts
        del runs, counts
        hashes = np.fromiter(map(hash, self._all()), np.int64, len(self._cids))
        self._by_hash = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._by_hash]
        self._later_runs = self._find_later_runs()

    def __len__(self) -> int:
        return len(self._cids) - len(self._later_runs)

    def __iter__(self) -> Iterator[str]:
        for run, cid in enumerate(self._all()):
            if run not in self._later_runs:
                yield cid

    def runs(self, cid: object) -> list[tuple[int, int]]:
        """First row and number of rows of each run of `cid`; none if it is not here."""
        if not isinstance(cid, str):
            return []
        return [
            (int(self._starts[run]), int(self._counts[run]))
            for run in self._same_hash(hash(cid))
            if self._cids[int(run)].as_py() == cid
        ]

    def _same_hash(self, value: int) -> npt.NDArray[np.int64]:
        first = self._hashes.searchsorted(value, "left")
        last = self._hashes.searchsorted(value, "right")
        return self._by_hash[first:last]

    def _all(self) -> Iterator[str]:
        for start in range(0, len(self._cids), _AT_ONCE):
            yield from self._cids.slice(start, _AT_ONCE).to_pylist()

    def _find_later_runs(self) -> set[int]:
        import numpy as np

        repeated = np.unique(self._hashes[1:][self._hashes[1:] == self._hashes[:-1]])
        later: set[int] = set()
        for value in repeated:
            seen: set[str] = set()
            for run in map(int, self._same_hash(value)):
                cid = self._cids[run].as_py()
                if cid in seen:
                    later.add(run)
                seen.add(cid)
        return later


def cid_runs(column: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """The CID of each run of equal ones, and how many rows it has."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    codes = raw_codes(column).astype(np.int64)
    firsts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]])[: len(codes)])
    counts = np.diff(np.append(firsts, len(codes)))
    return column.dictionary.take(arrow_places(codes[firsts])).cast(pa.string()), counts
