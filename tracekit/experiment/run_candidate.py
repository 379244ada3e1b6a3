"""Run candidates in fresh processes and turn what was measured into their records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tracekit.experiment.builtin_candidates import SERVICE
from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.experiment.candidate_subject import subject_arguments
from tracekit.experiment.context import ReplayContext
from tracekit.experiment.progress import child_listener
from tracekit.experiment.run_folder import RunFolder
from tracekit.experiment.side_by_side import SideBySide, Step
from tracekit.profiling import (
    ChildProgress,
    ChildRun,
    ProgressListener,
    SubjectRuns,
    profile_child,
    run_child,
    spread_remark,
    typical_run,
    worth_another_run,
)
from tracekit.profiling.retention import At
from tracekit.records import (
    CandidateMeasurement,
    MemorySample,
    MemoryTimeline,
    ProcessMeasurement,
    RunStatus,
)

_FACTORY = "tracekit.experiment.candidate_subject:CandidateSubject"

_NO_RETENTION_REMARK = (
    "retention was not measured, because this candidate runs in several processes"
)


@dataclass(frozen=True)
class CandidateRun:
    """The results of all runs of one candidate."""

    record: CandidateMeasurement
    timeline: MemoryTimeline | None
    arrow_memory_pool: str | None
    """Arrow's memory pool in the measured process; None if it never loaded Arrow."""


class CandidateSteps:
    """The runs of one candidate: a plain one, and then the others that were requested.

    Args:
        candidate: The candidate to run.
        context: The replay's settings.
        check_stopped: Raises once the run is no longer needed, which ends it.
    """

    def __init__(
        self, candidate: CandidateSpec, context: ReplayContext, check_stopped: Callable[[], None]
    ) -> None:
        self._candidate = candidate
        self._context = context
        self._check_stopped = check_stopped
        self._one_process = candidate.spec != SERVICE
        options = context.options
        limit = options.memory_limit_bytes if self._one_process else None
        self._settings: dict[str, Any] = {
            "secrets": context.source.database.secrets,
            "memory_limit_bytes": limit,
            "timeout_seconds": options.timeout_seconds,
            "search_path": search_path(candidate),
        }
        self._runs: SubjectRuns | None = None
        self._plain: list[tuple[Step, ChildRun]] = []
        self._largest_sample_bytes = 0
        self.first = Step(self._run_first)
        """The plain run whose output is digested; the others follow from it."""
        self._profiling = Step(self._profile)
        self._retaining = Step(self._retain)

    @property
    def peak_bytes(self) -> int | None:
        """The largest peak of a plain run so far; None before the first has ended."""
        found = [run.rss_peak_bytes or 0 for _, run in self._plain]
        if self._one_process and self.first.measured:  # its output is being digested
            found.append(self._largest_sample_bytes)
        return max(found, default=None) or None

    def _run_first(self) -> Sequence[Step]:
        options, name = self._context.options, self._candidate.name
        arguments = _arguments(self._candidate, self._context, digests=True)
        listener = self._listener(name, self.first)
        plain = run_child(_FACTORY, arguments, on_progress=listener, **self._settings)
        limit = self._settings["memory_limit_bytes"]
        self._runs = SubjectRuns(self._figures_of(plain), memory_limit_bytes=limit)
        self._plain.append((self.first, self._runs.plain))
        steps: list[Step] = []
        if self._one_process and worth_another_run(plain, limit):
            steps += [self._profiling] if options.profile else []
            steps += [self._retaining] if options.retention_at is not None else []
        if plain.status is RunStatus.OK:
            steps += map(self._repeat, range(2, options.repeat + 1))
        return steps

    def _profile(self) -> Sequence[Step]:
        name = self._candidate.name
        capture = self._context.folder.capture(name)
        profiled, heap = profile_child(
            _FACTORY,
            _arguments(self._candidate, self._context, digests=True),
            capture=capture,
            on_progress=self._listener(f"{name} under memray", self._profiling),
            **self._settings,
        )
        self._add(profiled=profiled, heap=heap, capture=capture if heap else None)
        return ()

    def _retain(self) -> Sequence[Step]:
        plain = self._plain[0][1]
        at = At.parse(str(self._context.options.retention_at))
        retained = run_child(
            _FACTORY,
            _arguments(self._candidate, self._context, digests=True),
            retention=at.trigger(plain.rows, plain.rss_net_peak_bytes),
            on_progress=self._listener(
                f"{self._candidate.name}, what holds the memory", self._retaining
            ),
            **self._settings,
        )
        self._add(retained=retained)
        return ()

    def _repeat(self, number: int) -> Step:
        def again() -> Sequence[Step]:
            arguments = _arguments(self._candidate, self._context, digests=False)
            listener = self._listener(f"{self._candidate.name}, run {number}", step)
            run = run_child(_FACTORY, arguments, on_progress=listener, **self._settings)
            self._plain.append((step, self._figures_of(run)))
            return ()

        step = Step(again)
        return step

    def _figures_of(self, run: ChildRun) -> ChildRun:
        if self._one_process:
            return run
        measured = of_processes(run)
        if self._context.options.retention_at is None:
            return measured
        return replace(measured, remarks=(*measured.remarks, _NO_RETENTION_REMARK))

    def _add(self, **found: Any) -> None:
        assert self._runs is not None, "the first run has ended"
        self._runs = replace(self._runs, **found)

    def _listener(self, name: str, step: Step) -> ProgressListener:
        context = self._context
        tell = child_listener(
            context.tell, name, context.source.key_count, with_memory=self._one_process
        )

        def listener(progress: ChildProgress) -> None:
            self._check_stopped()
            self._largest_sample_bytes = max(self._largest_sample_bytes, progress.rss_bytes or 0)
            step.measured = progress.phase in ("finish", "ended")
            tell(progress)

        return listener

    def result(self) -> CandidateRun:
        """The results, once all steps are done."""
        runs, name = self._runs, self._candidate.name
        assert runs is not None, "the first run has ended"
        first = runs.plain
        typical, peaks = typical_run([run for _, run in self._plain])
        step = next(step for step, run in self._plain if run is typical)
        measurement = replace(runs, plain=replace(typical, values=first.values))
        record = replace(
            measurement.record(),
            measured_beside=step.beside,
            profiled_beside=runs.profiled is not None and self._profiling.beside,
        )
        return CandidateRun(
            record=_completed(name, record, first, typical, peaks, self._context.folder),
            timeline=measurement.timeline(name),
            arrow_memory_pool=first.values.get("arrow_memory_pool"),
        )


