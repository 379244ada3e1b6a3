"""Two runs side by side, as `tracekit compare --format json` writes it."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.records.stacks import StackDiff


@dataclass(frozen=True)
class MetricChange:
    """One metric of one path, before and after; None where it was not measured.

    Memory is in bytes, `wall` in seconds.
    """

    path: str
    metric: str
    base: float | None
    head: float | None
    delta: float | None
    """Head less base; None when they cannot be compared, such as when the path died."""
    change: float | None
    """`delta` as a share of the base."""


@dataclass(frozen=True)
class Comparison:
    """What changed from one run to another, and whether that was allowed."""

    base: str
    head: str
    headline: str
    metrics: tuple[MetricChange, ...]
    unlike: tuple[str, ...]
    """What makes the two hard to compare: other environment, other workload, other paths."""
    stack_diffs: tuple[StackDiff, ...]
    rules: tuple[str, ...]
    """What was asked for by --fail-on."""
    failures: tuple[str, ...]
    """One line for each rule that was broken."""
    passed: bool | None
    """None when there was no rule to judge by."""
    schema_version: int = 1
