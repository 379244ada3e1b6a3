"""Measure one subject in two fresh processes: plain for time and OS peak, profiled for the heap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tracekit.errors import ProfileError
from tracekit.profiling.agreement import CHILDREN_REASON, Peaks
from tracekit.profiling.capture import HeapFigures, read_heap
from tracekit.profiling.child_process import measured_child
from tracekit.profiling.child_run import ChildRun, ChildWatch, ProgressListener
from tracekit.profiling.retention import At, Trigger
from tracekit.records import CandidateMeasurement, MemoryTimeline, RunStatus

LIMIT_REMARK = (
    "the memory limit applies to private writable memory, touched or not (RLIMIT_DATA), including "
    "imports and without shared mappings; it is not the OS peak"
)


@dataclass(frozen=True)
class SubjectRuns:
    """The cost of one subject."""

    plain: ChildRun
    profiled: ChildRun | None = None
    heap: HeapFigures | None = None
    capture: Path | None = None
    memory_limit_bytes: int | None = None
    retained: ChildRun | None = None
    """The run that was used to find what holds the memory."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks that are needed to read the figures."""
        limit = (LIMIT_REMARK,) if self.memory_limit_bytes is not None else ()
        plain = self.plain
        uncounted = plain.started_processes and plain.children_peak_bytes is None
        children = (CHILDREN_REASON,) if uncounted else ()
        return (
            *plain.remarks,
            *limit,
            *self._profiled_remarks(),
            *children,
            *self._retention_remarks(),
        )

    def _retention_remarks(self) -> tuple[str, ...]:
        run = self.retained
        if run is None or run.retention is not None:
            return ()
        return run.remarks or (f"what held the memory is unknown: {run.reason or 'no answer'}",)

    def _profiled_remarks(self) -> tuple[str, ...]:
        if self.profiled is None:
            return ()
        if self.profiled.status is not self.plain.status:
            return (f"under memray it ended differently: {self.profiled.reason or 'it succeeded'}",)
        rss = self.plain.rss_net_peak_bytes
        if rss is None or self.heap is None or self.plain.status is not RunStatus.OK:
            return ()
        return Peaks(
            heap_bytes=self.heap.peak_bytes,
            rss_net_bytes=rss,
            untouched_bytes=self.heap.untouched_bytes,
            unseen_bytes=self.plain.unseen_bytes,
            file_bytes=self.plain.file_bytes,
            from_start=bool(self.plain.remarks),
            traced=False,
        ).reasons()

    def timeline(self, path: str) -> MemoryTimeline | None:
        """Resident memory of the plain child over its run; None if the run never started."""
        if self.plain.rss_baseline_bytes is None:
            return None
        return MemoryTimeline(path, self.plain.rss_baseline_bytes, self.plain.samples)

    def record(self) -> CandidateMeasurement:
        """The measurement as it is saved; the caller adds digests and file names.

        memray tracks from the baseline on, so its high-water mark is a net figure: what existed
        before the run is in neither `heap_peak_bytes` nor `heap_net_peak_bytes`.
        """
        plain, profiled, heap = self.plain, self.profiled, self.heap
        return CandidateMeasurement(
            status=plain.status,
            rows=plain.rows,
            keys=plain.keys,
            wall_seconds=plain.wall_seconds,
            cpu_seconds=plain.cpu_seconds,
            rss_baseline_bytes=plain.rss_baseline_bytes,
            rss_peak_bytes=plain.rss_peak_bytes,
            rss_net_peak_bytes=plain.rss_net_peak_bytes,
            heap_peak_bytes=heap.peak_bytes if heap else None,
            heap_net_peak_bytes=heap.peak_bytes if heap else None,
            allocations=heap.allocations if heap else None,
            profiled_wall_seconds=profiled.wall_seconds if profiled else None,
            capture=self.capture.name if self.capture else None,
            reason=plain.reason,
            exit_code=plain.exit_code,
            signal=plain.signal,
            stderr_tail=plain.stderr_tail,
            remarks=self.remarks,
            retention=self.retained.retention if self.retained else None,
        )


