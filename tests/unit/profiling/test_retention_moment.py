"""What is recorded of a program just before it is forked."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tracekit.profiling.retention.moment import this_moment


@contextmanager
def waiting(work: Callable[[], Any], name: str) -> Iterator[None]:
    """A thread that has done `work` and waits, inside of it if it is a generator function."""
    ready, done = threading.Event(), threading.Event()

    def run() -> None:
        work()
        ready.set()
        done.wait()

    thread = threading.Thread(target=run, name=name)
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


def names(frames: Any) -> list[str]:
    return [frame.f_code.co_name for frame in frames]


def test_the_calls_of_all_threads_are_known_from_the_inside() -> None:
    def inner() -> Any:
        return this_moment(sys._getframe(1), thread_locals=True)

    def outer() -> Any:
        return inner()

    with waiting(lambda: None, "reader"):
        stacks = dict(outer().stacks)
    assert names(stacks[""])[:2] == ["outer", sys._getframe().f_code.co_name]
    assert stacks[""][-1].f_back is None
    assert "run" in names(stacks["reader"])
    assert names(stacks["reader"])[-1] == "_bootstrap"


def test_a_thread_without_a_name_has_its_number() -> None:
    ready, done, ended = threading.Event(), threading.Event(), threading.Event()
    numbers = []

    def run() -> None:
        numbers.append(_thread.get_ident())
        ready.set()
        done.wait()
        ended.set()

    _thread.start_new_thread(run, ())
    ready.wait()
    try:
        stacks = dict(this_moment(sys._getframe(), thread_locals=True).stacks)
    finally:
        done.set()
        ended.wait()
    assert names(stacks[str(numbers[0])])[-1] == "run"


def test_looked_at_from_another_thread_the_main_one_has_no_name() -> None:
    found = []
    thread = threading.Thread(
        target=lambda: found.append(this_moment(sys._getframe(), thread_locals=True)), name="it"
    )
    thread.start()
    thread.join()
    stacks = dict(found[0].stacks)
    assert names(stacks["it"])[0] == "<lambda>"
    assert sys._getframe().f_code.co_name in names(stacks[""])


def test_exceptions_that_any_thread_handles_are_known() -> None:
    ready, done = threading.Event(), threading.Event()
    here, there = ValueError("here"), KeyError("there")

    def known() -> set[BaseException]:
        """Those of this test; threads of other tests may handle their own."""
        found = this_moment(sys._getframe(), thread_locals=True).exceptions
        return {here, there}.intersection(found)

    def run() -> None:
        try:
            raise there
        except KeyError:
            ready.set()
            done.wait()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        assert known() == {there}
        try:
            raise here
        except ValueError:
            assert known() == {here, there}
    finally:
        done.set()
        thread.join()
    assert known() == set()


class Own(threading.local):
    """One of a program's own."""


def test_what_each_thread_has_in_a_thread_local_is_known() -> None:
    plain, own = threading.local(), Own()

    def fill(number: int) -> None:
        plain.kept, own.kept = f"plain {number}", f"own {number}"

    fill(0)
    with waiting(lambda: fill(1), "one"), waiting(lambda: fill(2), "two"):
        found = this_moment(sys._getframe(), thread_locals=True).thread_locals
        kept = {id(local): sorted(each.get("kept") for each in values) for local, values in found}
        assert kept[id(plain)] == ["plain 0", "plain 1", "plain 2"]
        assert kept[id(own)] == ["own 0", "own 1", "own 2"]
        assert this_moment(sys._getframe(), thread_locals=False).thread_locals == ()
    if threading.active_count() == 1:
        assert this_moment(sys._getframe(), thread_locals=True).thread_locals == ()


def test_all_modules_are_known() -> None:
    assert dict(this_moment(sys._getframe(), thread_locals=True).modules) == sys.modules
