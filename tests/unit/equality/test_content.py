"""Frames, arrays and objects inside a cell: one change anywhere in them is seen, and where."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import enum
import functools
import marshal
import math
import pathlib
import re
import types
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracekit.equality import canonical
from tracekit.equality.inside import first_inside, form_differs, value_differs
from tracekit.errors import NotComparable
from tracekit.records import Level

EXACT, JSON, VALUE, DIFFERENT = Level.EXACT, Level.JSON, Level.VALUE, Level.DIFFERENT
DAY = datetime.datetime(2026, 1, 2)


def level_of(left: object, right: object) -> Level:
    one, other = canonical(left), canonical(right)
    if marshal.dumps(one.value, 2) != marshal.dumps(other.value, 2):
        return DIFFERENT
    if one.json_mark != other.json_mark:
        return VALUE
    return EXACT if one.type_mark == other.type_mark else JSON


@dataclasses.dataclass
class Point:
    x: Any
    y: Any = dataclasses.field(repr=False, default=0)

    def __eq__(self, other: object) -> bool:
        return True


class Shape(msgspec.Struct):
    x: Any


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Money(int):
    currency: str


def money(amount: int, currency: str) -> Money:
    made = Money(amount)
    made.currency = currency
    return made


class Weight(enum.IntEnum):
    LIGHT = 1
    HEAVY = 2


class Flag(enum.StrEnum):
    ON = "on"


class Area:
    __attrs_attrs__ = ()

    def __init__(self, side: int, *, looked_at: bool = False) -> None:
        self.side = side
        if looked_at:
            assert self.area

    @functools.cached_property
    def area(self) -> int:
        return self.side**2


class Extra:
    """As models of pydantic keep what they did not declare, and which fields were given."""

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__")
    __pydantic_fields__: dict[str, Any] = {}  # noqa: RUF012 (as pydantic has it)

    def __init__(self, *given: str, **extra: int) -> None:
        self.__pydantic_extra__ = extra
        self.__pydantic_fields_set__ = {*given}


class Slotted(Area):
    __slots__ = ("slot",)

    def __init__(self, *values: int) -> None:
        for value in values:
            self.slot = value


class Named(str):
    number: int

    def __new__(cls, text: str, number: int) -> Named:
        made = super().__new__(cls, text)
        made.number = number
        return made


class Renamed(Named):
    pass


Pair = collections.namedtuple("Pair", "a b")

HOLDERS = {
    "list": lambda items: items,
    "tuple": tuple,
    "deque": collections.deque,
    "dict": lambda items: dict(enumerate(items)),
    "mapping proxy": lambda items: types.MappingProxyType(dict(enumerate(items))),
    "dataclass": lambda items: Point(0, items),
    "struct": lambda items: Shape(items),
    "namespace": lambda items: types.SimpleNamespace(a=items),
    "numpy": np.array,
    "numpy 2d": lambda items: np.array([items, items]),
    "numpy object": lambda items: np.array(items, dtype=object),
    "numpy masked": lambda items: np.ma.array([*items, 0], mask=[0] * len(items) + [1]),
    "numpy structured": lambda items: np.array([(i, 0) for i in items], dtype="i8,i8"),
    "array": lambda items: array.array("q", items),
    "pandas frame": lambda items: pd.DataFrame({"a": items, "b": 0}),
    "pandas index": lambda items: pd.DataFrame({"b": 0}, index=pd.Index(items, name="a")),
    "pandas series": pd.Series,
    "pandas labels": lambda items: pd.Series(0, index=[str(item) for item in items]),
    "pandas array": lambda items: pd.array(items, dtype="Int64"),
    "pandas category": pd.Categorical,
    "pandas intervals": lambda items: pd.arrays.IntervalArray.from_arrays(
        [min(0, item) for item in items], [max(0, item) for item in items]
    ),
    "pandas of frames": lambda items: pd.DataFrame({"a": [pd.Series(items)]}),
    "polars frame": lambda items: pl.DataFrame({"a": items}),
    "polars series": pl.Series,
    "polars struct": lambda items: pl.Series([{"a": item} for item in items]),
    "arrow table": lambda items: pa.table({"a": items}),
    "arrow batch": lambda items: pa.record_batch({"a": items}),
    "arrow array": pa.array,
    "arrow chunks": lambda items: pa.chunked_array([items[:1], items[1:]]),
    "arrow dictionary": lambda items: pa.array(items).dictionary_encode(),
    "arrow nested": lambda items: pa.array([{"a": items}]),
    "arrow buffer": lambda items: pa.py_buffer(np.array(items).tobytes()),
    "memoryview": lambda items: memoryview(array.array("q", items)),
}


@settings(max_examples=20, deadline=None)
@given(st.data())
@pytest.mark.parametrize("name", HOLDERS)
def test_one_changed_item_of_any_container_is_seen_and_an_equal_one_is_exact(name, data):
    items = data.draw(st.lists(st.integers(-(2**60), 2**60), min_size=2, max_size=1200))
    place = data.draw(st.integers(0, len(items) - 1))
    changed = [*items]
    changed[place] += 1
    hold = HOLDERS[name]
    assert level_of(hold(items), hold([*items])) is EXACT
    assert level_of(hold(items), hold(changed)) is DIFFERENT
    found = first_inside(hold(items), hold(changed), value_differs)
    if name not in ("arrow buffer", "memoryview"):  # of bytes
        assert found is not None
        assert value_differs(found.reference, found.candidate)


FRAME = pd.DataFrame({"a": [1, 2]})
NUMBERED = pd.Series([0, 1, 2], index=pd.RangeIndex(3, name="number"))
PAIRS: list[tuple[Any, Any, Level]] = [
    (FRAME, pd.DataFrame({"a": [1.0, 2.0]}), VALUE),
    (FRAME, FRAME.astype("int32"), JSON),
    (np.array([[1, 2]]).view(np.matrix), [[1, 2]], VALUE),
    (np.array([[1, 2]]).view(np.matrix), [[1, 3]], DIFFERENT),
    (FRAME, pl.DataFrame({"a": [1, 2]}), JSON),
    (FRAME, pa.table({"a": [1, 2]}), JSON),
    (FRAME, [{"a": 1}, {"a": 2}], VALUE),
    (FRAME, pd.DataFrame({"a": ["1", "2"]}), DIFFERENT),
    (FRAME, FRAME.iloc[::-1], DIFFERENT),
    (FRAME, FRAME.set_axis([7, 8]), VALUE),
    (FRAME.set_axis([5, 6]), FRAME.set_axis([7, 8]), VALUE),
    (FRAME.set_axis([5, 8]), FRAME.set_axis([7, 8]), VALUE),
    (FRAME.set_axis([7, 8]), FRAME.set_axis([7, 8]), EXACT),
    (FRAME.set_axis(["x", "y"]), FRAME.set_axis(["x", "z"]), DIFFERENT),
    (FRAME.set_axis(["x", "y"]), FRAME, DIFFERENT),
    (pd.DataFrame({"a": []}), pd.DataFrame({"b": []}), DIFFERENT),
    (pd.DataFrame({"a": []}), pd.DataFrame({"a": []}), EXACT),
    (pd.DataFrame({"a": []}), pd.DataFrame({"a": []}, dtype="int8"), JSON),
    (pd.DataFrame([[1, 2]]), pd.DataFrame([[1, 3]]), DIFFERENT),
    (pd.Series([1, 2]), [1, 2], VALUE),
    (pd.Series([1, 2], index=[5, 6]), pd.Series([1, 2], index=[5, 7]), DIFFERENT),
    (pd.Series([0, 1, 2])[1:], pd.Series([1, 2]), DIFFERENT),
    (pd.Series([0, 1, 2])[::2], pd.Series([0, 2]), DIFFERENT),
    (pd.Series([0, 1, 2])[1:], pd.Series([1, 2], index=[1, 2]), EXACT),
    (pd.Series([0, 1, 2])[:2], pd.Series([0, 1]), EXACT),
    (NUMBERED[1:], NUMBERED.rename_axis("other")[1:], DIFFERENT),
    (NUMBERED[1:], NUMBERED[1:].copy(), EXACT),
    (pd.Series([0, 1, 2])[:0], pd.Series([0, 1, 2])[2:2], EXACT),
    (pd.Series([1, 2], name="a"), pd.Series([1, 2], name="b"), JSON),
    (pd.Series(["a"]), pd.Series(["a"], dtype="category"), JSON),
    (pd.Categorical(["a"], ["a", "b"]), pd.Categorical(["a"], ["a"]), JSON),
    (pd.Categorical(["a"], ordered=True), pd.Categorical(["a"]), JSON),
    (pd.Index([1], name="a"), pd.Index([1], name="b"), JSON),
    (pd.Index([1], name="a"), pd.Index([1], name="a"), EXACT),
    (
        pd.MultiIndex.from_tuples([(1, 2)], names=["a", "b"]),
        pd.MultiIndex.from_tuples([(1, 2)], names=["a", "c"]),
        JSON,
    ),
    (pl.Series("a", [1]), pl.Series("b", [1]), JSON),
    (np.ma.array([[1, 2]], mask=[[0, 1]]), np.ma.array([[1, 2]], mask=[[1, 0]]), DIFFERENT),
    (pd.MultiIndex.from_tuples([(1, 2)]), pd.MultiIndex.from_tuples([(1, 3)]), DIFFERENT),
    (pd.Interval(0, 1), pd.Interval(0, 1, closed="left"), DIFFERENT),
    (pd.Interval(0, 1), pd.Interval(0.0, 1.0), VALUE),
    (pd.Period("2026-01"), pd.Period("2026-02"), DIFFERENT),
    (pd.array([1, None]), [1, None], VALUE),
    (np.array([1]), np.array(1), DIFFERENT),
    (np.zeros((2, 3)), np.zeros((3, 2)), DIFFERENT),
    (np.zeros((0, 3)), np.zeros((0, 2)), JSON),
    (np.ma.zeros((0, 3)), np.ma.zeros((0, 2)), JSON),
    (np.array([10**9], "m8[ns]"), [datetime.timedelta(seconds=1)], VALUE),
    (np.array([10**9], "m8[ns]"), np.array([10**9]), DIFFERENT),
    (np.array([[1, 2]]), [[1, 2]], VALUE),
    (np.array([(1, [2, 3])], "i8,2i8"), [{"f0": 1, "f1": [2, 3]}], VALUE),
    (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 3], mask=[0, 1]), EXACT),
    (np.ma.array([1, 2], mask=[0, 1]), np.array([1, 2]), DIFFERENT),
    (np.array([DAY], "M8[ns]"), [DAY], VALUE),
    (np.array([DAY], "M8[ns]"), np.array([DAY], "M8[ns]").view("i8"), DIFFERENT),
    (np.array([pd.Timestamp(DAY)], object), np.array([DAY], object), JSON),
    (np.array([(1, 2)], "i8,i8"), np.array([(1, 2)], [("f0", "i8"), ("g", "i8")]), DIFFERENT),
    (np.longdouble("0.1"), np.longdouble(0.1), DIFFERENT),
    (pl.Series([1], dtype=pl.Datetime("ns")), pl.Series([2], dtype=pl.Datetime("ns")), DIFFERENT),
    (pl.Series([1000], dtype=pl.Time), pl.Series([2000], dtype=pl.Time), DIFFERENT),
    (
        pl.Series([Point(1, 2)], dtype=pl.Object),
        pl.Series([Point(1, 3)], dtype=pl.Object),
        DIFFERENT,
    ),
    (pa.array([10**12], pa.timestamp("s")), pa.array([10**12 + 1], pa.timestamp("s")), DIFFERENT),
    (pa.array(["a"]).dictionary_encode(), pa.array(["a"]), JSON),
    (pa.chunked_array([[1], [2]]), pa.chunked_array([[1, 2]]), EXACT),
    (pa.scalar(5), 5, VALUE),
    (memoryview(b"abcd"), memoryview(b"abcd").cast("i"), JSON),
    (Point(1, 2), Point(1, 3), DIFFERENT),
    (Point(1, 2), Point(1, 2.0), VALUE),
    (Point(1, 2), Point(np.int64(1), 2), JSON),
    (Point(1, 2), {"x": 1, "y": 2}, DIFFERENT),
    (Pair(1, 2), (1, 2), JSON),
    (Colour.RED, Colour.BLUE, DIFFERENT),
    (Colour.RED, 1, DIFFERENT),
    (money(5, "USD"), money(5, "USD"), EXACT),
    (money(5, "USD"), money(5, "EUR"), DIFFERENT),
    (money(5, "USD"), 5, DIFFERENT),
    ({1, 2}, {2, 1}, EXACT),
    ({1}, frozenset({1}), JSON),
    ({1, 2.0}, {1.0, 2}, VALUE),
    ({(1,), ("a",), "a", None}, {None, "a", ("a",), (1,)}, EXACT),
    ({None, math.nan}, {math.nan, None}, EXACT),
    ({(None, n) for n in range(9)}, {(None, n) for n in reversed(range(9))}, EXACT),
    ({1: "a", 2.0: "b"}, {1.0: "a", 2: "b"}, VALUE),
    ({None: 1, math.nan: 2}, {math.nan: 2, None: 1}, VALUE),
    ({1}, {1.0}, VALUE),
    ({1}, [1], DIFFERENT),
    (collections.OrderedDict(a=1), {"a": 1}, JSON),
    (range(0, 5, 2), range(0, 6, 2), EXACT),
    (range(3), range(4), DIFFERENT),
    (pathlib.PurePosixPath("a"), pathlib.PurePosixPath("b"), DIFFERENT),
    (pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("a"), DIFFERENT),
    (pathlib.PurePosixPath("a"), "a", DIFFERENT),
    (re.compile("a"), re.compile("a", re.IGNORECASE), DIFFERENT),
    (collections.UserList([1]), collections.UserList([2]), DIFFERENT),
    (collections.deque([1]), [1], VALUE),
    (Area(2), Area(2, looked_at=True), EXACT),
    (Area(2), Area(3), DIFFERENT),
    (Slotted(1), Slotted(2), DIFFERENT),
    (Slotted(1), Slotted(1), EXACT),
    (Slotted(1), Slotted(), DIFFERENT),
    (Shape(1), Shape(1.0), VALUE),
    (Named("a", 1), Named("a", 2), DIFFERENT),
    (Named("a", 1), Named("b", 1), DIFFERENT),
    (Named("a", 1), Renamed("a", 1), DIFFERENT),
    (Extra(a=1), Extra(a=1), EXACT),
    (Extra(a=1), Extra(a=2), DIFFERENT),
    (Extra(a=1), Extra("b", a=1), EXACT),
    (Weight.LIGHT, 1, JSON),
    (Weight.LIGHT, Weight.HEAVY, DIFFERENT),
    (Flag.ON, "on", JSON),
]


@pytest.mark.parametrize(("left", "right", "level"), PAIRS)
def test_content_is_compared_at_the_levels_of_single_values(left, right, level):
    assert level_of(left, right) is level
    assert level_of(right, left) is level
    assert level_of(left, left) is EXACT
    assert canonical(left).kind.family == canonical(right).kind.family or level is DIFFERENT


class Unit(np.ndarray):
    pass


class Lying:
    def __eq__(self, other: object) -> bool:
        return True

    def __repr__(self) -> str:
        return "Lying()"

    def item(self) -> int:
        return 1


def holding_itself() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


REFUSED: dict[str, tuple[Any, str]] = {
    "a plain object": (Lying(), r"values of type \S+\.Lying cannot be compared, because"),
    "a generator": ((item for item in "a"), r"values of type builtins\.generator cannot"),
    "a generator of numpy": (np.random.default_rng(1), r"values of type numpy\.\S+ cannot"),
    "a function": (len, r"values of type builtins\.builtin_function_or_method cannot"),
    "an array with units": (np.array([1]).view(Unit), r"values of type \S+\.Unit cannot"),
    "a masked array of records": (
        np.ma.array([(1, 2)], "i8,i8"),
        "^a masked array of records cannot be compared; fill it first$",
    ),
    "columns of one name": (
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        r"^a pandas\.DataFrame has the columns \['a'\] more than once; rename them$",
    ),
    "a query": (pl.LazyFrame({"a": [1]}), r"LazyFrame cannot be compared"),
    "groups": (FRAME.groupby("a"), r"DataFrameGroupBy cannot be compared"),
    "times Python cannot hold": (
        pl.Series([1], dtype=pl.Time),
        r"an Arrow time64\[ns\] column has values that Python cannot hold",
    ),
    "a list that holds itself": (holding_itself(), "nested too deeply, or contains itself"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_tell_what_it_holds_is_refused(name):
    value, why = REFUSED[name]
    with pytest.raises(NotComparable, match=why):
        canonical(value)
    with pytest.raises(NotComparable, match=why):
        canonical({"cell": [value]})


def test_a_change_of_type_inside_is_found_where_it_is():
    left = {"rows": pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})}
    right = {"rows": pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})}
    found = first_inside(left, right, form_differs)
    assert found is not None
    assert (found.where, found.reference, found.candidate) == ("['rows'][0]['a']", 1, 1.0)
    assert first_inside(left, right, value_differs) is None
    assert first_inside(right, left, form_differs) == (found.where, 1.0, 1)
    found = first_inside(np.array([[1, 2]]), [[1.0, 2.0]], form_differs)
    assert repr(found) == "Inside(where='[0][0]', reference=1, candidate=1.0)"
