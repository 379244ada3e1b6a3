"""`estimate`: how much memory each path will need, from small measured samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tracekit.errors import ConfigError
from tracekit.keyed.domains import find_domain
from tracekit.oracle import Database
from tracekit.profiling import ChildRun, run_child
from tracekit.records import (
    EstimateCheck,
    EstimateRecord,
    EstimateSample,
    PathEstimate,
    PathStatus,
)
from tracekit.replay import estimate_query
from tracekit.replay.conditions import at_least_one, known_paths
from tracekit.replay.estimate_model import PeakModel, growing_model, level_model
from tracekit.replay.estimate_sample import spread_over
from tracekit.replay.paths import PATHS, make_path
from tracekit.replay.progress import Listener, ReplayProgress, child_listener
from tracekit.replay.source import Source, Workload, open_source

SAMPLE_CIDS = 12_000
"""CIDs of the largest sample: a dozen batches of ids, so that all workers are busy."""
GROWING_ROWS = 50_000
"""Rows of the largest sample of a path that keeps them: with fewer, its buffers outweigh them."""
LEVEL_ROWS = 400_000
"""Rows after which a path that keeps nothing has reached its level."""
LEVEL_RUNS = 3
"""Runs of the largest sample of a path that keeps nothing; the highest counts."""
_LINE_SAMPLES = 3
ERROR_BAR = 0.10
_SECRETS = ("password", "wallet_password")


def estimate(
    workload: Workload | None = None,
    paths: Sequence[str] | None = None,
    *,
    query: str | None = None,
    database: Database | None = None,
    cids: int | Sequence[str] | None = None,
    cids_sql: str | None = None,
    domain: str | None = None,
    limit_bytes: int | None = None,
    sample: int = SAMPLE_CIDS,
    check: Sequence[int] = (),
    workers: int = 2,
    command: str | None = None,
    on_progress: Listener | None = None,
) -> EstimateRecord:
    """Predict the net peak of `paths` (all by default) at `cids` CIDs.

    Every path is measured on a quarter, a half and all of `sample` CIDs, which are spread over
    all there are, and on up to four times as many where they have few rows; one that keeps nothing
    on `sample` and up to four times as many, the last thrice. A path that keeps its rows is
    predicted by the line through its samples; one that keeps nothing by the highest level that
    its largest sample reached.

    Args:
        workload: a workload's name, a Workload or a DuckDB file. None with `database`.
        paths: names of paths.
        query: a query with a CONTAINERID column, fetched instead of a domain.
        database: an Oracle database that is there already.
        cids: how many CIDs to predict for, or which; default all there are. May be more than
            there are.
        cids_sql: a query whose first column holds CIDs.
        domain: the kind of event.
        limit_bytes: memory that the whole process may have.
        sample: CIDs of the largest sample of a path that keeps its rows.
        check: numbers of CIDs to run for real, too, and to compare with their predictions.
        workers: batches of ids a path reads at once.
        command: what to type to make this estimate again.
        on_progress: told how far it is.

    Raises:
        ConfigError: an argument makes no sense.
        WorkloadError: the workload is unknown or could not be built.
        ConnectError: the database could not be reached.
        ProfileError: no process could be started.
    """
    chosen = tuple(PATHS) if paths is None else known_paths(paths)
    at_least_one("sample", sample)
    for size in check:
        at_least_one("check", size)
    if query is not None and domain is not None:
        raise ConfigError("a query and a domain were given; give one of them")
    if domain is not None:
        find_domain(domain)
    began = datetime.now(UTC)
    asked = cids if isinstance(cids, int) else None
    # A workload is sampled at its own size: building it at the size asked for may take hours.
    listed = None if asked is not None and database is None else cids
    tell = on_progress or (lambda progress: None)
    with open_source(
        workload, database, cids=listed, cids_sql=cids_sql, domain=domain, tell=tell
    ) as source:
        work = source.workload
        if query is not None:
            work = replace(work, domain=estimate_query.NAME)
        target = at_least_one("cids", asked) if asked is not None else work.cids
        sampler = _Sampler(source, work.domain, query, at_least_one("workers", workers), tell)
        measured = {path: sampler.samples(path, sample) for path in chosen}
        rows_per_cid = _rows_per_cid(measured.values())
        found = {}
        for path, taken in measured.items():
            found[path] = _estimated(path, taken, source.database, target, rows_per_cid)
            if limit_bytes is not None and taken.taken:
                model = _model_of(path, taken.taken, source.database)
                found[path] = _with_limit(found[path], model, limit_bytes, rows_per_cid)
            found[path] = sampler.checked(path, found[path], check)
    return EstimateRecord(
        workload=replace(work, cids=target, rows=round(target * rows_per_cid)),
        rows_per_cid=rows_per_cid,
        limit_bytes=limit_bytes,
        workers=workers,
        paths=found,
        created=began.isoformat(timespec="seconds"),
        command=command,
    )


@dataclass(frozen=True)
class _Samples:
    """A path's samples, or how the one that failed ended."""

    taken: tuple[EstimateSample, ...]
    rss_baseline_bytes: int
    failed: ChildRun | None = None


