from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import ConfigError
from tracekit.keyed import Query
from tracekit.keyed.keys import batches_of, distinct

QUERY = Query("SELECT * FROM T", key="ID")
PAIRS = Query("SELECT * FROM T", key=("A", "B"))
BINDABLE = st.one_of(
    st.text(min_size=1),
    st.integers(),
    st.floats(allow_nan=False),
    st.decimals(allow_nan=False),
    st.datetimes(),
    st.dates(),
    st.binary(min_size=1),
)


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(0, []), (1, [1]), (999, [999]), (1000, [1000]), (1001, [1000, 1]), (2500, [1000, 1000, 500])],
)
def test_a_batch_holds_at_most_a_thousand_keys_in_order(count, sizes):
    keys = list(range(count))
    batches = batches_of(keys, QUERY)
    assert [len(batch) for batch in batches] == sizes
    assert [key for batch in batches for key in batch] == keys


@given(st.lists(BINDABLE))
def test_equal_keys_are_asked_for_once_in_first_order(keys):
    found = [key for batch in batches_of(keys, QUERY) for key in batch]
    assert found == list(dict.fromkeys(keys))


def test_scalars_of_numpy_and_arrow_stand_for_what_they_hold():
    given_keys = [np.int64(1), np.float64(2.5), pa.scalar("x"), pd.Timestamp("2026-01-01 02:03")]
    ((*found,),) = batches_of(given_keys, QUERY)
    assert [type(key) for key in found[:3]] == [int, float, str]
    assert found == [1, 2.5, "x", datetime.datetime(2026, 1, 1, 2, 3)]
    assert batches_of(pa.array([3, 4]), QUERY) == [[3, 4]]
    assert batches_of(pd.Series([3, 4]), QUERY) == [[3, 4]]


@pytest.mark.parametrize(
    "key",
    [
        None, "", b"", float("nan"), Decimal("nan"), pd.NaT, np.float64("nan"), pd.NA,
        pa.scalar(None, pa.string()),
    ],
)  # fmt: skip
def test_a_key_that_matches_nothing_is_refused_by_name(key):
    with pytest.raises(ConfigError, match=r"of query 'query' is NULL in Oracle") as caught:
        batches_of(["A", key], QUERY)
    assert repr(key) in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        object(), ["x"], {"a": 1}, np.array([1]), np.array([1, 2]),
        np.datetime64("2026-01-01", "ns"), np.timedelta64(1, "ns"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_bound_is_refused_by_name_and_type(key):
    with pytest.raises(ConfigError, match="cannot bind") as caught:
        batches_of([key], QUERY)
    assert repr(key) in str(caught.value) and type(key).__name__ in str(caught.value)


def test_a_key_of_several_columns_is_a_sequence_of_as_many():
    assert batches_of([(1, "a"), [1, "a"], (2, "b")], PAIRS) == [[(1, "a"), (2, "b")]]
    for key in ("ab", (1,), (1, 2, 3), 7):
        with pytest.raises(ConfigError, match="expected 2 values, for A, B"):
            batches_of([key], PAIRS)
    with pytest.raises(ConfigError, match="is NULL in Oracle"):
        batches_of([(1, None)], PAIRS)


def test_keys_and_queries_must_fit():
    with pytest.raises(ConfigError, match="takes no keys"):
        batches_of(["A"], Query("SELECT 1 FROM DUAL"))
    with pytest.raises(ConfigError, match="needs keys, and none were given"):
        batches_of(None, QUERY)
    with pytest.raises(ConfigError, match="not one text"):
        batches_of("ABC", QUERY)
    with pytest.raises(ConfigError, match=r"keys=5: expected a list of keys, such as \[5\]"):
        batches_of(5, QUERY)
    assert batches_of(None, Query("SELECT 1 FROM DUAL")) == [()]


@pytest.mark.parametrize("repeated", [[], [7], [0, 99_999, 50_000, 0]])
def test_many_keys_are_distinct_in_their_order_and_not_copied_without_need(repeated):
    keys = [*range(100_000), *repeated]
    found = distinct(keys)
    assert found == list(range(100_000))
    assert (found is keys) == (not repeated)


@pytest.mark.parametrize(
    ("sql", "limit"),
    [
        ("SELECT * FROM T WHERE K IN (:keys) ORDER BY K FETCH FIRST 10 ROWS ONLY", "FETCH FIRST"),
        ("select * from t where k in (:keys) fetch next :n rows only", "FETCH NEXT"),
        ("SELECT * FROM T WHERE K IN (:keys) OFFSET 5 ROWS", "OFFSET"),
        ("SELECT * FROM T WHERE K IN (:keys) OFFSET :n ROWS", "OFFSET"),
        ("SELECT * FROM T WHERE K IN (:keys) AND ROWNUM <= 10", "ROWNUM"),
        ("SELECT * FROM T WHERE rownum <= 10 AND K IN (:keys)", "ROWNUM"),
        ("SELECT * FROM T WHERE K IN (:keys) AND 10 > ROWNUM", "ROWNUM"),
        ("SELECT * FROM (SELECT * FROM T WHERE K IN (:keys) AND 10 > ROWNUM)", "ROWNUM"),
        (
            "SELECT * FROM (SELECT * FROM T WHERE K IN (:keys) ORDER BY V) WHERE ROWNUM < 3",
            "ROWNUM",
        ),
        (
            "WITH A AS (SELECT * FROM T WHERE (K IN (:keys)) AND ROWNUM < 9) SELECT * FROM A",
            "ROWNUM",
        ),
    ],
)
def test_limited_rows_are_not_limited_once_for_each_batch(sql, limit):
    binds = {"n": 5} if ":n" in sql else {}
    query = Query(sql, key="K", binds=binds, keys_per_statement=3)
    assert len(batches_of([1, 2, 3], query)) == 1
    with pytest.raises(ConfigError, match=f"limits its rows with {limit}, and 4 keys take 2 stat"):
        batches_of([1, 2, 3, 4], query)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM T FETCH FIRST 10 ROWS ONLY",
        "SELECT * FROM T CROSS APPLY (SELECT * FROM U WHERE U.K = T.K FETCH FIRST 1 ROW ONLY) "
        "WHERE K IN (:keys)",
        "SELECT * FROM T WHERE K IN (:keys) AND V = (SELECT MAX(V) FROM U WHERE ROWNUM < 5)",
        "SELECT OFFSET, K FROM T WHERE K IN (:keys) -- FETCH FIRST",
        "SELECT FETCH, K FROM T WHERE K IN (:keys) ORDER BY K NULLS FIRST",
        "SELECT (SELECT MAX(V) FROM U WHERE ROWNUM < 5) V, K FROM (SELECT * FROM T) "
        "WHERE (K IN (:keys)) AND V > (SELECT 1 FROM DUAL FETCH FIRST 1 ROW ONLY)",
    ],
)
def test_what_is_limited_apart_from_the_keys_is_asked_for_in_batches(sql):
    assert len(batches_of([1, 2, 3, 4], Query(sql, key="K", keys_per_statement=3))) == 2
