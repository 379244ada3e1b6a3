"""The keys of a statement are found in its text."""

from __future__ import annotations

import pytest

from tracekit.sqltext import BoundKeys, bound_keys


@pytest.mark.parametrize(
    ("statement", "columns", "expected"),
    [
        (
            "select k, v from t where v > :since and k in (:a, :b)",
            ["K", "V"],
            BoundKeys(("K",), ((1,), (2,))),
        ),
        (
            "select t.k, v from s.t t where (t.k in (:1, :2) or t.k in (:3)) and v = :4",
            ["K", "V"],
            BoundKeys(("K",), ((0,), (1,), (2,))),
        ),
        (
            "select t.account_id as id, v from t where t.account_id in (:a)",
            ["ID", "V"],
            BoundKeys(("ID",), ((0,),)),
        ),
        (
            "select a, b from t where (t.a, t.b) in ((:1, :2), (:3, :4))",
            ["A", "B"],
            BoundKeys(("A", "B"), ((0, 1), (2, 3))),
        ),
        ("select k from t where :x = t.k", ["K"], BoundKeys(("K",), ((0,),))),
        ("select k, v from t where k = :x and v = :y", ["K", "V"], None),
        ("select v from t where k in (:a, :b)", ["V"], None),
        ("select k from t where k not in (:a, :b)", ["K"], None),
        ("select k from t where upper(k) in (:a, :b)", ["K"], None),
        ("select k from t where k in (select x from y where z = :a)", ["K"], None),
        ("select k from t where k in (:a, 'x')", ["K"], None),
        ("select k from t where note = 'k in (:a)'", ["K"], None),
        ("select 'unended", ["K"], None),
        ("", [], None),
    ],
)
def test_keys_are_binds_that_a_selected_column_is_in(
    statement: str, columns: list[str], expected: BoundKeys | None
) -> None:
    assert bound_keys(statement, columns) == expected


def test_a_named_key_is_the_key() -> None:
    statement = "select a, b from t where a in (:1, :2) and b in (:3, :4)"
    assert bound_keys(statement, ["A", "B"], ["B"]) == BoundKeys(("B",), ((2,), (3,)))
    assert bound_keys(statement, ["A", "B"], ["C"]) is None


def test_the_values_of_keys_are_taken_from_a_bind_row() -> None:
    keys = bound_keys("select a, b from t where (a, b) in ((:1, :2), (:3, :4))", ["A", "B"])
    assert keys is not None
    assert keys.values(["x", 1, "y", 2]) == [("x", 1), ("y", 2)]
    one = bound_keys("select a from t where x > :n and a in (:1, :2)", ["A"])
    assert one is not None
    assert one.values([5, "x", "y"]) == ["x", "y"]