@dataclass(frozen=True)
class _Sampler:
    """Runs paths on parts of a source."""

    source: Source
    domain: str
    query: str | None
    workers: int
    tell: Listener

    def samples(self, path: str, most: int) -> _Samples:
        """The path on parts of the CIDs, each twice the one before, until rows enough were read."""
        keeps = keeps_events(path, self.source.database)
        taken: list[EstimateSample] = []
        baseline = 0
        for size in self._sizes(most, keeps):
            if _enough(taken, keeps):
                break
            child = self._run(path, size, f"{path} on {size:,} CIDs")
            if child.status is not PathStatus.OK:
                return _Samples((), 0, child)
            baseline = child.rss_baseline_bytes or 0
            taken.append(EstimateSample(size, child.rows or 0, child.rss_net_peak_bytes or 0))
        if not keeps and taken:
            taken[-1] = self._at_its_highest(path, taken[-1])
        return _Samples(tuple(taken), baseline)

    def _at_its_highest(self, path: str, sample: EstimateSample) -> EstimateSample:
        """`sample`, or one as large that peaked higher.

        What peaks is how reads and writes happen to coincide: the more rows, the likelier the
        worst, so of some runs the highest tells best what a long one reaches.
        """
        peaks = [sample.rss_net_peak_bytes]
        for turn in range(1, LEVEL_RUNS):
            child = self._run(path, sample.cids, f"{path} on {sample.cids:,} CIDs, run {turn + 1}")
            if child.status is PathStatus.OK:
                peaks.append(child.rss_net_peak_bytes or 0)
        return replace(sample, rss_net_peak_bytes=max(peaks))

    def _sizes(self, most: int, keeps: bool) -> list[int]:
        there = len(self.source.container_ids)
        if not keeps:
            return sorted({min(there, size) for size in (most, 2 * most, 4 * most)})
        parts = (-(-min(there, most) // 4), -(-min(there, most) // 2))
        return sorted({*parts, *(min(there, times * most) for times in (1, 2, 4))})

    def checked(self, path: str, found: PathEstimate, sizes: Sequence[int]) -> PathEstimate:
        """`found` with real runs at `sizes` CIDs beside their predictions."""
        if found.status is not PathStatus.OK or not sizes:
            return found
        model = _model_of(path, found.samples, self.source.database)
        checks = []
        for size in sizes:
            child = self._run(path, size, f"{path} for real on {size:,} CIDs")
            if child.status is not PathStatus.OK or not child.rss_net_peak_bytes:
                continue
            cids = min(size, len(self.source.container_ids))
            most = max(found.samples, key=lambda sample: sample.cids)
            predicted = model.net_peak_bytes(cids, cids * most.rows / most.cids)
            measured = child.rss_net_peak_bytes
            error = round(predicted / measured - 1, 4)
            checks.append(EstimateCheck(cids, child.rows or 0, measured, predicted, error))
        return replace(found, checks=tuple(checks))

    def _run(self, path: str, size: int, step: str) -> ChildRun:
        given = self.source.database.arguments
        factory = "tracekit.replay.paths:PathSubject"
        arguments: dict[str, Any] = {
            "path": path,
            "database": {name: given[name] for name in given if name not in _SECRETS},
            "container_ids": spread_over(self.source.container_ids, size),
            "domain": self.domain,
            "workers": self.workers,
            "digests": None,
        }
        if self.query is not None:
            factory = "tracekit.replay.estimate_query:QueryPathSubject"
            arguments["sql"] = self.query
        child = run_child(
            factory,
            arguments,
            secrets={name: given[name] for name in _SECRETS if name in given},
            on_progress=child_listener(self.tell, step, size),
        )
        self.tell(ReplayProgress(step, 1.0))
        return child


def _enough(taken: Sequence[EstimateSample], keeps: bool) -> bool:
    if keeps:
        return len(taken) >= _LINE_SAMPLES and taken[-1].rows >= GROWING_ROWS
    return bool(taken) and taken[-1].rows >= LEVEL_ROWS


def keeps_events(path: str, database: Database) -> bool:
    """Whether the memory of `path` grows with the rows."""
    return make_path(path, database, workers=1).keeps_events


def _rows_per_cid(measured: Iterable[_Samples]) -> float:
    """Of the largest sample that was measured; 0 where none was."""
    largest = max(
        (sample for samples in measured for sample in samples.taken),
        key=lambda sample: sample.cids,
        default=None,
    )
    return largest.rows / largest.cids if largest else 0.0


def _estimated(
    path: str, samples: _Samples, database: Database, cids: int, rows_per_cid: float
) -> PathEstimate:
    if samples.failed is not None:
        return PathEstimate(samples.failed.status, samples.failed.reason)
    model = _model_of(path, samples.taken, database)
    net = model.net_peak_bytes(cids, cids * rows_per_cid)
    return PathEstimate(
        PathStatus.OK,
        rss_baseline_bytes=samples.rss_baseline_bytes,
        rss_net_peak_bytes=net,
        rss_peak_bytes=net + samples.rss_baseline_bytes,
        fixed_bytes=round(model.fixed_bytes),
        bytes_per_row=model.bytes_per_row,
        bytes_per_cid=model.bytes_per_cid,
        samples=samples.taken,
    )


def _with_limit(
    found: PathEstimate, model: PeakModel, limit_bytes: int, rows_per_cid: float
) -> PathEstimate:
    assert found.rss_peak_bytes is not None and found.rss_baseline_bytes is not None
    left = limit_bytes - found.rss_baseline_bytes
    return replace(
        found,
        fits=found.rss_peak_bytes <= limit_bytes,
        largest_cids=model.largest_cids(left, rows_per_cid),
    )


def _model_of(path: str, samples: Sequence[EstimateSample], database: Database) -> PeakModel:
    grows = keeps_events(path, database)
    return growing_model(samples) if grows else level_model(samples)
