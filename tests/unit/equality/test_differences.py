"""What differs between the records of one key, in words."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tests.unit.equality.sides import Sides
from tracekit.records import Difference, DifferenceKind, Level

Records = list[dict[str, Any]]


def differences(folder: Path, before: Records, after: Records, **options: Any) -> list[Difference]:
    return list(Sides(folder, {"K": before}, {"K": after}).proof(**options).examples)


def copied(text: str) -> str:
    return "".join(list(text))


def rows(*numbers: int, text: str = "the same text") -> Records:
    return [{"A": text, "B": copied(text), "N": number, "M": -number} for number in numbers]


def test_one_text_twice_and_two_equal_texts_are_the_same(tmp_path: Path) -> None:
    text = "the same text"
    once = [{**row, "A": text, "B": text} for row in rows(1, 2, 3)]
    (found,) = differences(tmp_path, once, rows(3, 1, 2))
    assert (found.kind, found.record_index) == (DifferenceKind.RECORD_ORDER, 2)
    assert found.remark == (
        "the same record is at position 0 of the candidate; "
        "about 2 records of this key come in another order"
    )
    assert found.reference == found.candidate == "A='the same text', B='the same text', N=3, M=-3"


def test_another_order_of_columns_is_told_only_where_nothing_else_differs(tmp_path: Path) -> None:
    turned = [dict(reversed(row.items())) for row in rows(1, 2)]
    proof = Sides(tmp_path, {"K": rows(1, 2)}, {"K": turned}).proof()
    assert proof.level is Level.VALUE
    (order,) = proof.examples
    assert (order.kind, order.remark) == (
        DifferenceKind.COLUMNS,
        "columns in another order (in 2 or more records)",
    )
    assert (order.reference, order.candidate) == ("A, B, N, M", "M, N, B, A")
    turned[1]["N"] = 5
    (found,) = differences(tmp_path, rows(1, 2), turned)
    assert (found.kind, found.column, found.record_index) == (DifferenceKind.VALUE, "N", 1)
    assert (found.reference, found.candidate) == ("2", "5")
    assert (found.reference_type, found.candidate_type) == ("int", "int")


def test_records_that_are_gone_or_new_are_shown_and_duplicates_called_so(tmp_path: Path) -> None:
    gone, again = differences(tmp_path, rows(1, 2, 2, 3), rows(1, 2))
    assert [each.kind for each in (gone, again)] == [DifferenceKind.MISSING_RECORD] * 2
    assert (gone.record_index, again.record_index) == (2, 3)
    assert gone.remark == "record is gone (a duplicate of one that is still there)"
    assert again.remark == "record is gone"
    assert again.reference == "A='the same text', B='the same text', N=3, M=-3"
    assert again.candidate is None
    one, other = differences(tmp_path, rows(1, 2), rows(1, 2, 2, 3))
    assert [each.kind for each in (one, other)] == [DifferenceKind.EXTRA_RECORD] * 2
    assert one.remark == "record was added (a duplicate of another)"
    assert (other.remark, other.reference) == ("record was added", None)
    assert other.candidate == "A='the same text', B='the same text', N=3, M=-3"


def test_what_is_shown_of_a_record_is_cut(tmp_path: Path) -> None:
    long = {f"C{number}": "x" * 30 for number in range(6)}
    (found,) = differences(tmp_path, [long], [])
    assert found.remark == "record is gone"
    assert found.reference is not None
    assert len(found.reference) == 160
    assert found.reference.startswith(f"C0='{'x' * 22}…, C1='{'x' * 22}…, ")
    assert found.reference.endswith("…")


@dataclasses.dataclass
class Faulty:
    cell: int

    def __repr__(self) -> str:
        raise ValueError("faulty")


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a  b\n", "a b\n", (r"'a  b\n'", r"'a b\n'")),
        (Faulty(1), Faulty(2), ("<a Faulty that cannot be shown>",) * 2),
    ],
)
def test_cells_are_shown_as_they_are(
    tmp_path: Path, before: Any, after: Any, shown: tuple[str, str]
) -> None:
    (found,) = differences(tmp_path, [{"A": before}], [{"A": after}])
    assert (found.reference, found.candidate) == shown


def test_columns_renamed_added_or_missing_are_told_once(tmp_path: Path) -> None:
    before = [{"A": 1, "B": 2, "C": 3}]
    for after, said in (
        ([{"a": 1, "B": 2, "C": 3}], ["column A is a: in another letter case"]),
        ([{"X": 1, "B": 2, "C": 3}], ["column A is X: renamed"]),
        ([{"B": 2, "C": 3}], ["column A is missing"]),
        ([{"A": 1, "B": 2, "C": 3, "D": 4}], ["column D was added"]),
        ([{"X": 1, "Y": 1, "B": 2, "C": 3}], ["A is missing", "X was added", "Y was added"]),
    ):
        found = differences(tmp_path, before, after)
        assert all(each.kind is DifferenceKind.COLUMNS for each in found)
        assert [each.remark for each in found] == [
            one if one.startswith("column") else f"column {one}" for one in said
        ]
    wide, after = [{**before[0], "D": 4}] * 3, [{"B": 2, "C": 3, "D": 4}] * 3
    one, other = differences(tmp_path, wide, [*after[:2], {**after[2], "C": 4}])
    assert one.remark == "column A is missing (in 3 or more records)"
    assert (other.record_index, other.column, other.candidate) == (2, "C", "4")
    many = differences(tmp_path, before * 3, [{"B": 2, "C": 3}] * 3)
    assert [each.remark for each in many] == ["column A is missing (in 3 or more records)"]
    assert (many[0].column, many[0].reference, many[0].candidate) == ("A", "A", None)


def test_a_record_under_another_key_is_looked_for(tmp_path: Path) -> None:
    before = {"K": rows(1, 2), "L": rows(3)}
    proof = Sides(tmp_path, before, {"K": rows(1), "L": rows(3, 2)}).proof()
    assert [(each.key, each.remark) for each in proof.examples] == [
        ("K", "the candidate has it under key 'L'"),
        ("L", "the reference has it under key 'K'"),
    ]
    proof = Sides(tmp_path, before, {"K": rows(2), "L": rows(3, 1)}).proof()
    assert [(each.key, each.record_index, each.remark) for each in proof.examples] == [
        ("K", 0, "the candidate has it under key 'L'"),
        ("L", 1, "the reference has it under key 'K'"),
    ]
    proof = Sides(tmp_path, before, {"L": rows(3), "M": rows(2), "N": rows(1)}).proof()
    assert [(each.key, each.remark) for each in proof.examples] == [
        (
            "K",
            "missing from the candidate and its 2 records; "
            "the candidate has some of them under key 'M'",
        ),
        (
            "M",
            "only in the candidate and its 1 records; the reference has some of them under key 'K'",
        ),
        (
            "N",
            "only in the candidate and its 1 records; the reference has some of them under key 'K'",
        ),
    ]
    proof = Sides(tmp_path, before, {"K": rows(1), "L": rows(3, 9)}).proof()
    assert [each.remark for each in proof.examples] == ["record is gone", "record was added"]
    proof = Sides(tmp_path, before, {"K": rows(1, 2), "M": rows(3)}).proof()
    assert [(each.key, each.remark) for each in proof.examples] == [
        (
            "L",
            "missing from the candidate and its 1 records; "
            "the candidate has some of them under key 'M'",
        ),
        (
            "M",
            "only in the candidate and its 1 records; the reference has some of them under key 'L'",
        ),
    ]
    proof = Sides(tmp_path, {"K": []}, {}).proof()
    assert [each.remark for each in proof.examples] == ["missing from the candidate; no records"]


def test_records_most_alike_are_paired(tmp_path: Path) -> None:
    before = [{"A": 1, "B": 1, "C": 1, "D": 1}, {"A": 2, "B": 2, "C": 2, "D": 2}]
    after = [{"A": 2, "B": 2, "C": 2, "D": 9}, {"A": 1, "B": 1, "C": 9, "D": 1}]
    found = differences(tmp_path, before, after)
    assert [(each.record_index, each.column, each.candidate) for each in found] == [
        (0, "C", "9"),
        (1, "D", "9"),
    ]
    unlike = [{"A": 7, "B": 7, "C": 7, "D": 1}, before[1]]
    kinds = [each.kind for each in differences(tmp_path, before, unlike)]
    assert kinds == [DifferenceKind.MISSING_RECORD, DifferenceKind.EXTRA_RECORD]
    half = [{"A": 1, "B": 1, "C": 7, "D": 7}, before[1]]
    assert {each.kind for each in differences(tmp_path, before, half)} == {DifferenceKind.VALUE}
    few = differences(tmp_path, [{"A": 1, "B": 1}], [{"A": 2, "B": 2}])
    assert [each.kind for each in few] == [DifferenceKind.VALUE] * 2


def test_of_records_in_another_order_the_first_is_shown(tmp_path: Path) -> None:
    (found,) = differences(tmp_path, rows(1, 2, 3, 4, 5), rows(3, 4, 5, 2, 1))
    assert (found.kind, found.record_index) == (DifferenceKind.RECORD_ORDER, 0)
    assert found.remark == (
        "the same record is at position 4 of the candidate; "
        "about 3 records of this key come in another order"
    )
