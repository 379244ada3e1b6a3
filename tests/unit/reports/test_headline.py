from dataclasses import replace

import pytest

from tracekit.records import CandidateProof, Level, Proof, ReplaySummary, RunStatus, Verdict
from tracekit.reports.headline import headline


def _judged(summary: ReplaySummary, proof: CandidateProof, verdict: Verdict) -> ReplaySummary:
    return replace(summary, proof=Proof("legacy", {"iterator": proof}), verdict=verdict)


def test_the_usual_verdict_is_one_sentence(passing: ReplaySummary) -> None:
    assert headline(passing) == (
        "EQUAL at level value; peak LOWER: iterator used 0.50 of legacy's net peak "
        "(1.46 GiB against 2.92 GiB)"
    )


@pytest.mark.parametrize(
    ("proof", "says"),
    [
        (CandidateProof(Level.DIFFERENT, False, different_keys=1), "DIFFERENT (iterator in 1 key)"),
        (
            CandidateProof(Level.DIFFERENT, False, different_keys=1200),
            "DIFFERENT (iterator in 1,200 keys)",
        ),
        (
            CandidateProof(Level.VALUE, False, Level.EXACT),
            "EQUAL only at level value where exact is required",
        ),
        (CandidateProof(Level.EXACT, True), "EQUAL at level exact"),
    ],
)
def test_equality_says_what_holds(passing: ReplaySummary, proof: CandidateProof, says: str) -> None:
    assert headline(_judged(passing, proof, passing.verdict)).startswith(f"{says}; peak ")


def test_a_peak_the_verdict_calls_not_lower_is_never_called_lower(passing: ReplaySummary) -> None:
    proof = passing.proof.candidates["iterator"]
    verdict = Verdict(True, False, {"iterator": 0.99}, False)
    assert "peak NOT LOWER: iterator used 0.99" in headline(_judged(passing, proof, verdict))


def test_a_dead_reference_leaves_nothing_proven(passing: ReplaySummary) -> None:
    legacy = replace(passing.candidates["legacy"], status=RunStatus.OUT_OF_MEMORY)
    dead = replace(
        _judged(passing, CandidateProof(None, None), Verdict(None, None, {}, False)),
        candidates={**passing.candidates, "legacy": legacy},
    )
    assert headline(dead) == (
        "NOT PROVEN (legacy ran out of memory); "
        "peak NOT COMPARED: legacy ran out of memory at a net peak of 2.92 GiB"
    )


def test_one_path_alone_is_nothing_compared(passing: ReplaySummary) -> None:
    alone = replace(
        passing,
        candidates={"legacy": passing.candidates["legacy"]},
        proof=Proof("legacy", {}),
        verdict=Verdict(None, None, {}, True),
    )
    assert headline(alone) == "NOTHING COMPARED: legacy used a net peak of 2.92 GiB"


def test_empty_results_are_not_called_equal(passing: ReplaySummary) -> None:
    empty = {name: replace(path, rows=0) for name, path in passing.candidates.items()}
    said = headline(replace(passing, candidates=empty))
    assert said.startswith("NOTHING PROVED, no rows were read; peak")
    assert "EQUAL" not in said


def test_many_candidates_are_listed_worst_first(hard: ReplaySummary) -> None:
    assert headline(hard).startswith(
        "NOT PROVEN (stream ran out of memory, arrow failed), DIFFERENT (lean in 1,234 keys), "
        "EQUAL only at level value where json is required (iterator); "
    )
