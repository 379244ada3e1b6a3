"""`estimate`: how much memory each candidate will need, from small measured samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tracekit.errors import ConfigError
from tracekit.experiment.builtin_candidates import BUILTIN, SERVICE
from tracekit.experiment.candidate_check import check_candidates
from tracekit.experiment.candidate_spec import Candidates, CandidateSpec, candidate_specs
from tracekit.experiment.candidate_subject import subject_arguments
from tracekit.experiment.choose_keys import WantedKeys
from tracekit.experiment.estimate_model import PeakModel, growing_model, level_model
from tracekit.experiment.estimate_sample import spread_over
from tracekit.experiment.notebook_progress import notebook_listener
from tracekit.experiment.progress import Listener, ReplayProgress, child_listener
from tracekit.experiment.run_candidate import search_path
from tracekit.experiment.source import Request, Source, WorkloadLike, open_source, resolve
from tracekit.keyed import Query
from tracekit.oracle import Database
from tracekit.profiling import ChildRun, run_child
from tracekit.records import (
    CandidateEstimate,
    EstimateCheck,
    EstimateRecord,
    EstimateSample,
    RunStatus,
)
from tracekit.sizes import at_least_one

SAMPLE_KEYS = 12_000
"""Keys of the largest sample: a dozen batches, enough to keep all workers busy."""
GROWING_ROWS = 50_000
"""Rows of the largest sample of a candidate that keeps them; with fewer, buffers dominate."""
LEVEL_ROWS = 400_000
"""Rows after which a candidate that keeps nothing has reached its level."""
LEVEL_RUNS = 3
"""Runs of the largest sample of a candidate that keeps nothing; the highest counts."""
ERROR_BAR = 0.10
"""A prediction whose range is wider than this share is called uncertain."""
_LINE_SAMPLES = 3


def estimate(
    workload: WorkloadLike | None = None,
    candidates: Candidates | None = None,
    *,
    database: Database | None = None,
    query: Query | str | None = None,
    keys: WantedKeys | None = None,
    keys_sql: str | None = None,
    limit_bytes: int | None = None,
    sample: int = SAMPLE_KEYS,
    verify: Sequence[int] = (),
    workers: int = 2,
    command: str | None = None,
    on_progress: Listener | None = None,
) -> EstimateRecord:
    """Predict the net peak of `candidates` at `keys` keys.

    A candidate that keeps its rows is measured on a quarter, a half and all of `sample` keys,
    spread over all keys, and on up to eight times as many if that is not enough. Its prediction is
    the line through its samples. A candidate that keeps nothing is measured on `sample` to eight
    times as many keys, the largest three times; its prediction is the highest peak of the largest
    sample. If the samples leave a range wider than 10%, the prediction is not `certain`, and
    `low_bytes` and `high_bytes` give the range.

    Args:
        workload: A workload's name, a Workload or a DuckDB file. None with `database`.
        candidates: As for `replay`; default the workload's, else all built-in ones.
        database: An existing Oracle database.
        query: A Query, or the name of one of the workload's.
        keys: How many keys to predict for, or which ones; default all. May be more than exist.
        keys_sql: A query whose columns are the keys.
        limit_bytes: Memory that the whole process may use.
        sample: Keys of the largest sample of a candidate that keeps its rows.
        verify: Numbers of keys to also run for real and compare with their predictions.
        workers: Batches of keys a built-in candidate reads at once.
        command: The command line that repeats this estimate.
        on_progress: Called with the progress of each step. Default: bars below a notebook's cell.

    Raises:
        ConfigError: an argument is invalid.
        WorkloadError: the workload is unknown or could not be built.
        ConnectError: the database could not be reached.
        ProfileError: no process could be started.
    """
    specs = candidate_specs(candidates, resolve(workload).candidates or tuple(BUILTIN))
    if any(spec.spec == SERVICE for spec in specs):
        raise ConfigError(
            "candidate 'service' cannot be estimated, because it has several processes"
        )
    at_least_one("sample", sample)
    for size in verify:
        at_least_one("verify", size)
    began = datetime.now(UTC)
    asked = keys if isinstance(keys, int) else None
    # A workload is sampled at its own size: building it at the requested size can take hours.
    listed = None if asked is not None and database is None else keys
    tell = on_progress or notebook_listener() or (lambda progress: None)
    with open_source(Request(workload, database, query, listed, keys_sql), tell) as source:
        check_candidates(specs, source)
        work = source.workload
        if source.keys is None:
            raise ConfigError(
                f"query {source.query.name!r} takes no keys, so there are no sizes to sample. "
                "Replay it instead"
            )
        target = at_least_one("keys", asked) if asked is not None else work.keys
        sampler = _Sampler(source, at_least_one("workers", workers), tell)
        measured = {spec: sampler.samples(spec, sample, target) for spec in specs}
        rows_per_key = _rows_per_cid(measured.values())
        found = {}
        for spec, taken in measured.items():
            size_per_key = _size_per_key(taken, rows_per_key)
            predicted = _estimated(spec, taken, target, size_per_key)
            if limit_bytes is not None and taken.taken:
                model = _model_of(spec, taken.taken)
                predicted = _with_limit(predicted, model, limit_bytes, size_per_key)
            found[spec.name] = sampler.checked(spec, predicted, verify)
    return EstimateRecord(
        workload=replace(work, keys=target, rows=round(target * rows_per_key)),
        rows_per_key=rows_per_key,
        limit_bytes=limit_bytes,
        workers=workers,
        candidates=found,
        created=began.isoformat(timespec="seconds"),
        command=command,
    )


@dataclass(frozen=True)
class _Samples:
    """A path's samples, or how the failed one ended."""

    taken: tuple[EstimateSample, ...]
    rss_baseline_bytes: int
    failed: ChildRun | None = None


