"""Drift: what changed its type, under which equivalence, how often, and an example."""

from __future__ import annotations

import collections
import datetime
import math
import zoneinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.equality.sides import Sides
from tracekit.records import Drift, Level

MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, 6)
AWARE = MOMENT.replace(tzinfo=datetime.UTC)
ZONE = zoneinfo.ZoneInfo("UTC")
PLUS_8 = datetime.timezone(datetime.timedelta(hours=8))
SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
DOTTED = datetime.timezone(datetime.timedelta(0), "a.b")
LOB = type("LOB", (), {"__module__": "oracledb.lob", "read": lambda self: "t"})
Pair = collections.namedtuple("Pair", "a")


class Text(str):
    __slots__ = ()


class Price(Decimal):
    __slots__ = ()


EQUIVALENT: list[tuple[Any, Any, str]] = [
    (1, 1.0, "integral float = int"),
    (1, np.int64(1), "numpy scalar = Python scalar"),
    (np.int32(1), np.int64(1), "numpy scalar = Python scalar"),
    (1, np.float64(1), "numpy scalar = Python scalar, integral float = int"),
    (0.5, np.float32(0.5), "numpy scalar = Python scalar"),
    ("t", np.str_("t"), "numpy scalar = Python scalar"),
    (None, math.nan, "NaN/NaT/NA = None"),
    (pd.NaT, pd.NA, "NaN/NaT/NA = None"),
    (MOMENT, pd.Timestamp(MOMENT), "Timestamp = datetime"),
    (np.datetime64(MOMENT), MOMENT, "numpy scalar = Python scalar"),
    (
        np.datetime64(MOMENT),
        pd.Timestamp(MOMENT),
        "numpy scalar = Python scalar, Timestamp = datetime",
    ),
    (np.timedelta64(1, "s"), datetime.timedelta(seconds=1), "numpy scalar = Python scalar"),
    (
        np.timedelta64(1, "s"),
        pd.Timedelta(1, "s"),
        "numpy scalar = Python scalar, Timedelta = timedelta",
    ),
    (AWARE, AWARE.replace(tzinfo=ZONE), "time zone = its UTC offset"),
    (AWARE, AWARE.replace(tzinfo=DOTTED), "time zone = its UTC offset"),
    (AWARE.replace(tzinfo=PLUS_8), AWARE.replace(tzinfo=SHANGHAI), "time zone = its UTC offset"),
    (AWARE, pd.Timestamp(MOMENT, tz="UTC"), "Timestamp = datetime"),
    (AWARE, pd.Timestamp(MOMENT, tz=ZONE), "time zone = its UTC offset, Timestamp = datetime"),
    (datetime.timedelta(1), pd.Timedelta(1, "D"), "Timedelta = timedelta"),
    (Decimal("1.10"), Decimal("1.1"), "Decimal scale"),
    (Decimal("1E+1"), Decimal("10"), "Decimal scale"),
    (Decimal("1.1"), Price("1.1"), "subclass = base type"),
    (Decimal("1.10"), Price("1.1"), "subclass = base type, Decimal scale"),
    (b"a", bytearray(b"a"), "buffer = bytes"),
    (b"a", memoryview(b"a"), "buffer = bytes"),
    ("t", Text("t"), "subclass = base type"),
    ("t", LOB(), "LOB = its content"),
    ([1], np.array([1]), "array, column or frame = list"),
    (pd.Series([1]), pd.Series([1.0]), "array, column or frame = list"),
    ({"a": 1}, collections.OrderedDict(a=1), "subclass = base type"),
    ((1,), Pair(1), "subclass = base type"),
    ({1}, frozenset({1}), "frozenset = set"),
]


def drift_of(folder: Path, before: list[Any], after: list[Any]) -> tuple[list[Drift], Sides]:
    def side(cells: list[Any]) -> dict[str, list[dict[str, Any]]]:
        return {f"K{place:03d}": [{"A": cell}] for place, cell in enumerate(cells)}

    sides = Sides(folder, side(before), side(after))
    return sides.proof().drift, sides


@pytest.mark.parametrize(("before", "after", "name"), EQUIVALENT)
@pytest.mark.parametrize("turned", [False, True])
def test_the_equivalences_between_two_types_are_named(
    tmp_path: Path, before: Any, after: Any, name: str, turned: bool
) -> None:
    if turned:
        before, after = after, before
    (found,), sides = drift_of(tmp_path, [before], [after])
    assert found.equivalence == name
    assert (found.column, found.count, found.lossy, found.source) == ("A", 1, False, "histogram")
    nested = isinstance(before, list | tuple | dict | set | frozenset | np.ndarray | pd.Series)
    assert sides.asked == (["K000"] if nested else [])
    assert sides.proof().equivalences == tuple(sorted(name.split(", ")))


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [pair for pair in EQUIVALENT if not isinstance(pair[0], pd.Series)],  # of another item
)
def test_inside_a_value_the_equivalences_are_the_same(
    tmp_path: Path, before: Any, after: Any, name: str
) -> None:
    (found,), _ = drift_of(tmp_path, [[before]], [[after]])
    assert (found.equivalence, found.count, found.source) == (name, 1, "refetch")


def test_inside_a_value_the_first_changed_part_is_named(tmp_path: Path) -> None:
    (found,), _ = drift_of(tmp_path, [[0, [1]]], [[0, [1.0]]])
    assert (found.from_type, found.to_type) == ("int in list", "float in list")
    assert (found.example_from, found.example_to) == ("1", "1.0")
    assert (found.equivalence, found.source) == ("integral float = int", "refetch")


