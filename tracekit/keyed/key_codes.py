"""Key columns of any Arrow type as numbers: equal keys have equal codes.

Buffers are read and made directly: pyarrow's conversions to and from numpy load pandas, which
takes more memory than everything here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


def key_codes(arrays: Sequence[pa.Array], rows: int) -> npt.NDArray[np.int64]:
    """A code for the key of each row, numbered from 0 as the keys first occur.

    Args:
        arrays: The key columns without NULLs; none if all rows are one group.
        rows: Number of rows.
    """
    import numpy as np

    if not arrays:
        return np.zeros(rows, np.int64)
    codes = _codes(arrays[0])
    for array in arrays[1:]:
        more = _codes(array)
        # Fewer than 2**31 rows have codes below that, so a pair of them fits into 63 bits.
        both = codes * (int(more.max(initial=0)) + 1) + more
        codes = _codes(arrow_places(both))
    return codes


def sorted_places(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
    """The positions of the rows in a stable sort by code; None if they are already sorted."""
    import numpy as np

    if (codes[1:] >= codes[:-1]).all():
        return None
    # numpy sorts small integers by radix, several times faster than others.
    narrow = codes.astype(np.uint16) if codes.max() < 2**16 else codes
    return narrow.argsort(kind="stable")


def arrow_places(places: npt.NDArray[np.int64]) -> pa.Array:
    """The same numbers for `take`."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)])


def _codes(array: pa.Array) -> npt.NDArray[np.int64]:
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    return raw_codes(array).astype(np.int64)


def raw_codes(encoded: pa.DictionaryArray) -> npt.NDArray[Any]:
    """The codes of an encoded column without NULLs, as they are in memory."""
    import numpy as np

    indices = encoded.indices
    dtype = np.dtype(str(indices.type))
    return np.frombuffer(indices.buffers()[1], dtype, len(indices), indices.offset * dtype.itemsize)
