"""Which records of one key belong together, whatever was changed, moved, added or dropped."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.equality.sides import Sides
from tracekit.equality.stretch import Stretch
from tracekit.records import Difference, DifferenceKind, Level

Records = list[dict[str, Any]]
MISSING, EXTRA = DifferenceKind.MISSING_RECORD, DifferenceKind.EXTRA_RECORD
NUMBERS = st.lists(st.integers(0, 4), max_size=6)
SAME = st.sampled_from([range(0), range(10, 13), range(1_000, 1_600)])
"""Records that both sides have between others: more than are aligned one by one, at most."""


def records(*numbers: int) -> Records:
    """Two of different numbers have no cell in common."""
    return [{"KEY": "k", **{name: f"{name}{number}" for name in "ABCD"}} for number in numbers]


def differences(
    folder: Path, before: Records, after: Records, **options: Any
) -> tuple[Difference, ...]:
    proof = Sides(folder, {"k": before}, {"k": after}).proof(
        key="KEY", max_examples=5_000, **options
    )
    assert (proof.level is Level.DIFFERENT) is bool(proof.examples)
    found: tuple[Difference, ...] = proof.examples
    return found


def numbers_of(found: tuple[Difference, ...], kind: DifferenceKind, side: Records) -> Counter[str]:
    """What `found` calls missing or extra, by the place that it names."""
    return Counter(side[each.record_index or 0]["A"] for each in found if each.kind is kind)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, NUMBERS, SAME, NUMBERS, NUMBERS, st.booleans())
def test_records_are_missing_or_extra_if_the_other_side_has_fewer_of_them(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[int],
    other_first: list[int],
    same: range,
    last: list[int],
    other_last: list[int],
    unordered: bool,
) -> None:
    before = records(*first, *same, *last)
    after = records(*other_first, *same, *other_last)
    found = differences(tmp_path_factory.mktemp("sides"), before, after, unordered=unordered)
    left, right = (Counter(row["A"] for row in side) for side in (before, after))
    assert numbers_of(found, MISSING, before) == left - right
    assert numbers_of(found, EXTRA, after) == right - left
    kinds = {each.kind for each in found} - {MISSING, EXTRA}
    assert kinds <= (set() if unordered else {DifferenceKind.RECORD_ORDER})
    assert kinds or unordered or left != right or before == after


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(0, 7), st.sampled_from("ABCD"), max_size=8),
    st.sampled_from([range(0), range(1_000, 1_600)]),
    st.booleans(),
)
def test_records_that_share_half_of_their_cells_are_one_that_changed(
    tmp_path_factory: pytest.TempPathFactory,
    changes: dict[int, str],
    same: range,
    unordered: bool,
) -> None:
    before = records(*range(4), *same, *range(4, 8))
    after = [dict(row) for row in before]
    expected = set()
    for number, column in changes.items():
        place = number if number < 4 else number + len(same)
        after[place][column] = "changed"
        expected.add((place, column, "'changed'"))
    found = differences(tmp_path_factory.mktemp("sides"), before, after, unordered=unordered)
    assert all(each.kind is DifferenceKind.VALUE for each in found)
    assert {(each.record_index, each.column, each.candidate) for each in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("shared", range(5))
def test_how_alike_records_are_is_judged_without_their_key(tmp_path: Path, shared: int) -> None:
    (before,), (after,) = records(1), records(2)
    after |= {name: before[name] for name in "ABCD"[:shared]}
    found = differences(tmp_path, [before], [after])
    changed = [DifferenceKind.VALUE] * (4 - shared)
    assert [each.kind for each in found] == ([MISSING, EXTRA] if shared < 2 else changed)


def test_a_key_does_not_make_records_more_alike(tmp_path: Path) -> None:
    before = {"KEY": "k", "A": 1, "B": 2, "C": 3}
    found = differences(tmp_path, [before], [{**before, "B": 8, "C": 9}])
    assert [each.kind for each in found] == [MISSING, EXTRA]


@pytest.mark.parametrize("shared", range(5))
def test_a_renamed_column_is_as_good_as_one_of_the_same_name(tmp_path: Path, shared: int) -> None:
    (before,), (after,) = records(1), records(2)
    after |= {name: before[name] for name in "ABCD"[:shared]}
    after = {name.lower(): value for name, value in after.items()}
    found = differences(tmp_path, [before], [after])
    if shared < 2:
        assert [each.kind for each in found] == [MISSING, EXTRA]
    else:
        assert {each.kind for each in found} == {DifferenceKind.COLUMNS}


def test_the_most_alike_are_one_record_that_changed(tmp_path: Path) -> None:
    before = records(*range(40))
    changed = [{**row, "D": "changed"} for row in before]
    found = differences(tmp_path, before, [*records(99), *changed])
    assert [each.record_index for each in found if each.kind is EXTRA] == [0]
    assert {(each.record_index, each.column) for each in found if each.kind is not EXTRA} == {
        (place, "D") for place in range(40)
    }
    half, most = ({**before[0], **dict.fromkeys(names, "x")} for names in ("CD", "D"))
    for after in ([half, most], [most, half]):
        found = differences(tmp_path, before[:1], after)
        assert [(each.kind, each.record_index) for each in found] == [
            (DifferenceKind.VALUE, 0),
            (EXTRA, after.index(half)),
        ]


def test_a_record_of_few_columns_takes_no_place_of_one_that_is_alike(tmp_path: Path) -> None:
    before = [{"A": 1, "B": 2, "C": 3}, {"A": 9}]
    found = differences(tmp_path, before, [{**before[0], "D": 4}])
    assert [(each.kind, each.record_index) for each in found] == [
        (DifferenceKind.COLUMNS, 0),
        (MISSING, 1),
    ]


@pytest.mark.parametrize("columns", range(1, 5))
def test_of_more_than_two_columns_half_must_be_equal(tmp_path: Path, columns: int) -> None:
    before = dict.fromkeys("ABCD"[:columns], 1)
    found = differences(tmp_path, [before], [dict.fromkeys(before, 2)])
    changed = [DifferenceKind.VALUE] * columns
    assert [each.kind for each in found] == (changed if columns <= 2 else [MISSING, EXTRA])


def test_of_records_that_come_very_often_one_that_is_gone_is_the_only_one(tmp_path: Path) -> None:
    often = random.Random(1).choices(range(20), k=300)
    before, after = records(98, *often), records(99, *often[:100], *often[101:])
    found = differences(tmp_path, before, after)
    assert Counter(each.kind for each in found) == {MISSING: 2, EXTRA: 1}


def test_one_record_that_moved_far_is_the_only_one_that_did(tmp_path: Path) -> None:
    before = records(*range(700))
    after = [before[350], *before[:350], *before[351:]]
    (found,) = differences(tmp_path, before, after)
    assert (found.kind, found.record_index) == (DifferenceKind.RECORD_ORDER, 350)
    assert found.remark == (
        "the same record is at position 0 of the candidate; "
        "about 2 records of this key come in another order"
    )


def shown(sides: Sides, first: int, last: int, **options: Any) -> Any:
    """The proof if only some neighbouring records of the key are read again."""
    parts = tuple({"k": Stretch(side["k"][first:last], first)} for side in sides.sides)
    return sides.proof(key="KEY", refetch=lambda keys: parts, **options)


def test_of_a_stretch_what_its_end_cuts_off_is_no_difference(tmp_path: Path) -> None:
    whole = records(*range(30))
    longer = [*whole[:7], *records(99), *whole[7:]]
    proof = shown(Sides(tmp_path, {"k": whole}, {"k": longer}), 5, 15)
    assert [(each.kind, each.record_index) for each in proof.examples] == [(EXTRA, 7)]
    proof = shown(Sides(tmp_path, {"k": longer}, {"k": whole}), 5, 15)
    assert [(each.kind, each.record_index) for each in proof.examples] == [(MISSING, 7)]
    assert any(remark.startswith("only differences near the first") for remark in proof.remarks)
    nothing_alike = Sides(tmp_path, {"k": records(1, 2)}, {"k": records(3)})
    kinds = [each.kind for each in shown(nothing_alike, 0, 2).examples]
    assert kinds == [MISSING, MISSING, EXTRA]


def test_drift_in_a_stretch_is_counted_over_the_whole(tmp_path: Path) -> None:
    whole = [{**row, "N": place} for place, row in enumerate(records(*range(30)))]
    floats = [{**row, "N": float(row["N"])} for row in whole]
    floats[20]["A"] = "changed"
    proof = shown(Sides(tmp_path, {"k": whole}, {"k": floats}), 18, 25)
    assert [(each.record_index, each.column) for each in proof.examples] == [(20, "A")]
    assert [(row.column, row.count, row.source) for row in proof.drift] == [("N", 30, "histogram")]
