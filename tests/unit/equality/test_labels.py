"""Keys of any type as text: equal for equal values, sorted as the values are, shown as they are."""

from __future__ import annotations

import dataclasses
import datetime
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracekit.equality.labels import WHOLE, label, quoted, shown, type_of, type_shown

MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, 6)


@given(st.lists(st.integers(-(10**30), 10**30)))
@example([*range(-40, 40)][::-1])
def test_labels_of_integers_sort_as_the_integers_do(numbers: list[int]) -> None:
    assert sorted(numbers, key=label) == sorted(numbers)


@given(st.lists(st.dates()))
def test_labels_of_dates_sort_as_the_dates_do(dates: list[datetime.date]) -> None:
    assert sorted(dates, key=label) == sorted(dates)


SAME: list[tuple[Any, Any]] = [
    (28, np.int64(28)),
    (28, 28.0),
    ("A", np.str_("A")),
    (None, math.nan),
    (None, pd.NaT),
    (MOMENT, pd.Timestamp(MOMENT)),
    (Decimal("1.10"), Decimal("1.1")),
    (Decimal("1E+2"), Decimal("100")),
    (Decimal("0.00"), Decimal("0")),
    (b"a", bytearray(b"a")),
    (datetime.date(2026, 1, 2), np.datetime64("2026-01-02", "D")),
    ((1, "A"), (1.0, np.str_("A"))),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal_values_have_one_label(one: Any, other: Any) -> None:
    assert label(one) == label(other)


DIFFERENT: list[Any] = [
    *(1, "1", True, Decimal(1), 1.5, None, "", "None", "\0whole", WHOLE, (1,), ("1",), (1, 1)),
    *(b"1", MOMENT, MOMENT.date(), MOMENT.isoformat(), Decimal("-1"), Decimal("10"), -1, "\0\0"),
    *(0, -16, 16, Decimal("1.5"), Decimal("0.15"), MOMENT.time(), MOMENT.replace(microsecond=7)),
    *(MOMENT.replace(tzinfo=datetime.UTC), Decimal("NaN"), Decimal("Infinity")),
    *(frozenset({1}), frozenset({2})),
]


def test_labels_stay_as_they_are() -> None:
    """Digests of committed baselines are of them, and sorted by them."""
    for value, made in (
        (5, "\0int 1000000015\x005"),
        (-5, "\0int 0fffffffea\0-5"),
        (256, "\0int 100000003100\x00256"),
        (-256, "\0int 0fffffffceff\0-256"),
        (True, "\0bool 1000000011\0True"),
        (None, "\0NoneType d21d9178bf0911eb\0None"),
        (MOMENT, "\0datetime 2026-01-02T03:04:05.000006\0" + repr(MOMENT)),
        (Decimal("1.10"), "\0Decimal 693c5bf30d5698b9\0Decimal('1.1')"),
        ((1, "A"), "\0tuple bc4c64bd3490a365\0(1, 'A')"),
        (WHOLE, "\0whole"),
        ("\0a", "\0\0\0a"),
    ):
        assert label(value) == made


def test_different_values_have_different_labels() -> None:
    assert len({label(value) for value in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize(
    ("value", "text", "python", "kind"),
    [
        ("A", "A", "'A'", None),
        ("it's", "it's", '"it\'s"', None),
        ("\0A", "\0A", r"'\x00A'", None),
        (5, "5", "5", "int"),
        (-5.0, "-5", "-5", "int"),
        (1.5, "1.5", "1.5", "float"),
        (None, "None", "None", "NoneType"),
        (Decimal("1.10"), "Decimal('1.1')", "Decimal('1.1')", "Decimal"),
        (Decimal("1E+2"), "Decimal('1E+2')", "Decimal('1E+2')", "Decimal"),
        (Decimal("0E+2"), "Decimal('0')", "Decimal('0')", "Decimal"),
        (b"a", "b'a'", "b'a'", "bytes"),
        (datetime.date(2026, 1, 2), "datetime.date(2026, 1, 2)", None, "date"),
        (pd.Timestamp(MOMENT), repr(MOMENT), None, "datetime"),
        ((1.0, "A"), "(1, 'A')", "(1, 'A')", "tuple"),
        ((1.0, "é"), "(1, 'é')", "(1, 'é')", "tuple"),
        (WHOLE, "", None, "whole"),
        pytest.param(10**5000, f"{hex(10**5000)[:119]}…", None, "int", id="of 5,001 digits"),
    ],
)
def test_a_label_is_shown_as_the_value_is(
    value: Any, text: str, python: str | None, kind: str | None
) -> None:
    made = label(value)
    assert (shown(made), quoted(made), type_shown(made)) == (text, python or text, kind)


@dataclasses.dataclass(frozen=True)
class Odd:
    text: str

    def __repr__(self) -> str:
        return f"Odd {self.text}"


def test_a_label_can_be_written_whatever_the_repr_of_a_key() -> None:
    made = label(Odd("\ud800"))
    assert shown(made) == r"Odd \ud800"
    assert made.encode() != label(Odd("\ud801")).encode()


@pytest.mark.parametrize(
    ("value", "name"),
    [("A", "str"), (1, "int"), (np.int64(1), "numpy.int64"), ((1, "A"), "(int, str)")],
)
def test_the_type_of_a_key_is_named(value: Any, name: str) -> None:
    assert type_of(value) == name
