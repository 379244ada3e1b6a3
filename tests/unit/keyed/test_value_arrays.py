"""Arrow arrays that are made of Python values hold these values, and have the type asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from tracekit.errors import FetchError
from tracekit.keyed import value_arrays
from tracekit.keyed.value_arrays import text_array, value_array

MOMENT = datetime(2026, 1, 2, 3, 4, 5)
CELLS: list[tuple[pa.DataType, list[Any]]] = [
    (pa.string(), ["", "a", "機台"]),
    (pa.int64(), [0, -1, 2**63 - 1, -(2**63)]),
    (pa.float64(), [0.5, 2, -1]),
    (pa.float64(), [1, 2**53]),
    (pa.timestamp("s"), [MOMENT]),
    (pa.timestamp("us"), [MOMENT.replace(microsecond=123_456), datetime(1, 1, 1)]),
    (pa.large_binary(), [b"", b"\x00\xff"]),
    (pa.bool_(), [True, False]),
]


@pytest.mark.parametrize(("type_", "cells"), CELLS)
def test_an_array_holds_the_cells_in_the_type_asked_for(
    type_: pa.DataType, cells: list[Any]
) -> None:
    for values in (cells, [None, *cells, None], [*cells * 5, None, *cells], [None] * 9, []):
        array = value_array(type_, values)
        array.validate(full=True)
        assert (array.type, array.to_pylist()) == (type_, values)


def test_text_that_does_not_fit_one_array_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_arrays, "MOST_TEXT_BYTES", 6)
    for texts in ([], ["abcdef"], ["機", None, "def", ""]):
        assert text_array(texts).to_pylist() == texts
    for texts in (["a", "bcdefg"], ["", "機台a", "", ""]):
        with pytest.raises(FetchError, match=r"^7 bytes of text .* Read smaller row batches"):
            text_array(texts)
