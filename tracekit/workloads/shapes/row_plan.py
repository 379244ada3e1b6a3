"""Decide which key each row of a query has, and the order of the rows."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tracekit.records.shape import QueryShape
from tracekit.workloads.shapes.draws import Places, shares, shuffled, stream_of
from tracekit.workloads.shapes.pool import seen_nearby

_WELL_MIXED = 0.93
"""The share of the keys nearby, compared with perfect mixing, from which a result is well mixed."""


class RowPlan:
    """The keys of all rows, for one size.

    Rows are numbered in the order of the result. The keys of one statement are neighbours, because
    programs request keys in order. So are its rows, in the order of their keys or mixed.

    Args:
        query: The query.
        rows: The total number of rows.
        keys: The number of keys with rows.
        asked: The number of requested keys, which are the first of the key space.
        stream: The stream of random draws.
    """

    def __init__(self, query: QueryShape, rows: int, keys: int, asked: int, stream: int) -> None:
        self.rows = rows
        self._stream = stream
        self._mixed = query.order == "mixed"
        self._mixing = _mixing(query)
        self._block: tuple[int, Places] | None = None
        ranks = shuffled(np.arange(asked, dtype=np.int64), stream_of(stream, "has rows"), asked)
        self._key_numbers = np.flatnonzero(ranks < keys).astype(np.int64)
        statement = max(1, round(query.keys_per_statement or asked))
        block_of_key = self._key_numbers // statement
        lasts = np.flatnonzero(np.diff(block_of_key, append=-1))
        keys_of_blocks = np.diff(lasts, prepend=-1)
        counts_stream = stream_of(stream, "rows of a key")
        if query.most_rows_per_statement is None or len(lasts) < 2:
            counts = _rows_of_keys(query.rows_per_key, rows, keys, counts_stream)
        else:
            rows_of_blocks = _rows_of_statements(query, rows, keys_of_blocks, stream)
            counts = np.concatenate(
                [
                    _rows_of_keys(query.rows_per_key, int(those), int(count), counts_stream ^ block)
                    for block, (those, count) in enumerate(
                        zip(rows_of_blocks, keys_of_blocks, strict=True)
                    )
                ]
            )
        self._ends = np.cumsum(counts)
        self._block_ends = self._ends[lasts]

    def key_numbers(self, start: int, stop: int) -> Places:
        """The key number, in the key space, of each row from `start` to before `stop`."""
        ranks = np.arange(start, stop, dtype=np.int64)
        if self._mixed:
            ranks = np.concatenate(list(self._mixed_ranks(start, stop)))
        return self._key_numbers[np.searchsorted(self._ends, ranks, side="right")]

    def _mixed_ranks(self, start: int, stop: int) -> list[Places]:
        """The row, in key order, at each position; mixed within a statement."""
        found = []
        block = int(np.searchsorted(self._block_ends, start, side="right"))
        while start < stop:
            first = int(self._block_ends[block - 1]) if block else 0
            end = int(self._block_ends[block])
            upto = min(stop, end)
            if upto > start:
                found.append(
                    first + self._block_order(block, end - first)[start - first : upto - first]
                )
            start, block = upto, block + 1
        return found

    def _block_order(self, block: int, rows: int) -> Places:
        """The order of a statement's rows, by their position in key order."""
        if self._block is None or self._block[0] != block:
            places = np.arange(rows, dtype=np.int64)
            stream = stream_of(self._stream, "order", block)
            if self._mixing is None:
                order = shuffled(places, stream, rows)
            else:
                order = np.argsort(places + self._mixing * shares(places, stream), kind="stable")
            self._block = block, order
        return self._block[1]


def _mixing(query: QueryShape) -> float | None:
    """How many positions later than in key order a row can come; None for any number.

    If both the result and the requested keys are in the order of time, only neighbours are mixed.
    """
    column = next((one for one in query.columns if query.key == (one.name,)), None)
    if column is None or column.distinct_nearby is None or not query.keys:
        return None
    rows_of_key = query.rows / query.keys
    nearby = query.rows_nearby
    statements = max(1.0, query.keys_asked / (query.keys_per_statement or math.inf))
    most = query.rows / statements
    if column.distinct_nearby >= _WELL_MIXED * _keys_nearby(query.keys / statements, most, nearby):
        return None

    def seen(mixing: float) -> float:
        return seen_nearby(nearby, nearby / rows_of_key, mixing / rows_of_key)

    low, high = 1.0, most
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if seen(middle) >= column.distinct_nearby else (middle, high)
    return high


def _keys_nearby(keys: float, rows: float, nearby: int) -> float:
    """The keys in `nearby` rows of well-mixed statements with this many keys and rows."""
    offsets = [rows * step / 16 for step in range(16)]
    met = 0.0
    for offset in offsets:
        left, room = float(nearby), rows - offset
        while left > 0:
            met += keys * -math.expm1(-min(left, room) / keys)
            left, room = left - room, rows
    return met / len(offsets)


def _rows_of_statements(query: QueryShape, rows: int, keys: Places, stream: int) -> Places:
    """The rows of each statement: one has the recorded maximum, the others their recorded means."""
    order = shuffled(
        np.arange(len(keys), dtype=np.int64), stream_of(stream, "statements"), len(keys)
    )
    # Readers keep what they have read, so their peak depends on when the largest statement comes.
    largest = min(len(keys) - 1, round((query.largest_statement_at or 0) * len(keys)))
    means = np.array(query.rows_per_statement)
    wanted = means[order * len(means) // len(keys)]
    # The last statement can have fewer keys than the others.
    wanted = wanted * keys / keys.max()
    least_of_others = int(keys.sum() - keys[largest])
    most = max(int(keys[largest]), min(query.most_rows_per_statement or 0, rows - least_of_others))
    wanted[largest] = 0
    found = np.zeros(len(keys), np.int64)
    others = np.arange(len(keys)) != largest
    found[others] = _shared(rows - most, wanted[others], keys[others])
    found[largest] = rows - found.sum()
    return found


def _shared(rows: int, wanted: npt.NDArray[np.float64], least: Places) -> Places:
    """Integers with the sum `rows`, in proportion to `wanted`, each at least `least`."""
    extra = np.maximum(wanted - least, 0)
    if not extra.sum():
        extra = least.astype(np.float64)
    ends = np.round(np.cumsum(extra) * (max(0, rows - int(least.sum())) / extra.sum()))
    return np.asarray(least + np.diff(ends.astype(np.int64), prepend=0))


def _rows_of_keys(means: tuple[float, ...], rows: int, keys: int, stream: int) -> Places:
    """The rows of each key: at least one, `rows` in total."""
    numbers = np.arange(keys, dtype=np.int64)
    if not keys:
        return numbers
    if rows <= keys:
        return np.ones(keys, np.int64)
    part = shuffled(numbers, stream, keys) * max(1, len(means)) // keys
    wanted = np.array(means or (1.0,))[part]
    return _shared(rows, wanted, np.ones(keys, np.int64))
