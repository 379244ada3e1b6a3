"""Batches of keys as tasks for other processes, and files that go to object storage."""

from __future__ import annotations

import pickle
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.keyed.column_database import ColumnDatabase
from tracekit.errors import ConfigError, ExportError, FetchError, MissingExtra
from tracekit.keyed import KeyedFetcher, Query
from tracekit.keyed.object_storage import is_url, open_url, said_of, shown
from tracekit.keyed.partition import Partition, dask_frame, partitions_of
from tracekit.oracle import Database

TYPES = {
    "ID": pa.large_string(),
    "WHOLE": pa.int64(),
    "NUMBER": pa.float64(),
    "LONG": pa.decimal128(38, 0),
    "AT": pa.timestamp("s"),
    "N": pa.large_string(),
}
SCHEMA = pa.schema({**TYPES, "ID": pa.string(), "N": pa.string(), "LONG": pa.decimal128(38, 0)})
QUERY = Query("SELECT * FROM T WHERE ID IN (:keys)", key="ID", keys_per_statement=2)
NUMBERS: dict[str, Any] = {"a": 1, "b": 2.5, "c": None, "d": -(2**53), "e": 7}
PASSWORD = "not to be told"


class Elsewhere(ColumnDatabase):
    """What a process makes of the arguments that a partition carries."""

    plain_arguments = Database("there/X", "scott", PASSWORD, max_concurrent=3).plain_arguments

    def __init__(self, numbers: dict[str, Any] = NUMBERS, **options: Any) -> None:
        def rows(key: str) -> list[tuple[Any, ...]]:
            found = (key, 5, numbers[key], 10**30, datetime(2026, 1, 1), key)
            return [found] if key in numbers else []

        super().__init__(TYPES, rows, unbounded=["NUMBER"], **options)


MADE: list[Database] = []


def make_fetcher(database: Database, query: Query) -> KeyedFetcher:
    MADE.append(database)
    return KeyedFetcher(Elsewhere(), query)


def partitions(keys: Any = "abcde", query: Query = QUERY) -> list[Partition]:
    return partitions_of(make_fetcher, Elsewhere(), query, keys and list(keys))


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", PASSWORD)
    MADE.clear()


def test_a_partition_has_the_rows_of_its_keys_in_the_schema_of_all() -> None:
    tasks = partitions()
    assert [task.keys for task in tasks] == [("a", "b"), ("c", "d"), ("e",)]
    assert {task.schema for task in tasks} == {SCHEMA}
    tables = [pickle.loads(pickle.dumps(task))() for task in tasks]
    assert {table.schema for table in tables} == {SCHEMA}
    assert pa.concat_tables(tables).to_pylist() == [
        {
            "ID": key,
            "WHOLE": 5,
            "NUMBER": NUMBERS[key],
            "LONG": Decimal(10**30),
            "AT": datetime(2026, 1, 1),
            "N": key,
        }
        for key in "abcde"
    ]
    records = {key: found for task in tasks for key, found in task.records().items()}
    assert records == KeyedFetcher(Elsewhere(), QUERY).records(list("abcde"))


def test_a_partition_carries_no_secret_and_takes_it_from_where_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [task, *_] = partitions()
    assert PASSWORD.encode() not in pickle.dumps(task)
    assert PASSWORD not in repr(task)
    assert "there/X" not in repr(task)
    task()
    assert MADE.pop().secrets == {"password": PASSWORD}
    monkeypatch.setenv("TRACEKIT_WALLET_PASSWORD", "of the wallet")
    task()
    [made] = MADE
    assert made.plain_arguments == Elsewhere.plain_arguments
    assert set(made.secrets.values()) == {PASSWORD, "of the wallet"}
    monkeypatch.delenv("DB_PASSWORD")
    with pytest.raises(ConfigError, match=r"DB_PASSWORD .* is not set in the process"):
        task()


def test_a_query_without_keys_is_one_partition() -> None:
    [task] = partitions(None, Query("SELECT * FROM T WHERE 'a' = :x", binds={"x": "a"}))
    assert task.keys is None
    assert task().num_rows == 1
    assert task.records()[None][0]["ID"] == "a"


