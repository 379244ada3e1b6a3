import threading

import pytest

from tests.unit.keyed.column_database import placeholders
from tracekit.errors import FetchError
from tracekit.oracle.arrow import NoArrowType
from tracekit.oracle.readers import Readers
from tracekit.oracle.retry import Retry


class ScriptedDatabase:
    """Stands in for Database: three rows for each CID asked for; CIDs in `fails` raise."""

    def __init__(self, *, fails=(), wait_for=None, fetchmany_size=5000, retry=None):
        self.fails = set(fails)
        self.wait_for = wait_for or {}
        self.fetchmany_size = fetchmany_size
        self.retry = retry or Retry(0, 1, 1)
        self.lock = threading.Lock()
        self.opened = 0
        self.closed = 0
        self.open_now = 0
        self.most_open = 0
        self.row_batches = 0

    def read_by(self, readers):
        assert isinstance(readers, Readers)
        return self

    def without_retry(self):
        return self

    def describe_arrow(self, sql):
        assert placeholders(sql)
        raise NoArrowType("this stand-in gives rows only")

    def read_sql_df_slow_iter(self, sql, params=None, timeout_seconds=None, batch_size=None):
        assert placeholders(sql) == list(params)
        size = batch_size or self.fetchmany_size
        cids = list(params.values())
        with self.lock:
            self.opened += 1
            self.open_now += 1
            self.most_open = max(self.most_open, self.open_now)
        try:
            event = self.wait_for.get(cids[0])
            if event:
                assert event.wait(10), "the event this batch waits for was never set"
            rows = [(cid, n, f"text {n}") for n in range(3) for cid in cids]
            for start in range(0, len(rows), size):
                if self.fails & set(cids):
                    raise FetchError(f"reading from there failed: {cids[0]}")
                with self.lock:
                    self.row_batches += 1
                yield ["CONTAINERID", "N", "TEXT"], rows[start : start + size]
        finally:
            with self.lock:
                self.closed += 1
                self.open_now -= 1


@pytest.fixture
def scripted():
    return ScriptedDatabase


@pytest.fixture
def ids():
    return lambda count: [f"LOT{n:05}" for n in range(count)]
