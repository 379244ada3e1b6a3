"""Arrow arrays of Python values, made without pyarrow's own conversion, which loads pandas."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tracekit.errors import FetchError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

MOST_TEXT_BYTES = 2**31 - 1
"""What Arrow's `string` can address in one array."""
_NONE = type(None)


def value_array(type_: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """`values`, None as NULL, as an array of `type_`.

    Raises:
        TypeError: a value's type does not match `type_`.
        FetchError: texts are too long for one array.
    """
    import pyarrow as pa

    if pa.types.is_string(type_):
        _expect(str, values)
        return text_array(values)
    if pa.types.is_int64(type_):
        _expect(int, values)
        return _fixed(type_, values, "int64")
    if pa.types.is_float64(type_):
        return _fixed(type_, values, "float64")
    if pa.types.is_timestamp(type_):
        _expect(datetime, values)
        if any(value is not None and value.tzinfo is not None for value in values):
            raise TypeError("times with a time zone")
        return _fixed(type_, values, f"datetime64[{type_.unit}]")
    _expect(bytes if pa.types.is_large_binary(type_) else bool, values)
    return pa.array(values, type_)


def text_array(values: Sequence[str | None]) -> pa.StringArray:
    """Texts as a string array.

    Raises:
        FetchError: they are too long for one array.
    """
    import numpy as np
    import pyarrow as pa

    encoded = [value.encode() if value is not None else b"" for value in values]
    ends = np.cumsum([0, *map(len, encoded)])
    if ends[-1] > MOST_TEXT_BYTES:
        raise FetchError(
            f"{ends[-1]:,} bytes of text do not fit one array. Read smaller row batches."
        )
    buffers = [_present(values), _buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def _fixed(type_: pa.DataType, values: Sequence[Any], dtype: str) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    cells = np.array([0 if value is None else value for value in values], dtype=dtype)
    return pa.Array.from_buffers(type_, len(values), [_present(values), _buffer(cells)])


def _expect(kind: type, values: Sequence[Any]) -> None:
    found = {type(value) for value in values} - {_NONE, kind}
    if found:
        raise TypeError(", ".join(sorted(other.__name__ for other in found)))


def _present(values: Sequence[Any]) -> pa.Buffer | None:
    import numpy as np

    present = np.fromiter((value is not None for value in values), np.bool_, len(values))
    return None if present.all() else _buffer(np.packbits(present, bitorder="little"))


def _buffer(cells: npt.NDArray[Any]) -> pa.Buffer:
    import numpy as np
    import pyarrow as pa

    return pa.py_buffer(cells.view(np.uint8))
