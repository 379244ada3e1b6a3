from dataclasses import replace

import pytest

from tracekit.experiment.verdict import judge, unexpected_out_of_memory
from tracekit.records import CandidateMeasurement, CandidateProof, Level, Proof, RunStatus

OK = CandidateMeasurement(RunStatus.OK, rss_net_peak_bytes=1000)
DIED = CandidateMeasurement(RunStatus.OUT_OF_MEMORY, reason="ran out of memory")
FAILED = CandidateMeasurement(RunStatus.FAILED, reason="raised ORA-00942")


def peak(net_bytes):
    return replace(OK, rss_net_peak_bytes=net_bytes)


def proof(level=Level.VALUE, required=Level.VALUE, **levels):
    found = levels or {"lean": level}
    return Proof(
        "legacy",
        {
            name: CandidateProof(
                level=one,
                equal=None if one is None else one.reaches(required),
                required_level=required,
            )
            for name, one in found.items()
        },
    )


def test_equal_and_lower_passes():
    verdict = judge({"legacy": OK, "lean": peak(110)}, proof())
    assert verdict.passed
    assert (verdict.equal, verdict.lower_peak) == (True, True)
    assert verdict.net_peak_ratio == {"lean": 0.11}
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    ("rows", "passed"), [((0, 0), False), ((0, 5), True), ((5, 5), True), ((None, 0), True)]
)
def test_a_replay_that_read_no_row_does_not_pass(rows, passed):
    old, new = rows
    verdict = judge(
        {"legacy": replace(OK, rows=old), "lean": replace(peak(110), rows=new)}, proof()
    )
    assert verdict.passed is passed
    assert [reason for reason in verdict.reasons if "no rows were read" in reason] == (
        [] if passed else list(verdict.reasons)
    )


@pytest.mark.parametrize(("net_bytes", "lower"), [(999, True), (1000, False), (1001, False)])
def test_a_peak_must_be_below_the_reference(net_bytes, lower):
    verdict = judge({"legacy": OK, "lean": peak(net_bytes)}, proof())
    assert (verdict.lower_peak, verdict.passed) == (lower, lower)
    assert len(verdict.reasons) == (0 if lower else 1)


def test_a_level_not_reached_does_not_pass():
    verdict = judge({"legacy": OK, "lean": peak(110)}, proof(Level.VALUE, required=Level.EXACT))
    assert (verdict.equal, verdict.lower_peak, verdict.passed) == (False, True, False)
    assert verdict.reasons == (
        "lean is equal at level value only against legacy; level exact is required",
    )


def test_one_bad_candidate_of_two_is_enough():
    paths = {"legacy": OK, "iterator": peak(500), "lean": peak(1500)}
    verdict = judge(paths, proof(iterator=Level.DIFFERENT, lean=Level.EXACT))
    assert (verdict.equal, verdict.lower_peak, verdict.passed) == (False, False, False)
    assert len(verdict.reasons) == 2


def test_a_dead_reference_leaves_nothing_to_compare():
    paths = {"legacy": DIED, "lean": peak(110)}
    verdict = judge(paths, proof(lean=None))
    assert (verdict.equal, verdict.lower_peak, verdict.passed) == (None, None, False)
    assert verdict.reasons == ("legacy: ran out of memory",)
    assert unexpected_out_of_memory(paths, ()) == ("legacy",)


def test_an_expected_death_passes():
    paths = {"legacy": DIED, "lean": peak(110)}
    verdict = judge(paths, proof(lean=None), expect_out_of_memory={"legacy"})
    assert (verdict.equal, verdict.lower_peak, verdict.passed) == (None, None, True)
    assert unexpected_out_of_memory(paths, {"legacy"}) == ()


def test_an_expectation_excuses_only_lack_of_memory():
    paths = {"legacy": FAILED, "lean": peak(110)}
    verdict = judge(paths, proof(lean=None), expect_out_of_memory={"legacy"})
    assert verdict.reasons == ("legacy: raised ORA-00942",)
    assert unexpected_out_of_memory(paths, ()) == ()


def test_a_dead_candidate_is_not_hidden_by_a_good_one():
    paths = {"legacy": OK, "iterator": DIED, "lean": peak(110)}
    verdict = judge(paths, proof(iterator=None, lean=Level.VALUE))
    assert (verdict.equal, verdict.lower_peak, verdict.passed) == (True, True, False)


def test_a_reference_alone_passes_when_it_ends_well():
    verdict = judge({"legacy": OK}, Proof("legacy", {}))
    assert (verdict.equal, verdict.lower_peak, verdict.passed) == (None, None, True)


def test_a_net_peak_of_nothing_gives_no_ratio():
    assert judge({"legacy": peak(0), "lean": peak(0)}, proof()).net_peak_ratio == {}
