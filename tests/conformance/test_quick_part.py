"""The lane itself, and the part of SQLAlchemy's suite that every run of the tests can afford."""

from __future__ import annotations

import pytest

from tests.conformance.baseline import Count, count, fallen, read_baseline
from tests.conformance.outcome import Outcome

pytest.importorskip("sqlalchemy")
from tests.conformance.sqlalchemy_suite import run_suite

QUICK = ["ddl", "insert", "sequence"]


def test_the_quick_part_passes_as_many_tests_as_the_baseline() -> None:
    outcomes = run_suite(QUICK)
    failed = [one.test for one in outcomes if one.verdict == "failed"]
    counts = count(outcomes)
    assert set(counts) == {f"sqlalchemy {kind}" for kind in QUICK}
    assert not fallen(counts, read_baseline()), failed


def test_counts_leave_out_what_does_not_apply() -> None:
    outcomes = [
        Outcome("a", "1", "passed"),
        Outcome("a", "2", "failed", "why"),
        Outcome("a", "3", "skipped"),
        Outcome("b", "4", "skipped"),
    ]
    assert count(outcomes) == {"a": Count(1, 2)}


def test_a_kind_that_passes_fewer_tests_has_fallen() -> None:
    baseline = {"a": Count(2, 3), "b": Count(1, 1)}
    assert fallen({"a": Count(2, 4), "b": Count(1, 1)}, baseline) == []
    assert len(fallen({"a": Count(1, 3), "c": Count(0, 1)}, baseline)) == 1