@pytest.mark.parametrize("number", [2**53 + 1, 10**30, -(10**38) + 1, 10**39])
def test_a_number_that_the_common_schema_would_round_is_refused(number: int) -> None:
    def make(database: Database, query: Query) -> KeyedFetcher:
        return KeyedFetcher(Elsewhere({"a": number, "b": 0.5}, rows_only=True), query)

    for keys in ("a", "ab"):
        [task] = partitions_of(make, Elsewhere(), QUERY, list(keys))
        with pytest.raises(FetchError, match="column NUMBER holds a number that double cannot"):
            task()


def test_dask_has_the_partitions_and_their_types_before_any_row_is_read() -> None:
    pytest.importorskip("dask.dataframe")
    tasks = partitions()
    frame = dask_frame(tasks)
    assert frame.npartitions == 3
    assert MADE == []
    found = frame.compute(scheduler="synchronous")
    assert dict(found.dtypes) == dict(frame.dtypes)
    assert found["ID"].tolist() == list("abcde")
    assert str(found.dtypes["NUMBER"]) == "double[pyarrow]"
    assert any(str(key).startswith("('tracekit-") for key in frame.dask)
    assert dask_frame(tasks[:1]).npartitions == 1
    with pytest.raises(ConfigError, match=r"to_dask\(\) needs keys"):
        dask_frame([])


def test_without_dask_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.dataframe", None)
    with pytest.raises(MissingExtra, match=r"tracekit\[dask\]"):
        dask_frame(partitions())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://bucket/x", True),
        ("gs+x.y-1://bucket", True),
        ("C:\\x", False),
        ("folder/x", False),
        ("a b://x", False),
        (Path("s3://bucket/x"), False),
        (None, False),
    ],
)
def test_a_url_is_told_from_a_path(path: object, expected: bool) -> None:
    assert is_url(path) is expected


def test_a_url_is_shown_without_its_secrets() -> None:
    url = "s3://user:pass@host@bucket:80/results/x.parquet?secret_key=hidden#part"
    assert shown(url) == "s3://bucket:80/results/x.parquet"


def test_a_file_goes_to_a_url_and_an_error_names_it(tmp_path: Path) -> None:
    fetcher = KeyedFetcher(Elsewhere(), QUERY)
    here = fetcher.to_parquet(list("abc"), tmp_path / "here.parquet")
    url = f"file://{tmp_path}/there.parquet"
    there = fetcher.to_parquet(list("abc"), url)
    assert (there.path, there.rows, there.keys) == (url, here.rows, here.keys)
    assert there.file_bytes == here.file_bytes
    assert (tmp_path / "there.parquet").read_bytes() == (tmp_path / "here.parquet").read_bytes()
    with pytest.raises(ExportError, match=r"^file:///nowhere/at/all\.parquet could not be written"):
        fetcher.to_parquet(list("abc"), "file:///nowhere/at/all.parquet")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left: on device"), "No space left: on device"),
        (OSError("When reading: https://user:hidden@host/x"), "When reading"),
        (OSError("x" * 300), "x" * 200),
    ],
)
def test_an_error_is_told_without_the_address_it_ends_with(error: OSError, said: str) -> None:
    assert said_of(error) == said


def test_a_url_that_nothing_can_open_is_refused_before_anything_is_read() -> None:
    database = Elsewhere()
    with pytest.raises(ConfigError, match=r"^to_parquet\(\): .* a gopher:// URL .*ArrowInvalid"):
        KeyedFetcher(database, QUERY).to_parquet(["a"], "gopher://user:hidden@nowhere/x.parquet")
    assert database.queries == 0


def test_what_arrow_does_not_know_is_opened_by_fsspec() -> None:
    pytest.importorskip("fsspec")
    files, path = open_url("memory://folder/x", name="the path")
    with files.open_output_stream(path) as stream:
        stream.write(b"1")
    with files.open_input_stream(path) as stream:
        assert stream.read() == b"1"
    there = KeyedFetcher(Elsewhere(), QUERY).to_parquet(list("abc"), "memory://folder/y.parquet")
    assert there.path == "memory://folder/y.parquet"
    files, path = open_url("memory://folder/y.parquet", name="the path")
    assert pq.read_table(path, filesystem=files).column("ID").to_pylist() == list("abc")
