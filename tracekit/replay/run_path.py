"""Run one path in fresh processes and turn what was measured into its record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tracekit.profiling import (
    ChildRun,
    ProgressListener,
    measure_subject,
    run_child,
    spread_remark,
    typical_run,
)
from tracekit.records import (
    MemorySample,
    MemoryTimeline,
    PathMeasurement,
    PathStatus,
    ProcessMeasurement,
)
from tracekit.replay.conditions import Conditions
from tracekit.replay.paths import SERVICE
from tracekit.replay.progress import Listener, child_listener
from tracekit.replay.run_folder import RunFolder
from tracekit.replay.source import Source

_FACTORY = "tracekit.replay.paths:PathSubject"
_SECRETS = ("password", "wallet_password")


@dataclass(frozen=True)
class PathRun:
    """What is known about one path after it ran."""

    record: PathMeasurement
    timeline: MemoryTimeline | None
    arrow_memory_pool: str | None
    """Of the measured process; None where it never loaded Arrow."""


def run_path(
    path: str, source: Source, conditions: Conditions, folder: RunFolder, tell: Listener
) -> PathRun:
    """Run `path` plainly, as often as asked for, and once under memray.

    Raises:
        ProfileError: no process could be started, or the disk is full.
    """
    cids = len(source.container_ids)
    given = source.database.arguments
    one_process = path != SERVICE
    limits: dict[str, Any] = {
        "secrets": {name: given[name] for name in _SECRETS if name in given},
        "memory_limit_bytes": conditions.memory_limit_bytes if one_process else None,
        "timeout_seconds": conditions.timeout_seconds,
    }

    def listener(step: str) -> ProgressListener:
        return child_listener(tell, step, cids, with_memory=one_process)

    first = measure_subject(
        _FACTORY,
        _arguments(path, source, conditions, folder),
        capture=folder.capture(path) if conditions.profile and one_process else None,
        on_progress=listener(path),
        on_profiled_progress=listener(f"{path} under memray"),
        **limits,
    )

    def again(number: int) -> ChildRun:
        arguments = _arguments(path, source, conditions, None)
        told = listener(f"{path}, run {number}")
        run = run_child(_FACTORY, arguments, on_progress=told, **limits)
        return run if one_process else of_processes(run)

    if not one_process:
        first = replace(first, plain=of_processes(first.plain))
    ended_well = first.plain.status is PathStatus.OK
    repeats = range(2, conditions.repeat + 1) if ended_well else ()
    typical, peaks = typical_run([first.plain, *map(again, repeats)])
    measurement = replace(first, plain=replace(typical, values=first.plain.values))
    return PathRun(
        record=_completed(path, measurement.record(), first.plain, typical, peaks, folder),
        timeline=measurement.timeline(path),
        arrow_memory_pool=first.plain.values.get("arrow_memory_pool"),
    )


def of_processes(run: ChildRun) -> ChildRun:
    """The run of a path of several processes, with their figures for those of their client."""
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
    path: str, source: Source, conditions: Conditions, folder: RunFolder | None
) -> dict[str, Any]:
    return {
        "path": path,
        "database": {
            name: value for name, value in source.database.arguments.items() if name not in _SECRETS
        },
        "container_ids": source.container_ids,
        "domain": source.workload.domain,
        "workers": conditions.workers,
        "digests": str(folder.digests(path).absolute()) if folder else None,
        "memory_limit_bytes": conditions.memory_limit_bytes,
    }


def _completed(
    path: str,
    record: PathMeasurement,
    plain: ChildRun,
    typical: ChildRun,
    peaks: tuple[int, ...],
    folder: RunFolder,
) -> PathMeasurement:
    """`record` with what the output was, the spread of its repeats, and its files."""
    digests = folder.digests(path)
    return replace(
        record,
        rows=plain.values.get("rows", record.rows),
        cids=plain.values.get("cids", record.cids),
        digest=plain.values.get("digest"),
        digests=digests.name if digests.exists() else None,
        timeline=folder.timeline(path).name if plain.rss_baseline_bytes is not None else None,
        processes=tuple(ProcessMeasurement(**one) for one in plain.values.get("processes", ())),
        result_bytes=plain.values.get("result_bytes"),
        rss_net_peaks_bytes=peaks if len(peaks) > 1 else (),
        remarks=(*record.remarks, *_retries(typical), *spread_remark(peaks)),
    )


def _retries(run: ChildRun) -> tuple[str, ...]:
    count = run.values.get("retries", 0)
    if not count:
        return ()
    return (
        f"failed connections: {count:,}; what they read was read anew, so the times hold the "
        "waits, and the peak may hold what was dropped",
    )