def run_child(
    factory: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    secrets: Mapping[str, str] | None = None,
    capture: Path | None = None,
    children: bool = False,
    memory_limit_bytes: int | None = None,
    retention: Trigger | None = None,
    timeout_seconds: float | None = None,
    search_path: Sequence[str] = (),
    on_progress: ProgressListener | None = None,
) -> ChildRun:
    """Run the subject that `factory` (`module:name`) makes in one fresh process.

    Args:
        factory: Called in the child with `arguments` and `secrets`; returns a `Subject`.
        arguments: JSON values.
        secrets: Arguments that appear in no command line, environment or message.
        capture: memray's file; None measures without memray.
        children: Also watch the processes that the subject starts.
        memory_limit_bytes: RLIMIT_DATA from the baseline on.
        retention: When to look at retention; the other figures of such a run are not usable.
        timeout_seconds: Time limit of the child's whole life; one that takes longer is ended.
        search_path: Folders to import the factory from.
        on_progress: Called about 20 times a second.

    Raises:
        ProfileError: no process could be started, the capture exists, or the disk is full.
    """
    if capture is not None and capture.exists():
        raise ProfileError(
            f"{capture} already exists and will not be overwritten. Choose another file"
        )
    with measured_child(
        factory,
        arguments or {},
        secrets=secrets or {},
        capture=str(capture) if capture else None,
        children=children,
        memory_limit_bytes=memory_limit_bytes,
        retention=retention,
        search_path=search_path,
    ) as child:
        watch = ChildWatch(
            child,
            memory_limit_bytes=memory_limit_bytes,
            timeout_seconds=timeout_seconds,
            on_progress=on_progress,
        )
        return watch.run()


def worth_another_run(plain: ChildRun, memory_limit_bytes: int | None) -> bool:
    """Whether a subject that ended like this is run again, under memray or for retention.

    A subject that failed, or that the kernel killed, is not run again. One that ran into its limit
    is, for its last call stacks.
    """
    at_limit = memory_limit_bytes is not None and plain.status is RunStatus.OUT_OF_MEMORY
    return plain.status is RunStatus.OK or at_limit


def profile_child(
    factory: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    capture: Path,
    **settings: Any,
) -> tuple[ChildRun, HeapFigures | None]:
    """Run a subject under memray and read the heap's figures from its capture.

    Arguments are those of `run_child`. There are no figures if it died before its run started.

    Raises:
        ProfileError: as `run_child`, or the capture cannot be read.
    """
    profiled = run_child(factory, arguments, capture=capture, **settings)
    if not capture.exists():
        return profiled, None
    return profiled, read_heap(capture, rss_net_peak_bytes=profiled.rss_net_peak_bytes)


def measure_subject(
    factory: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    capture: Path | None = None,
    secrets: Mapping[str, str] | None = None,
    children: bool = False,
    memory_limit_bytes: int | None = None,
    retention_at: At | None = None,
    timeout_seconds: float | None = None,
    search_path: Sequence[str] = (),
    on_progress: ProgressListener | None = None,
    on_profiled_progress: ProgressListener | None = None,
    on_retention_progress: ProgressListener | None = None,
) -> SubjectRuns:
    """Measure a subject plainly and, with `capture`, again under memray.

    Arguments are those of `run_child`; `on_profiled_progress` is called for the profiled child
    instead of `on_progress`, and `on_retention_progress` for a third one, which runs if
    `retention_at` is given. `worth_another_run` decides which subjects are run again.

    Raises:
        ProfileError: as `run_child`.
    """
    settings: dict[str, Any] = {
        "secrets": secrets,
        "children": children,
        "memory_limit_bytes": memory_limit_bytes,
        "timeout_seconds": timeout_seconds,
        "search_path": search_path,
    }
    plain = run_child(factory, arguments, on_progress=on_progress, **settings)
    runs = SubjectRuns(plain, memory_limit_bytes=memory_limit_bytes)
    if not worth_another_run(plain, memory_limit_bytes):
        return runs
    if capture is not None:
        profiled, heap = profile_child(
            factory, arguments, capture=capture, on_progress=on_profiled_progress, **settings
        )
        runs = replace(runs, profiled=profiled, heap=heap, capture=capture if heap else None)
    if retention_at is not None:
        trigger = retention_at.trigger(plain.rows, plain.rss_net_peak_bytes)
        retained = run_child(
            factory, arguments, retention=trigger, on_progress=on_retention_progress, **settings
        )
        runs = replace(runs, retained=retained)
    return runs
