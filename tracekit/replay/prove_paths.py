"""Prove two paths equal without measuring them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tracekit.errors import ProfileError
from tracekit.keyed.domains import find_domain
from tracekit.oracle import Database
from tracekit.records import Level, PathStatus
from tracekit.replay.comparison import compare_paths
from tracekit.replay.conditions import Conditions, at_least_one, known_level, known_paths
from tracekit.replay.paths import ALL_PATHS
from tracekit.replay.progress import Listener
from tracekit.replay.prove_view import EqualityProof
from tracekit.replay.run_folder import RunFolder
from tracekit.replay.run_path import run_path
from tracekit.replay.source import Workload, open_source


def prove_paths(
    left: str,
    right: str,
    workload: Workload | None = None,
    *,
    database: Database | None = None,
    cids: int | Sequence[str] | None = None,
    cids_sql: str | None = None,
    domain: str | None = None,
    level: Level | str = Level.VALUE,
    unordered: bool = False,
    workers: int = 2,
    on_progress: Listener | None = None,
) -> EqualityProof:
    """Fetch by both paths, each in a process of its own, and prove `right` equal to `left`.

    Nothing is kept on disk. Arguments and errors are those of `replay`.

    Raises:
        ProfileError: a path did not come to its end, so there is nothing to compare.
    """
    conditions = Conditions(
        paths=known_paths((left, right), ALL_PATHS),
        level=known_level(level),
        unordered=unordered,
        profile=False,
        repeat=1,
        memory_limit_bytes=None,
        expect_out_of_memory=frozenset(),
        timeout_seconds=None,
        workers=at_least_one("workers", workers),
    )
    if domain is not None:
        find_domain(domain)
    tell = on_progress or (lambda progress: None)
    with (
        open_source(
            workload, database, cids=cids, cids_sql=cids_sql, domain=domain, tell=tell
        ) as source,
        tempfile.TemporaryDirectory(prefix="tracekit-prove-") as scratch,
    ):
        folder = RunFolder(Path(scratch))
        records = {}
        for path in conditions.paths:
            records[path] = run_path(path, source, conditions, folder, tell).record
            if records[path].status is not PathStatus.OK:
                raise ProfileError(
                    f"path {path!r} did not come to its end, so nothing is proven: "
                    f"{records[path].reason}\n{records[path].stderr_tail or ''}".rstrip()
                )
        proof = compare_paths(records, source, conditions, folder, tell)
    return EqualityProof(proof.candidates[right])
