"""Two runs side by side, as `tracekit compare --format json` writes it."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.records.proof import Difference
from tracekit.records.stacks import StackDiff


@dataclass(frozen=True)
class MetricChange:
    """One metric of one candidate, before and after; None if not measured.

    Memory is in bytes, `wall` in seconds.
    """

    path: str
    metric: str
    base: float | None
    head: float | None
    delta: float | None
    """Head minus base; None if they cannot be compared, such as after a failure."""
    change: float | None
    """`delta` as a share of the base."""


@dataclass(frozen=True)
class Comparison:
    """The changes from one run to another, and whether they were allowed."""

    base: str
    head: str
    headline: str
    metrics: tuple[MetricChange, ...]
    unlike: tuple[str, ...]
    """What makes the two hard to compare: different environments, workloads or candidates."""
    differences: dict[str, tuple[Difference, ...]]
    """The first differences of each candidate that differs and did not before."""
    stack_diffs: tuple[StackDiff, ...]
    rules: tuple[str, ...]
    """The rules of --fail-on."""
    failures: tuple[str, ...]
    """One line for each broken rule."""
    passed: bool | None
    """None if there were no rules."""
    schema_version: int = 1
