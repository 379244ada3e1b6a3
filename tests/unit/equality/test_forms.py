"""What a value is called in drift, and the forms that digests and committed baselines are of."""

from __future__ import annotations

import array
import collections
import datetime
import fractions
import math
import re
import types
import uuid
import zoneinfo
from decimal import Decimal
from typing import Any

import numpy as np
import oracledb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tracekit.equality import canonical
from tracekit.equality.forms import Forms, Kind

MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, 6)
UTC = datetime.UTC
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
PACKED = (b"\x07\xea\x01\x02\x03\x04\x05\x00\x00\x06",)

STORED: list[tuple[object, Forms]] = [
    (None, Forms(Kind("None", "null"), None)),
    (True, Forms(Kind("bool", "boolean"), True)),
    (7, Forms(Kind("int", "integer"), 7)),
    (7.0, Forms(Kind("float", "integer"), 7, b"float")),
    (-0.0, Forms(Kind("float", "float"), -0.0)),
    (7.5, Forms(Kind("float", "float"), 7.5)),
    (math.inf, Forms(Kind("float", "float"), math.inf)),
    (math.nan, Forms(Kind("NaN", "null"), None, b"NaN")),
    ("a", Forms(Kind("str", "text"), "a")),
    (b"a", Forms(Kind("bytes", "bytes"), b"ba")),
    (bytearray(b"a"), Forms(Kind("bytearray", "bytes"), b"ba", b"", b"bytearray")),
    (memoryview(b"a"), Forms(Kind("memoryview", "bytes"), b"ba", b"", b"memoryview")),
    (MOMENT, Forms(Kind("datetime", "datetime"), PACKED)),
    (MOMENT.replace(fold=1), Forms(Kind("datetime", "datetime"), PACKED)),
    (
        MOMENT.replace(tzinfo=UTC),
        Forms(
            Kind("datetime[timezone UTC]", "datetime"),
            b"T2026-01-02T03:04:05.000006+00:00",
            b"",
            b"datetime[timezone UTC]",
        ),
    ),
    (
        MOMENT.replace(tzinfo=datetime.timezone(datetime.timedelta(0), "\ud800\0")),
        Forms(
            Kind("datetime[timezone \ud800\0]", "datetime"),
            b"T2026-01-02T03:04:05.000006+00:00",
            b"",
            b"datetime[timezone \\ud800\\0]",
        ),
    ),
    (datetime.date(2026, 1, 2), Forms(Kind("date", "date"), b"d2026-01-02")),
    (datetime.time(3, 4), Forms(Kind("time", "time"), b"t03:04:00")),
    (
        datetime.time(3, 4, tzinfo=UTC),
        Forms(Kind("time[timezone UTC]", "time"), b"t03:04:00+00:00", b"", b"time[timezone UTC]"),
    ),
    (
        datetime.timedelta(days=-1, microseconds=1),
        Forms(Kind("timedelta", "duration"), b"i-86399999999000"),
    ),
    (
        datetime.timedelta.max,  # more microseconds than a float holds
        Forms(Kind("timedelta", "duration"), b"i86399999999999999999000"),
    ),
    (Decimal("NaN"), Forms(Kind("Decimal", "decimal"), b"DNaN")),
    (Decimal("-Infinity"), Forms(Kind("Decimal", "decimal"), b"D-Infinity")),
    (Decimal("-15"), Forms(Kind("Decimal", "decimal"), b"D1:15:0")),
    (Decimal("10"), Forms(Kind("Decimal", "decimal"), b"D0:1:1")),
    (Decimal("0"), Forms(Kind("Decimal", "decimal"), b"D0:0:0")),
    (Decimal("0.00"), Forms(Kind("Decimal with trailing zeros", "decimal"), b"D0:0:0", b"0.00")),
    (Decimal("1.50"), Forms(Kind("Decimal with trailing zeros", "decimal"), b"D0:15:-1", b"1.50")),
    (Decimal("1E+1"), Forms(Kind("Decimal with exponent", "decimal"), b"D0:1:1", b"1E+1")),
    (Decimal("0E+3"), Forms(Kind("Decimal with exponent", "decimal"), b"D0:0:0", b"0E+3")),
    ([1.0], Forms(Kind("list", "list"), ("list", 1), b"78ddf0a4294c7c9e92ff4c02e9965740")),
    ([7, "a"], Forms(Kind("list", "list"), ("list", 7, "a"))),
    ((7,), Forms(Kind("tuple", "tuple"), ("tuple", 7))),
    (
        {"b": 1, "a": 2},
        Forms(Kind("dict", "dict"), ("dict", "a", 2, "b", 1), b"462a582fe48c4e581a46b658e57ceeed"),
    ),
    ({2, 1}, Forms(Kind("set", "set"), ("set", 1, 2))),
    (
        frozenset({1}),
        Forms(Kind("frozenset", "set"), ("set", 1), b"", b"748539e00e6b066bfa8d55a3793279c2"),
    ),
    (
        range(0, 5, 2),
        Forms(Kind("range", "range"), ("range", ("dict", "values", ("tuple", 3, 0, 2)))),
    ),
    (
        re.compile("a", re.IGNORECASE),
        Forms(
            Kind("re.Pattern", "re.Pattern"),
            ("re.Pattern", ("dict", "flags", 34, "pattern", "a")),
            b"77bfdc2bca90f6d03a3f9214c595350e",
        ),
    ),
    (
        collections.deque([1]),
        Forms(
            Kind("collections.deque", "list"),
            ("list", 1),
            b"5d8f437d3e91062a390162a4d7f43411",
            b"collections.deque",
        ),
    ),
    (
        types.MappingProxyType({"a": 1}),
        Forms(
            Kind("builtins.mappingproxy", "dict"),
            ("dict", "a", 1),
            b"5d8f437d3e91062a390162a4d7f43411",
            b"builtins.mappingproxy",
        ),
    ),
    (
        {1: 2}.keys(),
        Forms(
            Kind("builtins.dict_keys", "set"),
            ("set", 1),
            b"5d8f437d3e91062a390162a4d7f43411",
            b"builtins.dict_keys",
        ),
    ),
    (
        uuid.SafeUUID.unsafe,
        Forms(
            Kind("uuid.SafeUUID", "uuid.SafeUUID"),
            ("uuid.SafeUUID", ("dict", "name", "unsafe", "value", -1)),
        ),
    ),
    (
        types.SimpleNamespace(b=1, a=2),
        Forms(
            Kind("types.SimpleNamespace", "types.SimpleNamespace"),
            ("types.SimpleNamespace", ("dict", "a", 2, "b", 1)),
            b"462a582fe48c4e581a46b658e57ceeed",
        ),
    ),
    (
        fractions.Fraction(1, 2),
        Forms(
            Kind("fractions.Fraction", "fractions.Fraction"),
            ("fractions.Fraction", "Fraction(1, 2)"),
        ),
    ),
    (pd.NaT, Forms(Kind("NaT", "null"), None, b'j"NaT"', b"NaT")),
    (pd.NA, Forms(Kind("NA", "null"), None, b"", b"NA")),
    (pd.Timestamp(MOMENT), Forms(Kind("Timestamp", "datetime"), PACKED, b"", b"Timestamp")),
    (
        pd.Timestamp(MOMENT) + pd.Timedelta(1, "ns"),
        Forms(Kind("Timestamp", "datetime"), b"T2026-01-02T03:04:05.000006001", b"", b"Timestamp"),
    ),
    (
        pd.Timestamp(MOMENT, tz=UTC),
        Forms(
            Kind("Timestamp[timezone UTC]", "datetime"),
            b"T2026-01-02T03:04:05.000006+00:00",
            b"",
            b"Timestamp[timezone UTC]",
        ),
    ),
    (pd.Timedelta(1, "s"), Forms(Kind("Timedelta", "duration"), b"i1000000000", b"", b"Timedelta")),
    (
        pd.Interval(0, 1),
        Forms(
            Kind("pandas.Interval", "pandas.Interval"),
            ("pandas.Interval", ("dict", "left", 0, "right", 1, "closed", "right")),
        ),
    ),
    (
        pd.Period("2026-01"),
        Forms(
            Kind("pandas.Period", "pandas.Period"),
            ("pandas.Period", ("dict", "unit", "M", "ordinal", 672)),
            b"3f15f6c91e06bdff20ae346e096c8ce8",
        ),
    ),
    (
        pa.scalar(5),
        Forms(Kind("pyarrow.Scalar[int64]", "integer"), 5, b"jrefused", b"pyarrow.Scalar[int64]"),
    ),
    (np.int64(7), Forms(Kind("numpy.int64", "integer"), 7, b"", b"numpy.int64")),
    (np.float64("nan"), Forms(Kind("numpy.float64 NaN", "null"), None, b"NaN", b"numpy.float64")),
    (
        np.datetime64("NaT", "s"),
        Forms(Kind("numpy.datetime64 NaT", "null"), None, b"", b"numpy.datetime64"),
    ),
    (
        np.datetime64(MOMENT, "ns"),
        Forms(
            Kind("numpy.datetime64", "datetime"),
            PACKED,
            b"j1767323045000006000",
            b"numpy.datetime64",
        ),
    ),
    (
        np.datetime64("20000-01-01", "s"),
        Forms(
            Kind("numpy.datetime64", "datetime"),
            b"T20000-01-01T00:00:00",
            b"j568971820800",
            b"numpy.datetime64",
        ),
    ),
    (
        np.timedelta64(5, "us"),
        Forms(Kind("numpy.timedelta64", "duration"), b"i5000", b"", b"numpy.timedelta64"),
    ),
    (
        np.timedelta64(5, "ns"),
        Forms(Kind("numpy.timedelta64", "duration"), b"i5", b"j5", b"numpy.timedelta64"),
    ),
    (
        np.timedelta64(3, "M"),
        Forms(Kind("numpy.timedelta64[M]", "numpy.timedelta64[M]"), b"n3 months"),
    ),
    (
        uuid.UUID(int=1),
        Forms(Kind("uuid.UUID", "uuid.UUID"), ("uuid.UUID", repr(uuid.UUID(int=1)))),
    ),
]


