"""Gather the statistics of one column piece by piece, in bounded memory."""

from __future__ import annotations

import datetime
import decimal
import hashlib
import itertools
import math
import operator
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import datasketches

from tracekit.errors import WorkloadError
from tracekit.records.shape import BINARY, EXACT_CHARS, SHARED_BY, ColumnShape, Lengths
from tracekit.workloads.shapes.length_profile import LengthProfile
from tracekit.workloads.shapes.pool import exhaustion, shown_at

_CACHED_INTEGERS = range(-5, 257)
"""CPython keeps one object for each of these integers."""
_RANGES_PER_DOUBLING = 4
_NEARLY_UNIQUE = 0.985
"""If a sketch estimates more than this share of the cells, all values count as distinct."""


class ColumnTally:
    """The statistics of one column.

    Args:
        described: The column as the database describes it.
        sketch_bits: The binary logarithm of the number of values that a sketch keeps. It is exact
            up to about that number; its error at 14 is 0.8%.
    """

    def __init__(self, described: ColumnShape, sketch_bits: int) -> None:
        self._described = described
        self._rows = 0
        self._nulls = 0
        self._equal_to_last = 0
        self._last: Any = _NOTHING
        self._values = datasketches.update_theta_sketch(sketch_bits)
        self._values_in_halves = [
            datasketches.update_theta_sketch(max(sketch_bits - 1, 5)) for _ in range(2)
        ]
        self._cells_in_halves = [0, 0]
        self._nearby: set[int] = set()
        self._nearby_sum = self._nearby_windows = 0
        self._lengths: dict[tuple[str, int], list[int]] = {}
        self._numbers: Counter[str] = Counter()
        self._fraction_digits = 0
        self._moments: Counter[str] = Counter()
        self._profile = LengthProfile()

    def add(
        self, cells: Sequence[Any], in_half: Sequence[bool], in_quarter: Sequence[bool]
    ) -> None:
        """Count the cells of consecutive rows.

        Args:
            cells: The values.
            in_half: Whether each row's key is in the half of the keys.
            in_quarter: The same for the quarter, which is part of the half.

        Raises:
            WorkloadError: a shape cannot hold the type of a value.
        """
        counted = Counter(cells)
        self._rows += len(cells)
        self._nulls += counted.pop(None, 0)
        self._equal_to_last += sum(map(operator.eq, cells[1:], cells)) + (cells[0] == self._last)
        self._last = cells[-1]
        update = self._values.update
        for value, rows in counted.items():
            update(_sketched(value))
            self._classify(value, rows)
        self._nearby.update(map(hash, counted))
        for place, chosen in enumerate((in_half, in_quarter)):
            some = list(itertools.compress(cells, chosen))
            self._cells_in_halves[place] += len(some) - some.count(None)
            update = self._values_in_halves[place].update
            for value in set(some):
                if value is not None:
                    update(_sketched(value))
        if self._lengths:
            self._profile.add(cells)

    def end_nearby(self) -> None:
        """Count the distinct values of the rows added since the last call."""
        self._nearby_sum += len(self._nearby)
        self._nearby_windows += 1
        self._nearby = set()

    def distinct(self) -> int:
        """The number of distinct values so far, without NULL."""
        return self._estimate(self._values, self._rows - self._nulls)

    def shape(self, half_by_statements: float | None) -> ColumnShape:
        """The column's statistics.

        Args:
            half_by_statements: The distinct values after half of the statements, as a share of all;
                None if there were too few statements.
        """
        cells = self._rows - self._nulls
        distinct = self.distinct()
        half, quarter = (self._in_part(place, distinct, cells) for place in (0, 1))
        if half_by_statements is not None:
            half = min(half, round(distinct * half_by_statements))
            quarter = min(quarter, half)
        nearby = self._nearby_sum / self._nearby_windows if self._nearby_windows else None
        fractions = self._numbers["fraction"]
        return replace(
            self._described,
            null=_share(self._nulls, self._rows),
            runs=round(self._equal_to_last / max(1, self._rows), 4),
            distinct=distinct,
            distinct_in_key_halves=(distinct, min(half, distinct), min(quarter, distinct)),
            distinct_nearby=None if nearby is None else round(nearby, 1),
            text=_merged_lengths(self._lengths),
            windows=self._profile.windows(),
            numbers={name: max(rows, SHARED_BY) for name, rows in self._numbers.items()},
            fraction_digits=round(self._fraction_digits / fractions, 1) if fractions else None,
            moments={name: max(rows, SHARED_BY) for name, rows in self._moments.items()},
        )

    def _estimate(self, sketch: Any, cells: int) -> int:
        estimate = min(round(sketch.get_estimate()), cells)
        return cells if estimate > _NEARLY_UNIQUE * cells else estimate

    def _in_part(self, place: int, distinct: int, cells: int) -> int:
        """The distinct values in exactly half, or a quarter, of the cells.

        The chosen keys have about that many cells; the pool model corrects for the difference.
        """
        there = self._cells_in_halves[place]
        if not there or not distinct or there >= cells:
            return distinct
        shown = self._estimate(self._values_in_halves[place], there) / distinct
        at = there / cells
        return round(distinct * shown_at(exhaustion(shown, at), (0.5, 0.25)[place]))

    def _classify(self, value: Any, rows: int) -> None:
        if isinstance(value, str):
            self._add_text(_width(value), len(value), len(value.encode("utf-8", "replace")), rows)
        elif isinstance(value, bytes):
            self._add_text(BINARY, len(value), len(value), rows)
        elif isinstance(value, int | float | decimal.Decimal):
            kind = _number_class(value)
            self._numbers[kind] += rows
            if kind == "fraction":
                self._fraction_digits += rows * _digits_after_point(value)
        elif isinstance(value, datetime.datetime):
            self._moments[_smallest_part(value)] += rows
        elif isinstance(value, datetime.timedelta):
            self._moments["second"] += rows
        else:
            raise WorkloadError(
                f"column {self._described.name} holds {type(value).__name__}, which a shape cannot "
                "hold. Leave it out of the query, or CAST it to text, a number or a date"
            )

    def _add_text(self, width: str, chars: int, size_bytes: int, rows: int) -> None:
        sums = self._lengths.setdefault((width, _most_chars(chars)), [0, 0, 0, 0])
        sums[0] += rows
        sums[1] += chars * rows
        sums[2] += size_bytes * rows
        sums[3] += 1


