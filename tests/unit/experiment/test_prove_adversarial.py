"""Each way in which two results can differ by a hair: the level it gives, and what is said."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tracekit.errors import NotEqual
from tracekit.experiment.prove import prove
from tracekit.records import DifferenceKind, Level

Events = dict[str, list[dict[str, Any]]]
KIND = DifferenceKind


class Text(str):
    __slots__ = ()


def events() -> Events:
    """Eight CIDs of five records; record 3 of each has NULLs."""
    return {
        f"4881{cid:012d}": [
            {
                "CONTAINERID": f"4881{cid:012d}",
                "EQUIPMENTNAME": f"焊接机 {cid}-{index}",
                "TRACKINTIMESTAMP": datetime.datetime(2026, 1, 1 + index, cid),
                "TRACKOUTTIMESTAMP": None if index == 3 else datetime.datetime(2026, 2, 1 + index),
                "TRACKOUTQTY": None if index == 3 else 1000 * cid + index,
            }
            for index in range(5)
        ]
        for cid in range(8)
    }


CID = "4881000000000002"
OTHER = "4881000000000005"


def changed(change: Callable[[Events], Any]) -> Events:
    other = copy.deepcopy(events())
    change(other)
    return other


def put(column: str, value: Any, record: int = 1) -> Callable[[Events], None]:
    def change(events: Events) -> None:
        events[CID][record][column] = value

    return change


def only_difference(proof: Any) -> Any:
    assert proof.level is Level.DIFFERENT
    assert proof.record.different_keys == 1
    assert len(proof.examples) == 1
    assert proof.examples[0].key == CID
    return proof.examples[0]


def test_nothing_changed():
    proof = prove(events(), dict(reversed(events().items())))
    assert proof.level is Level.EXACT
    assert (proof.drift, proof.examples, proof.record.equivalences) == ((), (), ())


def test_one_changed_character():
    proof = prove(events(), changed(put("EQUIPMENTNAME", "焊接机 2-l")))
    found = only_difference(proof)
    assert (found.kind, found.record_index, found.column) == (KIND.VALUE, 1, "EQUIPMENTNAME")
    assert (found.reference, found.candidate) == ("'焊接机 2-1'", "'焊接机 2-l'")
    assert (found.reference_type, found.candidate_type) == ("str", "str")


def test_one_lost_record():
    found = only_difference(prove(events(), changed(lambda e: e[CID].pop(2))))
    assert (found.kind, found.record_index) == (KIND.MISSING_RECORD, 2)
    assert "焊接机 2-2" in found.reference
    assert found.candidate is None


def test_one_duplicated_record():
    found = only_difference(prove(events(), changed(lambda e: e[CID].insert(2, dict(e[CID][1])))))
    assert found.kind is KIND.EXTRA_RECORD
    assert "duplicate" in found.remark


def test_one_of_two_equal_records_lost():
    twice = changed(lambda e: e[CID].insert(2, dict(e[CID][1])))
    found = only_difference(prove(twice, events()))
    assert found.kind is KIND.MISSING_RECORD
    assert "duplicate" in found.remark


def swap(events: Events) -> None:
    events[CID][1], events[CID][2] = events[CID][2], events[CID][1]


def test_two_records_swapped():
    found = only_difference(prove(events(), changed(swap)))
    assert found.kind is KIND.RECORD_ORDER
    assert "another order" in found.remark


def test_two_records_swapped_where_order_leaves_ties():
    proof = prove(events(), changed(swap), unordered=True)
    assert proof.level is Level.EXACT
    assert proof.record.equivalences == ("record order",)
    assert any("another order" in remark for remark in proof.record.remarks)


def test_unordered_still_finds_a_change():
    def change(events: Events) -> None:
        swap(events)
        events[CID][4]["TRACKOUTQTY"] = 1

    found = only_difference(prove(events(), changed(change), unordered=True))
    assert (found.kind, found.record_index, found.column) == (KIND.VALUE, 4, "TRACKOUTQTY")


@pytest.mark.parametrize("renamed", [False, True])
def test_a_record_moved_to_another_cid(renamed):
    def move(events: Events) -> None:
        record = events[CID].pop(1)
        if renamed:
            record["CONTAINERID"] = OTHER
        events[OTHER].append(record)

    proof = prove(events(), changed(move))
    gone, new = proof.examples
    assert (gone.kind, gone.key) == (KIND.MISSING_RECORD, CID)
    assert (new.kind, new.key) == (KIND.EXTRA_RECORD, OTHER)
    assert OTHER in gone.remark
    assert CID in new.remark


def test_a_missing_and_an_extra_key():
    def change(events: Events) -> None:
        events["4881999999999999"] = [
            {**record, "CONTAINERID": "4881999999999999"} for record in events.pop(CID)
        ]

    proof = prove(events(), changed(change))
    record = proof.record
    assert (record.different_keys, record.missing_keys, record.extra_keys) == (2, 1, 1)
    assert [found.kind for found in proof.examples] == [KIND.MISSING_KEY, KIND.EXTRA_KEY]
    assert "4881999999999999" in proof.examples[0].remark


def test_an_int_that_became_a_float_beside_a_null():
    def change(events: Events) -> None:
        for records in events.values():
            for record in records:
                quantity = record["TRACKOUTQTY"]
                record["TRACKOUTQTY"] = float("nan") if quantity is None else float(quantity)

    proof = prove(events(), changed(change))
    assert proof.level is Level.VALUE
    assert {
        (d.column, d.from_type, d.to_type, d.count, d.lossy, d.source) for d in proof.drift
    } == {
        ("TRACKOUTQTY", "int", "float", 32, False, "histogram"),
        ("TRACKOUTQTY", "None", "NaN", 8, False, "histogram"),
    }
    assert {(d.example_from, d.example_to) for d in proof.drift} == {("0", "0.0"), ("None", "nan")}
    assert proof.record.equivalences == ("NaN/NaT/NA = None", "integral float = int")


def test_an_int_that_no_float_can_hold():
    left = changed(put("TRACKOUTQTY", 2**53 + 1))
    right = changed(put("TRACKOUTQTY", float(2**53 + 1)))
    proof = prove(left, right)
    found = only_difference(proof)
    assert (found.reference, found.candidate) == ("9007199254740993", "9007199254740992.0")
    assert "digits are lost" in found.remark
    (drift,) = proof.drift
    assert (drift.from_type, drift.to_type, drift.count) == ("int", "float", 1)
    assert drift.lossy
    assert drift.equivalence is None


def test_lossy_and_lossless_drift_of_one_column_are_told_apart():
    def change(events: Events) -> None:
        for records in events.values():
            for record in records:
                if record["TRACKOUTQTY"] is not None:
                    record["TRACKOUTQTY"] = float(record["TRACKOUTQTY"])

    left = changed(put("TRACKOUTQTY", 2**53 + 1))
    right = copy.deepcopy(left)
    change(right)
    proof = prove(left, right)
    assert {(d.count, d.lossy) for d in proof.drift} == {(31, False), (1, True)}


def test_nat_against_none():
    def change(events: Events) -> None:
        for records in events.values():
            for record in records:
                left = record["TRACKOUTTIMESTAMP"]
                record["TRACKOUTTIMESTAMP"] = pd.NaT if left is None else pd.Timestamp(left)

    proof = prove(changed(change), events())
    assert proof.level is Level.VALUE
    assert {(d.from_type, d.to_type, d.count, d.equivalence) for d in proof.drift} == {
        ("NaT", "None", 8, "NaN/NaT/NA = None"),
        ("Timestamp", "datetime", 32, "Timestamp = datetime"),
    }


def test_timestamps_alone_reach_level_json():
    def change(events: Events) -> None:
        for records in events.values():
            for record in records:
                record["TRACKINTIMESTAMP"] = pd.Timestamp(record["TRACKINTIMESTAMP"])

    proof = prove(changed(change), events())
    assert proof.level is Level.JSON
    assert proof.record.equivalences == ("Timestamp = datetime",)


MOMENT = datetime.datetime(2026, 1, 2, 2)


@pytest.mark.parametrize(
    ("before", "after", "remark", "lossy"),
    [
        ("", None, "Oracle stores ''", True),
        ("A-1", "A-1   ", "trailing spaces", True),
        ("A-1", " A-1", "white space", True),
        ("A-1", "a-1", "letter case", False),
        ("caf\u00e9", "cafe\u0301", "Unicode normalisation", False),
        (Decimal("1.10"), 1.1, "digits are lost", True),
        (Decimal("0.5"), 0.5, "a Decimal and a float of the same number", False),
        (Decimal(5), 5, "a Decimal and an int of the same number", False),
        (1, True, "a Boolean", False),
        (0.0, -0.0, "sign is lost", True),
        (10**400, 1e308, "cannot hold", True),
        (MOMENT.replace(tzinfo=datetime.UTC), MOMENT, "time zone", True),
        (
            MOMENT.replace(tzinfo=datetime.UTC),
            MOMENT.replace(tzinfo=datetime.UTC).astimezone(
                datetime.timezone(datetime.timedelta(hours=8))
            ),
            "same instant",
            False,
        ),
        (pd.Timestamp("2026-01-02T02:00:00.000000001"), MOMENT, "fractions of a second", True),
        (MOMENT.replace(microsecond=1), MOMENT, "fractions of a second", True),
        (MOMENT, MOMENT.date(), "a date against a date with a time", True),
        (MOMENT, "2026-01-02T02:00:00", "same JSON", False),
        (datetime.date(2026, 1, 2), "2026-01-02", "same JSON", False),
        (Decimal("1.5"), "1.5", "same JSON", False),
    ],
)
def test_values_that_look_alike_are_different_and_it_is_said_why(before, after, remark, lossy):
    proof = prove(changed(put("EQUIPMENTNAME", before)), changed(put("EQUIPMENTNAME", after)))
    found = only_difference(proof)
    assert found.kind is KIND.VALUE
    assert remark in found.remark
    kinds_differ = found.reference_type != found.candidate_type
    assert [drift.lossy for drift in proof.drift] == ([True] if lossy and kinds_differ else [])


def test_column_order():
    def change(events: Events) -> None:
        events[CID] = [dict(reversed(record.items())) for record in events[CID]]

    proof = prove(events(), changed(change))
    assert proof.level is Level.VALUE
    assert proof.record.equivalences == ("column order",)
    assert proof.examples[0].kind is KIND.COLUMNS
    assert "another order" in proof.examples[0].remark


def rename(old: str, new: str) -> Callable[[Events], None]:
    def change(events: Events) -> None:
        for cid, records in events.items():
            events[cid] = [
                {new if name == old else name: value for name, value in record.items()}
                for record in records
            ]

    return change


@pytest.mark.parametrize(
    ("new", "remark"),
    [("trackoutqty", "in another letter case"), ("QTY", "renamed")],
)
def test_a_renamed_column(new, remark):
    proof = prove(events(), changed(rename("TRACKOUTQTY", new)))
    assert proof.level is Level.DIFFERENT
    assert proof.record.different_keys == 8
    first, *others = proof.examples
    assert (first.kind, first.reference, first.candidate) == (KIND.COLUMNS, "TRACKOUTQTY", new)
    assert remark in first.remark
    assert len(others) <= 1  # only where a NULL leaves open which column is meant
    assert any("TRACKOUTQTY" in remark for remark in proof.record.remarks)


def test_a_lost_column():
    def change(events: Events) -> None:
        del events[CID][1]["TRACKOUTQTY"]

    found = only_difference(prove(events(), changed(change)))
    assert (found.kind, found.column, found.record_index) == (KIND.COLUMNS, "TRACKOUTQTY", 1)
    assert "missing" in found.remark


@pytest.mark.parametrize("value", [Text("焊接机 2-1"), np.str_("焊接机 2-1")])
def test_a_subclass_of_str(value):
    proof = prove(events(), changed(put("EQUIPMENTNAME", value)))
    assert proof.level is Level.JSON
    (drift,) = proof.drift
    assert (drift.column, drift.from_type, drift.count) == ("EQUIPMENTNAME", "str", 1)
    assert drift.equivalence in ("subclass = base type", "numpy scalar = Python scalar")
    assert drift.example_from == drift.example_to == "'焊接机 2-1'"


def test_empty_results():
    proof = prove({}, {})
    assert proof.level is Level.EXACT
    assert proof.record.remarks == ("both results are empty",)
    assert prove(events(), {}).record.missing_keys == 8
    assert prove({}, events()).record.extra_keys == 8


def test_a_cid_without_records_on_one_side_only():
    def empty(events: Events) -> None:
        events[CID] = []

    def drop(events: Events) -> None:
        del events[CID]

    found = only_difference(prove(changed(empty), changed(drop)))
    assert found.kind is KIND.MISSING_KEY
    assert "no records" in found.remark
    found = prove(events(), changed(empty))
    assert found.record.missing_keys == 0
    assert {example.kind for example in found.examples} == {KIND.MISSING_RECORD}


def test_drift_that_totals_do_not_settle_is_counted_by_looking():
    left = changed(put("TRACKOUTQTY", 2001.0, record=1))
    right = changed(put("TRACKOUTQTY", 2002.0, record=2))
    proof = prove(left, right)
    assert proof.level is Level.VALUE
    assert {(d.from_type, d.to_type, d.count, d.source) for d in proof.drift} == {
        ("float", "int", 1, "refetch"),
        ("int", "float", 1, "refetch"),
    }
    assert any("do not determine" in remark for remark in proof.record.remarks)


def test_the_first_differences_are_raised():
    proof = prove(events(), changed(put("EQUIPMENTNAME", "焊接机 2-1 ")))
    with pytest.raises(NotEqual, match=r"(?s)different, not value.*4881000000000002.*trailing"):
        proof.raise_for_level()
    equal = prove(events(), events(), level="exact")
    assert equal.raise_for_level() is equal
    subclass = prove(events(), changed(put("EQUIPMENTNAME", Text("焊接机 2-1"))), level="exact")
    assert "equal at level json" in str(subclass)
    assert "; level exact is required;" in str(subclass)
    assert "is required" not in str(equal)
    with pytest.raises(NotEqual, match="equal at level json, not exact"):
        subclass.raise_for_level()
