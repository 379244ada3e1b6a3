"""Connections that fail at any row: all rows of a batch come of one run of its query, or an error.

The stand-in's rows tell the run that gave them, as if the data had changed in between; so rows of
two runs put together would be seen.
"""

import threading
from itertools import islice

import oracledb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracledb import errors as driver

from tests.unit.keyed.column_database import placeholders
from tracekit.errors import BatchFetchError, FetchError
from tracekit.keyed.channel import Channel
from tracekit.keyed.piece_stream import PieceStream
from tracekit.oracle.arrow import ArrowShape
from tracekit.oracle.readers import Readers
from tracekit.oracle.retry import Retry
from tracekit.trace import EventFetcher, LegacyEventFetcher

ATTEMPTS = 2
CIDS = [f"LOT{n:05}" for n in range(2200)]
BATCHES = [CIDS[:1000], CIDS[1000:2000], CIDS[2000:]]
ROWS_A_CID = 2


def quick_retry(attempts=ATTEMPTS):
    retry = Retry(attempts, 1, 60)
    retry.reached()
    return retry


def closed_connection():
    made = driver._Error(message="DPY-4011: the database or network closed the connection")
    try:
        raise FetchError("reading from there failed: DPY-4011") from made.exc_type(made)
    except FetchError as error:
        return error


class FlakyDatabase:
    """Each run of a batch's query drops its connection after as many rows as `drops` says."""

    def __init__(self, drops, fetchmany_size=5000, retry=None):
        self.drops = drops
        self.fetchmany_size = fetchmany_size
        self.retry = retry or quick_retry()
        self.lock = threading.Lock()
        self.runs = [0] * len(BATCHES)
        self.open_now = 0

    def read_by(self, readers):
        assert isinstance(readers, Readers)
        return self

    def without_retry(self):
        return self

    def describe_arrow(self, sql):
        schema = pa.schema({"CONTAINERID": pa.large_string(), "N": pa.int64(), "RUN": pa.int64()})
        return ArrowShape(schema, (), same_as_rows=False)

    def read_sql_df_slow_iter(self, sql, params, batch_size=None):
        assert placeholders(sql) == list(params)
        cids = list(params.values())
        batch = BATCHES.index(cids)
        with self.lock:
            run = self.runs[batch]
            self.runs[batch] += 1
            self.open_now += 1
        drops = self.drops[batch]
        drop = drops[run] if run < len(drops) else None
        rows = iter([(cid, n, run) for n in range(ROWS_A_CID) for cid in cids][:drop])
        try:
            while some := list(islice(rows, batch_size or self.fetchmany_size)):
                yield ["CONTAINERID", "N", "RUN"], some
            if drop is not None:
                raise closed_connection()
        finally:
            with self.lock:
                self.open_now -= 1

    def read_sql_df(self, sql, params, timeout_seconds):
        raise closed_connection()


def whole_runs(events, batch):
    """The runs that gave the records of one batch, all of which must be there once."""
    runs = set()
    for cid in BATCHES[batch]:
        assert [record["N"] for record in events[cid]] == list(range(ROWS_A_CID))
        runs.update(record["RUN"] for record in events[cid])
    return runs


def joined(pieces, into):
    for piece in pieces:
        for cid, records in piece.items():
            into.setdefault(cid, []).extend(records)


READERS = {
    "plain": lambda fetcher: fetcher.fetch_events(CIDS, "history", records="plain"),
    "lean": lambda fetcher: fetcher.fetch_events(CIDS, "history"),
    "table": lambda fetcher: fetcher.fetch_event_table(CIDS, "history").to_records(),
}
DROPS = st.lists(
    st.lists(st.integers(0, 1000 * ROWS_A_CID), max_size=ATTEMPTS + 1), min_size=3, max_size=3
)


@pytest.mark.parametrize("reader", READERS)
@settings(deadline=None, max_examples=12)
@given(drops=DROPS, fetchmany_size=st.sampled_from([1, 7, 500, 1000, 1999, 5000]))
def test_each_batch_is_one_run_of_its_query_or_an_error(reader, drops, fetchmany_size):
    database = FlakyDatabase(drops, max(fetchmany_size, 50))
    hopeless = [n for n, rows in enumerate(drops) if len(rows) > ATTEMPTS]
    fetcher = EventFetcher(database)
    if hopeless:
        with pytest.raises(BatchFetchError) as caught:
            READERS[reader](fetcher)
        for failure in caught.value.failures:
            assert failure.batch_index in hopeless
            assert failure.cause.retries == ATTEMPTS
        assert all(runs <= ATTEMPTS + 1 for runs in database.runs)
    else:
        events = READERS[reader](fetcher)
        assert list(events) == CIDS
        assert [whole_runs(events, n) for n in range(3)] == [{len(rows)} for rows in drops]
        assert database.retry.count == sum(map(len, drops))
    assert database.open_now == 0


