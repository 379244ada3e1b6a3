"""When in a run retention is looked at: at a number of rows, at a size, or at its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import polling
from tracekit.errors import ConfigError, ProfileError
from tracekit.profiling.retention import At, RetentionWatch, Trigger, watch
from tracekit.records import Retention

MIB = 2**20


def until(condition: Callable[[], object]) -> None:
    """Wait for what takes milliseconds."""
    polling.until(condition, seconds=10)


@pytest.mark.parametrize(
    ("text", "rows", "net_bytes"),
    [
        ("rows:90%", 180, None),
        ("rows:1%", 2, None),
        ("peak:100%", None, 1000),
        ("peak:7%", None, 70),
    ],
)
def test_a_point_in_a_run_is_a_share_of_an_earlier_ones_figures(
    text: str, rows: int | None, net_bytes: int | None
) -> None:
    at = At.parse(text)
    assert str(at) == text
    assert at.trigger(200, 1000) == Trigger(text, rows=rows, net_bytes=net_bytes)
    assert at.trigger(None, None) == at.trigger(0, 0) == Trigger(text), "at the end, then"
    odd = at.trigger(201, 1001)
    assert (odd.rows, odd.net_bytes) == (rows, net_bytes and net_bytes + (at.percent == 100))
    assert at.trigger(1, 1) == Trigger(text, rows=rows and 1, net_bytes=net_bytes and 1)


@pytest.mark.parametrize("text", ["half", "rows:0%", "rows:101%", "rows:50", "peaks:50%", "rows:%"])
def test_what_is_no_point_in_a_run_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=f"'{text}' is not a point in a run"):
        At.parse(text)


class Looker:
    """In place of the forked process: notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Retention | None, str | None]] = []
        self.refuses = False

    def __call__(
        self, *, baseline: Retention | None = None, taken_at: str | None = None
    ) -> Retention:
        if self.refuses:
            raise ProfileError("it was killed")
        self.asked.append((baseline, taken_at))
        return Retention(len(self.asked), 0, taken_at or "", ())


@pytest.fixture(name="looker")
def _looker(monkeypatch: pytest.MonkeyPatch) -> Looker:
    looker = Looker()
    monkeypatch.setattr(watch, "retention", looker)
    return looker


@pytest.fixture(name="told")
def _told() -> Iterator[list[Any]]:
    yield []
    until(lambda: not any(t.name == "tracekit-retention" for t in threading.enumerate()))


def test_it_is_taken_once_when_the_rows_are_reached(looker: Looker, told: list[Any]) -> None:
    run = RetentionWatch(Trigger("rows:50%", rows=10), told.append)
    assert looker.asked == [(None, None)], "the baseline"
    run.start()
    run.rows(9)
    assert told == []
    run.rows(10)
    assert len(told) == 1
    run.rows(11)
    run.end()
    baseline = Retention(1, 0, "", ())
    assert looker.asked[1:] == [(baseline, "rows:50%")]
    assert told == [Retention(2, 0, "rows:50%", ())]


def test_it_is_taken_when_the_size_is_reached(looker: Looker, told: list[Any]) -> None:
    run = RetentionWatch(Trigger("peak:90%", net_bytes=24 * MIB), told.append)
    run.start()
    run.rows(10**9)
    time.sleep(0.05)  # some looks at the size
    assert told == []
    held = bytearray(32 * MIB)
    until(lambda: told)
    assert len(held)
    run.end()
    assert [each.taken_at for each in told] == ["peak:90%"]


@pytest.mark.parametrize(
    "trigger", [Trigger("rows:90%", rows=10), Trigger("peak:90%", net_bytes=2**40), Trigger("x")]
)
def test_what_is_never_reached_is_the_end_of_the_run(
    looker: Looker, told: list[Any], trigger: Trigger
) -> None:
    run = RetentionWatch(trigger, told.append)
    run.start()
    run.rows(9)
    run.end()
    assert [each.taken_at for each in told] == ["the end of the run"]


def test_a_look_that_failed_is_told_with_its_reason(looker: Looker, told: list[Any]) -> None:
    run = RetentionWatch(Trigger("rows:50%", rows=10), told.append)
    looker.refuses = True
    run.start()
    run.rows(10)
    run.end()
    assert told == ["it was killed"]
