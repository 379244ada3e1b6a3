"""Compare what each candidate returned with what the reference returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from tracekit.equality import compare_digests
from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.experiment.candidate_subject import fetch_by, make_candidate
from tracekit.experiment.context import ReplayContext
from tracekit.experiment.progress import ReplayProgress
from tracekit.keyed import Key, RecordsByKey
from tracekit.records import CandidateProof, Level, PathMeasurement, PathStatus, Proof


def compare_candidates(records: Mapping[str, PathMeasurement], context: ReplayContext) -> Proof:
    """The proof of all candidates; keys that differ are fetched again by both of a pair, here."""
    proofs = {}
    for candidate in context.candidates[1:]:
        context.tell(ReplayProgress(f"compare {candidate.name}", 0.0))
        proofs[candidate.name] = _compared(candidate, records, context)
        context.tell(ReplayProgress(f"compare {candidate.name}", 1.0))
    return Proof(context.reference.name, proofs)


def _compared(
    candidate: CandidateSpec, records: Mapping[str, PathMeasurement], context: ReplayContext
) -> CandidateProof:
    pair = (context.reference, candidate)
    died = [spec.name for spec in pair if records[spec.name].status is not PathStatus.OK]
    if died:
        return _not_compared(context, f"{' and '.join(died)} did not end well")
    silent = [
        records[spec.name].not_proved for spec in pair if records[spec.name].not_proved is not None
    ]
    if silent:
        return _not_compared(context, "; ".join(map(str, silent)))
    source = context.source

    def refetch(keys: Sequence[Key]) -> tuple[RecordsByKey, RecordsByKey]:
        with ExitStack() as stack:
            found = []
            for spec in pair:
                made = make_candidate(spec, source.database, source.query, context.options.workers)
                stack.callback(made.close)
                found.append(fetch_by(made, list(keys) if source.keys is not None else None))
        return found[0], found[1]

    return compare_digests(
        *(context.folder.digests(spec.name) for spec in pair),
        required=Level(context.options.level),
        unordered=context.options.unordered,
        refetch=refetch,
    )


def _not_compared(context: ReplayContext, reason: str) -> CandidateProof:
    return CandidateProof(
        level=None,
        equal=None,
        required_level=Level(context.options.level),
        remarks=(f"not compared: {reason}",),
    )
