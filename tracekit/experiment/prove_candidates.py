"""Prove two candidates equal without measuring them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tracekit.errors import ConfigError, ProfileError
from tracekit.experiment.builtin_candidates import DEFAULT_CANDIDATES
from tracekit.experiment.candidate_check import check_candidates
from tracekit.experiment.candidate_spec import (
    Candidates,
    CandidateSpec,
    candidate_specs,
    with_reference_first,
)
from tracekit.experiment.checks import known_level
from tracekit.experiment.choose_keys import WantedKeys
from tracekit.experiment.comparison import compare_candidates
from tracekit.experiment.context import ReplayContext
from tracekit.experiment.progress import Listener
from tracekit.experiment.prove_view import EqualityProof
from tracekit.experiment.run_candidate import run_candidates
from tracekit.experiment.run_folder import RunFolder
from tracekit.experiment.side_by_side import usual_jobs
from tracekit.experiment.source import Request, WorkloadLike, open_source, resolve
from tracekit.experiment.verdict import NO_ROWS
from tracekit.keyed import Query
from tracekit.oracle import Database
from tracekit.records import Level, ReplayOptions, RunStatus
from tracekit.sizes import at_least_one


def chosen_sides(
    workload: WorkloadLike | None, left: str | None, right: str | None
) -> tuple[CandidateSpec, CandidateSpec]:
    """The reference and the candidate to compare with it.

    By default those of the workload: its reference, and the first of its other candidates.

    Raises:
        ConfigError: a side is unknown, or both have the same name.
        WorkloadError: the workload is unknown or malformed.
    """
    known = resolve(workload)
    own = known.candidates or DEFAULT_CANDIDATES
    specs = with_reference_first(candidate_specs(own), known.reference)
    if len(specs) == 1:
        specs = (*candidate_specs(DEFAULT_CANDIDATES[:1]), *specs)
    asked = [candidate_specs([side], own)[0] if side else None for side in (left, right)]
    first = asked[0] or next(one for one in specs if one != asked[1])
    second = asked[1] or next(one for one in specs if one.name != first.name)
    pair = candidate_specs([first, second])
    return pair[0], pair[1]


def prove_candidates(
    candidates: Candidates,
    workload: WorkloadLike | None = None,
    *,
    database: Database | None = None,
    query: Query | str | None = None,
    keys: WantedKeys | None = None,
    keys_sql: str | None = None,
    level: Level | str = Level.VALUE,
    unordered: bool = False,
    workers: int = 2,
    on_progress: Listener | None = None,
) -> EqualityProof:
    """Fetch by two candidates, each in its own process, and prove the second equal to the first.

    Nothing is kept on disk. Arguments and errors are those of `replay`.

    Raises:
        ProfileError: a candidate failed, so there is nothing to compare.
        ConfigError: neither candidate read a row, so there is nothing to compare either.
    """
    specs = candidate_specs(candidates, resolve(workload).candidates or DEFAULT_CANDIDATES)
    options = ReplayOptions(
        workload=None,
        keys=None,
        query="",
        candidates=tuple(map(str, specs)),
        level=known_level(level),
        unordered=unordered,
        profile=False,
        repeat=1,
        workers=at_least_one("workers", workers),
        jobs=usual_jobs(),
    )
    tell = on_progress or (lambda progress: None)
    with (
        open_source(Request(workload, database, query, keys, keys_sql), tell) as source,
        tempfile.TemporaryDirectory(prefix="tracekit-prove-") as scratch,
    ):
        check_candidates(specs, source)
        context = ReplayContext(source, specs, options, RunFolder(Path(scratch)), tell)
        records = {}
        for name, run in run_candidates(context).items():
            found = records[name] = run.record
            if found.status is not RunStatus.OK:
                raise ProfileError(
                    f"candidate {name!r} failed, so nothing is proved: "
                    f"{found.reason}\n{found.stderr_tail or ''}".rstrip()
                )
        compared = compare_candidates(records, context)
    proof = compared.candidates[specs[-1].name]
    if proof.level is None:
        raise ProfileError(f"nothing is proved: {'; '.join(proof.remarks)}")
    if proof.level is not Level.DIFFERENT and all(found.rows == 0 for found in records.values()):
        raise ConfigError(NO_ROWS)
    return EqualityProof(proof)