def test_drift_is_counted_beside_a_cell_that_is_another_value(tmp_path: Path) -> None:
    before, after = {"A": 1, "N": [1]}, {"A": "x", "N": [1.0]}
    (found,) = Sides(tmp_path, {"K": [before]}, {"K": [after]}).proof().drift
    assert (found.column, found.count, found.source) == ("N", 1, "refetch")


def test_labels_of_rows_that_changed_are_drift_of_the_frame_itself(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    (found,), _ = drift_of(tmp_path, [frame], [frame.set_axis([7, 8])])
    assert found.from_type == found.to_type == "pandas.DataFrame"
    assert (found.example_from, found.example_to) == ("a 0 1 1 2", "a 7 1 8 2")
    assert (found.equivalence, found.source) == ("column types or row labels", "refetch")


def test_examples_are_of_the_first_key_and_cut(tmp_path: Path) -> None:
    long = int(1e200)
    (found,), _ = drift_of(tmp_path, [long, 5], [1e200, 5.0])
    assert (found.count, found.source, len(found.example_from)) == (2, "histogram", 120)
    assert (found.example_from, found.example_to) == (f"{str(long)[:119]}…", "1e+200")
    (found, _), _ = drift_of(tmp_path, [long, 5, 6.0], [1e200, 5.0, 6])
    assert (found.count, found.source, len(found.example_from)) == (2, "refetch", 80)
    assert (found.example_from, found.example_to) == (f"{str(long)[:79]}…", "1e+200")
    (found, _), _ = drift_of(tmp_path, [1e200, 6], [long, 6.0])
    assert (found.example_from, found.example_to) == ("1e+200", f"{str(long)[:79]}…")


def test_a_buffer_is_shown_by_its_bytes(tmp_path: Path) -> None:
    (found,), _ = drift_of(tmp_path, [b"ab"], [memoryview(b"ab")])
    assert (found.example_from, found.example_to) == ("b'ab'", "b'ab'")


def test_each_kind_that_became_another_is_counted(tmp_path: Path) -> None:
    found, sides = drift_of(tmp_path, [None, None, 1, 2, 3], [math.nan, math.nan, 1.0, 2.0, 3.0])
    assert [(each.from_type, each.to_type, each.count) for each in found] == [
        ("None", "NaN", 2),
        ("int", "float", 3),
    ]
    assert sides.asked == []
    found, _ = drift_of(tmp_path, [None, math.nan, pd.NaT], [None, None, None])
    assert sorted((each.from_type, each.to_type, each.count) for each in found) == [
        ("NaN", "None", 1),
        ("NaT", "None", 1),
    ]


def test_kinds_that_changed_places_are_counted_one_by_one(tmp_path: Path) -> None:
    found, sides = drift_of(tmp_path, [1, 2.0, 3], [1.0, 2, 3])
    assert [(each.from_type, each.to_type, each.count, each.source) for each in found] == [
        ("int", "float", 1, "refetch"),
        ("float", "int", 1, "refetch"),
    ]
    assert sides.asked == ["K000", "K001"]


def test_of_kinds_that_changed_places_those_of_other_families_are_told_apart(
    tmp_path: Path,
) -> None:
    _, sides = drift_of(tmp_path, [1, 2.0, None], [1.0, 2, math.nan])
    (found,) = sides.proof(refetch=None).drift
    assert (found.from_type, found.to_type, found.count) == ("None", "NaN", 1)


def test_a_lossy_change_beside_drift_is_counted_apart(tmp_path: Path) -> None:
    sides = Sides(
        tmp_path,
        {"A": [{"N": 2**53 + 1}], "B": [{"N": 1}]},
        {"A": [{"N": float(2**53)}], "B": [{"N": 1.0}]},
    )
    proof = sides.proof()
    assert proof.level is Level.DIFFERENT
    assert sorted((each.count, each.lossy, each.source) for each in proof.drift) == [
        (1, False, "histogram"),
        (1, True, "refetch"),
    ]
    assert sides.asked == ["A"]


def test_drift_is_told_in_the_order_of_the_columns(tmp_path: Path) -> None:
    columns: list[Any] = ["Z", "A", 7]
    before, after = (dict.fromkeys(columns, kind(1)) for kind in (int, float))
    proof = Sides(tmp_path, {"K": [before]}, {"K": [after]}).proof()
    assert [each.column for each in proof.drift] == ["Z", "A", "7"]


def test_what_became_of_what_is_told_for_each_kind_of_a_family(tmp_path: Path) -> None:
    found, sides = drift_of(
        tmp_path,
        [1, 2, 3, Decimal("1.10"), Decimal("2.0"), "a", None],
        [1.0, np.int64(2), 3.0, Decimal("1.1"), Decimal(2), "a", math.nan],
    )
    assert [
        (each.from_type, each.to_type, each.count, each.example_from, each.example_to)
        for each in sorted(found, key=lambda each: each.from_type + each.to_type)
    ] == [
        ("Decimal with trailing zeros", "Decimal", 2, "1.10", "1.1"),
        ("None", "NaN", 1, "None", "nan"),
        ("int", "float", 2, "1", "1.0"),
        ("int", "numpy.int64", 1, "2", "2"),
    ]
    proof = sides.proof(refetch=None)
    (unseen,) = (each for each in proof.drift if each.to_type == "numpy.int64")
    assert (unseen.example_from, unseen.example_to) == ("1", "(not read again)")


def test_a_column_of_one_side_alone_has_no_drift(tmp_path: Path) -> None:
    proof = Sides(tmp_path, {"A": [{"M": 1, "N": 1, "O": 1}]}, {"A": [{"N": 1.0}]}).proof()
    assert [each.column for each in proof.drift] == ["N"]
