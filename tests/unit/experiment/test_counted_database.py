import gc
import weakref

import pytest

from tracekit.experiment.counted_database import Counter, _CountedBatches, _rows_of_tuples


class Rows(list):
    """A row batch that can be watched."""


def batches(sizes, log):
    try:
        for size in sizes:
            yield ["A"], Rows([(1,)] * size)
    finally:
        log.append("closed")


def counted(sizes, log, keys=3):
    counter = Counter()
    counter.start(lambda rows, keys: log.append((rows, keys)))
    return _CountedBatches(batches(sizes, log), _rows_of_tuples, counter, keys)


def test_rows_are_counted_as_they_come_and_cids_at_the_end():
    log = []
    assert [len(rows) for _, rows in counted([5, 2], log)] == [5, 2]
    assert log == [(5, 0), (7, 0), "closed", (7, 3)]


def watched_batches(alive_at_fetch):
    last = None
    for _ in range(3):
        gc.collect()
        alive_at_fetch.append(last is not None and last() is not None)
        rows = Rows([(1,)] * 5)
        last = weakref.ref(rows)
        yield ["A"], rows
        del rows


def test_a_row_batch_is_let_go_of_before_the_next_is_fetched():
    alive_at_fetch = []
    for _, rows in _CountedBatches(watched_batches(alive_at_fetch), _rows_of_tuples, Counter(), 1):
        del rows
    assert alive_at_fetch == [False, False, False]


def test_an_early_close_reaches_the_reader_and_counts_no_cids():
    log = []
    reader = counted([5, 2], log)
    next(reader)
    reader.close()
    assert log == [(5, 0), "closed"]


def test_an_exception_is_thrown_into_the_reader():
    log = []
    reader = counted([5, 2], log)
    next(reader)
    with pytest.raises(KeyError):
        reader.throw(KeyError("x"))
    assert "closed" in log
