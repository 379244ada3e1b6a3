"""Which key each row of a query belongs to, and in what order the rows come."""

from __future__ import annotations

import numpy as np

from tracekit.records.shape import QueryShape
from tracekit.workloads.shapes.draws import Places, shuffled, stream_of


class RowPlan:
    """The keys of all rows, for one size.

    Rows are numbered in the order of their result. The keys of one statement are neighbours, as
    whoever asks takes them in their order; so are its rows, in the order of their keys or mixed.

    Args:
        query: what is made.
        rows: of all keys together.
        keys: that have rows.
        asked: keys that it asks for, the first of its key space.
        stream: of the draws.
    """

    def __init__(self, query: QueryShape, rows: int, keys: int, asked: int, stream: int) -> None:
        self.rows = rows
        self._stream = stream
        self._mixed = query.order == "mixed"
        ranks = shuffled(np.arange(asked, dtype=np.int64), stream_of(stream, "has rows"), asked)
        self._key_numbers = np.flatnonzero(ranks < keys).astype(np.int64)
        counts = _rows_of_keys(query.rows_per_key, rows, keys, stream_of(stream, "rows of a key"))
        self._ends = np.cumsum(counts)
        statement = max(1, round(query.keys_per_statement or asked))
        block_of_key = self._key_numbers // statement
        lasts = np.flatnonzero(np.diff(block_of_key, append=-1))
        self._block_ends = self._ends[lasts]

    def key_numbers(self, start: int, stop: int) -> Places:
        """The number, in the key space, of the key of each row from `start` to below `stop`."""
        ranks = np.arange(start, stop, dtype=np.int64)
        if self._mixed:
            ranks = np.concatenate(list(self._mixed_ranks(start, stop)))
        return self._key_numbers[np.searchsorted(self._ends, ranks, side="right")]

    def _mixed_ranks(self, start: int, stop: int) -> list[Places]:
        """Which row, in the order of keys, comes at each position; mixed within a statement."""
        found = []
        block = int(np.searchsorted(self._block_ends, start, side="right"))
        while start < stop:
            first = int(self._block_ends[block - 1]) if block else 0
            end = int(self._block_ends[block])
            upto = min(stop, end)
            if upto > start:
                positions = np.arange(start - first, upto - first, dtype=np.int64)
                found.append(first + shuffled(positions, self._stream ^ block, end - first))
            start, block = upto, block + 1
        return found


def _rows_of_keys(means: tuple[float, ...], rows: int, keys: int, stream: int) -> Places:
    """How many rows each key has: at least one, `rows` in all."""
    numbers = np.arange(keys, dtype=np.int64)
    if not keys:
        return numbers
    if rows <= keys:
        return np.ones(keys, np.int64)
    part = shuffled(numbers, stream, keys) * max(1, len(means)) // keys
    wanted = np.array(means or (1.0,))[part]
    extra = np.maximum(wanted - 1, 0)
    if not extra.sum():
        extra = np.ones(keys)
    # Rounded so that the sum stays right: each key's share ends where the sum so far does.
    ends = np.round(np.cumsum(extra) * ((rows - keys) / extra.sum())).astype(np.int64)
    return np.asarray(1 + np.diff(ends, prepend=0))
