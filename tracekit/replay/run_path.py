"""Run one path in fresh processes and turn what was measured into its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tracekit.profiling import ChildRun, measure, run_child
from tracekit.records import MemoryTimeline, PathMeasurement, PathStatus
from tracekit.replay.conditions import Conditions
from tracekit.replay.progress import Listener, child_listener
from tracekit.replay.run_folder import RunFolder
from tracekit.replay.source import Source
from tracekit.sizes import format_size

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
    secrets = {name: value for name, value in source.database.arguments.items() if name in _SECRETS}
    limits: dict[str, Any] = {
        "secrets": secrets,
        "memory_limit_bytes": conditions.memory_limit_bytes,
        "timeout_seconds": conditions.timeout_seconds,
    }
    first = measure(
        _FACTORY,
        _arguments(path, source, conditions, folder),
        capture=folder.capture(path) if conditions.profile else None,
        on_progress=child_listener(tell, path, cids),
        on_profiled_progress=child_listener(tell, f"{path} under memray", cids),
        **limits,
    )
    repeats = [first.plain]
    for number in range(2, conditions.repeat + 1 if first.plain.status is PathStatus.OK else 0):
        repeats.append(
            run_child(
                _FACTORY,
                _arguments(path, source, conditions, None),
                on_progress=child_listener(tell, f"{path}, run {number}", cids),
                **limits,
            )
        )
    typical, peaks = _median_run(repeats)
    measurement = replace(first, plain=replace(typical, values=first.plain.values))
    return PathRun(
        record=_completed(path, measurement.record(), first.plain, peaks, folder),
        timeline=measurement.timeline(path),
        arrow_memory_pool=first.plain.values.get("arrow_memory_pool"),
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
    }


def _median_run(runs: Sequence[ChildRun]) -> tuple[ChildRun, tuple[int, ...]]:
    """The run whose net peak is the (lower) median, and all net peaks in order of the runs."""
    measured = [
        (run.rss_net_peak_bytes, index)
        for index, run in enumerate(runs)
        if run.rss_net_peak_bytes is not None and run.status is PathStatus.OK
    ]
    if not measured:
        return runs[0], ()
    _, index = sorted(measured)[(len(measured) - 1) // 2]
    return runs[index], tuple(peak for peak, _ in measured)


def _completed(
    path: str,
    record: PathMeasurement,
    plain: ChildRun,
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
        rss_net_peaks_bytes=peaks if len(peaks) > 1 else (),
        remarks=(*record.remarks, *_spread(peaks)),
    )


def _spread(peaks: tuple[int, ...]) -> tuple[str, ...]:
    if len(peaks) < 2 or not max(peaks):
        return ()
    low, high = min(peaks), max(peaks)
    return (
        f"net peak over {len(peaks)} runs: {format_size(low)} to {format_size(high)}, "
        f"a spread of {(high - low) / high:.1%}; the figures are of the run with the median",
    )
