"""Generate numbers and moments from numbers: equal numbers give equal values, others do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tracekit.workloads.shapes.draws import Places

_FIRST = {
    "small": 0,
    "30": 257,
    "60": 2**30,
    "90": 2**60,
    "120": 2**90,
    "more": 2**120,
}
_END = {
    "small": 257,
    "30": 2**30,
    "60": 2**60,
    "90": 2**90,
    "120": 2**120,
    "more": 10**38,
}
_CLASSES = tuple(_FIRST)
_ENOUGH = 2**62
_VECTOR_DIGITS = 18
_MICROSECONDS = {"day": 86_400_000_000, "second": 1_000_000, "fraction": 1}
_FIRST_MOMENT = 1_577_836_800_000_000
"""2020-01-01, in microseconds."""
_LAST_MOMENT = 253_370_764_800_000_000
"""9999-01-01."""


@dataclass(frozen=True)
class NumberRange:
    """Numbers of one class that fit a column.

    Args:
        kind: See `NUMBER_CLASSES`.
        precision: The column's digits.
        scale: The digits of these after the point.
        fraction_digits: The digits after the point of numbers with a fraction.
    """

    kind: str
    precision: int
    scale: int
    fraction_digits: int

    @property
    def capacity(self) -> int:
        """The number of distinct values; 0 if the class does not fit the column."""
        if self.kind == "fraction":
            if not self.scale:
                return 0
            digits = self.precision - self.scale + self.fraction_digits
            return int(min(_ENOUGH, 10**digits - 10 ** (digits - 1)))
        first, end = self._range
        return int(min(_ENOUGH, max(0, end - first)))

    @property
    def _range(self) -> tuple[int, int]:
        return _FIRST[self.kind], min(_END[self.kind], 10 ** (self.precision - self.scale))

    def decimals(self, numbers: Places) -> pa.Array:
        """The numbers as decimal128(precision, scale)."""
        factor = 10 ** (self.scale - self.fraction_digits if self._is_fraction else self.scale)
        if self.precision <= _VECTOR_DIGITS:
            unscaled = self._whole(numbers) * factor
            halves = np.empty((len(numbers), 2), np.int64)
            halves[:, 0] = unscaled
            halves[:, 1] = unscaled >> 63
            content = halves.tobytes()
        else:
            content = b"".join(
                (value * factor).to_bytes(16, "little") for value in self._large(numbers)
            )
        kind = pa.decimal128(self.precision, self.scale)
        return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(content)])

    def floats(self, numbers: Places) -> pa.Array:
        """The numbers as float64."""
        divisor = 10.0**self.fraction_digits if self._is_fraction else 1.0
        return pa.array([value / divisor for value in self._large(numbers)], pa.float64())

    @property
    def _is_fraction(self) -> bool:
        return self.kind == "fraction"

    def _whole(self, numbers: Places) -> Places:
        if self._is_fraction:
            return np.asarray(numbers // 9 * 10 + numbers % 9 + 1)
        return np.asarray(numbers + self._range[0])

    def _large(self, numbers: Places) -> list[int]:
        if self._is_fraction:
            return [value // 9 * 10 + value % 9 + 1 for value in numbers.tolist()]
        first = self._range[0]
        return [first + value for value in numbers.tolist()]


def number_classes_below(kind: str) -> tuple[str, ...]:
    """The classes of smaller whole numbers, the nearest first; for `fraction`, all of them."""
    if kind == "fraction":
        return tuple(reversed(_CLASSES))
    return tuple(reversed(_CLASSES[: _CLASSES.index(kind)]))


@dataclass(frozen=True)
class MomentRange:
    """Dates whose smallest part other than zero is a day, a second or a fraction of a second."""

    kind: str

    @property
    def capacity(self) -> int:
        """The number of distinct values."""
        return (_LAST_MOMENT - _FIRST_MOMENT) // self._step - 1

    @property
    def _step(self) -> int:
        return _MICROSECONDS[self.kind] * (1 if self.kind == "day" else 37)

    def microseconds(self, numbers: Places) -> Places:
        """The moments in microseconds since 1970."""
        return np.asarray(_FIRST_MOMENT + (numbers + (self.kind != "day")) * self._step)
