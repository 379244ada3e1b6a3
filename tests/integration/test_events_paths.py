"""Every path over every domain, through the real driver, against the local Oracle."""

import os
import subprocess
import sys
import tracemalloc

import pandas as pd
import pytest

from tracekit.errors import BatchFetchError, FetchError
from tracekit.keyed import PartialRecords
from tracekit.oracle import Database
from tracekit.testbed import LocalOracle
from tracekit.trace import DOMAINS, EventFetcher, LegacyEventFetcher, domain_query


@pytest.fixture(scope="module")
def oracle():
    with LocalOracle("trace-smoke") as local:
        yield local


@pytest.fixture(scope="module")
def database(oracle):
    return oracle.database


@pytest.fixture(scope="module")
def cids(database):
    sql = "SELECT CONTAINERID FROM DWH.DW_MES_CONTAINER ORDER BY CONTAINERID"
    return [row[0] for _, rows in database.read_sql_df_slow_iter(sql) for row in rows]


def exact(events):
    """What "exact" means: CIDs, records, keys and values in order, with their types."""
    return [
        (cid, [[(key, type(value), value) for key, value in record.items()] for record in records])
        for cid, records in events.items()
    ]


@pytest.mark.parametrize("domain", DOMAINS)
def test_lean_and_stream_are_exactly_the_plain_iterator(database, cids, domain):
    plain = EventFetcher(database, records="plain").fetch_events(cids, domain)
    assert plain
    lean = EventFetcher(database).fetch_events(cids, domain)
    assert exact(lean) == exact(plain)
    pieces = {}
    for piece in EventFetcher(database).fetch_events_iter(cids, domain, 700):
        assert sum(map(len, piece.values())) <= 700 or domain == "jobs"
        for cid, records in piece.items():
            pieces.setdefault(cid, []).extend(records)
    assert exact(pieces) == exact(plain)


@pytest.mark.parametrize("domain", ["history", "holds", "jobs"])
def test_legacy_says_the_same_but_for_nat_and_floats(database, cids, domain):
    legacy = LegacyEventFetcher(database).fetch_events(cids, domain)
    plain = EventFetcher(database, records="plain").fetch_events(cids, domain)
    assert set(legacy) == set(plain)
    kinds = set()
    for cid, records in plain.items():
        for old, new in zip(legacy[cid], records, strict=True):
            assert list(old) == list(new)
            for name, value in new.items():
                kinds.add((type(old[name]).__name__, type(value).__name__))
                if value is None:
                    assert old[name] is None or old[name] is pd.NaT
                else:
                    assert old[name] == value
    if domain == "history":
        assert ("NaTType", "NoneType") in kinds
        assert ("float", "int") in kinds


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001])
def test_each_number_of_cids_gives_what_single_queries_give(database, cids, count):
    wanted = cids[:count]
    events = EventFetcher(database).fetch_events(wanted, "materials")
    assert set(events) <= set(wanted)
    sql = "SELECT COUNT(*) FROM DWH.DW_MES_LOTMATERIALSHISTORY WHERE CONTAINERID <= :last"
    total = database.read_sql_df(sql, {"last": wanted[-1] if wanted else "0"}).iloc[0, 0]
    assert sum(map(len, events.values())) == total


def test_lean_events_are_a_fraction_of_plain_ones(database, cids):
    plain = EventFetcher(database, records="plain").fetch_events(cids, "history")
    lean = EventFetcher(database).fetch_events(cids, "history")
    assert deep_bytes(lean) < 0.30 * deep_bytes(plain)


def deep_bytes(events):
    objects = {id(events): events}
    for cid, records in events.items():
        objects[id(cid)] = cid
        objects[id(records)] = records
        for record in records:
            objects[id(record)] = record
            objects.update((id(value), value) for value in record.values())
    return sum(map(sys.getsizeof, objects.values()))


def test_a_batch_that_times_out_is_named_and_the_rest_can_be_had(oracle, cids):
    class Flaky(Database):
        """Reads the second batch of ids from a table that is not there."""

        def read_sql_df_slow_iter(self, sql, params=None, *args, **kwargs):
            if params["p0"] == cids[1000]:
                sql = sql.replace("DW_MES_LOTMATERIALSHISTORY", "NO_SUCH_TABLE")
            return super().read_sql_df_slow_iter(sql, params, *args, **kwargs)

    fetcher = EventFetcher(Flaky(oracle.dsn, oracle.user, oracle.password), records="plain")
    with pytest.raises(BatchFetchError, match="1 of 2 batches of query 'materials'") as caught:
        fetcher.fetch_events(cids, "materials")
    assert isinstance(caught.value.__cause__, FetchError)
    assert "ORA-00942" in str(caught.value)
    partial = fetcher.fetch_events(cids, "materials", allow_partial=True)
    assert isinstance(partial, PartialRecords)
    assert set(partial) <= set(cids[:1000])
    assert [failure.batch_index for failure in partial.failures] == [1]


def test_the_drained_iterator_holds_one_row_batch_at_a_time(database, cids):
    sql, binds = domain_query("history").statement(cids[:1000])
    peaks = {}
    for batch_size in (100, 2_000):
        rows = database.read_sql_df_slow_iter(sql, binds, batch_size=batch_size)
        next(rows)
        tracemalloc.start()
        drained = sum(len(batch) for _, batch in rows)
        peaks[batch_size] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert drained > 7_000
    # About 1.2 KB a row; the server's packets wait in the driver's buffer too.
    assert peaks[100] < 1_000_000
    assert peaks[2_000] < 9_000_000


PROGRAM = """
import os, sys
from tracekit.trace import EventFetcher
from tracekit.oracle import Database
database = Database(os.environ["DSN"], os.environ["NAME"], os.environ["WORD"])
fetcher = EventFetcher(database, records=sys.argv[1])
events = fetcher.fetch_events(sys.argv[2:], "history")
pieces = list(fetcher.fetch_events_iter(sys.argv[2:], "history"))
assert events and pieces
assert "pandas" not in sys.modules, "pandas was loaded"
"""


@pytest.mark.parametrize("records", ["plain", "lean"])
def test_no_path_of_the_fetcher_loads_pandas(oracle, cids, records):
    env = os.environ | {"DSN": oracle.dsn, "NAME": oracle.user, "WORD": oracle.password}
    subprocess.run([sys.executable, "-c", PROGRAM, records, *cids[:5]], env=env, check=True)
