import math

from hypothesis import given
from hypothesis import strategies as st

from tracekit.keyed.domains import find_domain
from tracekit.keyed.grouping import group, nan_positions, plain_records

HISTORY = find_domain("history")
JOBS = find_domain("jobs")


def test_a_nan_becomes_none_and_nothing_else_changes():
    rows = [("A", 1, math.nan, None), ("B", 2.5, 1.0, "x"), ("C", math.inf, math.nan, "nan")]
    assert plain_records(["CID", "N", "F", "T"], rows) == [
        {"CID": "A", "N": 1, "F": None, "T": None},
        {"CID": "B", "N": 2.5, "F": 1.0, "T": "x"},
        {"CID": "C", "N": math.inf, "F": None, "T": "nan"},
    ]
    assert nan_positions(rows) == [2]


def test_no_rows_give_no_records():
    assert plain_records(["A"], []) == []
    assert nan_positions([]) == []


def test_records_without_a_usable_cid_are_left_out():
    events = {}
    records = [{"CONTAINERID": cid, "N": n} for n, cid in enumerate(["A", None, "", 5, "B", "A"])]
    group(events, HISTORY, ["A", "B"], records)
    assert events == {
        "A": [{"CONTAINERID": "A", "N": 0}, {"CONTAINERID": "A", "N": 5}],
        "B": [{"CONTAINERID": "B", "N": 4}],
    }
    group(events, HISTORY, ["A"], [{"N": 1}])
    assert sum(map(len, events.values())) == 3


def test_a_job_is_copied_under_every_cid_its_text_names():
    events = {}
    records = [
        {"JOBID": "J1", "CONTAINERIDS": "LOT1, LOT12", "CONTAINERID": None},
        {"JOBID": "J2", "CONTAINERIDS": None, "CONTAINERID": None},
        {"JOBID": "J3", "CONTAINERIDS": "LOT2", "CONTAINERID": None},
    ]
    group(events, JOBS, ["LOT12", "LOT1", "LOT3"], records)
    assert {cid: [r["JOBID"] for r in found] for cid, found in events.items()} == {
        "LOT12": ["J1"],
        "LOT1": ["J1"],
    }
    assert events["LOT1"][0]["CONTAINERID"] == "LOT1"
    assert events["LOT12"][0]["CONTAINERID"] == "LOT12"
    assert records[0]["CONTAINERID"] is None


@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C"]), st.integers())))
def test_grouping_keeps_every_record_in_order(rows):
    events = {}
    group(events, HISTORY, ["A", "B", "C"], plain_records(["CONTAINERID", "N"], rows))
    for cid, found in events.items():
        assert [record["N"] for record in found] == [n for key, n in rows if key == cid]
    assert sum(map(len, events.values())) == len(rows)
