"""`replay`: run several candidates on one workload, prove them equal, judge, write the run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tracekit.config import Settings
from tracekit.experiment.builtin_candidates import DEFAULT_CANDIDATES
from tracekit.experiment.candidate_check import check_candidates
from tracekit.experiment.candidate_spec import Candidates, candidate_specs, with_reference_first
from tracekit.experiment.checks import expected_deaths, known_level
from tracekit.experiment.choose_keys import WantedKeys
from tracekit.experiment.comparison import compare_candidates
from tracekit.experiment.context import ReplayContext
from tracekit.experiment.environment import collect_environment
from tracekit.experiment.notebook_progress import notebook_listener
from tracekit.experiment.progress import Listener, ReplayProgress, one_at_a_time
from tracekit.experiment.run_candidate import CandidateRun, run_candidates
from tracekit.experiment.run_folder import RunFolder, run_name, write_run
from tracekit.experiment.side_by_side import usual_jobs
from tracekit.experiment.source import Request, WorkloadLike, open_source, resolve
from tracekit.experiment.verdict import judge, unexpected_out_of_memory
from tracekit.experiment.view import Replay
from tracekit.keyed import Query
from tracekit.oracle import Database
from tracekit.profiling.retention import At
from tracekit.records import Level, MemoryTimeline, ReplayOptions, ReplaySummary
from tracekit.sizes import at_least_one


def replay(
    workload: WorkloadLike | None = None,
    candidates: Candidates | None = None,
    *,
    database: Database | None = None,
    query: Query | str | None = None,
    keys: WantedKeys | None = None,
    keys_sql: str | None = None,
    reference: str | None = None,
    level: Level | str = Level.VALUE,
    unordered: bool = False,
    profile: bool = True,
    repeat: int = 1,
    memory_limit_bytes: int | None = None,
    expect_out_of_memory: Collection[str] = (),
    retention: bool = False,
    at: str = "rows:90%",
    timeout_seconds: float | None = None,
    workers: int = 2,
    jobs: int | None = None,
    expected_peak_bytes: int | None = None,
    output: str | Path | None = None,
    force: bool = False,
    command: str | None = None,
    on_progress: Listener | None = None,
) -> Replay:
    """Measure `candidates`, each in fresh processes, and compare each with the reference.

    Args:
        workload: A workload's name, a Workload, its .toml file or a DuckDB file, served by a local
            Oracle that is started for this replay. None with `database`.
        candidates: `[NAME=]SPEC` texts, or a mapping of names to specs and callables. A spec is a
            built-in candidate, `module:function`, a script or a notebook. Default: the
            workload's, else legacy, iterator and lean. `service` runs in several processes, each
            of them measured, but not under memray.
        database: An existing Oracle database to read instead of the workload's.
        query: A Query, or the name of one of the workload's.
        keys: How many keys, `@FILE`, or a list of keys; default all.
        keys_sql: A query whose columns are the keys.
        reference: Name of the candidate the others are compared with; default the workload's, else
            the first.
        level: The level of equality to reach.
        unordered: Ignore the order of a key's records.
        profile: Run each candidate a second time under memray.
        repeat: Plain runs of each candidate; the figures are those of the run with the median net
            peak.
        memory_limit_bytes: Limit of a candidate's private writable memory (RLIMIT_DATA).
        expect_out_of_memory: Candidates that may run into the limit.
        retention: Run each single-process candidate again and report what holds its memory.
        at: When to look at retention: at a share of the rows, as the driver hands them out, or of
            the net peak (`peak:90%`).
        timeout_seconds: Time limit of each process; one that takes longer has failed.
        workers: Batches of keys a built-in candidate reads at once.
        jobs: Maximum number of measured processes at once; fewer run if their memory would not fit.
            Default: one for each core. Memory figures do not depend on it, but times do and are
            marked; use 1 for times that you want to quote.
        expected_peak_bytes: The largest peak of one process, known from an earlier replay. Without
            it and without a memory limit, the first process runs alone to find out.
        output: The run's folder; default a new one under `profiles/runs/`.
        force: Replace an older run in `output`.
        command: The command line that repeats this run, kept in the summary.
        on_progress: Called with the progress of each step. Default: bars below a notebook's cell.

    Raises:
        ConfigError: an argument is invalid, or `output` already holds a run.
        WorkloadError: the workload is unknown or could not be built.
        ConnectError: the database could not be reached.
        ProfileError: a measurement failed, for example because the disk is full.
    """
    known = resolve(workload)
    specs = candidate_specs(candidates, known.candidates or DEFAULT_CANDIDATES)
    named = reference or (known.reference if candidates is None else None)
    specs = with_reference_first(specs, named)
    options = ReplayOptions(
        workload=str(workload) if isinstance(workload, str | Path) else None,
        keys=keys if isinstance(keys, int) else None,
        query="",
        candidates=tuple(map(str, specs)),
        level=known_level(level),
        unordered=unordered,
        profile=profile,
        repeat=at_least_one("repeat", repeat),
        workers=at_least_one("workers", workers),
        memory_limit_bytes=memory_limit_bytes,
        expect_out_of_memory=expected_deaths(expect_out_of_memory, specs),
        timeout_seconds=timeout_seconds,
        retention_at=str(At.parse(at)) if retention else None,
        jobs=usual_jobs() if jobs is None else at_least_one("jobs", jobs),
    )
    began = datetime.now(UTC)
    tell = one_at_a_time(on_progress or notebook_listener() or _nobody)
    with open_source(Request(workload, database, query, keys, keys_sql), tell) as source:
        check_candidates(specs, source)
        options = replace(options, query=source.query.name)
        name = run_name(source.workload.name, source.query.name, began)
        path = Path(output) if output is not None else Settings.from_env().runs_dir / name
        folder = RunFolder.new(path, force=force)
        context = ReplayContext(source, specs, options, folder, tell, expected_peak_bytes)
        try:
            summary, timelines = _experiment(context)
            created = began.isoformat(timespec="seconds")
            summary = replace(summary, created=created, command=command, options=options)
            write_run(summary, timelines, folder)
        except BaseException:
            folder.discard()
            raise
    died = unexpected_out_of_memory(summary.candidates, options.expect_out_of_memory)
    return Replay(summary, timelines, folder.path, died)


def _experiment(context: ReplayContext) -> tuple[ReplaySummary, tuple[MemoryTimeline, ...]]:
    runs = run_candidates(context)
    records = {name: run.record for name, run in runs.items()}
    proof = compare_candidates(records, context)
    rows = next((run.rows for run in records.values() if run.digest is not None), None)
    source, options = context.source, context.options
    summary = ReplaySummary(
        workload=replace(source.workload, rows=rows),
        environment=collect_environment(source.server, _arrow_memory_pool(runs.values())),
        candidates=records,
        proof=proof,
        verdict=judge(records, proof, expect_out_of_memory=options.expect_out_of_memory),
    )
    return summary, tuple(run.timeline for run in runs.values() if run.timeline is not None)


def _arrow_memory_pool(runs: Collection[CandidateRun]) -> str | None:
    return next((pool for run in runs if (pool := run.arrow_memory_pool)), None)


def _nobody(progress: ReplayProgress) -> None:
    """Discards progress."""
