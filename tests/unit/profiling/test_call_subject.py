"""A callable that is sent to the measured process, and its result that is sent back."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tracekit.errors import ConfigError
from tracekit.profiling.call_subject import UNSENT, Call, CallSubject


def nothing(*_: Any, **__: Any) -> None:
    """A warm-up without work."""


def subject(tmp_path: Path, function: Any, result: str | None = None, **secrets: str) -> Any:
    file = tmp_path / "call.pickle"
    Call(function, nothing).write(file)
    made = CallSubject(str(file), result, **secrets)
    made.prepare()
    return made


def test_what_cannot_be_sent_is_named(tmp_path: Path) -> None:
    lock = threading.Lock()

    def work() -> None:
        lock.acquire()

    for function, name in ((work, work.__qualname__), (partial(work), str(partial(work)))):
        with pytest.raises(ConfigError) as caught:
            Call(function, nothing).write(tmp_path / "call.pickle")
        assert str(caught.value) == (
            f"{name} cannot be sent to the measured process: TypeError: cannot pickle "
            "'_thread.lock' object. Open connections and files inside the function."
        )
        assert not (tmp_path / "call.pickle").exists()


def test_a_result_comes_back_where_it_was_asked_for(tmp_path: Path) -> None:
    result = tmp_path / "result.pickle"
    made = subject(tmp_path, partial(sorted, [3, 1]), str(result))
    outcome = made.run(nothing)
    assert made.finish(outcome) == {}
    assert pickle.loads(result.read_bytes()) == outcome == [1, 3]
    unwanted = subject(tmp_path, partial(sorted, [3, 1]))
    assert unwanted.finish(unwanted.run(nothing)) == {}


def test_a_result_that_cannot_be_sent_says_why(tmp_path: Path) -> None:
    made = subject(tmp_path, threading.Lock, str(tmp_path / "result.pickle"))
    assert made.finish(made.run(nothing)) == {
        UNSENT: "TypeError: cannot pickle '_thread.lock' object"
    }
    assert UNSENT == "unsent"


def test_a_generator_is_drained_and_its_pieces_are_dropped(tmp_path: Path) -> None:
    progress = tmp_path / "progress"

    def pieces() -> Iterator[int]:
        yield from range(3)
        progress.write_text("drained")

    made = subject(tmp_path, pieces)
    assert made.run(nothing) is None
    assert progress.read_text() == "drained"
    assert list(subject(tmp_path, partial(iter, [1, 2])).run(nothing)) == [1, 2], "is the caller's"


def test_the_warm_up_is_given_the_secrets(tmp_path: Path) -> None:
    told = tmp_path / "told"
    file = tmp_path / "call.pickle"
    Call(nothing, lambda **secrets: told.write_text(str(secrets))).write(file)
    CallSubject(str(file), None, password="tiger").prepare()
    assert told.read_text() == "{'password': 'tiger'}"
