import copy
import json
import math
import os
import pickle
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracekit.keyed
from tracekit.keyed.lean import LeanRecords, lean_records
from tracekit.keyed.shared_keys import record_maker

WIDTHS = [1, 2, 15, 28, 29, 30, 31, 200]


def names(count):
    return [f"COLUMN{n}" for n in range(count)]


def cells(value):
    """Value and exact type, -0.0 told from 0.0."""
    return type(value), repr(value)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_lean_record_is_the_dict_zip_of_its_row(width):
    columns = names(width)
    rows = [tuple(f"{n}-{place % 3}" for place in range(width)) for n in range(50)]
    made = lean_records(columns, rows)
    assert made == [dict(zip(columns, row, strict=True)) for row in rows]
    assert all(type(record) is dict and list(record) == columns for record in made)


@pytest.mark.parametrize("width", [1, 2, 15, 28, 29])
def test_a_record_of_shared_keys_is_less_than_half_a_plain_one(width):
    columns = names(width)
    make = record_maker(tuple(columns))
    lean = make([[value] * 100 for value in range(width)])[-1]
    plain = dict(zip(columns, range(width), strict=True))
    assert sys.getsizeof(lean) < 0.5 * sys.getsizeof(plain)


@pytest.mark.parametrize("width", [30, 31, 200])
def test_past_the_shared_limit_a_record_is_no_larger_than_a_plain_one(width):
    columns = names(width)
    make = record_maker(tuple(columns))
    lean = make([[value] * 100 for value in range(width)])[-1]
    assert sys.getsizeof(lean) <= sys.getsizeof(dict(zip(columns, range(width), strict=True)))


@pytest.mark.parametrize(
    "columns",
    [
        ["COUNT(*)", "a b", "é", "ﬁ", "class", "1x", ""],
        ["__dict__", "__class__", "__weakref__", "__slots__"],
        ["A", "B", "A", "C", "B"],
        ["None", "self", "o", "Shared", "names", "v0"],
    ],
)
def test_any_column_names_will_do(columns):
    rows = [tuple(range(n, n + len(columns))) for n in range(3)]
    assert lean_records(columns, rows) == [dict(zip(columns, row, strict=True)) for row in rows]
    assert [list(r) for r in lean_records(columns, rows)] == [list(dict.fromkeys(columns))] * 3


def test_no_rows_give_no_records_and_rows_of_the_wrong_width_are_refused():
    assert lean_records(["A"], []) == []
    with pytest.raises(ValueError, match="3 values do not fit 2 columns"):
        lean_records(["A", "B"], [(1, 2, 3)])
    with pytest.raises(ValueError, match="shorter"):
        lean_records(["A", "B"], [(1, 2), (1,)])


@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(-3, 3),
                st.sampled_from([0.0, -0.0, 1.0, 2.5, math.inf]),
                st.sampled_from([Decimal("1"), Decimal("1.0"), Decimal("1.00")]),
            ),
            st.sampled_from(["a", "b", b"a", None, ""]),
            st.sampled_from([0.0, -0.0, 1.0, None]),
            st.sampled_from([True, 1, None]),
            st.sampled_from(
                [
                    datetime(2026, 1, 1),
                    datetime(2026, 1, 1, fold=1),
                    datetime(2026, 1, 1, tzinfo=UTC),
                    datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
                ]
            ),
        ),
        max_size=40,
    )
)
def test_value_and_type_of_every_cell_stay_what_they_were(rows):
    columns = ["N", "T", "F", "B", "D"]
    maker = LeanRecords(columns)
    for start in range(0, len(rows), 7):  # several row batches, one memo
        part = rows[start : start + 7]
        for record, row in zip(maker.records(part), part, strict=True):
            assert list(map(cells, record.values())) == list(map(cells, row))


def test_nan_becomes_none():
    rows = [(math.nan, "x"), (1.5, math.nan), (float("nan"), None)]
    assert [list(r.values()) for r in lean_records(["F", "G"], rows)] == [
        [None, "x"],
        [1.5, None],
        [None, None],
    ]


