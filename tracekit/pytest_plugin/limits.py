"""A test's limits, from its `peak_memory` markers and the suite's limit."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from tracekit.errors import ConfigError
from tracekit.sizes import parse_size

MARKER = "peak_memory"
MARKER_LINE = (
    f"{MARKER}(max=None, *, at_most=None, of=None, gate='auto', fixtures=False, children=False): "
    "fail the test if its memory peaks above max (a size like '64MiB'; None removes the limit of "
    "the function or the suite), or above at_most times the peak of the callable of, which is "
    "called in the same run. gate selects the figure: 'heap' (memray), 'os' (resident memory) or "
    "'auto' (the heap, unless memray cannot see all of it). fixtures=True includes the test's "
    "fixtures, children=True the processes it starts."
)
_KEYWORDS = ("max", "at_most", "of", "gate", "fixtures", "children")


class Gate(StrEnum):
    """The figure that is compared with the limits."""

    AUTO = "auto"
    """The heap, unless memray may have missed some of it."""
    HEAP = "heap"
    OS = "os"


def parse_gate(value: object) -> Gate:
    """The gate called `value`.

    Raises:
        ConfigError: there is none.
    """
    try:
        return Gate(str(value))
    except ValueError:
        known = ", ".join(repr(gate.value) for gate in Gate)
        raise ConfigError(f"{MARKER}: unknown gate={value!r}; expected {known}") from None


@dataclass(frozen=True)
class Limits:
    """The limits of one test, and how its peak is counted."""

    max_bytes: int | None = None
    at_most: float | None = None
    """Limit as a share of the peak of `of`."""
    of: Callable[..., object] | None = None
    gate: Gate = Gate.AUTO
    fixtures: bool = False
    """Whether the set-up of the test's fixtures counts."""
    children: bool = False
    """Whether processes that the test starts count."""

    @property
    def of_arguments(self) -> list[str]:
        """The fixtures that `of` needs: its parameters without defaults."""
        if self.of is None:
            return []
        try:
            parameters = inspect.signature(self.of).parameters.values()
        except (TypeError, ValueError):  # a built-in has no signature
            return []
        return [
            parameter.name
            for parameter in parameters
            if parameter.default is parameter.empty
            and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        ]


def limits_of(
    item: pytest.Item, ceiling_bytes: int | None, gate: Gate = Gate.AUTO
) -> Limits | None:
    """The limits of `item`, or None if it is not measured.

    Markers on the parameters, the function, its class and its module are combined; if a keyword is
    given several times, the first of these counts.

    Args:
        item: The test.
        ceiling_bytes: The suite's limit, for a test whose markers do not set `max`.
        gate: The suite's gate, for a test whose markers do not set one.

    Raises:
        ConfigError: a marker is invalid.
    """
    said: dict[str, Any] = {}
    for marker in _markers(item):
        said = _keywords(marker) | said
    said = {"max": ceiling_bytes, "gate": gate} | said
    limits = _limits(said)
    return limits if limits.max_bytes is not None or limits.at_most is not None else None


def _markers(item: pytest.Item) -> Iterator[pytest.Mark]:
    """The most specific first; pytest itself lists a parameter's marks after its function's."""
    callspec = getattr(item, "callspec", None)
    of_parameters = [mark for mark in callspec.marks if mark.name == MARKER] if callspec else []
    yield from of_parameters
    yield from (mark for mark in item.iter_markers(MARKER) if mark not in of_parameters)


def _keywords(marker: pytest.Mark) -> dict[str, Any]:
    said = dict(marker.kwargs)
    if len(marker.args) > 1 or (marker.args and "max" in said):
        raise ConfigError(
            f"{MARKER}{marker.args}: expected a single size; pass the rest by keyword"
        )
    if marker.args:
        said["max"] = marker.args[0]
    for name in said:
        if name not in _KEYWORDS:
            raise ConfigError(
                f"{MARKER}: unknown keyword {name!r}; expected one of {', '.join(_KEYWORDS)}"
            )
    return said


def _limits(said: dict[str, Any]) -> Limits:
    if "at_most" in said and said["at_most"] is None:
        said = said | {"of": None}  # removes a ratio that a less specific marker sets
    at_most, of = said.get("at_most"), said.get("of")
    if (at_most is None) != (of is None):
        raise ConfigError(f"{MARKER}: at_most and of must be given together")
    if of is not None and not callable(of):
        raise ConfigError(f"{MARKER}: of={of!r} is not callable")
    if inspect.iscoroutinefunction(of) or inspect.isgeneratorfunction(of):
        raise ConfigError(
            f"{MARKER}: of={of!r} does no work when called. Wrap it in a function that runs it"
        )
    if at_most is not None and not (_is_number(at_most) and 0 < at_most < math.inf):
        raise ConfigError(f"{MARKER}: at_most={at_most!r} is not a share. Write it like 0.3")
    if of is not None and said.get("fixtures"):
        raise ConfigError(f"{MARKER}: fixtures=True cannot be used with of, which has no fixtures")
    return Limits(
        max_bytes=_size(said["max"]),
        at_most=at_most,
        of=of,
        gate=parse_gate(said["gate"]),
        fixtures=_flag(said, "fixtures"),
        children=_flag(said, "children"),
    )


def _flag(said: dict[str, Any], name: str) -> bool:
    value = said.get(name, False)
    if not isinstance(value, bool):
        raise ConfigError(f"{MARKER}: {name}={value!r} is neither True nor False")
    return value


def _size(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, str):
        return parse_size(value, name=f"{MARKER}(max)")
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ConfigError(f"{MARKER}: max={value!r} is not a size. Write it like '64MiB', or in bytes")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
