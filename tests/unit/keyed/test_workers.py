"""Threads that read: how many, under which names, and that they end whatever they are doing."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, NoReturn

import pytest

from tests.polling import until
from tracekit.errors import BatchFetchError, FetchError, MemoryBudgetExceeded
from tracekit.keyed import KeyedFetcher, Query
from tracekit.keyed.batch_pool import BatchPool
from tracekit.keyed.piece_stream import PieceStream
from tracekit.oracle.readers import Cancelled, Readers
from tracekit.oracle.retry import Retry
from tracekit.trace import EventFetcher

BATCHES = [[n] for n in range(6)]


def results(
    read: Callable[[Any, Readers], Any], batches: Any = BATCHES, *, max_workers: int = 2
) -> Iterator[Any]:
    pool: BatchPool[Any] = BatchPool(read, batches, max_workers=max_workers, stop_at_failure=True)
    return pool.results()


def pieces(
    read: Callable[[Any, Readers], Any], batches: Any = BATCHES, *, max_workers: int = 2
) -> Iterator[Any]:
    def read_pieces(batch: Any, readers: Readers) -> Iterator[Any]:
        yield read(batch, readers)

    retry = Retry(0, 1, 1)
    return PieceStream(read_pieces, batches, max_workers=max_workers, retry=retry).pieces()  # type: ignore[arg-type]


WAYS = {"tracekit-batch": results, "tracekit-stream": pieces}


def broken_off(readers: Readers) -> NoReturn:
    """A call to the database that ends only if it is broken off."""
    until(lambda: readers.cancelled)
    raise Cancelled


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("workers", [1, 3])
def test_batches_are_read_by_as_many_named_threads(name: str, workers: int) -> None:
    together = threading.Barrier(workers, timeout=60)
    names: set[str] = set()
    ended: list[Readers] = []

    def read(batch: Any, readers: Readers) -> Any:
        names.add(threading.current_thread().name)
        readers.at_end("here", ended.append)
        together.wait()
        return batch

    assert list(WAYS[name](read, max_workers=workers)) == BATCHES
    assert len(names) <= workers
    assert all(each.startswith(name) for each in names)
    assert len(ended) == 1
    assert not ended[0].cancelled


@pytest.mark.parametrize("name", WAYS)
def test_closing_breaks_off_calls_that_do_not_end_by_themselves(name: str) -> None:
    reading = threading.Event()

    def read(batch: Any, readers: Readers) -> Any:
        if batch == [0]:
            return batch
        reading.set()
        return broken_off(readers)

    before = set(threading.enumerate())
    with closing(WAYS[name](read)) as found:  # type: ignore[type-var]
        assert next(found) == [0]
        assert reading.wait(60)
        new = set(threading.enumerate()) - before
        assert {thread.daemon for thread in new} == {name == "tracekit-stream"}
    assert set(threading.enumerate()) == before


def test_a_failure_breaks_off_the_other_calls_and_is_the_only_one_told() -> None:
    reading = threading.Event()

    def read(batch: Any, readers: Readers) -> Any:
        if batch == [1]:
            assert reading.wait(60)
            raise FetchError("ORA-00942")
        reading.set()
        return broken_off(readers)

    pool: BatchPool[Any] = BatchPool(read, BATCHES, max_workers=2, stop_at_failure=True)
    assert list(pool.results()) == []
    assert [(each.batch_index, each.key_count) for each in pool.failures] == [(1, 1)]


def test_other_batches_are_read_on_where_failures_are_allowed() -> None:
    def read(batch: Any, readers: Readers) -> Any:
        if batch[0] % 2:
            raise FetchError("ORA-00942")
        return batch

    pool: BatchPool[Any] = BatchPool(read, BATCHES, max_workers=2, stop_at_failure=False)
    assert list(pool.results()) == [[0], [2], [4]]
    assert [each.batch_index for each in pool.failures] == [1, 3, 5]


def test_a_budget_that_is_exceeded_is_raised_as_it_is() -> None:
    def read(batch: Any, readers: Readers) -> Any:
        raise MemoryBudgetExceeded(1, 2, 3, 4)

    with pytest.raises(MemoryBudgetExceeded):
        list(results(read))


def test_a_result_is_dropped_when_the_next_is_requested() -> None:
    class Result:
        alive = 0

        def __init__(self) -> None:
            Result.alive += 1

        def __del__(self) -> None:
            Result.alive -= 1

    for way in WAYS.values():
        for found in way(lambda batch, readers: Result(), max_workers=1):
            del found
        assert Result.alive == 0
    begun = threading.Event()

    def read(batch: Any, readers: Readers) -> Any:
        if batch == [1]:
            assert begun.wait(60)
        return Result()

    for way in WAYS.values():
        begun.clear()
        stream = way(read, BATCHES[:2], max_workers=1)
        found = next(stream)
        assert Result.alive == 1
        del found
        begun.set()
        found = next(stream)
        assert Result.alive == 1
        del found
        assert list(stream) == []


def test_a_failure_stops_what_is_being_read_between_its_row_batches(scripted, ids):
    reading = threading.Event()

    class Endless(scripted):
        def read_sql_df_slow_iter(self, sql, params, **options):
            if "LOT00000" in params.values():
                assert reading.wait(60)
                raise FetchError("ORA-00942")
            while True:
                yield ["CONTAINERID", "N"], [("LOT01000", 1)]
                reading.set()

    with pytest.raises(BatchFetchError, match="ORA-00942") as caught:
        EventFetcher(Endless()).fetch_events(ids(2_000), "history")
    assert [each.batch_index for each in caught.value.failures] == [0]


def test_a_fetch_reads_two_batches_at_once(scripted, ids):
    together = threading.Barrier(2, timeout=60)
    lock = threading.Lock()
    begun = []
    most = []

    class Waiting(scripted):
        def read_sql_df_slow_iter(self, *args, **options):
            with lock:
                begun.append(1)
                most.append(len(begun))
            together.wait()
            yield from super().read_sql_df_slow_iter(*args, **options)
            with lock:
                begun.pop()

    query = Query("SELECT * FROM T WHERE X IN (:keys)", key="CONTAINERID")
    assert len(KeyedFetcher(Waiting(), query).records(ids(8_000))) == 8_000
    assert max(most) == 2


@pytest.mark.parametrize("records", ["lean", "plain"])
def test_only_lean_records_calm_the_collector(scripted, ids, records):
    seen = set()

    class Watching(scripted):
        def read_sql_df_slow_iter(self, *args, **options):
            seen.add(gc.get_threshold())
            yield from super().read_sql_df_slow_iter(*args, **options)

    before = gc.get_threshold()
    EventFetcher(Watching()).fetch_events(ids(2_000), "history", records=records)
    assert len(seen) == 1
    assert (seen == {before}) == (records == "plain")
    assert gc.get_threshold() == before
