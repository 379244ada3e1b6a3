"""Two replays compared metric by metric: memory before time, and regressions first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

from tracekit.errors import ConfigError
from tracekit.records import CandidateMeasurement, Level, ReplaySummary, RunStatus
from tracekit.reports import figures
from tracekit.reports.headline import ending
from tracekit.reports.table import Column, Table


@dataclass(frozen=True)
class Metric:
    """A figure of a candidate that is compared between replays; more is worse."""

    name: str
    of: Callable[[CandidateMeasurement], float | None]
    shown: Callable[[float | None], str]


METRICS = {
    metric.name: metric
    for metric in (
        Metric("net_peak", lambda path: path.rss_net_peak_bytes, figures.size),
        Metric("heap_peak", lambda path: path.heap_peak_bytes, figures.size),
        Metric(
            "allocations",
            lambda path: path.allocations,
            lambda number: figures.count(None if number is None else int(number)),
        ),
        Metric("wall", lambda path: path.wall_seconds, figures.seconds),
    )
}


@dataclass(frozen=True)
class MetricDelta:
    """One metric of one path, before and after; None if it was not measured."""

    path: str
    metric: Metric
    base: float | None
    head: float | None
    finished: bool = True
    """Whether the candidate succeeded both times; one that died early is not cheaper."""

    @property
    def delta(self) -> float | None:
        """Head minus base; None if they cannot be compared."""
        if not self.finished or self.base is None or self.head is None:
            return None
        return self.head - self.base

    @property
    def change(self) -> float | None:
        """`delta` as a share of the base; None if the base is 0 or one was not measured."""
        return self.delta / self.base if self.base and self.delta is not None else None


MEMORY = ("net_peak", "heap_peak")
"""The metrics that a headline is about. Times depend on the machine, too."""
REPEATABLE_SHARE = 0.03
"""Share by which net peaks of the same candidate differ from run to run."""

SORTS = ("change", "delta", "name")
"""`change`: memory first, the largest share of growth first; `delta`: metric by metric, the
largest growth first; `name`: by candidate."""


def metric_deltas(
    base: ReplaySummary,
    head: ReplaySummary,
    columns: Sequence[str] = tuple(METRICS),
    *,
    sort: str = "change",
) -> list[MetricDelta]:
    """Every metric in `columns` of every candidate in both, in the order of `sort` (`SORTS`).

    A metric that was measured in neither is left out.

    Raises:
        ConfigError: a metric in `columns`, or the order `sort`, is unknown.
    """
    if sort not in SORTS:
        raise ConfigError(f"sort: unknown order {sort!r}; expected one of {', '.join(SORTS)}")
    unknown = [name for name in columns if name not in METRICS]
    if unknown:
        raise ConfigError(
            f"columns: unknown metric {unknown[0]!r}; expected one of {', '.join(METRICS)}"
        )
    found = [
        MetricDelta(
            path,
            METRICS[name],
            METRICS[name].of(before),
            METRICS[name].of(after),
            finished=before.status is after.status is RunStatus.OK,
        )
        for path, before, after in _in_both(base, head)
        for name in columns
        if METRICS[name].of(before) is not None or METRICS[name].of(after) is not None
    ]
    if sort == "name":
        return sorted(found, key=lambda delta: (delta.path, columns.index(delta.metric.name)))
    if sort == "delta":
        return sorted(
            found, key=lambda delta: (columns.index(delta.metric.name), -(delta.delta or 0))
        )
    return sorted(found, key=lambda delta: (delta.metric.name not in MEMORY, *_worst_first(delta)))


def _worst_first(delta: MetricDelta) -> tuple[bool, float]:
    # Growth from zero has no share but is worse than any; unknown changes come last.
    grown = delta.change if delta.change is not None else delta.delta and float("inf")
    return (grown is None, -(grown or 0.0))


def _in_both(
    base: ReplaySummary, head: ReplaySummary
) -> Iterator[tuple[str, CandidateMeasurement, CandidateMeasurement]]:
    for name, before in base.candidates.items():
        if name in head.candidates:
            yield name, before, head.candidates[name]


def delta_table(deltas: Sequence[MetricDelta]) -> Table:
    """The deltas in their order."""
    numeric = ("base", "head", "delta", "delta %")
    return Table.of(
        [
            Column("name", literal=True),
            Column("metric"),
            *(Column(t, numeric=True) for t in numeric),
        ],
        (
            (
                delta.path,
                delta.metric.name,
                delta.metric.shown(delta.base),
                delta.metric.shown(delta.head),
                _signed(delta),
                figures.percent(delta.change),
            )
            for delta in deltas
        ),
    )


def _signed(delta: MetricDelta) -> str:
    shown = delta.metric.shown(delta.delta)
    return f"+{shown}" if delta.delta is not None and delta.delta > 0 else shown


def comparison_headline(
    base: ReplaySummary, head: ReplaySummary, deltas: Sequence[MetricDelta]
) -> str:
    """What got worse, in one sentence. Nothing is judged here: tolerances belong to a gate."""
    broken = [
        f"{name} {ending(after)} and did not before"
        for name, before, after in _in_both(base, head)
        if before.status is RunStatus.OK is not after.status
    ]
    return "; ".join([*broken, *_levels(base, head), _largest_change(deltas)])


def _largest_change(deltas: Sequence[MetricDelta]) -> str:
    """About memory in bytes; about other metrics only if no memory metric was requested."""
    memory = [delta for delta in deltas if delta.metric.name in MEMORY]
    noun, considered = ("peak", memory) if memory else ("metric", list(deltas))
    known = [delta for delta in considered if delta.delta is not None]
    if not known:
        return f"no {noun} was measured in both"
    worst = max(known, key=lambda delta: (delta.delta or 0) if memory else (delta.change or 0))
    best = min(known, key=lambda delta: (delta.delta or 0) if memory else (delta.change or 0))
    if (worst.delta or 0) > 0:
        return f"largest growth: {_described(worst)}"
    if (best.delta or 0) < 0:
        return f"no {noun} grew; largest fall: {_described(best)}"
    return f"no {noun} grew"


def _described(delta: MetricDelta) -> str:
    share = "" if delta.change is None else f" {figures.percent(delta.change)}"
    noise = delta.change is not None and abs(delta.change) <= REPEATABLE_SHARE
    within = ", within the noise of repeated runs" if noise else ""
    return (
        f"{delta.path} {delta.metric.name}{share} "
        f"({delta.metric.shown(delta.base)} to {delta.metric.shown(delta.head)}{within})"
    )


def outcome_prefix(failures: Sequence[str] | None) -> str:
    """`FAILED` or `PASSED`; empty if nothing was judged."""
    if failures is None:
        return ""
    return "FAILED" if failures else "PASSED"


def _levels(base: ReplaySummary, head: ReplaySummary) -> Iterator[str]:
    for name, proof in head.proof.candidates.items():
        before = base.proof.candidates.get(name)
        if before and before.level and before.level != proof.level:
            yield level_change(name, before.level, proof.level)


def level_change(name: str, before: Level, now: Level | None) -> str:
    """A candidate whose level of equality changed, as a sentence; None if it was not compared."""
    was = "differed" if before is Level.DIFFERENT else f"was equal at level {before}"
    if now is None:
        return f"{name} {was} and is not proved now"
    found = "differs" if now is Level.DIFFERENT else f"is equal at level {now}"
    return f"{name} {was} and {found} now"


def newly_different(base: ReplaySummary, head: ReplaySummary) -> ReplaySummary:
    """`head` with the proofs of only those candidates that differ and did not before."""
    found = {
        name: proof
        for name, proof in head.proof.candidates.items()
        if proof.level is Level.DIFFERENT
        and (before := base.proof.candidates.get(name)) is not None
        and before.level is not Level.DIFFERENT
    }
    return replace(head, proof=replace(head.proof, candidates=found))


def unlike(base: ReplaySummary, head: ReplaySummary) -> list[str]:
    """What makes the two hard to compare: different workloads, environments or candidates."""
    found = [
        f"{what} {field.name.replace('_', ' ')}: {before} before, {after} after"
        for what, one, other in (
            ("workload", base.workload, head.workload),
            ("environment", base.environment, head.environment),
        )
        for field in fields(one)
        if (before := getattr(one, field.name)) != (after := getattr(other, field.name))
    ]
    found += [
        f"candidate {name} is only in the base"
        for name in base.candidates
        if name not in head.candidates
    ]
    found += [
        f"candidate {name} is only in the head"
        for name in head.candidates
        if name not in base.candidates
    ]
    found += [
        f"times of {name}: measured {_how(before)} before, {_how(after)} after"
        for name, before in base.candidates.items()
        if (after := head.candidates.get(name)) and _how(before) != _how(after)
    ]
    return found


def _how(path: CandidateMeasurement) -> str:
    return "side by side with another run" if path.measured_beside else "alone"