@pytest.mark.parametrize(("value", "forms"), STORED, ids=[forms.kind.name for _, forms in STORED])
def test_forms_stay_as_they_are(value: object, forms: Forms) -> None:
    """Whoever changes one makes every committed baseline say that the output changed."""
    found = canonical(value)
    assert found.kind == forms.kind
    assert repr(found.value) == repr(forms.value)
    assert (found.json_mark, found.type_mark) == (forms.json_mark, forms.type_mark)


KINDS: list[tuple[Any, str, str]] = [
    (MOMENT.replace(tzinfo=BERLIN), "datetime[ZoneInfo Europe/Berlin]", "datetime"),
    (pd.NaT, "NaT", "null"),
    (pd.NA, "NA", "null"),
    (np.float64("nan"), "numpy.float64 NaN", "null"),
    (np.datetime64("NaT", "s"), "numpy.datetime64 NaT", "null"),
    (np.timedelta64("NaT", "s"), "numpy.timedelta64 NaT", "null"),
    (pd.Timestamp(MOMENT), "Timestamp", "datetime"),
    (pd.Timestamp(MOMENT) + pd.Timedelta(1, "ns"), "Timestamp", "datetime"),
    (pd.Timestamp(MOMENT, tz="UTC"), "Timestamp[timezone UTC]", "datetime"),
    (pd.Timedelta(1, "ns"), "Timedelta", "duration"),
    (pd.Interval(0, 1), "pandas.Interval", "pandas.Interval"),
    (pd.Period("2026-01"), "pandas.Period", "pandas.Period"),
    (np.int64(1), "numpy.int64", "integer"),
    (np.longdouble("0.1"), "numpy.longdouble", "numpy.longdouble"),
    (np.datetime64(MOMENT, "ns"), "numpy.datetime64", "datetime"),
    (np.datetime64("20000-01-01", "s"), "numpy.datetime64", "datetime"),
    (np.datetime64("2026-01", "M"), "numpy.datetime64", "date"),
    (np.timedelta64(5, "ns"), "numpy.timedelta64", "duration"),
    (np.timedelta64(3, "M"), "numpy.timedelta64[M]", "numpy.timedelta64[M]"),
    (np.void(b"ab"), "numpy.void", "bytes"),
    (np.array([(1, 2)], "i8,i8")[0], "numpy.void", "dict"),
    (array.array("d", [1.5]), "array.array[d]", "list"),
    (oracledb.IntervalYM(1, 2), "oracledb.IntervalYM", "tuple"),
    (collections.OrderedDict(a=1), "collections.OrderedDict", "dict"),
    (np.array([1]), "numpy.ndarray[int64]", "list"),
    (np.ma.array([1, 2], mask=[0, 1]), "numpy.MaskedArray[int64]", "list"),
    (pd.Series([1]), "pandas.Series[int64]", "list"),
    (pd.Series([1.5], index=["x"]), "pandas.Series[float64]", "list"),
    (
        pd.Series([1.5], index=pd.MultiIndex.from_tuples([(1, "a")])),
        "pandas.Series[float64]",
        "list",
    ),
    (pd.Series([1], dtype="category"), "pandas.Series[category of [1]]", "list"),
    (pd.Index([1], name="x"), "pandas.Index[int64]", "list"),
    (pd.array([1, None]), "pandas.IntegerArray[Int64]", "list"),
    (pd.Categorical([1]), "pandas.Categorical[category]", "list"),
    (pl.Series([1]), "polars.Series[Int64]", "list"),
    (pa.array([1]), "pyarrow.Array[int64]", "list"),
    (pa.chunked_array([[1]]), "pyarrow.ChunkedArray[int64]", "list"),
    (pa.scalar(5), "pyarrow.Scalar[int64]", "integer"),
    (pa.py_buffer(b"a"), "pyarrow.Buffer", "bytes"),
    (pd.DataFrame({"a": [1]}), "pandas.DataFrame", "list"),
    (pd.DataFrame({"a": []}), "pandas.DataFrame", "dict"),
    (pl.DataFrame({"a": [1]}), "polars.DataFrame", "list"),
    (pa.table({"a": [1]}), "pyarrow.Table", "list"),
    (pa.record_batch({"a": [1]}), "pyarrow.RecordBatch", "list"),
]


