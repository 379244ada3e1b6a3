import math
from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import ConfigError, FetchError
from tracekit.keyed import Query
from tracekit.keyed.grouping import Grouping
from tracekit.keyed.record import nan_positions, plain_records


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


def test_records_stand_under_their_keys_of_any_type():
    found = {}
    day = datetime(2026, 1, 1)
    records = [{"ID": key, "N": n} for n, key in enumerate([7, "7", day, b"7", 7])]
    Grouping(Query("SELECT * FROM T", key="id")).add(found, records)
    assert {key: [record["N"] for record in group] for key, group in found.items()} == {
        7: [0, 4],
        "7": [1],
        day: [2],
        b"7": [3],
    }


def test_several_columns_make_one_key_and_none_makes_one_group():
    records = [{"A": 1, "B": "x"}, {"A": 1, "B": "y"}, {"A": 1, "B": "x"}]
    pairs, whole = {}, {}
    Grouping(Query("SELECT * FROM T", key=["A", "B"])).add(pairs, records)
    Grouping(Query("SELECT * FROM T")).add(whole, records)
    assert {key: len(group) for key, group in pairs.items()} == {(1, "x"): 2, (1, "y"): 1}
    assert whole == {None: records}


@pytest.mark.parametrize("missing", [None, math.nan, pd.NaT])
def test_a_row_without_key_is_an_error_never_a_smaller_result(missing):
    for key, record, named in (
        ("ID", {"ID": missing}, "ID"),
        (["A", "B"], {"A": 1, "B": missing}, "A, B"),
    ):
        with pytest.raises(FetchError, match=rf"'q' .* NULL in its key \({named}\)"):
            Grouping(Query("SELECT * FROM T", key=key, name="q")).add({}, [record])


def test_a_result_without_the_key_column_is_refused_with_the_columns_it_has():
    with pytest.raises(ConfigError, match="'q' has no column ID to group by; its columns are A, B"):
        Grouping(Query("SELECT * FROM T", key="ID", name="q")).add({}, [{"A": 1, "B": 2}])


@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C"]), st.integers())))
def test_grouping_keeps_every_record_in_order(rows):
    found = {}
    query = Query("SELECT * FROM T", key="CONTAINERID")
    Grouping(query).add(found, plain_records(["CONTAINERID", "N"], rows))
    for cid, records in found.items():
        assert [record["N"] for record in records] == [n for key, n in rows if key == cid]
    assert sum(map(len, found.values())) == len(rows)
