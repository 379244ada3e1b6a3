from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from tracekit.errors import ConfigError
from tracekit.pytest_plugin.limits import Limits, limits_of

Marks = list[pytest.MarkDecorator]
mark = pytest.mark.peak_memory


def fetch(rows: int, columns: int = 15, *extra: int, wide: bool, **more: int) -> None:
    """What a test may be compared with."""


def rows() -> Iterator[int]:
    yield 1


async def fetch_async() -> None:
    """Does nothing when called."""


class Item:
    """What `limits_of` reads of a test: its markers, the closest first."""

    def __init__(self, *marks: pytest.MarkDecorator) -> None:
        self._marks = marks

    def iter_markers(self, name: str) -> Iterator[pytest.Mark]:
        return (one.mark for one in self._marks if one.name == name)


def limits(*marks: pytest.MarkDecorator, ceiling_bytes: int | None = None) -> Limits | None:
    return limits_of(cast(pytest.Item, Item(*marks)), ceiling_bytes)


def test_a_test_without_marker_has_the_ceiling_or_is_not_measured() -> None:
    assert limits() is None
    assert limits(ceiling_bytes=100) == Limits(max_bytes=100)


@pytest.mark.parametrize("size", ["64MiB", 64 * 2**20])
def test_a_size_is_text_or_bytes_and_may_come_first(size: str | int) -> None:
    assert limits(mark(size)) == limits(mark(max=size)) == Limits(max_bytes=64 * 2**20)


def test_none_lifts_the_ceiling() -> None:
    assert limits(mark(max=None), ceiling_bytes=100) is None


def test_a_ratio_alone_leaves_the_ceiling_in_force() -> None:
    found = limits(mark(at_most=0.3, of=fetch), ceiling_bytes=100)
    assert found == Limits(max_bytes=100, at_most=0.3, of=fetch)


def test_the_closest_marker_wins_by_keyword() -> None:
    on_function, on_class = mark(max=1), mark(max=2, children=True)
    assert limits(on_function, on_class) == Limits(max_bytes=1, children=True)


def test_of_is_given_fixtures_for_the_parameters_it_needs() -> None:
    assert Limits(of=fetch).of_arguments == ["rows", "wide"]
    assert Limits().of_arguments == []
    assert Limits(of=dict).of_arguments == []  # has no signature


@pytest.mark.parametrize(
    ("args", "keywords", "message"),
    [
        ((), {"max": "lots"}, "'lots' is not a size"),
        ((), {"max": -1}, "max=-1 is not a size"),
        ((True,), {}, "max=True is not a size"),
        ((1, 2), {}, "expected a single size"),
        ((1,), {"max": 2}, "expected a single size"),
        ((), {"maximum": "1MiB"}, "unknown keyword 'maximum'"),
        ((), {"at_most": 0.3}, "at_most and of must be given together"),
        ((), {"of": fetch}, "at_most and of must be given together"),
        ((), {"at_most": -1, "of": fetch}, "at_most=-1 is not a share"),
        ((), {"at_most": "30%", "of": fetch}, "at_most='30%' is not a share"),
        ((), {"at_most": math.inf, "of": fetch}, "at_most=inf is not a share"),
        ((), {"max": 1, "fixtures": "no"}, "fixtures='no' is neither True nor False"),
        ((), {"max": 1, "children": 1}, "children=1 is neither True nor False"),
        ((), {"at_most": 0.3, "of": "legacy"}, "of='legacy' is not callable"),
        ((), {"at_most": 0.3, "of": rows}, "does no work when called"),
        ((), {"at_most": 0.3, "of": fetch_async}, "does no work when called"),
        ((), {"at_most": 0.3, "of": fetch, "fixtures": True}, "cannot be used with of"),
    ],
)
def test_what_makes_no_sense_is_named(
    args: tuple[Any, ...], keywords: dict[str, Any], message: str
) -> None:
    decorate = cast(Callable[..., pytest.MarkDecorator], mark.with_args)
    with pytest.raises(ConfigError, match=message):
        limits(decorate(*args, **keywords))
