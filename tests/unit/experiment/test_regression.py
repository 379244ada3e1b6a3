from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.summaries import summary_of
from tracekit.errors import ConfigError
from tracekit.experiment.regression import judge_growth, lost_levels, parse_rule
from tracekit.records import (
    CandidateMeasurement,
    CandidateProof,
    Level,
    Proof,
    RunStatus,
    Verdict,
)

MIB = 2**20


def summary(level=Level.VALUE, **peaks):
    return summary_of(
        {
            name: CandidateMeasurement(RunStatus.OK, rss_net_peak_bytes=peak, wall_seconds=2.0)
            for name, peak in peaks.items()
        },
        proof=Proof("legacy", {"lean": CandidateProof(level, equal=True)}),
        verdict=Verdict(True, True, {}, passed=True),
    )


def failures(base, head, *rules):
    return judge_growth(base, head, [parse_rule(rule) for rule in rules]).failures


def died(found, status=RunStatus.OUT_OF_MEMORY):
    path = replace(found.candidates["lean"], status=status, reason="killed", rss_net_peak_bytes=1)
    return replace(found, candidates={**found.candidates, "lean": path})


@pytest.mark.parametrize(
    ("text", "fraction", "floor"),
    [
        ("net_peak:10%", 0.1, 0),
        ("net_peak:8MiB", 0, 8 * MIB),
        ("net_peak:10%+8MiB", 0.1, 8 * MIB),
        ("heap_peak:12.5%+24MB", 0.125, 24_000_000),
        ("allocations:5%+1000", 0.05, 1000),
        ("wall:50%+2s", 0.5, 2),
        ("wall:0%", 0, 0),
    ],
)
def test_rules_are_read(text, fraction, floor):
    rule = parse_rule(text)
    assert (rule.fraction, rule.floor) == (fraction, floor)


@pytest.mark.parametrize(
    "text",
    [
        "net_peak",
        "net_peak:",
        "net_peak:10%8MiB",
        "net_peak:+8MiB",
        "net_peak:10%+",
        "net_peak:-3%",
        "net_peak:10%+8parsecs",
        "allocations:8MiB",
        "wall:2min",
        "rss:10%",
        "10%",
        "",
    ],
)
def test_an_invalid_rule_is_refused_with_its_text(text):
    with pytest.raises(ConfigError, match=r"net_peak"):
        parse_rule(text)


@pytest.mark.parametrize(
    ("head_mib", "passed"), [(100, True), (110, True), (111, False), (90, True), (0, True)]
)
def test_growth_beyond_the_percentage_fails(head_mib, passed):
    found = failures(summary(lean=100 * MIB), summary(lean=head_mib * MIB), "net_peak:10%")
    assert (not found) is passed


def test_growth_must_exceed_percentage_and_floor():
    base = summary(lean=10 * MIB)
    assert not failures(base, summary(lean=17 * MIB), "net_peak:10%+8MiB")
    (found,) = failures(base, summary(lean=19 * MIB), "net_peak:10%+8MiB")
    assert found == (
        "lean net_peak grew by 9.00 MiB (90.0%, 10.0 MiB to 19.0 MiB); "
        "net_peak:10%+8MiB allows 8.00 MiB"
    )


@given(st.integers(1, 2**40), st.integers(0, 2**41), st.integers(0, 300), st.integers(0, 2**30))
def test_a_rule_is_broken_exactly_beyond_both(base, head, percent, floor):
    found = failures(summary(a=base), summary(a=head), f"net_peak:{percent}%+{floor}B")
    grown = head - base
    assert bool(found) is (grown > percent / 100 * base and grown > floor)


def test_every_rule_and_path_is_judged():
    base = summary(legacy=MIB, lean=MIB)
    head = summary(legacy=2 * MIB, lean=2 * MIB)
    assert len(failures(base, head, "net_peak:10%", "wall:10%")) == 2


def test_a_candidate_that_died_or_vanished_is_not_cheaper():
    base = summary(lean=MIB)
    assert failures(base, died(base), "net_peak:10%") == (
        "lean succeeded before and ran out of memory now: killed",
    )
    assert failures(base, summary(other=MIB), "net_peak:10%") == (
        "lean was measured before and is not now",
    )


def test_a_path_that_died_before_may_do_so_again():
    base = summary(legacy=MIB, lean=MIB)
    assert not failures(died(base), died(base), "net_peak:10%")
    assert not failures(died(base), base, "net_peak:10%")


def test_a_figure_that_is_no_longer_measured_fails():
    head = summary(lean=None)
    assert failures(summary(lean=MIB), head, "net_peak:10%") == (
        "lean net_peak was measured before and is not now",
    )


def test_a_rule_that_could_never_fail_is_an_error():
    with pytest.raises(ConfigError, match=r"heap_peak:10%.*could never fail"):
        failures(summary(lean=MIB), summary(lean=MIB), "heap_peak:10%")


def test_growth_from_nothing_is_growth():
    assert failures(summary(lean=0), summary(lean=MIB), "net_peak:10%")


def test_without_rules_nothing_is_judged():
    assert judge_growth(summary(lean=1), summary(lean=9), []).passed


@pytest.mark.parametrize(
    ("before", "now", "lost"),
    [
        (Level.EXACT, Level.EXACT, False),
        (Level.VALUE, Level.EXACT, False),
        (Level.EXACT, Level.VALUE, True),
        (Level.VALUE, None, True),
        (None, Level.DIFFERENT, False),
    ],
)
def test_a_lower_level_is_reported(before, now, lost):
    found = lost_levels(summary(before, lean=1), summary(now, lean=1))
    assert bool(found) is lost
