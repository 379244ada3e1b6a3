import gc
import weakref

import pytest

from tracekit.replay.counted_database import CountedDatabase, _CountedBatches


class Rows(list):
    """A row batch that can be watched."""


def batches(sizes, log):
    try:
        for size in sizes:
            yield ["A"], Rows([(1,)] * size)
    finally:
        log.append("closed")


def counted(sizes, log, cids=3):
    database = CountedDatabase(dsn="h:1/s", user="u", password="p")
    database.start_counting(lambda rows, cids: log.append((rows, cids)))
    return _CountedBatches(batches(sizes, log), database, cids)


def test_rows_are_counted_as_they_come_and_cids_at_the_end():
    log = []
    assert [len(rows) for _, rows in counted([5, 2], log)] == [5, 2]
    assert log == [(5, 0), (7, 0), "closed", (7, 3)]


def test_a_row_batch_is_let_go_of_before_the_next_is_fetched():
    alive = []
    reader = counted([5, 5, 5], [])
    seen = []
    for _, rows in reader:
        seen.append(weakref.ref(rows))
        del rows
        gc.collect()
        alive.append(sum(ref() is not None for ref in seen[:-1]))
    assert alive == [0, 0, 0]


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
