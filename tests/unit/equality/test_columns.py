from __future__ import annotations

import dataclasses
import datetime
import math
from collections import Counter
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracekit.equality import canonical
from tracekit.equality.columns import column_forms

ZONED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.floats(),
    st.integers(-10, 10).map(float),
    st.datetimes(),
    st.sampled_from([ZONED, pd.NaT, pd.NA, np.int64(3), np.float64(3), Decimal("1.10"), b"x"]),
    st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1)).map(pd.Timestamp),
    st.sampled_from([pd.Timestamp(1, unit="ns"), pd.Timestamp(ZONED), pd.Timestamp("9999-12-31")]),
)


@dataclasses.dataclass
class Timestamp:
    """Not that of pandas."""

    seconds: int


def assert_as_one_by_one(cells: list[object]) -> None:
    column = column_forms(cells)
    forms = [canonical(cell) for cell in cells]
    assert list(map(repr, column.value)) == [repr(form.value) for form in forms]
    empty = [b""] * len(cells)
    assert column.json_marks is None or any(column.json_marks)
    assert column.type_marks is None or any(column.type_marks)
    assert list(column.json_marks or empty) == [form.json_mark for form in forms]
    assert list(column.type_marks or empty) == [form.type_mark for form in forms]
    assert column.kinds == Counter(form.kind for form in forms)


@settings(max_examples=200)
@given(st.lists(CELLS, min_size=1, max_size=12))
def test_a_column_has_the_forms_of_its_cells(cells):
    assert_as_one_by_one(cells)


@pytest.mark.parametrize(
    "cells",
    [
        [1.0, 2.0],
        [1.5, math.inf],
        [1.0, math.nan, 2.5, -0.0],
        [None, 1.0],
        [pd.Timestamp("2026-01-01"), pd.NaT],
        [pd.Timestamp(np.datetime64("20000-01-01", "s")), pd.Timestamp("2026-01-01")],
        [pd.Timestamp(np.datetime64("10000-01-01", "s"))],
        [pd.Timestamp(np.datetime64("0000-01-01", "s")), pd.Timestamp("2026-01-01")],
        [pd.Timestamp(np.datetime64("0001-01-01", "s")), pd.Timestamp("9999-12-31")],
        [datetime.datetime(2026, 1, 1), ZONED],
        [True, 1, "1", None],
        [Timestamp(1), Timestamp(2)],
    ],
)
def test_columns_that_mix_fast_and_slow_cells(cells):
    assert_as_one_by_one(cells)


def test_columns_of_plain_types_are_not_copied():
    cells = ["a", None, "b"]
    column = column_forms(cells)
    assert column.value is cells
    assert column.json_marks is None
    assert column.type_marks is None
