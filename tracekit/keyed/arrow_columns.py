"""Columns of Arrow batches as the Python values that fetchmany returns, with equal ones shared.

Arrow finds repeated values in the encoded bytes, so an object is made for each distinct value of a
batch and not for each cell. Buffers are read directly, because pyarrow's own conversions to numpy
load pandas, which takes more memory than everything here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracekit.keyed.value_memo import BatchMemo, ValueMemo

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_WIDEST_TABLE = 131_072
"""Maximum range of whole numbers kept as ready-made objects, for records that stay."""
_WIDEST_STREAM_TABLE = 4_096
"""The same for records that are dropped soon."""


class ArrowColumn:
    """Turns the arrays of one column, batch after batch, into lists of Python values.

    Args:
        kind: The type of all arrays.
        across_batches: Also share equal values of different batches. Right for records that stay;
            in a stream it would keep alive what the consumer has dropped.
    """

    def __init__(self, kind: pa.DataType, *, across_batches: bool = True) -> None:
        import pyarrow as pa

        self._memo = ValueMemo() if across_batches else BatchMemo()
        if pa.types.is_decimal128(kind) and kind.scale == 0:
            kind = pa.int64()
        widest = _WIDEST_TABLE if across_batches else _WIDEST_STREAM_TABLE
        self._numbers = _NumberTable(widest) if pa.types.is_int64(kind) else None
        if pa.types.is_large_string(kind):
            self._convert: Callable[[pa.Array], list[Any]] = _texts
        elif pa.types.is_int64(kind):
            self._convert = _whole_numbers
        elif pa.types.is_float64(kind):
            self._convert = _floats
        else:
            assert pa.types.is_timestamp(kind) and kind.unit != "ns", kind
            self._convert = _instants

    def values(self, array: pa.Array, known: Mapping[Any, Any] | None = None) -> list[Any]:
        """The cells of `array` as python-oracledb's rows hold them, but None for NULL and NaN.

        Args:
            array: The cells.
            known: Existing texts, mapped to themselves; a text column uses these for equal cells.
        """
        import pyarrow as pa

        if len(array) == array.null_count:
            return [None] * len(array)
        if pa.types.is_decimal128(array.type):
            try:
                array = array.cast(pa.int64())
            except pa.ArrowInvalid:  # more than 18 digits
                return _long_numbers(array)
        if self._numbers is not None and (found := self._numbers.values(array)) is not None:
            return found
        if not self._memo.worthwhile:
            return self._convert(array)
        if pa.types.is_large_string(array.type):
            encoded = array.dictionary_encode()
            keys = objects = self._convert(encoded.dictionary)
            if known:
                objects = [known.get(text, text) for text in keys]
        else:  # distinguished by their bits, so that 0.0 and -0.0 stay what they are
            encoded = array.view(pa.int64()).dictionary_encode()
            keys = _whole_numbers(encoded.dictionary)
            objects = self._convert(encoded.dictionary.view(array.type))
        shared = self._memo.share(keys, objects, len(array) - array.null_count)
        return spread(shared, encoded.indices)


class _NumberTable:
    """Whole numbers of a narrow range, each made once and found by its position."""

    def __init__(self, widest: int) -> None:
        self._widest = widest
        self._rows = 0
        self._lowest = 0
        self._objects: npt.NDArray[np.object_] | None = None

    def values(self, array: pa.Array) -> list[Any] | None:
        """The cells, or None while their range is too wide for the rows seen."""
        import numpy as np

        raw = _raw(array, np.int64)
        missing = _missing(array)
        present = raw if missing is None else raw[~missing]
        self._rows += len(present)
        lowest, highest = int(present.min()), int(present.max())
        if not self._covers(lowest, highest):
            return None
        assert self._objects is not None
        if missing is None:
            return _listed(self._objects.take(raw - self._lowest))
        cells = self._objects.take(np.where(missing, 0, raw - self._lowest))
        cells[missing] = None
        return _listed(cells)

    def _covers(self, lowest: int, highest: int) -> bool:
        import numpy as np

        if self._objects is not None:
            if self._lowest <= lowest and highest < self._lowest + len(self._objects):
                return True
            lowest = min(lowest, self._lowest)
            highest = max(highest, self._lowest + len(self._objects) - 1)
        if highest - lowest >= min(self._rows, self._widest):
            return False
        # Not arange(lowest, highest + 1), which is of floats where the end is 2**63.
        grown = (np.arange(highest - lowest + 1) + lowest).astype(object)
        if self._objects is not None:
            start = self._lowest - lowest
            grown[start : start + len(self._objects)] = self._objects
        self._objects, self._lowest = grown, lowest
        return True


def spread(values: Sequence[Any], indices: pa.Array) -> list[Any]:
    """The value at each of `indices` (int32), None for NULL."""
    import numpy as np

    table = np.empty(len(values) + 1, dtype=object)
    table[:-1] = values  # the last place stays None, for NULL
    places = _raw(indices, np.int32)
    missing = _missing(indices)
    if missing is not None:
        places = np.where(missing, len(values), places)
    return _listed(table.take(places))


def _raw(array: pa.Array, dtype: Any) -> npt.NDArray[Any]:
    import numpy as np

    # Cells that are NULL hold whatever was there before.
    return np.frombuffer(
        array.buffers()[1], dtype, len(array), array.offset * np.dtype(dtype).itemsize
    )


def _missing(array: pa.Array) -> npt.NDArray[np.bool_] | None:
    import numpy as np

    if not array.null_count:
        return None
    bits = np.frombuffer(array.buffers()[0], np.uint8)
    present = np.unpackbits(bits, bitorder="little", count=array.offset + len(array))
    missing: npt.NDArray[np.bool_] = present[array.offset :] == 0
    return missing


def _listed(cells: npt.NDArray[Any]) -> list[Any]:
    values: list[Any] = cells.tolist()
    return values


def _with_none(cells: npt.NDArray[np.object_], array: pa.Array) -> list[Any]:
    missing = _missing(array)
    if missing is not None:
        cells[missing] = None
    return _listed(cells)


def _texts(array: pa.Array) -> list[Any]:
    values: list[Any] = array.to_pylist()
    return values


def _whole_numbers(array: pa.Array) -> list[Any]:
    import numpy as np

    return _with_none(_raw(array, np.int64).astype(object), array)


def _floats(array: pa.Array) -> list[Any]:
    import numpy as np

    raw = _raw(array, np.float64)
    cells = raw.astype(object)
    cells[np.isnan(raw)] = None
    return _with_none(cells, array)


def _instants(array: pa.Array) -> list[Any]:
    # A NULL cell may hold what is no date: numpy makes a number of it.
    return _with_none(_raw(array, f"datetime64[{array.type.unit}]").astype(object), array)


def _long_numbers(array: pa.Array) -> list[Any]:
    return [None if value is None else int(value) for value in array.to_pylist()]