def run_candidates(context: ReplayContext) -> dict[str, CandidateRun]:
    """Run each candidate plainly, as often as requested, and once under memray.

    As many run at once as `jobs` and the machine's memory allow. Each is assumed to need its memory
    limit, or 1.5 times the largest known peak; if none is known, the first is measured alone. While
    its output is digested the next one runs.

    Raises:
        ProfileError: no process could be started, or the disk is full.
    """
    options = context.options

    def needed_bytes() -> int | None:
        if options.memory_limit_bytes is not None:
            return options.memory_limit_bytes
        known = [context.expected_peak_bytes, *(found.peak_bytes for found in candidates)]
        return max(peak or 0 for peak in known) * 3 // 2 or None

    jobs = SideBySide(options.jobs, needed_bytes)
    candidates = [CandidateSteps(spec, context, jobs.check_stopped) for spec in context.candidates]
    jobs.run(found.first for found in candidates)
    return {
        spec.name: found.result()
        for spec, found in zip(context.candidates, candidates, strict=True)
    }


def search_path(candidate: CandidateSpec) -> tuple[str, ...]:
    """Where a candidate's own modules are imported from."""
    return () if candidate.is_builtin else (str(Path.cwd()),)


def of_processes(run: ChildRun) -> ChildRun:
    """The run of a candidate with several processes, with their figures instead of the client's."""
    values = run.values
    samples = (MemorySample(**one) for one in values.get("samples", ()))
    return replace(
        run,
        cpu_seconds=values.get("cpu_seconds"),
        rss_baseline_bytes=values.get("rss_baseline_bytes"),
        rss_peak_bytes=values.get("rss_peak_bytes"),
        samples=tuple(samples),
        remarks=(*run.remarks, *values.get("remarks", ())),
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
    """`record` with its output, the spread of its repeats, and its files."""
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
            *_imports(plain),
            *spread_remark(peaks),
        ),
    )


def _imports(run: ChildRun) -> tuple[str, ...]:
    names = run.values.get("imported", ())
    if not names:
        return ()
    return (
        f"the net peak includes the import of {', '.join(names)}, because other code runs before "
        "it. Imports at the start of a script or notebook are part of the baseline",
    )


def _retries(run: ChildRun) -> tuple[str, ...]:
    count = run.values.get("retries", 0)
    if not count:
        return ()
    return (
        f"failed connections: {count:,}; their rows were read again, so times include the "
        "waits, and the peak may include dropped rows",
    )
