"""Generate the cells of a column from its statistics, for any range of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from tracekit.errors import WorkloadError
from tracekit.records.shape import BINARY, ColumnShape
from tracekit.workloads.shapes.draws import Places, below, shares, shuffled, stream_of
from tracekit.workloads.shapes.made_numbers import (
    MomentRange,
    NumberRange,
    number_classes_below,
)
from tracekit.workloads.shapes.made_texts import BinaryRange, TextRange
from tracekit.workloads.shapes.pool import exhaustion, seen_nearby, shown_at
from tracekit.workloads.shapes.stored import Stored, stored

ValueRange = TextRange | BinaryRange | NumberRange | MomentRange

_UNIQUE = 0.97
_LOCAL = 0.9
"""Row batches with less than this share of the expected distinct values are local."""
_FEWEST_LINEAR = 0.51


@dataclass
class Part:
    """The cells of a column that fall in one range of values."""

    values: ValueRange
    weight: float
    """The number of its rows in the recording."""
    distinct_weight: float
    mean_length: float
    first: int = 0
    """The index of its first cell among the cells that are not NULL."""
    cells: int = 0
    distinct: int = 1
    window: float | None = None
    """The number of values that neighbouring rows choose from; None for all."""

    @cached_property
    def pool(self) -> int:
        """The number of values to draw from so that the cells have the intended distinct values."""
        low, high = float(self.distinct), 1e3 * self.distinct
        for _ in range(50):
            middle = (low + high) / 2
            shown = middle * -math.expm1(-self.cells / middle)
            low, high = (middle, high) if shown < self.distinct else (low, middle)
        return max(1, round(high))


class ColumnMaker:
    """Generates a column's cells.

    Args:
        column: The column's statistics.
        rows: The total number of rows.
        distinct: The total number of distinct values.
        stream: The stream of random draws.
        rows_nearby: The number of rows in the statistic of neighbouring values.
    """

    def __init__(
        self, column: ColumnShape, rows: int, distinct: int, stream: int, rows_nearby: int
    ) -> None:
        self._column = column
        self.stored = stored(column)
        self._rows = rows
        self._cells = rows - round(rows * column.null)
        self._stream = stream
        self.parts = parts_of(column, self.stored)
        if not self.parts:
            self._cells = 0
        _share_out(self.parts, self._cells, min(distinct, self._cells))
        self._find_windows(rows_nearby)
        self._tilts = _tilts(column.windows, self.parts, self._cells)

    def cells(self, start: int, stop: int) -> pa.Array:
        """The cells of the rows from `start` up to, but not including, `stop`."""
        positions = np.arange(start, stop, dtype=np.int64)
        places = shuffled(positions, self._stream, self._rows)
        filled = np.flatnonzero(places < self._cells)
        chosen = self._tilted(positions[filled], places[filled])
        numbers, part_of = self._numbers(positions[filled], places[filled], chosen)
        return assembled(
            self.parts, numbers, part_of, filled, len(positions), self.stored, self._column.size
        )

    def _numbers(self, positions: Places, places: Places, chosen: Places) -> tuple[Places, Places]:
        """The part and the value of each cell."""
        firsts = np.array([part.first for part in self.parts], np.int64)
        part_of = np.searchsorted(firsts, chosen, side="right") - 1
        distinct = np.array([part.distinct for part in self.parts], np.int64)[part_of]
        cells = np.array([part.cells for part in self.parts], np.int64)[part_of]
        stream = stream_of(self._stream, "value")
        anywhere = below(positions, stream, distinct)
        if self._tilts is None:
            rank = chosen - firsts[part_of]
            numbers = np.where(rank < distinct, rank, anywhere)
        else:
            pools = np.array([part.pool for part in self.parts], np.int64)[part_of]
            drawn = below(positions, stream, pools)
            numbers = np.where(distinct >= _UNIQUE * cells, places, drawn)
        if any(part.window is not None for part in self.parts):
            windows = np.array([part.window or 0.0 for part in self.parts])[part_of]
            pools = np.array([part.pool for part in self.parts], np.int64)[part_of]
            middle = positions / self._rows * pools
            near = middle + (shares(positions, stream) - 0.5) * windows
            numbers = np.floor(near).astype(np.int64) % pools
        capacity = np.array([part.values.capacity for part in self.parts], np.int64)[part_of]
        return numbers % capacity, part_of

    def _tilted(self, positions: Places, places: Places) -> Places:
        """Move cells towards short or long values, as their window of rows requires."""
        if self._tilts is None or not len(places):
            return places
        power = self._tilts[positions * len(self._tilts) // self._rows]
        share = ((places + 0.5) / self._cells) ** power
        return np.minimum((share * self._cells).astype(np.int64), self._cells - 1)

    def _find_windows(self, rows_nearby: int) -> None:
        """Let neighbouring rows choose from few values if the recording shows that."""
        nearby = self._column.distinct_nearby
        if nearby is None or self._rows <= 2 * rows_nearby or not self._cells:
            return
        share = rows_nearby / self._rows
        pools = [(part, part.pool) for part in self.parts if part.cells]

        anywhere = sum(pool * -math.expm1(-part.cells * share / pool) for part, pool in pools)
        if nearby >= _LOCAL * anywhere:
            return
        low, high = 0.0, 1.0
        for _ in range(30):
            middle = (low + high) / 2
            seen = sum(
                seen_nearby(part.cells * share, pool * share, max(middle * pool, 1e-3))
                for part, pool in pools
            )
            low, high = (low, middle) if seen >= nearby else (middle, high)
        for part, pool in pools:
            part.window = max(1.0, high * pool)


class KeyMaker:
    """Generates a column of keys; a value depends only on the key's number.

    Args:
        column: The column's statistics in the first query of the key space.
        keys: The number of distinct values required.
        stream: The stream of random draws, the same for all queries of the key space.

    Raises:
        WorkloadError: the column cannot hold that many values.
    """

    def __init__(self, column: ColumnShape, keys: int, stream: int) -> None:
        self.stored = stored(column)
        self._size = column.size
        self._stream = stream
        parts = parts_of(column, self.stored)
        roomy = [part for part in parts if part.values.capacity >= keys]
        if not roomy:
            most = max((part.values.capacity for part in parts), default=0)
            raise WorkloadError(
                f"key column {column.name} of the shape can hold {most:,} different values, "
                f"not for {keys:,}. Use fewer keys"
            )
        self._parts = roomy
        weights = np.cumsum([part.weight for part in roomy])
        self._edges = weights / weights[-1]

    def cells(self, numbers: Places) -> pa.Array:
        """The key values with these numbers."""
        drawn = shares(numbers, self._stream)
        part_of = np.minimum(
            np.searchsorted(self._edges, drawn, side="right"), len(self._parts) - 1
        )
        everywhere = np.arange(len(numbers))
        return assembled(
            self._parts, numbers, part_of, everywhere, len(numbers), self.stored, self._size
        )


def distinct_at(column: ColumnShape, factor: float, cells: int) -> int:
    """The distinct values of `factor` times as many keys, by the pool model; at most `cells`."""
    if factor == 1 or not column.distinct:
        return min(column.distinct, cells)
    _, half, *_ = (*column.distinct_in_key_halves, column.distinct, column.distinct)
    shown = half / column.distinct
    if shown < _FEWEST_LINEAR:
        return min(cells, round(column.distinct * factor))
    return min(cells, max(1, round(column.distinct * shown_at(exhaustion(shown, 0.5), factor))))


def parts_of(column: ColumnShape, how: Stored) -> list[Part]:
    """The ranges of a column's values, the shortest first; empty for a column of only NULLs."""
    parts = [
        Part(
            BinaryRange(int(most), mean_bytes)
            if width == BINARY
            else TextRange(width, int(most), mean_chars, mean_bytes),
            rows,
            distinct,
            mean_chars,
        )
        for width, lengths in column.text.items()
        for most, (rows, mean_chars, mean_bytes, distinct) in lengths.items()
    ]
    total = sum(column.numbers.values())
    for kind, rows in column.numbers.items():
        values = _fitting(kind, how, round(column.fraction_digits or 1))
        parts.append(Part(values, rows, rows / total, 0.0))
    total = sum(column.moments.values())
    for kind, rows in column.moments.items():
        finest = "second" if kind == "fraction" and how.duckdb_type == "TIMESTAMP_S" else kind
        parts.append(Part(MomentRange(finest), rows, rows / total, 0.0))
    return sorted(parts, key=lambda part: part.mean_length)


