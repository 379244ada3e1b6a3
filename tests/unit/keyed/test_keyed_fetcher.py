import threading

import pytest

from tracekit.errors import BatchFetchError, ConfigError, FetchError
from tracekit.keyed import PartialRecords
from tracekit.trace import EventFetcher


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_every_cid_gets_its_records_in_order(scripted, ids, count):
    database = scripted(fetchmany_size=700)
    events = EventFetcher(database).fetch_events(ids(count), "history", records="plain")
    assert list(events) == ids(count)
    assert type(events) is dict
    assert all([r["N"] for r in found] == [0, 1, 2] for found in events.values())
    assert database.opened == database.closed == -(-count // 1000)
    assert database.most_open <= 2


def test_the_mapping_does_not_depend_on_which_batch_is_done_first(scripted, ids):
    release = threading.Event()

    class Last(scripted):
        def read_sql_df_slow_iter(self, sql, params=None, timeout_seconds=None, batch_size=None):
            yield from super().read_sql_df_slow_iter(sql, params, timeout_seconds, batch_size)
            if "LOT01000" in params.values():
                release.set()

    database = Last(wait_for={"LOT00000": release})
    events = EventFetcher(database).fetch_events(ids(2000), "history")
    assert list(events) == ids(2000)


def test_failed_batches_are_named_and_the_rest_is_not_read(scripted, ids):
    database = scripted(fails=["LOT00005"])
    fetcher = EventFetcher(database, max_workers=1)
    with pytest.raises(BatchFetchError) as caught:
        fetcher.fetch_events(ids(5000), "history")
    error = caught.value
    assert [(f.batch_index, f.key_count) for f in error.failures] == [(0, 1000)]
    assert (error.query, error.batch_count) == ("history", 5)
    assert isinstance(error.__cause__, FetchError)
    assert database.opened == database.closed == 1


def test_a_partial_result_carries_what_failed(scripted, ids):
    database = scripted(fails=["LOT01005", "LOT03005"])
    events = EventFetcher(database).fetch_events(ids(3500), "history", allow_partial=True)
    assert isinstance(events, PartialRecords)
    assert list(events) == ids(1000) + ids(3000)[2000:]
    assert [f.batch_index for f in events.failures] == [1, 3]
    assert events.batch_count == 4
    assert database.opened == database.closed == 4


def test_a_complete_result_is_a_dict_itself_also_where_a_partial_one_was_allowed(scripted, ids):
    events = EventFetcher(scripted()).fetch_events(ids(3), "history", allow_partial=True)
    assert type(events) is dict


def test_an_error_that_is_no_read_failure_is_raised_as_it_is(scripted, ids):
    class Broken(scripted):
        def read_sql_df_slow_iter(self, *args, **kwargs):
            raise ZeroDivisionError("a bug")
            yield

    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError):
        EventFetcher(Broken()).fetch_events(ids(2000), "history")
    assert set(threading.enumerate()) == before


def test_unknown_arguments_are_refused_before_anything_is_read(scripted, ids):
    database = scripted()
    with pytest.raises(ConfigError, match="'leann': expected lean or plain"):
        EventFetcher(database, records="leann")
    with pytest.raises(ConfigError, match="'leann'"):
        EventFetcher(database).fetch_events(ids(1), "history", records="leann")
    with pytest.raises(ConfigError, match="unknown domain 'nothing'"):
        EventFetcher(database).fetch_events(ids(1), "nothing")
    with pytest.raises(ConfigError, match="max_workers=0"):
        EventFetcher(database, max_workers=0)
    assert database.opened == 0