def test_equal_values_are_one_object_across_row_batches():
    maker = LeanRecords(["LOT", "QTY"])
    first = maker.records([("LOT-" + str(n % 10), 10_000 + n % 7) for n in range(500)])
    second = maker.records([("LOT-" + str(n % 10), 10_000 + n % 7) for n in range(500)])
    third = maker.records([(None, 10_000 + n % 7 if n % 2 else None) for n in range(500)])
    assert len({id(r["LOT"]) for r in first + second}) == 10
    assert len({id(r["QTY"]) for r in first + second + third}) == 7 + 1


def test_columns_of_many_distinct_values_keep_no_memo():
    maker = LeanRecords(["UNIQUE", "FEW"])
    for start in range(0, 100_000, 5_000):
        rows = [(f"unique {n}", f"few {n % 100}") for n in range(start, start + 5_000)]
        assert [r["UNIQUE"] for r in maker.records(rows)] == [row[0] for row in rows]
    memos = [interner._memo for interner in maker._interners]
    assert (len(memos[0]), memos[0].worthwhile) == (0, False)
    assert (len(memos[1]), memos[1].worthwhile) == (100, True)


def test_mutating_one_record_leaves_the_others_alone():
    one, two, three = lean_records(["A", "B"], [("x", 1), ("x", 1), ("x", 1)])
    one["A"] = "y"
    one["NEW"] = 1
    del two["B"]
    two.update(C=3)
    assert one == {"A": "y", "B": 1, "NEW": 1}
    assert two == {"A": "x", "C": 3}
    assert three == {"A": "x", "B": 1}
    four = lean_records(["A", "B"], [("x", 1)])[0]
    assert list(four) == ["A", "B"]


def test_records_pickle_copy_and_become_json_and_frames():
    columns = names(15)
    rows = [tuple(f"{n}" for n in range(15)) for _ in range(20)]
    made = lean_records(columns, rows)
    plain = [dict(zip(columns, row, strict=True)) for row in rows]
    assert pickle.loads(pickle.dumps(made)) == plain
    assert copy.copy(made[0]) == copy.deepcopy(made[0]) == made[0].copy() == plain[0]
    assert json.dumps(made) == json.dumps(plain)
    assert pd.DataFrame.from_records(made).equals(pd.DataFrame.from_records(plain))
    assert made[0] | {"Z": 1} == plain[0] | {"Z": 1}


PROGRAM = """
import sys, types
for name, path in (("tracekit", sys.argv[1]), ("tracekit.keyed", sys.argv[1] + "/keyed")):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = [path]
from tracekit.keyed.lean import lean_records
for width in (1, 2, 15, 28, 29, 30, 31, 200):
    columns = [f"C{n}" for n in range(width)]
    rows = [tuple(str(n % 3) for _ in range(width)) for n in range(100)]
    plain = [dict(zip(columns, row)) for row in rows]
    made = lean_records(columns, rows)
    assert made == plain and all(type(r) is dict and list(r) == columns for r in made)
    ratio = sys.getsizeof(made[-1]) / sys.getsizeof(plain[-1])
    assert ratio <= (0.65 if width < 30 else 1), (width, ratio)
    made[0]["C0"] = "changed"
    made[1]["MORE"] = 1
    assert made[2:] == plain[2:]
"""


def interpreters(version):
    """Those of pyenv, and whatever else of that version is on the path."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted((pyenv / "versions").glob(f"{version}.*/bin/python"))
    other = shutil.which(f"python{version}")
    if not found and other is not None and "shims" not in other:
        found = [Path(other)]
    return found


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_lean_records_on_every_python_there_is(version):
    found = interpreters(version)
    if not found:
        pytest.skip(f"NOT TESTED on CPython {version}: there is none on this machine")
    package = Path(tracekit.keyed.__file__).parent.parent
    subprocess.run([found[-1], "-c", PROGRAM, str(package)], check=True)
