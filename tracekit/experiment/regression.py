"""Rules for allowed growth, and the judgement of two runs by them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tracekit.errors import ConfigError
from tracekit.records import CandidateMeasurement, ReplaySummary, RunStatus
from tracekit.reports.comparison import MEMORY, METRICS, Metric, level_change
from tracekit.reports.headline import ending
from tracekit.sizes import parse_size

_RULE = re.compile(
    r"(?P<metric>[a-z_]+):(?:(?P<percent>[0-9]+(?:\.[0-9]+)?)%)?(?P<plus>\+)?(?P<floor>[^%+]*)"
)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")

Measurements = Mapping[str, CandidateMeasurement]
"""The metrics by name."""


@dataclass(frozen=True)
class Rule:
    """Growth of one metric that is too much: above a share of the base and above a floor."""

    metric: Metric
    fraction: float
    """Growth allowed as a share of the base; 0 if only the floor counts."""
    floor: float
    """Growth allowed in any case, in the metric's unit."""
    text: str
    """The rule as written."""

    def allowed(self, base: float) -> float:
        """The largest growth over `base` that is not a regression."""
        return max(self.fraction * base, self.floor)


@dataclass(frozen=True)
class Judgement:
    """The result of judging two runs by rules."""

    rules: tuple[Rule, ...]
    failures: tuple[str, ...]
    grown: tuple[str, ...] = ()
    """Candidates whose memory grew too much, or ran out."""

    @property
    def passed(self) -> bool:
        """Whether nothing grew more than allowed."""
        return not self.failures


def parse_rule(text: str) -> Rule:
    """Parse a rule: `METRIC:PERCENT%`, `METRIC:FLOOR` or `METRIC:PERCENT%+FLOOR`.

    `net_peak:10%+8MiB` fails on growth of more than 10% that is also more than 8 MiB. Floors are
    sizes for memory, counts for `allocations` and seconds (`2s`) for `wall`.

    Raises:
        ConfigError: `text` is not such a rule.
    """
    match = _RULE.fullmatch(text.strip())
    if match is None or not (match["percent"] or match["floor"]):
        raise _no_rule(text)
    if bool(match["plus"]) != bool(match["percent"] and match["floor"]):
        raise _no_rule(text)
    metric = METRICS.get(match["metric"])
    if metric is None:
        raise ConfigError(f"rule {text!r}: unknown metric {match['metric']!r}. {_choices()}")
    return Rule(
        metric=metric,
        fraction=float(match["percent"] or 0) / 100,
        floor=_floor(text, metric, match["floor"]),
        text=text.strip(),
    )


def judge_growth(base: ReplaySummary, head: ReplaySummary, rules: Sequence[Rule]) -> Judgement:
    """Judge whether any path of `base` costs more in `head` than `rules` allow.

    A path that is not in `head`, or that succeeded before and does not now, is a failure too. So is
    a figure that is no longer measured.

    Raises:
        ConfigError: no path of `base` has a rule's metric, so the rule could never fail.
    """
    return judge_measurements(base.candidates, head.candidates, rules)


def judge_measurements(base: Measurements, head: Measurements, rules: Sequence[Rule]) -> Judgement:
    """`judge_growth` of measurements by name.

    Raises:
        ConfigError: as for `judge_growth`.
    """
    if not rules:
        return Judgement((), ())
    failures = [*_lost_paths(base, head)]
    grown = {name for name in base if _ran_out(base[name], head.get(name))}
    for rule in rules:
        broken = dict(_broken(base, head, rule))
        failures += broken.values()
        if rule.metric.name in MEMORY:
            grown |= broken.keys()
    return Judgement(tuple(rules), tuple(failures), tuple(name for name in base if name in grown))


def lost_levels(base: ReplaySummary, head: ReplaySummary) -> list[str]:
    """Candidates that are less equal to their reference than they were."""
    return [
        level_change(name, before.level, now.level)
        for name, now in head.proof.candidates.items()
        if (before := base.proof.candidates.get(name)) is not None
        and before.level is not None
        and (now.level is None or not now.level.reaches(before.level))
    ]


def _lost_paths(base: Measurements, head: Measurements) -> Iterator[str]:
    for name, before in base.items():
        after = head.get(name)
        if after is None:
            yield f"{name} was measured before and is not now"
        elif before.status is RunStatus.OK is not after.status:
            reason = f": {after.reason}" if after.reason else ""
            yield f"{name} succeeded before and {ending(after)} now{reason}"


def _ran_out(before: CandidateMeasurement, after: CandidateMeasurement | None) -> bool:
    ran_out = after is not None and after.status is RunStatus.OUT_OF_MEMORY
    return ran_out and before.status is RunStatus.OK


def _broken(base: Measurements, head: Measurements, rule: Rule) -> Iterator[tuple[str, str]]:
    """The candidates that break `rule`, and how."""
    measured = {
        name: found for name, path in base.items() if (found := _of(rule, path)) is not None
    }
    if not measured:
        raise ConfigError(
            f"rule {rule.text!r}: no successful candidate of the base has {rule.metric.name}, so "
            "the rule could never fail. Create the base again with it measured."
        )
    for name, before in measured.items():
        path = head.get(name)
        if path is None or path.status is not RunStatus.OK:
            continue  # reported by _lost_paths
        after = rule.metric.of(path)
        if after is None:
            yield name, f"{name} {rule.metric.name} was measured before and is not now"
        elif after - before > rule.allowed(before):
            yield name, _grown(name, rule, before, after)


def _of(rule: Rule, path: CandidateMeasurement) -> float | None:
    return rule.metric.of(path) if path.status is RunStatus.OK else None


def _grown(name: str, rule: Rule, before: float, after: float) -> str:
    shown = rule.metric.shown
    grown = after - before
    share = f"{grown / before:.1%}, " if before else ""
    return (
        f"{name} {rule.metric.name} grew by {shown(grown)} ({share}{shown(before)} to "
        f"{shown(after)}); {rule.text} allows {shown(rule.allowed(before))}"
    )


def _floor(text: str, metric: Metric, floor: str) -> float:
    if not floor:
        return 0.0
    if metric.name.endswith("_peak"):
        return parse_size(floor, name=f"rule {text!r}")
    number = floor.removesuffix("s") if metric.name == "wall" else floor
    if not _NUMBER.fullmatch(number):
        raise _no_rule(text)
    return float(number)


def _no_rule(text: str) -> ConfigError:
    return ConfigError(
        f"{text!r} is not a rule. Write it like net_peak:10%, net_peak:8MiB or net_peak:10%+8MiB. "
        + _choices()
    )


def _choices() -> str:
    return f"Metrics are {', '.join(METRICS)}."