@dataclass(frozen=True)
class _Sampler:
    """Runs paths on parts of a source."""

    source: Source
    workers: int
    tell: Listener

    def samples(self, spec: CandidateSpec, most: int, target: int) -> _Samples:
        """Run the candidate on parts of the keys, each twice as large, until that is enough."""
        keeps = keeps_records(spec)
        taken: list[EstimateSample] = []
        baseline = 0
        for size in self._sizes(most, keeps, target):
            if self._enough(spec, taken, target, keeps):
                break
            child = self._run(spec, size, f"{spec.name} on {size:,} keys")
            if child.status is not RunStatus.OK:
                return _Samples((), 0, child)
            baseline = child.rss_baseline_bytes or 0
            taken.append(EstimateSample(size, child.rows or 0, child.rss_net_peak_bytes or 0))
        if not keeps and taken:
            taken[-1] = self._at_its_highest(spec, taken[-1])
        return _Samples(tuple(taken), baseline)

    def _at_its_highest(self, spec: CandidateSpec, sample: EstimateSample) -> EstimateSample:
        """`sample`, or one of the same size that peaked higher.

        The peak depends on how reads and writes happen to coincide. With more rows the worst case
        is more likely, so the highest of several runs is the best estimate for a long one.
        """
        peaks = [sample.rss_net_peak_bytes]
        for turn in range(1, LEVEL_RUNS):
            step = f"{spec.name} on {sample.keys:,} keys, run {turn + 1}"
            child = self._run(spec, sample.keys, step)
            if child.status is RunStatus.OK:
                peaks.append(child.rss_net_peak_bytes or 0)
        return replace(sample, rss_net_peak_bytes=max(peaks))

    def _sizes(self, most: int, keeps: bool, target: int) -> list[int]:
        there = self.source.key_count
        whole = [min(there, times * most) for times in (1, 2, 4, 8)]
        parts = [-(-whole[0] // 4), -(-whole[0] // 2)] if keeps else []
        small = [target] if target < min(*parts, *whole) else []
        return sorted({*small, *parts, *whole})

    def _enough(
        self, spec: CandidateSpec, taken: Sequence[EstimateSample], target: int, keeps: bool
    ) -> bool:
        if not taken:
            return False
        last = taken[-1]
        if last.keys >= target:
            return True
        if not keeps:
            return last.size >= LEVEL_ROWS
        if len(taken) < _LINE_SAMPLES or last.size < GROWING_ROWS:
            return False
        model = _model_of(spec, taken)
        return model.predict(target, target * last.size / last.keys).within(ERROR_BAR)

    def checked(
        self, spec: CandidateSpec, found: CandidateEstimate, sizes: Sequence[int]
    ) -> CandidateEstimate:
        """`found` with real runs at `sizes` keys next to their predictions."""
        if found.status is not RunStatus.OK or not sizes:
            return found
        model = _model_of(spec, found.samples)
        checks = []
        for size in sizes:
            child = self._run(spec, size, f"{spec.name} for real on {size:,} keys")
            if child.status is not RunStatus.OK or not child.rss_net_peak_bytes:
                continue
            keys = min(size, self.source.key_count)
            most = max(found.samples, key=lambda sample: sample.keys)
            predicted = model.predict(keys, keys * most.size / most.keys)
            measured = child.rss_net_peak_bytes
            error = round(predicted.net_peak_bytes / measured - 1, 4)
            checks.append(
                EstimateCheck(
                    keys,
                    child.rows or 0,
                    measured,
                    predicted.net_peak_bytes,
                    error,
                    certain=predicted.within(ERROR_BAR),
                )
            )
        return replace(found, checks=tuple(checks))

    def _run(self, spec: CandidateSpec, size: int, step: str) -> ChildRun:
        database, keys = self.source.database, self.source.keys or []
        some = spread_over(keys, size)
        child = run_child(
            "tracekit.experiment.candidate_subject:CandidateSubject",
            {
                **subject_arguments(spec, self.source.query, some, self.workers),
                "database": database.plain_arguments,
                "digests": None,
            },
            secrets=database.secrets,
            search_path=search_path(spec),
            on_progress=child_listener(self.tell, step, size),
        )
        self.tell(ReplayProgress(step, 1.0))
        return child


def keeps_records(spec: CandidateSpec) -> bool:
    """Whether a candidate's memory grows with the rows; assumed for user functions."""
    return not spec.is_builtin or spec.spec not in ("stream", "parquet")


def _rows_per_cid(measured: Iterable[_Samples]) -> float:
    """Keys of the largest measured sample; 0 if there is none."""
    largest = max(
        (sample for samples in measured for sample in samples.taken),
        key=lambda sample: (sample.rows > 0, sample.keys),
        default=None,
    )
    return largest.rows / largest.keys if largest else 0.0


def _size_per_key(samples: _Samples, rows_per_key: float) -> float:
    """Rows per key as counted, or 1 for a candidate whose rows are not counted."""
    return rows_per_key if not samples.taken or samples.taken[-1].rows else 1.0


def _estimated(
    spec: CandidateSpec, samples: _Samples, keys: int, rows_per_key: float
) -> CandidateEstimate:
    if samples.failed is not None:
        return CandidateEstimate(samples.failed.status, samples.failed.reason)
    model = _model_of(spec, samples.taken)
    predicted = model.predict(keys, keys * rows_per_key)
    net = predicted.net_peak_bytes
    counted = samples.taken[-1].rows > 0
    return CandidateEstimate(
        RunStatus.OK,
        rss_baseline_bytes=samples.rss_baseline_bytes,
        rss_net_peak_bytes=net,
        rss_peak_bytes=net + samples.rss_baseline_bytes,
        low_bytes=predicted.low_bytes,
        high_bytes=predicted.high_bytes,
        certain=predicted.within(ERROR_BAR),
        fixed_bytes=round(model.fixed_bytes),
        bytes_per_row=model.bytes_per_row if counted else None,
        bytes_per_key=model.bytes_per_key if counted else model.bytes_per_row,
        samples=samples.taken,
    )


def _with_limit(
    found: CandidateEstimate, model: PeakModel, limit_bytes: int, rows_per_key: float
) -> CandidateEstimate:
    assert found.high_bytes is not None and found.rss_baseline_bytes is not None
    left = limit_bytes - found.rss_baseline_bytes
    return replace(
        found,
        fits=found.high_bytes + found.rss_baseline_bytes <= limit_bytes,
        largest_keys=model.largest_keys(left, rows_per_key),
    )


def _model_of(spec: CandidateSpec, samples: Sequence[EstimateSample]) -> PeakModel:
    return growing_model(samples) if keeps_records(spec) else level_model(samples, LEVEL_ROWS)
