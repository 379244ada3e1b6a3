"""The ticker tells while nothing else does, and notices that the work is over."""

from __future__ import annotations

import threading

from redis.exceptions import ConnectionError as RedisConnectionError

from tests.polling import steady, until
from tracekit.jobs.shard_work import WorkOver
from tracekit.jobs.ticker import ProgressTicker

DEADLINE_SECONDS = 60.0


class Reports:
    """Counts calls; raises what it was given, call by call."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.third = threading.Event()

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == 3:
            self.third.set()
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error


def test_it_tells_again_and_again_until_the_block_ends() -> None:
    reports = Reports()
    before = set(threading.enumerate())
    with ProgressTicker(reports, interval_seconds=0.001) as ticker:
        assert reports.third.wait(DEADLINE_SECONDS)
        assert len(set(threading.enumerate()) - before) == 1
    assert not ticker.over
    assert set(threading.enumerate()) == before


def test_a_store_that_fails_once_is_tried_again() -> None:
    reports = Reports(RedisConnectionError("gone"), RedisConnectionError("gone"))
    with ProgressTicker(reports, interval_seconds=0.001) as ticker:
        assert reports.third.wait(DEADLINE_SECONDS)
    assert not ticker.over


def test_work_that_is_over_ends_it() -> None:
    reports = Reports(None, None, WorkOver())
    with ProgressTicker(reports, interval_seconds=0.001) as ticker:
        until(lambda: ticker.over)
        assert steady(lambda: reports.calls) == 3