@pytest.mark.parametrize("whole_cids", [False, True])
@settings(deadline=None, max_examples=20)
@given(drops=DROPS, fetchmany_size=st.sampled_from([50, 499, 1000, 5000]))
def test_a_stream_gives_whole_batches_of_one_run_or_ends_in_an_error(
    whole_cids, drops, fetchmany_size
):
    database = FlakyDatabase(drops, fetchmany_size)
    events = {}
    pieces = EventFetcher(database).fetch_events_iter(CIDS, "history", whole_cids=whole_cids)
    whole = 3
    try:
        joined(pieces, events)
    except BatchFetchError as error:
        [failure] = error.failures
        whole = failure.batch_index
        assert len(drops[whole]) > (ATTEMPTS if whole_cids else 0)
    else:
        assert not whole_cids or all(len(rows) <= ATTEMPTS for rows in drops)
    for batch in range(whole):
        assert len(whole_runs(events, batch)) == 1
    rest = [record for cid in CIDS[whole * 1000 :] for record in events.get(cid, ())]
    assert len({record["RUN"] for record in rest}) <= 1
    assert len({(record["CONTAINERID"], record["N"]) for record in rest}) == len(rest)
    assert not (whole_cids and rest)
    assert database.open_now == 0


def test_nothing_is_tried_again_where_that_is_off_and_never_by_legacy():
    database = FlakyDatabase([[10], [], []], retry=Retry(0, 1, 1))
    with pytest.raises(BatchFetchError):
        EventFetcher(database).fetch_events(CIDS, "history")
    assert database.runs[0] == 1
    database = FlakyDatabase([[], [], []])
    with pytest.raises(BatchFetchError) as caught:
        LegacyEventFetcher(database).fetch_events(CIDS[:10], "history")
    assert (caught.value.failures[0].cause.retries, database.retry.count) == (0, 0)


def test_a_budget_counts_what_was_dropped_only_once():
    spent = []

    class Watched(FlakyDatabase):
        def read_sql_df_slow_iter(self, sql, params, batch_size=None):
            yield from super().read_sql_df_slow_iter(sql, params, batch_size)
            spent.append(1)

    import tracekit.keyed.keyed_fetcher as module

    budgets = []

    class Budget(module.MemoryBudget):
        def __init__(self, budget):
            super().__init__(budget)
            budgets.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MemoryBudget", Budget)
        database = Watched([[700], [], [100, 300]], 50)
        EventFetcher(database).fetch_events(CIDS, "history", memory_budget="100GiB")
    [budget] = budgets
    assert (budget._rows, budget._keys) == (len(CIDS) * ROWS_A_CID, len(CIDS))


def test_a_stream_closed_while_it_waits_to_try_again_ends_at_once():
    tried = threading.Event()

    class Patient(Retry):
        def call(self, work, *, unseen, pause):
            def told(seconds):
                tried.set()
                pause(3600)

            return super().call(work, unseen=unseen, pause=told)

    retry = Patient(3, 1, 3600)
    retry.reached()
    database = FlakyDatabase([[], [0], []], 50, retry=retry)
    before = set(threading.enumerate())
    pieces = EventFetcher(database).fetch_events_iter(CIDS, "history")
    next(pieces)
    assert tried.wait(60)
    pieces.close()
    assert set(threading.enumerate()) == before


def test_a_failure_for_good_stops_a_batch_that_waits_to_try_again():
    class Other(FlakyDatabase):
        def read_sql_df_slow_iter(self, sql, params, batch_size=None):
            if next(iter(params.values())) == CIDS[0]:
                yield from super().read_sql_df_slow_iter(sql, params, batch_size)
            assert waits.wait(60)
            raise FetchError("ORA-00942")

    class Patient(Retry):
        def call(self, work, *, pause):
            def told(seconds):
                waits.set()
                pause(3600)

            return super().call(work, pause=told)

    waits = threading.Event()
    retry = Patient(3, 1, 3600)
    retry.reached()
    with pytest.raises(BatchFetchError, match="ORA-00942"):
        EventFetcher(Other([[0], [], []], retry=retry)).fetch_events(CIDS, "history")


def test_pieces_are_taken_back_only_while_nobody_has_any():
    channel = Channel(5)
    channel.put(1)
    channel.put(2)
    assert channel.take_back()
    channel.put(3)
    channel.put(4)
    items = iter(channel)
    assert next(items) == 3
    assert not channel.take_back()
    channel.finish()
    assert list(items) == [4]


def test_a_batch_whose_pieces_wait_is_begun_anew_unseen():
    first_done = threading.Event()
    runs = []

    def read(batch, readers):
        if batch == ["ahead"]:
            runs.append(1)
            yield f"run {len(runs)}"
            if len(runs) == 1:
                first_done.set()
                raise closed_connection()
            yield "more"
        else:
            assert first_done.wait(60)
            yield "slow"

    stream = PieceStream(read, [["slow"], ["ahead"]], max_workers=2, retry=quick_retry())
    assert list(stream.pieces()) == ["slow", "run 2", "more"]


def test_the_driver_says_what_the_stand_in_says():
    assert isinstance(closed_connection().__cause__, oracledb.Error)
