"""Frames of every library as columns of cells, part by part, and what they declare."""

from __future__ import annotations

import datetime
import types
from itertools import pairwise
from typing import Any

import numpy as np
import oracledb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tracekit.equality.tables import repeated, table_of
from tracekit.errors import NotComparable
from tracekit.experiment.prove import prove
from tracekit.records import Level

COLUMNS = {"a": [0, 1, 2, 3, 4], "b": list("vwxyz")}
FRAMES: dict[str, tuple[Any, str, list[str]]] = {
    "pandas": (pd.DataFrame(COLUMNS).astype({"b": object}), "pandas", ["int64", "object"]),
    "polars": (pl.DataFrame(COLUMNS), "polars", ["Int64", "String"]),
    "arrow": (pa.table(COLUMNS), "pyarrow", ["int64", "string"]),
    "batch": (pa.record_batch(COLUMNS), "pyarrow", ["int64", "string"]),
    "driver": (oracledb.from_arrow(pa.table(COLUMNS)), "pyarrow", ["int64", "string"]),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_part_of_a_table_is_the_rows_between_two_numbers(name: str) -> None:
    frame, library, kinds = FRAMES[name]
    table = table_of(frame)
    assert table is not None
    assert (table.library, table.names, table.types, table.rows) == (library, ["a", "b"], kinds, 5)
    assert table.columns(2, 4) == [[2, 3], ["x", "y"]]
    assert table.records(3, 5) == [{"a": 3, "b": "y"}, {"a": 4, "b": "z"}]
    assert table.records(0, 0) == []
    assert table.labels is None


def test_index_levels_and_labels_come_by_parts_too() -> None:
    frame = pd.DataFrame({"a": [0, 1, 2]}, index=[5, 6, 7])
    table = table_of(frame)
    assert table is not None and table.labels is not None
    assert (table.names, table.labels(1, 3)) == (["a"], [6, 7])
    single = table_of(frame[:1])
    assert single is not None and single.labels is not None
    assert (single.names, single.labels(0, 1)) == (["a"], [5])
    named = table_of(frame.rename_axis("k"))
    assert named is not None and named.labels is None
    assert (named.names, named.types) == (["k", "a"], ["int64", "int64"])
    assert named.columns(1, 3) == [[6, 7], [1, 2]]
    series = table_of(frame["a"])
    assert series is not None
    assert (series.library, series.names, series.columns(1, 2)) == (
        "pandas",
        ["index", "a"],
        [[6], [1]],
    )


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, 2]}),
        pd.DataFrame({"a": []}, index=pd.Index([], dtype="int64")),
        pd.DataFrame({"a": [1]}, index=pd.Index([5], name="k")),
        pd.DataFrame({"a": [1]}, index=["x"]),
    ],
)
def test_row_numbers_and_levels_that_are_columns_are_no_labels(frame: pd.DataFrame) -> None:
    table = table_of(frame)
    assert table is not None
    assert table.labels is None


def test_the_type_of_a_category_has_its_values_and_their_order() -> None:
    frame = pd.DataFrame({"a": pd.Categorical([1], [1, 2], ordered=True), "b": pd.Categorical([1])})
    table = table_of(frame)
    assert table is not None
    assert table.types == ["ordered category of [1, 2]", "category of [1]"]


def test_what_is_no_table_is_none() -> None:
    for value in (None, [], {"a": 1}, np.array([1]), pa.array([1]), pl.Series([1]), pd.Index([1])):
        assert table_of(value) is None


def test_names_that_repeat_are_told_once() -> None:
    assert repeated(["b", "a", "c", "b", "a"]) == ["b", "a"]


def test_arrow_times_keep_what_python_can_hold() -> None:
    time = datetime.time(1, 2, 3, 4)
    nanos = pa.array([time], pa.time64("us")).cast(pa.time64("ns"))
    for array, plain in (
        (nanos, [time]),
        (pa.array([{"t": time}], pa.struct([("t", pa.time64("ns"))])), [{"t": time}]),
        (pa.array([[time]], pa.list_(pa.time64("ns"))), [[time]]),
        (pa.array([[time]], pa.large_list(pa.time64("ns"))), [[time]]),
        (pa.array([[time, time]], pa.list_(pa.time64("ns"), 2)), [[time, time]]),
        (pa.array([[("k", time)]], pa.map_(pa.string(), pa.time64("ns"))), [[("k", time)]]),
    ):
        table = table_of(pa.table({"t": array}))
        assert table is not None
        assert table.columns(0, 1) == [plain]


TIME = pa.time64("ns")
HOLDING_TIMES: dict[str, tuple[pa.DataType, Any]] = {
    "time": (TIME, lambda time: time),
    "list": (pa.list_(TIME), lambda time: [time]),
    "large list": (pa.large_list(TIME), lambda time: [time]),
    "list of two": (pa.list_(TIME, 2), lambda time: [time, time]),
    "struct": (pa.struct([("a", TIME)]), lambda time: {"a": time}),
    "map": (pa.map_(pa.string(), TIME), lambda time: [("a", time)]),
    "keys of a map": (pa.map_(TIME, pa.string()), lambda time: [(time, "a")]),
    "list of structs": (pa.list_(pa.struct([("a", TIME)])), lambda time: [{"a": time}]),
}
TIMES_HELD: dict[str, Any] = {
    "arrow table": lambda array: pa.table({"A": array}),
    "pandas frame": lambda array: pd.DataFrame({"A": pd.arrays.ArrowExtensionArray(array)}),
    "pandas series": lambda array: pd.Series(pd.arrays.ArrowExtensionArray(array)),
    "pandas array in a cell": lambda array: [{"A": pd.arrays.ArrowExtensionArray(array)}],
    "arrow array in a cell": lambda array: [{"A": array}],
    "arrow scalar in a cell": lambda array: [{"A": array[0]}],
}


