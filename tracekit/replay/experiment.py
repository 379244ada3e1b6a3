"""`replay`: run several paths on one workload, prove them equal, judge, and write it all down."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tracekit.config import Settings
from tracekit.keyed.domains import find_domain
from tracekit.oracle import Database
from tracekit.records import Level, MemoryTimeline, ReplayOptions, ReplaySummary
from tracekit.replay.comparison import compare_paths
from tracekit.replay.conditions import (
    Conditions,
    at_least_one,
    expected_deaths,
    known_level,
    known_paths,
)
from tracekit.replay.environment import collect_environment
from tracekit.replay.paths import ALL_PATHS
from tracekit.replay.progress import Listener, ReplayProgress
from tracekit.replay.run_folder import RunFolder, run_name, write_run
from tracekit.replay.run_path import PathRun, run_path
from tracekit.replay.source import Source, Workload, open_source
from tracekit.replay.verdict import judge, unexpected_out_of_memory
from tracekit.replay.view import Replay


def replay(
    workload: Workload | None = None,
    paths: Sequence[str] | None = None,
    *,
    database: Database | None = None,
    cids: int | Sequence[str] | None = None,
    cids_sql: str | None = None,
    domain: str | None = None,
    level: Level | str = Level.VALUE,
    unordered: bool = False,
    profile: bool = True,
    repeat: int = 1,
    memory_limit_bytes: int | None = None,
    expect_out_of_memory: Collection[str] = (),
    timeout_seconds: float | None = None,
    workers: int = 2,
    output: str | Path | None = None,
    force: bool = False,
    command: str | None = None,
    on_progress: Listener | None = None,
) -> Replay:
    """Measure `paths`, each in fresh processes, and compare each with the first.

    Args:
        workload: a workload's name, a Workload or a DuckDB file, served by a local Oracle that
            is started for this replay. None with `database`.
        paths: names of paths; the first is the reference. Default: legacy, iterator and lean.
            `service` runs in several processes, each measured, and not under memray.
        database: an Oracle database that is there already.
        cids: how many CIDs, or which.
        cids_sql: a query whose first column holds CIDs.
        domain: the kind of event; default the workload's first, else `history`.
        level: what equality must reach.
        unordered: compare the records of a CID without their order.
        profile: run each path a second time under memray.
        repeat: plain runs of each path; figures are of the run with the median net peak.
        memory_limit_bytes: private writable memory a path may have (RLIMIT_DATA).
        expect_out_of_memory: paths that may run into the limit.
        timeout_seconds: for each process; one that takes longer has failed.
        workers: batches of ids a path reads at once.
        output: the run's folder; default a new one under `profiles/runs/`.
        force: replace an older run in `output`.
        command: what to type to make this run again, kept in the summary.
        on_progress: told how far it is.

    Raises:
        ConfigError: an argument makes no sense, or `output` holds a run already.
        WorkloadError: the workload is unknown or could not be built.
        ConnectError: the database could not be reached.
        ProfileError: a measurement could not be made, such as on a full disk.
    """
    chosen = known_paths(paths, ALL_PATHS)
    conditions = Conditions(
        paths=chosen,
        level=known_level(level),
        unordered=unordered,
        profile=profile,
        repeat=at_least_one("repeat", repeat),
        memory_limit_bytes=memory_limit_bytes,
        expect_out_of_memory=expected_deaths(expect_out_of_memory, chosen),
        timeout_seconds=timeout_seconds,
        workers=at_least_one("workers", workers),
    )
    if domain is not None:
        find_domain(domain)
    began = datetime.now(UTC)
    tell = on_progress or _nobody
    with open_source(
        workload, database, cids=cids, cids_sql=cids_sql, domain=domain, tell=tell
    ) as source:
        name = run_name(source.workload.name, source.workload.domain, began)
        path = Path(output) if output is not None else Settings.from_env().runs_dir / name
        folder = RunFolder.new(path, force=force)
        try:
            summary, timelines = _experiment(source, conditions, folder, tell)
            created = began.isoformat(timespec="seconds")
            options = _options(workload, cids, source, conditions)
            summary = replace(summary, created=created, command=command, options=options)
            write_run(summary, timelines, folder)
        except BaseException:
            folder.discard()
            raise
    died = unexpected_out_of_memory(summary.paths, conditions.expect_out_of_memory)
    return Replay(summary, timelines, folder.path, died)


def _experiment(
    source: Source, conditions: Conditions, folder: RunFolder, tell: Listener
) -> tuple[ReplaySummary, tuple[MemoryTimeline, ...]]:
    runs = {path: run_path(path, source, conditions, folder, tell) for path in conditions.paths}
    records = {path: run.record for path, run in runs.items()}
    proof = compare_paths(records, source, conditions, folder, tell)
    rows = next((run.rows for run in records.values() if run.digest is not None), None)
    summary = ReplaySummary(
        workload=replace(source.workload, rows=rows),
        environment=collect_environment(source.server, _arrow_memory_pool(runs.values())),
        paths=records,
        proof=proof,
        verdict=judge(records, proof, expect_out_of_memory=conditions.expect_out_of_memory),
    )
    return summary, tuple(run.timeline for run in runs.values() if run.timeline is not None)


def _options(
    workload: Workload | None,
    cids: int | Sequence[str] | None,
    source: Source,
    conditions: Conditions,
) -> ReplayOptions:
    return ReplayOptions(
        workload=str(workload) if isinstance(workload, str | Path) else None,
        cids=cids if isinstance(cids, int) else None,
        domain=source.workload.domain,
        paths=conditions.paths,
        level=conditions.level,
        unordered=conditions.unordered,
        profile=conditions.profile,
        repeat=conditions.repeat,
        workers=conditions.workers,
        memory_limit_bytes=conditions.memory_limit_bytes,
    )


def _arrow_memory_pool(runs: Collection[PathRun]) -> str | None:
    return next((pool for run in runs if (pool := run.arrow_memory_pool)), None)


def _nobody(progress: ReplayProgress) -> None:
    """Where progress goes when nobody listens."""