def _fitting(kind: str, how: Stored, fraction_digits: int) -> NumberRange:
    """The numbers of that class, or of the nearest class that fits the column."""
    precision, scale = how.digits or (38, 15 if pa.types.is_floating(how.arrow_type) else 0)
    digits = max(1, min(fraction_digits, scale))
    for one in (kind, *number_classes_below(kind)):
        found = NumberRange(one, precision, scale, digits)
        if found.capacity:
            return found
    return NumberRange("small", precision, scale, digits)


def _share_out(parts: Sequence[Part], cells: int, distinct: int) -> None:
    """Give each part its cells and distinct values; the sums are as requested if possible."""
    weight = sum(part.weight for part in parts)
    before = 0.0
    for part in parts:
        part.first = round(cells * before / weight)
        before += part.weight
        part.cells = round(cells * before / weight) - part.first
    open_parts = [part for part in parts if part.cells]
    for part in parts:
        part.distinct = min(1, part.cells) or 1
    left = max(0, distinct - len(open_parts))
    while left and open_parts:
        weights = sum(max(part.distinct_weight, 1e-6) for part in open_parts)
        given = 0
        for part in open_parts:
            room = min(part.cells, part.values.capacity) - part.distinct
            more = min(room, math.ceil(left * max(part.distinct_weight, 1e-6) / weights))
            more = min(more, left - given)
            part.distinct += more
            given += more
        left -= given
        open_parts = [
            part for part in open_parts if part.distinct < min(part.cells, part.values.capacity)
        ]


