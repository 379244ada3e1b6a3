"""Ordinary results: keys of any type, several key columns, none; frames by key; single values."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime
import sqlite3
import zoneinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracekit.errors import ConfigError, NotComparable
from tracekit.experiment.prove import prove
from tracekit.experiment.prove_view import EqualityProof
from tracekit.records import DifferenceKind, Level

UTC_MOMENT = datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC)

KEYS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.floats(allow_nan=False),
    st.dates(),
    st.datetimes().map(lambda moment: moment.replace(fold=0)),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.binary(),
    st.tuples(st.integers(), st.text()),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(KEYS, min_size=1, max_size=6, unique_by=lambda key: (type(key), key)), st.data())
def test_keys_of_any_type_are_told_apart_and_shown_as_they_are(keys, data):
    left = {key: [{"N": place}] for place, key in enumerate(keys)}
    assert prove(left, dict(reversed(left.items()))).level is Level.EXACT
    changed = data.draw(st.sampled_from(list(left)))
    proof = prove(left, {**left, changed: [{"N": -1}]})
    assert proof.level is Level.DIFFERENT
    assert proof.record.different_keys == 1
    (found,) = proof.examples
    if isinstance(changed, str):
        assert (found.key, found.key_type) == (changed, None)
    assert EqualityProof.from_json(proof.to_json()) == proof
    shown = str(proof)
    assert "\0" not in shown
    plain = changed is None or isinstance(changed, bool | bytes | datetime.date | tuple)
    if plain or type(changed) is int:
        assert f"key {changed!r} record 0 N" in shown


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, np.int64(1)),
        (1, 1.0),
        ("A", np.str_("A")),
        (datetime.datetime(2026, 1, 1), pd.Timestamp(2026, 1, 1)),
        (UTC_MOMENT, pd.Timestamp(UTC_MOMENT)),
        (UTC_MOMENT, UTC_MOMENT.replace(tzinfo=zoneinfo.ZoneInfo("UTC"))),
        (UTC_MOMENT.timetz(), UTC_MOMENT.timetz().replace(tzinfo=zoneinfo.ZoneInfo("UTC"))),
        (datetime.timedelta(1), pd.Timedelta(1, "D")),
        (datetime.timedelta(1), np.timedelta64(1, "D")),
        (Decimal("1.10"), Decimal("1.1")),
        ((1, "A"), (np.int64(1), "A")),
        (None, float("nan")),
    ],
)
def test_keys_of_one_value_and_two_types_are_one_key_at_level_value(one, other):
    for records in ([{"N": 1}], []):
        proof = prove({one: records}, {other: records})
        assert proof.level is Level.VALUE, records
        assert "key type" in proof.record.equivalences or type(one) is type(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"),
        (1, True),
        (1, Decimal(1)),
        ("", None),
        (pd.Timestamp(UTC_MOMENT), pd.Timestamp(UTC_MOMENT) + pd.Timedelta(1, "ns")),
        (pd.Timedelta(1, "ns"), datetime.timedelta(0)),
        (np.datetime64("20000-01-01", "s"), np.datetime64("20000-01-02", "s")),
        (UTC_MOMENT, UTC_MOMENT.isoformat()),
    ],
)
def test_keys_of_two_values_are_two_keys(one, other):
    proof = prove({one: []}, {other: []})
    assert (proof.record.missing_keys, proof.record.extra_keys) == (1, 1)


def test_keys_come_in_their_order():
    left = {key: [{"N": key}] for key in (100, -5, 20, 3, -100)}
    proof = prove(left, {key: [{"N": 0}] for key in left})
    assert [found.key for found in proof.examples] == ["-100", "-5", "3", "20", "100"]


ROWS = [{"K": place // 2, "PART": "xy"[place % 2], "N": place} for place in range(8)]


def frames(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "records": rows,
        "named tuples": [collections.namedtuple("Row", row)(**row) for row in rows],
        "pandas": pd.DataFrame(rows),
        "pandas, indexed": pd.DataFrame(rows).set_index("K"),
        "polars": pl.DataFrame(rows),
        "polars, lazy": pl.LazyFrame(rows),
        "arrow": pa.Table.from_pylist(rows),
        "arrow reader": pa.Table.from_pylist(rows).to_reader(),
        "duckdb": duckdb.from_arrow(pa.Table.from_pylist(rows)),
        "polars in parts": iter(pl.DataFrame(rows).iter_slices(3)),
    }


CHANGED = [*ROWS[:5], {**ROWS[5], "N": -1}, *ROWS[6:]]
NAMES = list(frames(ROWS))


@pytest.mark.parametrize("key", ["K", ["K", "PART"], ("PART", "K"), None])
@pytest.mark.parametrize("name", NAMES)
def test_frames_of_any_library_with_one_key_column_with_two_and_with_none(name, key):
    assert prove(ROWS, frames(ROWS)[name], key).level is Level.EXACT
    proof = prove(frames(ROWS)[name], CHANGED, key)
    assert proof.level is Level.DIFFERENT
    (found,) = proof.examples
    assert (found.column, found.reference, found.candidate) == ("N", "5", "-1")
    where = {"K": "key 2 record 1", "None": "record 5"}.get(str(key))
    shown = {"['K', 'PART']": "key (2, 'y')", "('PART', 'K')": "key ('y', 2)"}.get(str(key), where)
    assert f"{shown} " in str(proof)
    assert "int2" not in proof._repr_html_()


def test_a_cursor_is_read_by_the_names_of_its_columns():
    for connect in (sqlite3.connect, duckdb.connect):
        with contextlib.closing(connect(":memory:")) as connection:
            cursor = connection.execute("SELECT 1 AS K, 'x' AS A")
            (found,) = prove(cursor, [{"K": 1, "A": "y"}], "K").examples
            assert (found.column, found.reference) == ("A", "'x'")


def test_rows_without_names_are_compared_by_place():
    (found,) = prove([(1, "a"), (2, "b")], [(1, "a"), (2, "c")]).examples
    assert (found.record_index, found.column) == (1, "1")


def test_rows_of_lists_are_rows_and_no_batches():
    for cells in ([5, 6], ["x", "y"]):
        (found,) = prove([(["a", "b"], cells)], [(["a", "b"], [*cells[:1], 7])]).examples
        assert (found.record_index, found.column) == (0, "1")
    for one, other in (((5, [[1]]), (5, [[2]])), ((["a"], 5), (["a"], 6))):
        (found,) = prove([one], [other]).examples
        assert (found.record_index, found.column) == (0, "1")


def test_the_records_of_a_key_may_be_any_collection():
    rows = [{"N": number} for number in range(5_000)]
    assert prove({"K": rows}, {"K": dict(enumerate(rows)).values()}).level is Level.EXACT


def test_an_array_is_one_value():
    (found,) = prove(np.arange(5), np.array([0, 1, 9, 3, 4])).examples
    assert (found.record_index, found.column) == (0, "value")
    assert found.remark == "first at [2]: 2 against 9"


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_frame_for_each_key(kind):
    left = {1: kind({"X": [1, 2]}), 2: kind({"X": [3]}), 3: kind({"X": []})}
    assert prove(left, {**left}).level is Level.EXACT
    proof = prove(left, {**left, 2: kind({"X": [4]})})
    assert [(found.key, found.column) for found in proof.examples] == [("2", "X")]
    proof = prove(left, {**left, 3: kind({"Y": []})})
    assert proof.level is Level.DIFFERENT
    assert proof.examples[0].kind is DifferenceKind.COLUMNS
    assert prove(left, {1: [{"X": 1}, {"X": 2}], 2: [{"X": 3}], 3: []}).level is Level.VALUE


@pytest.mark.parametrize("key", [None, "X"])
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_without_rows_have_columns(kind, key):
    empty = kind({"X": []})
    assert prove(empty, kind({"X": []}), key).level is Level.EXACT
    proof = prove(empty, kind({"X": [], "Y": []}), key)
    assert proof.level is Level.DIFFERENT
    assert not proof.equal
    assert any("only in the candidate: 'Y'" in remark for remark in proof.record.remarks)
    assert proof.record.equivalences == ()
    assert all(isinstance(remark, str) for remark in proof.record.remarks)


@pytest.mark.parametrize("names", [["a", "b"], ["a", "a"], ["level_1", None], [None, None]])
@pytest.mark.parametrize("column", [None, "A"])
def test_every_level_of_an_index_counts(names, column):
    def frame(*labels: int) -> Any:
        index = pd.MultiIndex.from_tuples([labels], names=names)
        made = pd.DataFrame({"A": [1]}, index=index)
        return made[column] if column else made

    assert prove(frame(1, 2), frame(1, 2)).level is Level.EXACT
    for other in (frame(1, 3), frame(3, 2), frame(2, 1)):
        assert prove(frame(1, 2), other).level is Level.DIFFERENT


def test_streams_of_arrow_without_batches_have_columns():
    def stream(**columns: list[int]) -> Any:
        return pa.RecordBatchReader.from_batches(pa.table(columns).schema, [])

    assert prove(stream(X=[]), stream(X=[])).level is Level.EXACT
    assert prove(stream(X=[]), stream(Y=[])).level is Level.DIFFERENT


def test_a_frame_without_rows_and_no_records_are_equal_as_far_as_is_known():
    proof = prove([], pd.DataFrame({"X": []}))
    assert proof.level is Level.VALUE
    assert any("only one side says with which columns" in each for each in proof.record.remarks)


def test_columns_of_another_type_are_not_exact_whatever_their_cells():
    frame = pd.DataFrame({"K": ["A"], "N": [1]})
    proof = prove(frame, frame.astype({"N": "int32"}), "K")
    assert proof.level is Level.JSON
    assert proof.record.equivalences == ("column types",)
    assert proof.record.remarks == ("column 'N' is int64 in the reference, int32 in the candidate",)
    one, other = (
        pa.table({"N": pa.array([[1]], pa.list_(kind))}) for kind in (pa.int64(), pa.int32())
    )
    proof = prove(one, other)
    assert proof.level is Level.JSON
    assert proof.record.remarks == (
        "column 'N' is list<item: int64> in the reference, list<item: int32> in the candidate",
    )


def test_row_labels_count_if_they_are_named_or_more_than_numbers():
    frame = pd.DataFrame({"K": ["A", "A"], "N": [1, 2]})
    joined = pd.concat([frame.iloc[:1], frame.iloc[:1].assign(N=2)])
    assert prove(frame.iloc[1:], frame.iloc[1:].reset_index(drop=True), "K").level is Level.EXACT
    proof = prove(frame, joined, "K")
    assert (proof.level, proof.record.equivalences) == (Level.VALUE, ("row labels",))
    assert prove(joined, joined.copy(), "K").level is Level.EXACT
    for labels in (["x", "y"], pd.Index([0, 1], name="ROW")):
        other = frame.set_axis(labels)
        assert prove(frame, other, "K").level is Level.DIFFERENT
        assert prove(other, other.copy(), "K").level is Level.EXACT


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (5, 5, Level.EXACT),
        (5, 5.0, Level.VALUE),
        ("a", "b", Level.DIFFERENT),
        (None, float("nan"), Level.VALUE),
        (np.arange(5), np.array([0, 1, 9, 3, 4]), Level.DIFFERENT),
        (pd.Series([1, 2]), pd.Series([1, 2]), Level.EXACT),
        (pd.Series([1, 2]), pd.Series([1, 3]), Level.DIFFERENT),
        (pd.Series([1, 2], index=["a", "b"]), pd.Series([1, 2], index=["a", "c"]), Level.DIFFERENT),
        (pl.Series([1, 2]), pl.Series([1, 3]), Level.DIFFERENT),
        (pa.chunked_array([[1, 2]]), pa.chunked_array([[1], [2]]), Level.EXACT),
        ([1, 2], [1, 3], Level.DIFFERENT),
        ({"a": 1}, {"a": 1}, Level.EXACT),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, Level.EXACT),
        ({"a": {"x": 1}}, {"a": {"x": 2}}, Level.DIFFERENT),
        ({"a": [1, 2]}, {"a": [1, 3]}, Level.DIFFERENT),
        ({1, 2}, {2, 1}, Level.EXACT),
        (b"a", bytearray(b"a"), Level.JSON),
        ([], [], Level.EXACT),
        ({}, {}, Level.EXACT),
        ([[1, 2]], [[1, 2]], Level.EXACT),
    ],
)
def test_single_values_lists_and_columns(left, right, level):
    proof = prove(left, right)
    assert proof.level is level
    assert ("key" in str(proof)) is isinstance(left, dict) or proof.equal


def test_a_nested_difference_says_where_it_is():
    left = pd.DataFrame({"a": range(1000)})
    right = left.assign(a=left["a"].where(left["a"] != 500, -1))
    (found,) = prove({"K": [{"X": left}]}, {"K": [{"X": right}]}).examples
    assert found.remark == "first at [500]['a']: 500 against -1"
    assert "\n" not in found.reference


def test_a_nested_drift_says_what_became_of_what():
    left = {"K": [{"X": [1, 2], "Y": 1}]}
    proof = prove(left, {"K": [{"X": [1.0, 2.0], "Y": 1.0}]})
    assert proof.level is Level.VALUE
    assert {(row.column, row.from_type, row.to_type) for row in proof.drift} == {
        ("X", "int in list", "float in list"),
        ("Y", "int", "float"),
    }
    assert proof.record.equivalences == ("integral float = int",)


def test_columns_that_are_no_text_are_shown_as_they_are():
    frame = pd.DataFrame([[1, 2]])
    (found,) = prove(frame, pd.DataFrame([[1, 3]])).examples
    assert found.column == "1"
    assert "column 1 is missing" in str(prove(frame, frame[[0]]))


def test_what_cannot_be_compared_is_named_with_its_place():
    rows = [{"K": place, "CELL": object() if place == 3 else place} for place in range(5)]
    with pytest.raises(NotComparable, match=r"key 3, column 'CELL': .* builtins\.object cannot"):
        prove(rows, rows, "K")
    with pytest.raises(NotComparable, match=r"^column 'CELL': "):
        prove(rows, rows)
    with pytest.raises(NotComparable, match="a record is a int"):
        prove({"A": [{"X": 1}, 2]}, {"A": []})


def test_what_is_not_clear_is_asked_for():
    for side in ([{"A": [{"X": 1}]}], iter([{"A": [{"X": 1}]}])):
        with pytest.raises(ConfigError, match="can be results by key or a single record"):
            prove(side, [])
    said = "^the result of key 'A' is a list_iterator, which can be read only once"
    with pytest.raises(ConfigError, match=said):
        prove({"A": iter([{"X": 1}])}, {})
    with pytest.raises(ConfigError, match=r"^a decimal\.Decimal is not a result by key"):
        prove(Decimal(5), Decimal(5), "K")
    connection = sqlite3.connect(":memory:")
    for source in (
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        [(["a", "a"], [(1, 2)])],
        connection.execute("SELECT 1 AS a, 2 AS a"),
    ):
        with pytest.raises(ConfigError, match=r"^the columns \['a'\] are not distinct. Name each"):
            prove(source, [])
    connection.close()
    with pytest.raises(ConfigError, match=r"'a\.parquet' is a path"):
        prove(Path("a.parquet"), Path("a.parquet"))
    rows = iter([{"X": 1}])
    with pytest.raises(ConfigError, match="both sides are the same list_iterator"):
        prove(rows, rows)
    with pytest.raises(ConfigError, match="a row has 1 values, its row batch 2 columns"):
        prove([(["A", "B"], [(1,)])], [])
    with pytest.raises(ConfigError, match=r"key=\{'K'\} is not a column"):
        prove([], [], {"K"})
    with pytest.raises(ConfigError, match="max_examples=-1"):
        prove([], [], max_examples=-1)


def test_values_that_pickle_refuses_are_set_aside_too():
    local = dataclasses.make_dataclass("Local", ["x"])
    values = [local(1), memoryview(b"ab"), [10**5000]]
    others = [local(2), memoryview(b"ac"), [10**5000 + 1]]
    for value, other in zip(values, others, strict=True):
        proof = prove(iter([{"K": 1, "V": value}]), iter([{"K": 1, "V": other}]), "K")
        assert [found.column for found in proof.examples] == ["V"]
    with pytest.raises(NotComparable, match="cannot be set aside"):
        prove(iter([{"V": local(1), "L": Unpicklable()}]), [])


class Unpicklable(dict[str, int]):
    def __reduce__(self) -> Any:
        raise TypeError("not this one")


def test_of_a_result_without_keys_any_number_of_records_is_compared_in_little_memory():
    def rows(changed: int | None = None, dropped: int | None = None) -> Any:
        for number in range(40_000):
            if number != dropped:
                yield {"N": -1 if number == changed else number, "TEXT": f"text {number % 7}"}

    assert prove(rows(), rows()).level is Level.EXACT
    (found,) = prove(rows(), rows(changed=30_001)).examples
    assert (found.kind, found.record_index, found.column) == (DifferenceKind.VALUE, 30_001, "N")
    (found,) = prove(rows(), rows(dropped=30_001)).examples
    assert (found.kind, found.record_index) == (DifferenceKind.MISSING_RECORD, 30_001)
    proof = prove(rows(), (dict(row, N=float(row["N"])) for row in rows()))
    assert (proof.level, proof.drift[0].count) == (Level.VALUE, 40_000)
    proof = prove(rows(), rows(changed=5), unordered=True)
    assert proof.level is Level.DIFFERENT
    assert any("key=" in remark for remark in proof.record.remarks)


@pytest.mark.parametrize(
    ("one", "other"),
    [("\ud800", "\ud801"), (10**5000, 10**5000 + 1), ((10**5000,), (10**5000 + 1,))],
    ids=["lone surrogate", "huge int", "tuple"],
)
def test_keys_that_cannot_be_written_as_text_are_told_apart(one: Any, other: Any) -> None:
    assert prove({one: [{"V": 1}]}, {one: [{"V": 1}]}).level is Level.EXACT
    proof = prove({one: [{"V": 1}]}, {other: [{"V": 1}]})
    assert (proof.record.missing_keys, proof.record.extra_keys) == (1, 1)
    assert str(proof).encode()
    assert EqualityProof.from_json(proof.to_json()).record == proof.record
