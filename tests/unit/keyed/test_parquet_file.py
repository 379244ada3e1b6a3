import json
import resource
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tracekit.errors import BatchFetchError, ConfigError, ExportError
from tracekit.keyed import KeyedFetcher, Query, column_reader, parquet
from tracekit.keyed.keyed_file import KeyedFile, open_parquet
from tracekit.trace import EventFetcher

sys.path.insert(0, str(Path(__file__).parent))
from column_database import ColumnDatabase
from test_keyed_table import cids_of, exact, rows_of, scripted


def export(database, cids, path, domain="history", **options):
    plain = EventFetcher(database, records="plain").fetch_events(cids, domain)
    return plain, EventFetcher(database, **options).to_parquet(cids, domain, path)


def names_in(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def small_row_groups(monkeypatch):
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 20_000)
    monkeypatch.setattr(column_reader, "_GATHERED_BYTES", 30_000)


def test_a_file_reads_like_the_mapping(tmp_path, small_row_groups):
    file = tmp_path / "events.parquet"
    plain, done = export(scripted(), cids_of(3_500), file, batch_size=100)
    assert (done.path, done.rows) == (file, sum(map(len, plain.values())))
    assert (done.keys, done.file_bytes) == (len(plain), file.stat().st_size)
    with open_parquet(str(file)) as events:
        assert events.path == file
        assert exact(events.to_records()) == exact(plain)
        assert exact(events) == exact(plain)
        assert (len(events), events.rows, list(events)) == (done.keys, done.rows, list(plain))
        assert "LOT99999" not in events
        cid = next(reversed(plain))
        assert cid in events
        assert events[cid] == plain[cid]
    assert names_in(tmp_path) == ["events.parquet"]


def test_row_groups_are_bounded_and_hold_the_cids_in_order(tmp_path, small_row_groups):
    plain, _ = export(scripted(), cids_of(3_500), tmp_path / "e.parquet", batch_size=100)
    file = pq.ParquetFile(tmp_path / "e.parquet")
    assert file.metadata.num_row_groups > 5
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    for group in range(file.metadata.num_row_groups):
        assert file.metadata.row_group(group).total_byte_size < 60_000
    columns = [file.metadata.row_group(0).column(place) for place in range(7)]
    assert [column.path_in_schema for column in columns if column.is_stats_set] == ["CONTAINERID"]
    assert [column.has_dictionary_page for column in columns] == [
        pa.types.is_dictionary(field.type) for field in file.schema_arrow
    ]
    found = file.read(columns=["CONTAINERID"]).column(0).to_pylist()
    assert list(dict.fromkeys(found)) == list(plain)
    assert file.schema_arrow.metadata[b"tracekit:query"] == b"history"


def test_neighbouring_keys_are_read_once_and_a_few_row_groups_stay(tmp_path):
    class Counted(pq.ParquetFile):
        def read_row_group(self, group, columns=None):
            read.append(group)
            asked.append(columns)
            return super().read_row_group(group, columns=columns)

    read, asked = [], []
    file = tmp_path / "e.parquet"
    table = pa.table({"ID": [f"key {n}" for n in range(12)], "N": range(12)})
    pq.write_table(
        table.replace_schema_metadata({"tracekit:key_columns": '["ID"]'}), file, row_group_size=2
    )
    with KeyedFile(file, Counted(file)) as events:
        assert (read, len(events), events.rows) == ([0, 1, 2, 3, 4, 5], 12, 12)
        assert asked == [["ID"]] * 6, "opening reads the key columns alone"
        read.clear()
        for n in (0, 1, 2, 4, 6, 1, 8, 0, 10, 2):
            assert events[f"key {n}"] == [{"ID": f"key {n}", "N": n}]
        assert read == [0, 1, 2, 3, 4, 5, 1], "the row group that was last used longest ago goes"
        assert repr(events) == "<KeyedFile: 12 rows of 12 keys>"
    with pytest.raises(ValueError, match="closed"):
        events["key 6"]


