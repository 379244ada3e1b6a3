"""Checks of a replay's arguments."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tracekit.errors import ConfigError
from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.records import Level


def expected_deaths(
    expected: Collection[str], candidates: Sequence[CandidateSpec]
) -> tuple[str, ...]:
    """The candidates that may run out of memory.

    Raises:
        ConfigError: one of them is not among the candidates.
    """
    names = [candidate.name for candidate in candidates]
    for name in expected:
        if name not in names:
            raise ConfigError(
                f"{name!r} is expected to run out of memory but is not a candidate; "
                f"expected one of {', '.join(names)}"
            )
    return tuple(expected)


def known_level(level: Level | str) -> Level:
    """The level of that name.

    Raises:
        ConfigError: outputs cannot be required to reach such a level.
    """
    reachable = [found for found in Level if found is not Level.DIFFERENT]
    if level not in reachable:
        raise ConfigError(f"level={str(level)!r}: expected {', '.join(reachable)}")
    return Level(level)