_NOTHING = object()


def _sketched(value: Any) -> str | int | float:
    if isinstance(value, str | float):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, bytes):
        return hashlib.blake2b(value, digest_size=8).hexdigest()
    return str(value)


def _width(text: str) -> str:
    if text.isascii():
        return "ascii"
    widest = max(text)
    return "latin1" if widest < "\u0100" else "bmp" if widest < "\U00010000" else "astral"


def _most_chars(chars: int) -> int:
    """The upper end of the range of lengths that contains `chars`."""
    if chars <= EXACT_CHARS:
        return chars
    step = math.ceil(_RANGES_PER_DOUBLING * math.log2(chars / EXACT_CHARS) - 1e-9)
    return math.floor(EXACT_CHARS * 2 ** (step / _RANGES_PER_DOUBLING))


def _number_class(value: float | decimal.Decimal) -> str:
    if isinstance(value, float | decimal.Decimal):
        if not math.isfinite(value) or value != int(value):
            return "fraction"
        value = int(value)
    if value in _CACHED_INTEGERS:
        return "small"
    bits = value.bit_length()
    return next((str(most) for most in (30, 60, 90, 120) if bits <= most), "more")


def _digits_after_point(value: float | decimal.Decimal) -> int:
    _, _, digits = str(value).partition(".")
    return len(digits) if digits.isdigit() else 15


def _smallest_part(value: datetime.datetime) -> str:
    if value.microsecond:
        return "fraction"
    return "second" if value.second or value.minute or value.hour else "day"


def _share(part: int, whole: int) -> float:
    """A share, rounded so that it never describes fewer than SHARED_BY rows."""
    if part and whole:
        part = min(max(part, SHARED_BY), whole)
    return round(part / max(1, whole), 6)


def _merged_lengths(
    lengths: dict[tuple[str, int], list[int]],
) -> dict[str, Lengths]:
    """Merge ranges of lengths with fewer than SHARED_BY rows into their neighbours."""
    merged: dict[str, Lengths] = {}
    seen = sum(sums[3] for sums in lengths.values())
    for width in sorted({width for width, _ in lengths}):
        ranges: list[tuple[int, list[int]]] = []
        for (kind, most), sums in sorted(lengths.items()):
            if kind != width:
                continue
            if ranges and ranges[-1][1][0] < SHARED_BY:
                _, rare = ranges.pop()
                sums = [a + b for a, b in zip(rare, sums, strict=True)]
            ranges.append((most, sums))
        if len(ranges) > 1 and ranges[-1][1][0] < SHARED_BY:
            most, rare = ranges.pop()
            _, kept = ranges.pop()
            ranges.append((most, [a + b for a, b in zip(rare, kept, strict=True)]))
        merged[width] = {
            str(most): (
                rows,
                round(chars / rows, 2),
                round(size / rows, 2),
                round(values / seen, 4),
            )
            for most, (rows, chars, size, values) in ranges
        }
    return merged