def test_other_readers_find_plain_columns(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    file = tmp_path / "e.parquet"
    plain, done = export(scripted(lambda cid: rows_of(cid, lambda n: n + 0.25)), cids_of(900), file)
    found = duckdb.sql(f"DESCRIBE FROM '{file}'").fetchall()
    assert [row[1] for row in found] == [
        "VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "DOUBLE", "TIMESTAMP", "VARCHAR"
    ]  # fmt: skip
    hours = [it["HOURS"] for records in plain.values() for it in records]
    assert duckdb.sql(f"SELECT sum(HOURS), count(*) FROM '{file}'").fetchall() == [
        (sum(hours), done.rows)
    ]


@pytest.mark.parametrize(
    "hours", [lambda n: n / 4 if n else 3, lambda n: 10**30, lambda n: 1.0 if n else 1]
)
def test_numbers_come_back_as_they_were(tmp_path, hours):
    database = scripted(lambda cid: rows_of(cid, hours))
    plain, _ = export(database, cids_of(1_200), tmp_path / "e.parquet")
    with open_parquet(tmp_path / "e.parquet") as events:
        assert exact(events) == exact(plain)
        assert exact(events.to_records()) == exact(plain)
    assert names_in(tmp_path) == ["e.parquet"], "what was begun again left nothing"


@pytest.mark.parametrize("cids", [[], ["NOROWS"]])
def test_no_rows_make_a_file_without_events(tmp_path, cids):
    database = scripted(lambda cid: [])
    done = EventFetcher(database).to_parquet(cids, "history", tmp_path / "e.parquet")
    assert (done.rows, done.keys) == (0, 0)
    with open_parquet(tmp_path / "e.parquet") as events:
        assert (len(events), list(events), events.to_records()) == (0, [], {})


def test_a_failed_batch_leaves_nothing_and_keeps_what_was_there(tmp_path, small_row_groups):
    file = tmp_path / "e.parquet"
    file.write_text("before")
    database = scripted(fails=["LOT01500"])
    with pytest.raises(BatchFetchError, match="1 of 3 batches"):
        EventFetcher(database).to_parquet(cids_of(2_500), "history", file)
    assert file.read_text() == "before"
    assert names_in(tmp_path) == ["e.parquet"]
    assert database.open_now == 0


def test_an_interrupt_leaves_nothing(tmp_path):
    class Interrupting(ColumnDatabase):
        def read_sql_arrow_iter(self, sql, params, **options):
            yield from super().read_sql_arrow_iter(sql, params, **options)
            if params["p0"] == "LOT01000":
                signal.raise_signal(signal.SIGINT)

    database = Interrupting(scripted().types, rows_of, unbounded=["HOURS"])
    with pytest.raises(KeyboardInterrupt):
        EventFetcher(database).to_parquet(cids_of(5_000), "history", tmp_path / "e.parquet")
    assert names_in(tmp_path) == []
    assert database.open_now == 0


@contextmanager
def files_of_at_most(size_bytes):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, limit[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_a_file_that_cannot_grow_is_a_named_error(tmp_path):
    file = tmp_path / "e.parquet"
    with files_of_at_most(9_000), pytest.raises(ExportError) as caught:
        EventFetcher(scripted()).to_parquet(cids_of(2_000), "history", file)
    assert f"{file} could not be written: File too large. Free some space" in str(caught.value)
    assert names_in(tmp_path) == []


def test_a_failed_batch_is_told_even_if_the_file_cannot_grow(tmp_path):
    database = scripted(fails=["LOT00000"])
    with files_of_at_most(100), pytest.raises(BatchFetchError):
        EventFetcher(database).to_parquet(cids_of(10), "history", tmp_path / "e.parquet")
    assert names_in(tmp_path) == []


def test_small_batches_of_keys_are_gathered_into_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 2_000)
    query = Query("SELECT * FROM T WHERE ID IN (:keys)", key="CONTAINERID", keys_per_statement=5)
    fetcher, file = KeyedFetcher(scripted(), query), tmp_path / "e.parquet"
    done = fetcher.to_parquet(cids_of(100), file)
    assert 2 < pq.ParquetFile(file).metadata.num_row_groups < 10
    expected = fetcher.records(cids_of(100))
    assert (done.rows, done.keys) == (sum(map(len, expected.values())), len(expected))
    assert done.file_bytes == file.stat().st_size


def test_the_pieces_of_a_batch_of_keys_are_as_large_as_told_and_its_keys_count_once(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 1)  # a row group for each piece
    types = {"ID": pa.large_string(), "N": pa.int64()}
    database = ColumnDatabase(types, lambda key: [(key, n) for n in range(40)])
    query = Query("SELECT * FROM T WHERE ID IN (:keys)", key="ID")
    for most_bytes, groups in ((10_000, [1]), (600, range(2, 8)), (1, [20])):
        monkeypatch.setattr(column_reader, "_GATHERED_BYTES", most_bytes)
        done = KeyedFetcher(database, query, batch_size=4).to_parquet(
            ["a", "b"], tmp_path / "e.parquet"
        )
        assert (done.rows, done.keys) == (80, 2)
        file = pq.ParquetFile(tmp_path / "e.parquet")
        assert file.metadata.num_row_groups in groups
        for group in range(file.metadata.num_row_groups):
            ids = file.read_row_group(group).column("ID").to_pylist()
            assert ids == sorted(ids), "the rows of a key are together"


def test_a_folder_that_takes_no_file_is_a_named_error(tmp_path):
    name = "x" * 250
    with pytest.raises(ExportError, match=r"could not be written: File name too long. Check that"):
        EventFetcher(scripted()).to_parquet(["A"], "history", tmp_path / name)
    assert names_in(tmp_path) == []


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="NOT TESTED: there is no /sys")
def test_a_folder_without_permission_is_named_with_the_reason():
    with pytest.raises(ExportError, match="could not be written") as caught:
        EventFetcher(scripted()).to_parquet(["A"], "history", "/sys/kernel/e.parquet")
    assert "No such file" not in str(caught.value)


def test_places_that_cannot_hold_a_file_are_refused_before_anything_is_read(tmp_path):
    database = scripted()
    fetcher = EventFetcher(database)
    with pytest.raises(ConfigError, match=r"is a folder\. Name a file in it"):
        fetcher.to_parquet(["A"], "history", tmp_path)
    with pytest.raises(ConfigError, match=r"the folder .* does not exist"):
        fetcher.to_parquet(["A"], "history", tmp_path / "none" / "e.parquet")
    assert database.queries == 0


def test_what_is_no_file_of_events_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"the file .* does not exist"):
        open_parquet(tmp_path / "none.parquet")
    (tmp_path / "text").write_text(json.dumps({}))
    with pytest.raises(ExportError, match="cannot be read as Parquet"):
        open_parquet(tmp_path / "text")
    pq.write_table(pa.table({"X": [1]}), tmp_path / "x.parquet")
    with pytest.raises(ExportError, match=rf"of {tmp_path}/x\.parquet has no key columns"):
        open_parquet(tmp_path / "x.parquet")
    table = pa.table({"ID": ["A", None]}).replace_schema_metadata(
        {"tracekit:key_columns": '["ID"]'}
    )
    pq.write_table(table, tmp_path / "n.parquet")
    with pytest.raises(ExportError, match=rf"^{tmp_path}/n\.parquet has NULL in key column ID"):
        open_parquet(tmp_path / "n.parquet")
