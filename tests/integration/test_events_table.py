"""Event tables and files of events against the plain iterator, through the real driver."""

import os
import subprocess
import sys

import pytest

import tracekit
from tracekit.errors import BatchFetchError
from tracekit.oracle import Database
from tracekit.testbed import LocalOracle
from tracekit.trace import DOMAINS, EventFetcher


@pytest.fixture(scope="module")
def oracle():
    with LocalOracle("trace-smoke") as local:
        yield local


@pytest.mark.parametrize("domain", DOMAINS)
def test_table_and_file_are_exactly_the_plain_iterator(oracle, domain, tmp_path):
    cids = oracle.keys()
    fetcher = EventFetcher(oracle.database)
    plain = EventFetcher(oracle.database, records="plain").fetch_events(cids, domain)
    table = fetcher.fetch_event_table(cids, domain)
    done = fetcher.to_parquet(cids, domain, tmp_path / "events.parquet")
    assert list(table) == list(plain)
    assert (done.rows, done.keys) == (table.rows, len(plain))
    with tracekit.open_parquet(tmp_path / "events.parquet") as stored:
        assert list(stored) == list(plain)
        for events in (table, stored, table.to_records(), stored.to_records()):
            tracekit.prove(plain, events, level="exact").raise_for_level()


def test_the_counts_of_a_table_are_those_of_the_database(oracle):
    table = EventFetcher(oracle.database).fetch_event_table(oracle.keys(), "materials")
    sql = "SELECT COUNT(*), COUNT(DISTINCT CONTAINERID) FROM DWH.DW_MES_LOTMATERIALSHISTORY"
    (row,) = oracle.database.read_sql_df(sql).itertuples(index=False)
    assert (table.rows, len(table)) == tuple(row)


def test_a_failing_query_leaves_nothing(oracle, tmp_path):
    cids = oracle.keys()

    class Flaky(Database):
        """Reads the second batch of ids from a table that is not there."""

        def read_sql_arrow_iter(self, sql, params=None, *args, **kwargs):
            if params["p0"] == cids[1000]:
                sql = sql.replace("DW_MES_LOTWIPHISTORY", "NO_SUCH_TABLE")
            return super().read_sql_arrow_iter(sql, params, *args, **kwargs)

    fetcher = EventFetcher(Flaky(**oracle.database.arguments))
    with pytest.raises(BatchFetchError, match="ORA-00942"):
        fetcher.fetch_event_table(cids, "history")
    with pytest.raises(BatchFetchError, match="1 of 2 batches of query 'history'"):
        fetcher.to_parquet(cids, "history", tmp_path / "events.parquet")
    assert list(tmp_path.iterdir()) == []


PROGRAM = """
import os, sys
import psutil, pyarrow
from tracekit import Database, EventFetcher, open_parquet

cids = open(sys.argv[2]).read().split()
fetcher = EventFetcher(Database(os.environ["DSN"], os.environ["NAME"], os.environ["WORD"]))
file = sys.argv[2] + ".parquet"
fetch = {
    "table": lambda keys: fetcher.fetch_event_table(cids, "history"),
    "parquet": lambda keys: fetcher.to_parquet(cids, "history", file),
}[sys.argv[1]]
fetch(cids[:1])
with open("/proc/self/clear_refs", "w") as marks:
    marks.write("5")
before = psutil.Process().memory_info().rss
kept = fetch(cids)
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024
with open_parquet(fetcher.to_parquet(cids, "history", file).path) as events:
    assert events[cids[0]]
for domain in ("holds", "jobs"):  # read as rows, and fanned out
    assert fetcher.fetch_event_table(cids, domain).to_records()
loaded = {"pandas", "duckdb"} & set(sys.modules)
assert not loaded, f"{loaded} was loaded"
print(peak - before, getattr(kept, "nbytes", 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("path", ["table", "parquet"])
def test_memory_is_bounded_and_no_frame_library_is_loaded(oracle, path, tmp_path):
    (tmp_path / "keys").write_text("\n".join(oracle.keys()))
    env = os.environ | {
        "DSN": oracle.dsn,
        "NAME": oracle.user,
        "WORD": oracle.password,
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
    command = [sys.executable, "-c", PROGRAM, path, str(tmp_path / "keys")]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    net_peak_bytes, column_bytes = map(int, done.stdout.split())
    assert net_peak_bytes < 48 * 2**20
    # 20,269 rows: 64 bytes a row, where a plain record has 1,400.
    assert column_bytes < 20_269 * 80
