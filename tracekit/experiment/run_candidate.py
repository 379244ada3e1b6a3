"""Run one candidate in fresh processes and turn what was measured into its record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tracekit.experiment.builtin_candidates import SERVICE
from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.experiment.candidate_subject import subject_arguments
from tracekit.experiment.context import ReplayContext
from tracekit.experiment.progress import child_listener
from tracekit.experiment.run_folder import RunFolder
from tracekit.profiling import (
    ChildRun,
    ProgressListener,
    measure_subject,
    run_child,
    spread_remark,
    typical_run,
)
from tracekit.profiling.retention import At
from tracekit.records import (
    CandidateMeasurement,
    MemorySample,
    MemoryTimeline,
    ProcessMeasurement,
    ReplayOptions,
    RunStatus,
)

_FACTORY = "tracekit.experiment.candidate_subject:CandidateSubject"


@dataclass(frozen=True)
class CandidateRun:
    """What is known about one candidate after it ran."""

    record: CandidateMeasurement
    timeline: MemoryTimeline | None
    arrow_memory_pool: str | None
    """Of the measured process; None where it never loaded Arrow."""


def run_candidate(candidate: CandidateSpec, context: ReplayContext) -> CandidateRun:
    """Run a candidate plainly, as often as asked for, and once under memray.

    Raises:
        ProfileError: no process could be started, or the disk is full.
    """
    options, folder, name = context.options, context.folder, candidate.name
    one_process = candidate.spec != SERVICE
    settings: dict[str, Any] = {
        "secrets": context.source.database.secrets,
        "memory_limit_bytes": options.memory_limit_bytes if one_process else None,
        "timeout_seconds": options.timeout_seconds,
        "search_path": search_path(candidate),
    }

    def listener(step: str) -> ProgressListener:
        keys = context.source.key_count
        return child_listener(context.tell, step, keys, with_memory=one_process)

    first = measure_subject(
        _FACTORY,
        _arguments(candidate, context, digests=True),
        capture=folder.capture(name) if options.profile and one_process else None,
        on_progress=listener(name),
        on_profiled_progress=listener(f"{name} under memray"),
        on_retention_progress=listener(f"{name}, who holds the memory"),
        retention_at=_retention_at(options) if one_process else None,
        **settings,
    )

    def again(number: int) -> ChildRun:
        arguments = _arguments(candidate, context, digests=False)
        told = listener(f"{name}, run {number}")
        run = run_child(_FACTORY, arguments, on_progress=told, **settings)
        return run if one_process else of_processes(run)

    if not one_process:
        first = replace(first, plain=of_processes(first.plain))
    ended_well = first.plain.status is RunStatus.OK
    repeats = range(2, options.repeat + 1) if ended_well else ()
    typical, peaks = typical_run([first.plain, *map(again, repeats)])
    measurement = replace(first, plain=replace(typical, values=first.plain.values))
    return CandidateRun(
        record=_completed(name, measurement.record(), first.plain, typical, peaks, folder),
        timeline=measurement.timeline(name),
        arrow_memory_pool=first.plain.values.get("arrow_memory_pool"),
    )


def _retention_at(options: ReplayOptions) -> At | None:
    return None if options.retention_at is None else At.parse(options.retention_at)


def search_path(candidate: CandidateSpec) -> tuple[str, ...]:
    """Where the modules of a candidate's own are imported from."""
    return () if candidate.is_builtin else (str(Path.cwd()),)


def of_processes(run: ChildRun) -> ChildRun:
    """The run of a candidate of several processes, with their figures for those of their client."""
    told = run.values
    samples = (MemorySample(**one) for one in told.get("samples", ()))
    return replace(
        run,
        cpu_seconds=told.get("cpu_seconds"),
        rss_baseline_bytes=told.get("rss_baseline_bytes"),
        rss_peak_bytes=told.get("rss_peak_bytes"),
        samples=tuple(samples),
        remarks=(*run.remarks, *told.get("remarks", ())),
    )


def _arguments(
    candidate: CandidateSpec, context: ReplayContext, *, digests: bool
) -> dict[str, Any]:
    source = context.source
    file = context.folder.digests(candidate.name).absolute() if digests else None
    return {
        **subject_arguments(candidate, source.query, source.keys, context.options.workers),
        "database": source.database.plain_arguments,
        "digests": str(file) if file else None,
        "memory_limit_bytes": context.options.memory_limit_bytes,
    }


def _completed(
    name: str,
    record: CandidateMeasurement,
    plain: ChildRun,
    typical: ChildRun,
    peaks: tuple[int, ...],
    folder: RunFolder,
) -> CandidateMeasurement:
    """`record` with what the output was, the spread of its repeats, and its files."""
    digests = folder.digests(name)
    return replace(
        record,
        rows=plain.values.get("rows", record.rows),
        keys=plain.values.get("keys", record.keys),
        digest=plain.values.get("digest"),
        not_proved=plain.values.get("not_proved"),
        digests=digests.name if digests.exists() else None,
        timeline=folder.timeline(name).name if plain.rss_baseline_bytes is not None else None,
        processes=tuple(ProcessMeasurement(**one) for one in plain.values.get("processes", ())),
        result_bytes=plain.values.get("result_bytes"),
        rss_net_peaks_bytes=peaks if len(peaks) > 1 else (),
        remarks=(
            *record.remarks,
            *_retries(typical),
            *spread_remark(peaks),
        ),
    )


def _retries(run: ChildRun) -> tuple[str, ...]:
    count = run.values.get("retries", 0)
    if not count:
        return ()
    return (
        f"failed connections: {count:,}; what they read was read again, so the times hold the "
        "waits, and the peak may hold what was dropped",
    )
