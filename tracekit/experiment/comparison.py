"""Compare what each candidate returned with what the reference returned."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from tracekit.equality import compare_digests
from tracekit.equality.labels import label
from tracekit.equality.stretch import Records
from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.experiment.candidate_subject import make_candidate
from tracekit.experiment.context import ReplayContext
from tracekit.experiment.look_again import LabelledPieces, look_again
from tracekit.experiment.progress import ReplayProgress
from tracekit.experiment.run_candidate import search_path
from tracekit.records import CandidateMeasurement, CandidateProof, Level, Proof, RunStatus


def compare_candidates(
    records: Mapping[str, CandidateMeasurement], context: ReplayContext
) -> Proof:
    """The proof of all candidates; both of a pair fetch keys that differ again, in this process."""
    proofs = {}
    for candidate in context.candidates[1:]:
        context.tell(ReplayProgress(f"compare {candidate.name}", 0.0))
        proofs[candidate.name] = _compared(candidate, records, context)
        context.tell(ReplayProgress(f"compare {candidate.name}", 1.0))
    return Proof(context.reference.name, proofs)


def _compared(
    candidate: CandidateSpec, records: Mapping[str, CandidateMeasurement], context: ReplayContext
) -> CandidateProof:
    pair = (context.reference, candidate)
    died = [spec.name for spec in pair if records[spec.name].status is not RunStatus.OK]
    if died:
        return _not_compared(context, f"{' and '.join(died)} failed")
    silent = [
        records[spec.name].not_proved for spec in pair if records[spec.name].not_proved is not None
    ]
    if silent:
        return _not_compared(context, "; ".join(map(str, silent)))

    def refetch(labels: Sequence[str]) -> tuple[Records, Records]:
        again = [partial(_pieces, spec, context, labels) for spec in pair]
        return look_again(labels, again, unordered=context.options.unordered)

    return compare_digests(
        *(context.folder.digests(spec.name) for spec in pair),
        required=Level(context.options.level),
        unordered=context.options.unordered,
        key=context.source.query.column_names,
        refetch=refetch,
    )


def _pieces(spec: CandidateSpec, context: ReplayContext, labels: Sequence[str]) -> LabelledPieces:
    """What a candidate returns for the keys of these labels when they are fetched again."""
    source = context.source
    keys = source.keys
    if keys is not None:
        wanted = set(labels)
        keys = [key for key in keys if label(key) in wanted]
    workers = context.options.workers
    with _importing_from(search_path(spec)):
        made = make_candidate(spec, source.database, source.query, workers, own_process=False)
        try:
            for piece in made.pieces(made.fetch(keys), keys):
                for key, records in piece.items():
                    yield label(key), records
        finally:
            made.close()


@contextmanager
def _importing_from(folders: Sequence[str]) -> Iterator[None]:
    """Import from these folders, too; an installed command does not see the current one."""
    added = [folder for folder in folders if folder not in sys.path]
    sys.path[:0] = added
    try:
        yield
    finally:
        for folder in added:
            with suppress(ValueError):  # the user's code changed the path
                sys.path.remove(folder)


def _not_compared(context: ReplayContext, reason: str) -> CandidateProof:
    return CandidateProof(
        level=None,
        equal=None,
        required_level=Level(context.options.level),
        remarks=(f"not compared: {reason}",),
    )
