"""Compare what each candidate returned with what the reference returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracekit.equality import compare_digests
from tracekit.keyed import Events
from tracekit.keyed.domains import CID_COLUMN
from tracekit.records import CandidateProof, PathMeasurement, PathStatus, Proof
from tracekit.replay.conditions import Conditions
from tracekit.replay.paths import fetch_by_path
from tracekit.replay.progress import Listener, ReplayProgress
from tracekit.replay.run_folder import RunFolder
from tracekit.replay.source import Source


def compare_paths(
    records: Mapping[str, PathMeasurement],
    source: Source,
    conditions: Conditions,
    folder: RunFolder,
    tell: Listener,
) -> Proof:
    """The proof of all candidates; CIDs that differ are fetched again by both paths, here."""
    candidates = {}
    for path in conditions.paths[1:]:
        tell(ReplayProgress(f"compare {path}", 0.0))
        candidates[path] = _compared(path, records, source, conditions, folder)
        tell(ReplayProgress(f"compare {path}", 1.0))
    return Proof(conditions.reference, candidates)


def _compared(
    path: str,
    records: Mapping[str, PathMeasurement],
    source: Source,
    conditions: Conditions,
    folder: RunFolder,
) -> CandidateProof:
    reference = conditions.reference
    died = [name for name in (reference, path) if records[name].status is not PathStatus.OK]
    if died:
        return CandidateProof(
            level=None,
            equal=None,
            required_level=conditions.level,
            remarks=(f"not compared: {' and '.join(died)} did not end well",),
        )

    def refetch(cids: Sequence[str]) -> tuple[Events, Events]:
        both = (
            fetch_by_path(name, source.database, conditions.workers, cids, source.workload.domain)
            for name in (reference, path)
        )
        return next(both), next(both)

    return compare_digests(
        folder.digests(reference),
        folder.digests(path),
        required=conditions.level,
        unordered=conditions.unordered,
        key=CID_COLUMN,
        refetch=refetch,
    )
