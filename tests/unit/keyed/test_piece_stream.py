import threading

import pytest

from tests.polling import steady
from tracekit.errors import BatchFetchError, ConfigError
from tracekit.keyed.piece_stream import PieceStream
from tracekit.oracle.retry import Retry
from tracekit.trace import EventFetcher


def pieces_of(batch, readers):
    yield from batch


def test_pieces_come_in_the_order_of_their_batches():
    batches = [[f"{n}-{m}" for m in range(5)] for n in range(20)]
    stream = PieceStream(pieces_of, batches, max_workers=4, retry=Retry(0, 1, 1))
    assert list(stream.pieces()) == [cid for batch in batches for cid in batch]


def test_no_batches_give_no_pieces():
    assert list(PieceStream(pieces_of, [], max_workers=2, retry=Retry(0, 1, 1)).pieces()) == []


def test_a_slow_consumer_stops_the_readers():
    made = []

    def read(batch, readers):
        for cid in batch:
            made.append(cid)
            yield cid

    stream = PieceStream(
        read, [list(range(100)) for _ in range(10)], max_workers=2, retry=Retry(0, 1, 1)
    ).pieces()
    next(stream)
    # One is taken; of each of the two readers two wait and one is held.
    assert steady(lambda: len(made)) == 7
    stream.close()
    assert len(made) == 7


def test_a_slow_consumer_stops_the_readers_of_batches_of_one_piece_too():
    begun = []

    def read(batch, readers):
        begun.append(batch)
        yield batch

    stream = PieceStream(
        read, [[n] for n in range(100)], max_workers=2, retry=Retry(0, 1, 1)
    ).pieces()
    assert next(stream) == [0]
    assert steady(lambda: len(begun)) == 3
    assert list(stream) == [[n] for n in range(1, 100)]
    assert len(begun) == 100
    stream = PieceStream(
        read, [[n] for n in range(100)], max_workers=2, retry=Retry(0, 1, 1)
    ).pieces()
    begun.clear()
    for _ in range(10):
        next(stream)
    assert len(begun) <= 12
    stream.close()
    assert len(begun) <= 12


def test_closing_half_way_ends_the_readers_and_closes_what_they_read():
    closed = []

    def read(batch, readers):
        try:
            while True:
                yield 1
        finally:
            closed.append(1)

    before = set(threading.enumerate())
    stream = PieceStream(read, [[1], [2]], max_workers=2, retry=Retry(0, 1, 1)).pieces()
    assert next(stream) == 1
    assert len(set(threading.enumerate()) - before) == 2
    stream.close()
    assert closed == [1, 1]
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001])
@pytest.mark.parametrize("whole_cids", [False, True])
def test_the_pieces_together_are_the_mapping(scripted, ids, count, whole_cids):
    database = scripted(fetchmany_size=700)
    fetcher = EventFetcher(database)
    together = {}
    for piece in fetcher.fetch_events_iter(ids(count), "history", whole_cids=whole_cids):
        assert piece
        for cid, records in piece.items():
            assert not (whole_cids and cid in together)
            together.setdefault(cid, []).extend(records)
    expected = fetcher.fetch_events(ids(count), "history")
    assert together == expected and list(together) == list(expected)
    assert database.open_now == 0


def test_a_failing_batch_is_named_after_what_came_before_it(scripted, ids):
    database = scripted(fails=["LOT01005"])
    given = []
    with pytest.raises(BatchFetchError) as caught:
        for piece in EventFetcher(database).fetch_events_iter(ids(3500), "history"):
            given += piece
    assert given == ids(1000)
    assert [f.batch_index for f in caught.value.failures] == [1]
    assert database.open_now == 0


def test_an_unknown_domain_is_refused_at_once(scripted):
    with pytest.raises(ConfigError):
        EventFetcher(scripted()).fetch_events_iter(["A"], "nothing")
