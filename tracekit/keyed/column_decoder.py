"""Whole columns of arrays as Python values, with equal ones shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracekit.keyed.arrow_columns import ArrowColumn, spread
from tracekit.keyed.column_kinds import converter, python_values
from tracekit.keyed.value_memo import ValueMemo

if TYPE_CHECKING:
    import pyarrow as pa


class ColumnDecoder:
    """Turns the arrays of one column, part by part, into the values of the rows.

    Args:
        field: The column; its metadata name the kind.
    """

    def __init__(self, field: pa.Field) -> None:
        self._field = field
        self._convert = converter(field)
        self._memo = ValueMemo()
        self._dictionary: pa.Array | None = None
        self._objects: list[Any] = []
        self._arrow_type = _shared_type(field.type)
        self._shared = None if self._arrow_type is None else ArrowColumn(self._arrow_type)

    def values(self, array: pa.Array) -> list[Any]:
        """The cells of `array`, None for NULL."""
        import pyarrow as pa

        if pa.types.is_dictionary(array.type):
            objects = self._dictionary_objects(array.dictionary, len(array))
            return spread(objects, array.indices.cast(pa.int32()))
        if self._shared is None:
            return python_values(self._field, array)
        values = self._shared.values(array.cast(self._arrow_type))
        if self._convert is None:
            return values
        return [None if value is None else self._convert(value) for value in values]

    def _dictionary_objects(self, dictionary: pa.Array, rows: int) -> list[Any]:
        if self._dictionary is None or not _same_memory(self._dictionary, dictionary):
            objects = dictionary.to_pylist()
            if self._convert is not None:
                objects = list(map(self._convert, objects))
            elif self._memo.worthwhile:
                objects = self._memo.share(objects, objects, rows)
            self._dictionary, self._objects = dictionary, objects
        return self._objects


def _shared_type(kind: pa.DataType) -> pa.DataType | None:
    import pyarrow as pa

    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_large_string(kind) or pa.types.is_string(kind):
        return pa.large_string()
    if pa.types.is_float64(kind):
        return kind
    if pa.types.is_timestamp(kind) and kind.unit != "ns" and kind.tz is None:
        return kind
    return None


def _same_memory(left: pa.Array, right: pa.Array) -> bool:
    def place(array: pa.Array) -> tuple[int, int, list[int | None]]:
        addresses = [buffer and buffer.address for buffer in array.buffers()]
        return array.offset, len(array), addresses

    return place(left) == place(right)
