"""How the paths of a replay are run and judged."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tracekit.errors import ConfigError
from tracekit.records import Level
from tracekit.replay.paths import DEFAULT_PATHS, PATHS


@dataclass(frozen=True)
class Conditions:
    """Checked arguments of a replay, all but what it reads and where it writes."""

    paths: tuple[str, ...]
    """The first is the reference."""
    level: Level
    unordered: bool
    profile: bool
    repeat: int
    memory_limit_bytes: int | None
    expect_out_of_memory: frozenset[str]
    timeout_seconds: float | None
    workers: int

    @property
    def reference(self) -> str:
        """The path the others are compared with."""
        return self.paths[0]


def known_paths(
    paths: Sequence[str] | None, among: Collection[str] = tuple(PATHS)
) -> tuple[str, ...]:
    """`paths`, or the default ones.

    Raises:
        ConfigError: one is not `among` those there are, one is named twice, or there is none.
    """
    chosen = DEFAULT_PATHS if paths is None else tuple(paths)
    for path in chosen:
        if path not in among:
            raise ConfigError(f"{path!r} is no path here; there are {', '.join(among)}.")
    if not chosen or len(set(chosen)) != len(chosen):
        raise ConfigError(f"paths={', '.join(chosen)!r}: name at least one path, each once")
    return chosen


def expected_deaths(expected: Collection[str], paths: Sequence[str]) -> frozenset[str]:
    """The paths that may run out of memory.

    Raises:
        ConfigError: one of them is not replayed.
    """
    for path in expected:
        if path not in paths:
            raise ConfigError(
                f"{path!r} is expected to run out of memory but is not replayed; "
                f"the paths are {', '.join(paths)}."
            )
    return frozenset(expected)


def known_level(level: Level | str) -> Level:
    """The level called `level`.

    Raises:
        ConfigError: there is none that outputs could be asked to reach.
    """
    reachable = [found for found in Level if found is not Level.DIFFERENT]
    if level not in reachable:
        raise ConfigError(f"level={str(level)!r}: expected {', '.join(reachable)}")
    return Level(level)


def at_least_one(name: str, value: int) -> int:
    """`value`.

    Raises:
        ConfigError: it is below 1.
    """
    if value < 1:
        raise ConfigError(f"{name}={value!r}: expected a whole number of at least 1")
    return value
