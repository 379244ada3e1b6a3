from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tracekit.magics.holdings import estimated_bytes, largest_holdings

MIB = 2**20


@pytest.mark.parametrize(
    "value",
    [
        [bytes(1000) for _ in range(5000)],
        {n: bytes(1000) for n in range(5000)},
        [[bytes(100) for _ in range(10)] for _ in range(3400)],
        tuple(bytes(1000) for _ in range(5000)),
    ],
)
def test_containers_are_estimated_within_a_fifth(value: Any) -> None:
    assert estimated_bytes(value) == pytest.approx(5 * MIB, rel=0.2)


def test_an_object_that_is_repeated_counts_once_in_the_sample() -> None:
    shared = bytes(MIB)
    assert estimated_bytes([shared] * 10) < 1.2 * MIB + sys.getsizeof([None] * 10)


@pytest.mark.parametrize("value", [np.ones(MIB), pd.DataFrame({"a": np.ones(MIB)})["a"]])
def test_arrays_and_frames_say_it_themselves(value: Any) -> None:
    assert estimated_bytes(value) == pytest.approx(8 * MIB, rel=0.01)


def test_the_variables_of_notebook_and_functions_are_named_largest_first() -> None:
    _namespace = {"small": 1, "large": bytearray(4 * MIB), "_hidden": bytearray(9 * MIB)}

    def function() -> list[str]:
        rows = [bytearray(MIB) for _ in range(8)]
        assert rows
        return [str(holding) for holding in largest_holdings(sys._getframe(), _namespace, 2)]

    first, second = function()
    assert first == "about 8.00 MiB in rows (list of 8 items, function())"
    assert second == "about 4.00 MiB in large (bytearray of 4,194,304 items, notebook)"
