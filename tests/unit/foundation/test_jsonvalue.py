"""The one JSON of a value."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from tracekit import jsonvalue

ZONE = dt.timezone(dt.timedelta(hours=8))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (dt.datetime(2026, 1, 1, 2, 3), '"2026-01-01T02:03:00"'),
        (dt.datetime(2026, 1, 1, 2, 3, tzinfo=ZONE), '"2026-01-01T02:03:00+08:00"'),
        (dt.date(2026, 1, 1), '"2026-01-01"'),
        (pd.Timestamp("2026-01-01 02:03"), '"2026-01-01T02:03:00"'),
        (pd.NaT, '"NaT"'),
        (pd.NA, "null"),
        (Decimal("1.10"), '"1.10"'),
        (b"\x00\xff", '"AP8="'),
        (5352.0, "5352.0"),
        (5352, "5352"),
        (9007199254740993, "9007199254740993"),
        (np.int64(7), "7"),
        (np.float64(1.5), "1.5"),
        (np.bool_(True), "true"),
        ("未填寫", '"未填寫"'),
        (dt.timedelta(seconds=90), "90.0"),
    ],
    ids=repr,
)
def test_each_type_has_one_form(value: object, expected: str) -> None:
    assert jsonvalue.encode(value).decode("utf-8") == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float64("nan")], ids=repr)
def test_what_json_cannot_hold_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        jsonvalue.encode({"x": value})


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(TypeError, match=r"builtins\.object has no JSON form"):
        jsonvalue.encode(object())


def test_keys_keep_the_order_of_the_record() -> None:
    assert jsonvalue.encode({"b": 1, "a": 2}) == b'{"b":1,"a":2}'
