"""The one sentence that says why two different values look alike."""

from __future__ import annotations

import dataclasses
import datetime
import math
import pathlib
import re
import zoneinfo
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tracekit.equality.remarks import remark_on

MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, 600_000)
UTC = datetime.UTC
TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")
SIGN = "negative zero against zero: the sign is lost"


@dataclasses.dataclass
class Point:
    x: Any


CASES: list[tuple[Any, Any, str | None, bool]] = [
    ("a", "b", None, False),
    (1, 2, None, False),
    (1, "1", None, False),
    (1.5, "1.5", None, False),
    ("1.5", 1.5, None, False),
    (None, 0, None, False),
    ("", None, "empty text against NULL; Oracle stores '' as NULL", True),
    ("", math.nan, "empty text against NULL; Oracle stores '' as NULL", True),
    ("", 0, None, False),
    (" ", None, None, False),
    ("a", "a  ", "they differ only in trailing spaces (as CHAR columns pad)", True),
    ("a  ", "a", "they differ only in trailing spaces (as CHAR columns pad)", True),
    ("  a", "a", "they differ only in surrounding white space", True),
    ("a", "\ta", "they differ only in surrounding white space", True),
    ("a", "a\t", "they differ only in surrounding white space", True),
    ("a\t", "a", "they differ only in surrounding white space", True),
    ("aX", "a", None, False),
    ("a", "aX", None, False),
    ("Straße", "STRASSE", "they differ only in letter case", False),
    ("\u00e9", "e\u0301", "the same characters in another Unicode normalisation", False),
    (True, 1, "a Boolean and a number are not the same", False),
    (0.0, False, "a Boolean and a number are not the same", False),
    (True, 2, None, False),
    (True, "True", None, False),
    (0.0, -0.0, SIGN, True),
    (-0.0, 0, SIGN, True),
    (0, -0.0, SIGN, True),
    (1.5, 2.5, None, False),
    (10**400, 1.5, "a float cannot hold a number of this size", True),
    (1, 2.0, None, False),
    (
        2**53 + 1,
        float(2**53),
        "the float holds 9007199254740992, not exactly 9007199254740993: digits are lost",
        True,
    ),
    (
        0.1,
        Decimal("0.1"),
        "the float holds 0.1000000000000000055511151, not exactly 0.1: digits are lost",
        True,
    ),
    (
        Decimal("0.5"),
        0.5,
        "a Decimal and a float of the same number; JSON writes the Decimal as text",
        False,
    ),
    (
        Decimal(1),
        1,
        "a Decimal and an int of the same number; JSON writes the Decimal as text",
        False,
    ),
    (Decimal(1), 2, None, False),
    (Decimal("1.5"), Decimal("2.5"), None, False),
    (Decimal("1.5"), "1.5", "written as the same JSON, but not the same value", False),
    (MOMENT.date(), MOMENT, "a date against a date with a time", True),
    (MOMENT, MOMENT.date(), "a date against a date with a time", True),
    (MOMENT.date(), datetime.date(2026, 1, 3), None, False),
    (MOMENT.date(), pd.NaT, None, False),
    (
        MOMENT,
        MOMENT.isoformat(),
        "a date and its text: the same JSON, but not the same value",
        False,
    ),
    (
        "2026-01-02",
        MOMENT.date(),
        "a date and its text: the same JSON, but not the same value",
        False,
    ),
    (MOMENT, "2026", None, False),
    (
        MOMENT,
        MOMENT.replace(tzinfo=UTC),
        "the same wall time, but only one side knows its time zone",
        True,
    ),
    (MOMENT, MOMENT.replace(tzinfo=UTC, year=2027), "only one side knows its time zone", True),
    (
        MOMENT,
        MOMENT.replace(microsecond=0),
        "they differ only in fractions of a second",
        True,
    ),
    (MOMENT, MOMENT.replace(second=6), None, False),
    (MOMENT.replace(tzinfo=UTC), MOMENT.replace(tzinfo=UTC, second=6), None, False),
    (
        MOMENT.replace(tzinfo=UTC),
        MOMENT.replace(tzinfo=UTC, microsecond=0),
        "they differ only in fractions of a second",
        True,
    ),
    (
        MOMENT.replace(tzinfo=UTC),
        MOMENT.replace(tzinfo=UTC).astimezone(TOKYO),
        "the same instant in two time zones",
        False,
    ),
    ([1, [2]], [1, [3]], "first at [1][0]: 2 against 3", False),
    ({"a": 1}, {"b": 1}, "first at ['a']: 1 against nothing", False),
    ([1], [1, 2], "first at [1]: nothing against 2", False),
    (["x" * 90], ["y"], f"first at [0]: '{'x' * 58}… against 'y'", False),
    (["y"], ["x" * 90], f"first at [0]: 'y' against '{'x' * 58}…", False),
    (np.array([1, 2]), np.array([1, 3]), "first at [1]: 2 against 3", False),
    ((1, 2), (1, 3), "first at [1]: 2 against 3", False),
    (Point(1), Point(2), "first at ['x']: 1 against 2", False),
    (Point([1]), Point([2]), "first at ['x'][0]: 1 against 2", False),
    (range(3), range(4), "first at ['values'][0]: 3 against 4", False),
    (pathlib.PurePath("a"), pathlib.PurePath("b"), "first at ['path']: 'a' against 'b'", False),
    (re.compile("a"), re.compile("b"), "first at ['pattern']: 'a' against 'b'", False),
    (re.compile("a"), re.compile("a", re.IGNORECASE), "first at ['flags']: 32 against 34", False),
    (pd.Interval(0, 1), pd.Interval(0, 2), "first at ['right']: 1 against 2", False),
    (pd.Interval(1, 2), pd.Interval(0, 2), "first at ['left']: 1 against 0", False),
    (pd.Period("2026-01"), pd.Period("2026"), "first at ['ordinal']: 672 against 56", False),
    ({1, 2}, {1, 3}, None, False),
    ([1], {"a": 1}, "first at [0]: 1 against nothing", False),
    ([1], 1, None, False),
    (1, 1.5, None, False),
    (False, None, None, False),
    (Decimal("NaN"), 1.5, None, False),
    (Decimal("1.5"), 2, None, False),
    ("x" * 39 + "y", "x" * 39 + "z", None, False),
    ("x" * 40 + "y", "x" * 40 + "z", "first at character 40: 'y' against 'z'", False),
    ("x" * 50, "x" * 50 + "z", "first at character 50: '' against 'z'", False),
    (
        "x" * 50 + "a" * 90,
        "x" * 50 + "b" * 90,
        f"first at character 50: '{'a' * 58}… against '{'b' * 58}…",
        False,
    ),
    (datetime.time(1), datetime.time(2), None, False),
    (MOMENT, datetime.datetime(2027, 1, 2, 3, 4, 5, 700_000), None, False),
    (MOMENT, MOMENT.replace(minute=5, microsecond=0), None, False),
    (
        MOMENT.replace(tzinfo=UTC),
        MOMENT,
        "the same wall time, but only one side knows its time zone",
        True,
    ),
    (pd.NaT, MOMENT, None, False),
    ("x" * 90 + "y", "x" * 90 + "z", "first at character 90: 'y' against 'z'", False),
]


@pytest.mark.parametrize(("reference", "candidate", "text", "lossy"), CASES)
def test_what_makes_two_values_look_alike_is_said(
    reference: Any, candidate: Any, text: str | None, lossy: bool
) -> None:
    assert remark_on(reference, candidate) == (text, lossy)