@pytest.mark.parametrize("holding", HOLDING_TIMES)
@pytest.mark.parametrize("held", TIMES_HELD)
def test_times_of_arrow_differ_by_their_nanoseconds_or_are_refused(held: str, holding: str) -> None:
    kind, value = HOLDING_TIMES[holding]
    one, other = (TIMES_HELD[held](pa.array([value(time)], kind)) for time in (1_000, 2_001))
    assert prove(one, one).level is Level.EXACT
    with pytest.raises(NotComparable, match="has values that Python cannot hold"):
        prove(one, other)


def test_times_of_arrow_in_what_cannot_be_cast_are_refused() -> None:
    views = pa.array([[1_000]], pa.list_view(TIME))
    with pytest.raises(NotComparable, match="times with nanoseconds in a type of this form"):
        prove(pa.table({"A": views}), [])


def test_types_of_columns_that_changed_are_each_told() -> None:
    frame = pd.DataFrame({"K": ["x"], "N": [1], "M": [2]})
    proof = prove(frame, frame.astype({"N": "int32", "M": "int16"}), "K").record
    assert proof.level is Level.JSON
    assert proof.remarks[:2] == (
        "column 'N' is int64 in the reference, int32 in the candidate",
        "column 'M' is int64 in the reference, int16 in the candidate",
    )
    parts = iter([frame.astype({"N": "int32"}), frame.astype({"N": "int16"}).assign(K="y")])
    both = prove(pd.concat([frame, frame.assign(K="y")]).reset_index(drop=True), parts, "K").record
    assert "column 'N' is int64 in the reference, int16 or int32 in the candidate" in both.remarks


def test_what_is_shown_of_a_type_is_cut() -> None:
    frame = pd.DataFrame({"K": ["x"]})
    for categories, shown in (
        (["x", "y" * 39], "category of ['x', '" + "y" * 39 + "']"),  # of 60 characters
        (["x", "y" * 40], "category of ['x', '" + "y" * 40 + "…"),
    ):
        other = frame.astype(pd.CategoricalDtype(categories))
        (remark,) = prove(frame.astype(object), other, "K").record.remarks
        assert remark == f"column 'K' is object in the reference, {shown} in the candidate"


def test_keys_of_another_type_are_told() -> None:
    proof = prove({1: [{"N": 1}]}, {np.int64(1): [{"N": 1}]}).record
    assert proof.equivalences == ("key type",)
    assert "keys are int in the reference, numpy.int64 in the candidate" in proof.remarks


def test_a_value_that_only_looks_like_a_cursor_is_a_value() -> None:
    value = types.SimpleNamespace(description=[("A",)])
    assert prove(value, types.SimpleNamespace(description=[("A",)])).level is Level.EXACT
    assert prove(value, types.SimpleNamespace(description=[("B",)])).level is Level.DIFFERENT


def test_frames_by_key_may_come_in_pieces() -> None:
    frames = {key: pd.DataFrame({"N": [key, key + 1]}) for key in (1, 2)}
    pieces = iter([{1: frames[1]}, {2: frames[2]}])
    assert prove(frames, pieces).level is Level.EXACT


def test_all_that_frames_declare_is_compared() -> None:
    frame = pd.DataFrame({"K": [1], "N": [1]})
    other = frame.astype({"K": "int32"}).set_axis([5])
    proof = prove(frame, other, "K").record
    assert (proof.level, proof.equivalences) == (Level.VALUE, ("column types", "row labels"))
    assert proof.remarks == (
        "column 'K' is int64 in the reference, int32 in the candidate",
        "integer row labels differ; they would count if the index had a name",
    )


@pytest.mark.parametrize("cuts", [[0, 9_000], [0, 1, 9_000], [0, 4_096, 4_100, 8_500, 9_000]])
def test_labels_of_rows_are_the_same_however_a_frame_is_cut(cuts: list[int]) -> None:
    frame = pd.DataFrame({"K": [1] * 9_000}).set_axis(np.arange(7, 9_007))
    parts = [frame[start:stop] for start, stop in pairwise(cuts)]
    assert prove(frame, iter(parts), "K").level is Level.EXACT
    other = frame.set_axis([*range(7, 9_006), 0])
    assert prove(other, parts, "K").level is Level.VALUE


def test_labels_of_rows_are_compared_in_order() -> None:
    frame = pd.DataFrame({"K": ["x", "y"]}, index=[7, 9])
    assert prove(frame, frame.copy(), "K").level is Level.EXACT
    for index in ([7, 8], [9, 7]):
        proof = prove(frame, frame.set_axis(index), "K").record
        assert (proof.level, proof.equivalences) == (Level.VALUE, ("row labels",))
        assert (
            "integer row labels differ; they would count if the index had a name" in proof.remarks
        )