@pytest.mark.parametrize(("value", "name", "family"), KINDS, ids=[name for _, name, _ in KINDS])
def test_a_kind_is_called_what_a_user_calls_the_type(value: Any, name: str, family: str) -> None:
    assert canonical(value).kind == Kind(name, family)


CELLS: list[tuple[Any, object]] = [
    (np.ma.array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]]), [[1, None], [3, 4]]),
    (np.ma.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (np.ma.array([1, 2]), [1, 2]),
    (np.ma.array(5), 5),
    (np.ma.array(5, mask=True), None),
    (np.array(5), 5),
    (np.array([[[1], [2]]]), [[[1], [2]]]),
    (np.ma.array([np.datetime64(MOMENT)] * 2, mask=[1, 0]), [None, MOMENT]),
    (np.array([[(1, "a")]], "i8,U1"), [[{"f0": 1, "f1": "a"}]]),
    (pd.Series([1, 2], index=[5, 6], name="n"), [{"index": 5, "n": 1}, {"index": 6, "n": 2}]),
    (pd.Series([1], index=["x"]), [{"index": "x", "value": 1}]),
    (
        pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([(7, 8)], names=["k", None])),
        [{"k": 7, "level_1": 8, "a": 1}],
    ),
    (pd.DataFrame({"a": [1]}, index=["x"]), [{"index": "x", "a": 1}]),
    (pd.DataFrame({"a": [1]}, index=pd.Index([5], name="a")), [{("index", "a"): 5, "a": 1}]),
    (pd.DataFrame({"index": [1]}, index=["x"]), [{("index", "index"): "x", "index": 1}]),
    (pd.DataFrame({"a": []}), {"columns": {"a": None}}),
    (pa.scalar(5, pa.int8()), 5),
    (pa.scalar(MOMENT, pa.timestamp("ns")), MOMENT),
    (np.datetime64("20000-01-01T00:00:00.50", "ms"), np.datetime64("20000-01-01T00:00:00.5", "us")),
    (np.timedelta64(10**15, "s"), np.timedelta64(10**18, "ms")),
    (pa.array([10**12, None], pa.timestamp("s")), [np.datetime64(10**12, "s"), None]),
]


@pytest.mark.parametrize(("value", "plain"), CELLS)
def test_a_value_has_the_content_of_the_plain_one(value: Any, plain: object) -> None:
    assert repr(canonical(value).value) == repr(canonical(plain).value)


def test_an_array_of_one_element_is_refused_by_json_like_any_other() -> None:
    assert canonical(np.array([1])).json_mark == canonical(np.array([1, 2])).json_mark != b""
