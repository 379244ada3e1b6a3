import gc
import logging
import random
import weakref

import oracledb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracledb import errors as driver

from tracekit.errors import BatchFailure, ConfigError, ConnectError, FetchError
from tracekit.oracle.retry import Retry


class Time:
    """A clock that only waiting moves."""

    def __init__(self):
        self.now = 100.0
        self.waits = []

    def __call__(self):
        return self.now

    def pause(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


def lost(code="DPY-4011", kind=FetchError):
    try:
        made = driver._Error(message=f"{code}: connection closed")
        raise kind("reading from db failed: DPY-4011.") from made.exc_type(made)
    except kind as error:
        return error


class Work:
    """Fails as often as told, then gives its result."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.runs = 0

    def __call__(self):
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)
        return "rows"


def reached(attempts=3, wait_ms=500, max_seconds=60, time=None):
    retry = Retry(attempts, wait_ms, max_seconds, clock=time or Time())
    retry.reached()
    return retry


@given(faults=st.integers(0, 6), attempts=st.integers(0, 5))
def test_work_runs_once_more_for_each_fault_as_long_as_attempts_are_left(faults, attempts):
    time, work, retry = Time(), Work(*(lost() for _ in range(faults))), reached(attempts)
    if faults > attempts:
        with pytest.raises(FetchError) as caught:
            retry.call(work, pause=time.pause)
        assert caught.value.retries == attempts
    else:
        assert retry.call(work, pause=time.pause) == "rows"
    assert work.runs == min(faults, attempts) + 1
    assert retry.count == len(time.waits) == min(faults, attempts)


@given(wait_ms=st.integers(1, 5000))
def test_waits_double_and_have_a_part_of_chance(wait_ms):
    time = Time()
    with pytest.raises(FetchError):
        reached(4, wait_ms, 10**6).call(Work(*(lost() for _ in range(9))), pause=time.pause)
    wait = wait_ms / 1000
    for number, seconds in enumerate(time.waits):
        least = min(30, wait * 2**number)
        assert least <= seconds <= least + wait


def test_without_chance_waits_are_exact_and_the_last_may_begin_at_the_very_end(monkeypatch):
    monkeypatch.setattr(random, "random", lambda: 0.0)
    monkeypatch.setattr(random, "uniform", lambda least, most: least)
    time = Time()
    with pytest.raises(FetchError):
        reached(9, 1000, 7, time).call(Work(*(lost() for _ in range(9))), pause=time.pause)
    assert time.waits == [1, 2, 4]


def test_no_attempt_begins_later_than_allowed_after_the_first_fault():
    time = Time()
    work = Work(*(lost() for _ in range(99)))
    retry = reached(99, 1000, 20, time)
    with pytest.raises(FetchError):
        retry.call(work, pause=time.pause)
    assert 10 < sum(time.waits) <= 20
    assert work.runs == len(time.waits) + 1


def test_time_spent_before_the_first_fault_does_not_count():
    time = Time()

    def work():
        if not time.waits:
            time.now += 10_000
            raise lost()
        return "rows"

    assert reached(1, 500, 2, time).call(work, pause=time.pause) == "rows"


def test_a_database_that_was_never_reached_is_tried_once_more_only():
    time, work = Time(), Work(*(lost("DPY-6001", ConnectError) for _ in range(9)))
    with pytest.raises(ConnectError) as caught:
        Retry(3, 500, 60).call(work, pause=time.pause)
    assert (work.runs, caught.value.retries) == (2, 1)


@pytest.mark.parametrize("error", [FetchError("no query"), KeyError("x"), KeyboardInterrupt()])
def test_other_errors_are_raised_at_once(error):
    work = Work(error)
    with pytest.raises(type(error)) as caught:
        reached().call(work, pause=pytest.fail)
    assert caught.value is error
    assert work.runs == 1


def test_another_error_after_a_fault_is_raised_as_it_is():
    error = FetchError("ORA-00942")
    with pytest.raises(FetchError) as caught:
        reached().call(Work(lost(), error), pause=Time().pause)
    assert caught.value is error
    assert (error.retries, error.__cause__) == (1, None)


def test_rows_that_were_seen_are_not_read_again():
    work, fault = Work(lost(), lost()), None
    seen = iter([True, False])
    with pytest.raises(FetchError) as caught:
        reached().call(work, unseen=lambda: next(seen), pause=Time().pause)
    fault = caught.value
    assert (work.runs, fault.retries) == (2, 1)


def test_who_pauses_may_give_up():
    class Enough(Exception):
        pass

    def pause(seconds):
        raise Enough

    work = Work(lost())
    with pytest.raises(Enough):
        reached().call(work, pause=pause)
    assert work.runs == 1


def test_attempt_and_cause_are_logged_and_the_error_counts_them(caplog):
    caplog.set_level(logging.WARNING, "tracekit.oracle.retry")
    with pytest.raises(FetchError) as caught:
        reached(2).call(Work(*(lost() for _ in range(3))), pause=Time().pause)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith("reading from db failed: DPY-4011. Retrying in ")
    assert first.endswith("attempt 1 of 2.")
    assert second.endswith("attempt 2 of 2.")
    assert "(7 keys, tried 3 times)" in str(BatchFailure(0, 7, caught.value))
    assert "(7 keys)" in str(BatchFailure(0, 7, FetchError("x")))


def test_a_result_is_held_by_nobody_but_who_asked_for_it():
    """A fetch's parts are large; waiting for the collector would double its memory."""

    class Rows:
        pass

    gc.disable()
    try:
        found = reached().call(Rows)
        seen = weakref.ref(found)
        del found
        assert seen() is None
    finally:
        gc.enable()


def test_who_is_asked_for_what_was_seen_is_held_by_nobody_once_work_is_done():
    """It may be a queue of rows, one for each batch of ids."""

    class Queue:
        def unseen(self):
            return True

    gc.disable()
    try:
        queue = Queue()
        reached().call(Work(), unseen=queue.unseen)
        held = weakref.ref(queue)
        del queue
        assert held() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("values", "name"),
    [((-1, 1, 1), "retry_attempts"), ((0, 0, 1), "retry_wait_ms"), ((0, 1, 0), "retry_max_s")],
)
def test_limits_are_checked(values, name):
    with pytest.raises(ConfigError, match=name):
        Retry(*values)


def test_the_driver_error_stays_the_cause():
    with pytest.raises(FetchError) as caught:
        reached(1).call(Work(lost(), lost()), pause=Time().pause)
    assert isinstance(caught.value.__cause__, oracledb.Error)