def _tilts(windows: Sequence[float], parts: Sequence[Part], cells: int) -> Places | None:
    """For each window, the power of a cell's share that gives the window's mean length."""
    if not windows or not cells or len(parts) < 2:
        return None
    edges = np.array([part.first for part in parts] + [cells]) / cells
    lengths = np.array([part.mean_length for part in parts])

    def mean(power: float) -> float:
        return float(np.diff(edges ** (1 / power)) @ lengths)

    def power_for(wanted: float) -> float:
        low, high = math.log(1e-3), math.log(1e3)
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (low, middle) if mean(math.exp(middle)) < wanted else (middle, high)
        return math.exp(high)

    return np.array([power_for(one) for one in windows])


def assembled(
    parts: Sequence[Part],
    numbers: Places,
    part_of: Places,
    filled: Places,
    rows: int,
    how: Stored,
    limit: int | None,
) -> pa.Array:
    """An array of `rows` cells: those at `filled` from the parts, NULL elsewhere."""
    order = np.argsort(part_of, kind="stable")
    made = [pa.nulls(1, how.arrow_type)]
    bounds = np.searchsorted(part_of[order], np.arange(len(parts) + 1))
    for place, part in enumerate(parts):
        mine = numbers[order[bounds[place] : bounds[place + 1]]]
        if len(mine):
            made.append(_values(part.values, mine, how, limit))
    source = np.zeros(rows, np.int64)
    source[filled[order]] = np.arange(1, len(order) + 1)
    return pa.concat_arrays(made).take(pa.array(source))


def _values(values: ValueRange, numbers: Places, how: Stored, limit: int | None) -> pa.Array:
    if isinstance(values, TextRange):
        return pa.array(values.texts(numbers, limit), pa.large_string())
    if isinstance(values, BinaryRange):
        return pa.array(values.binaries(numbers, limit), pa.large_binary())
    if isinstance(values, NumberRange):
        if pa.types.is_boolean(how.arrow_type):
            return pa.array(numbers % 2 == 1)
        if pa.types.is_floating(how.arrow_type):
            return values.floats(numbers)
        return values.decimals(numbers)
    moments = pa.array(values.microseconds(numbers))
    if pa.types.is_duration(how.arrow_type):
        return pa.array(values.microseconds(numbers) % 10**12).cast(how.arrow_type)
    return moments.cast(pa.timestamp("us")).cast(how.arrow_type)
