"""`bench`: candidates and peers on one database, each measurement in a separate process."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tracekit.bench.bars import bench_bars
from tracekit.bench.bench_candidates import (
    KEYS_HELD,
    REFERENCE,
    BenchCandidate,
    bench_candidates,
)
from tracekit.bench.figures import CandidateRuns, bench_ratios
from tracekit.errors import ConfigError
from tracekit.experiment.candidate_check import check_candidates
from tracekit.experiment.candidate_spec import Candidates
from tracekit.experiment.candidate_subject import subject_arguments
from tracekit.experiment.choose_keys import WantedKeys
from tracekit.experiment.environment import collect_environment
from tracekit.experiment.estimate_sample import spread_over
from tracekit.experiment.progress import Listener, ReplayProgress, child_listener
from tracekit.experiment.run_candidate import search_path
from tracekit.experiment.source import Request, Source, WorkloadLike, open_source
from tracekit.jsonvalue import encode_typed
from tracekit.keyed import Key, Query
from tracekit.oracle import Database
from tracekit.profiling import ChildRun, read_heap, run_child
from tracekit.records import BenchRecord, BenchRun, CandidateResult, RunStatus
from tracekit.sizes import at_least_one

_PEER_PACKAGES = ("sqlalchemy", "polars", "adbc-driver-oracle")


def bench(
    workload: WorkloadLike | None = None,
    candidates: Candidates | None = None,
    *,
    database: Database | None = None,
    query: Query | str | None = None,
    keys: WantedKeys | None = None,
    keys_sql: str | None = None,
    workers: int = 2,
    repeat: int = 3,
    profile: bool = False,
    prove: bool = True,
    sizes: Sequence[int] = (),
    command: str | None = None,
    on_progress: Listener | None = None,
) -> BenchRecord:
    """Measure `candidates` (all built-in ones and peers by default) on the same batches of keys.

    Rounds are interleaved: each round runs every candidate once, so that a disturbance of the
    machine affects all of them.

    Args:
        workload: A workload's name, a Workload or a DuckDB file. None with `database`.
        candidates: Names from `BENCH_CANDIDATES`, or as for `replay`.
        database: An existing Oracle database.
        query: A Query, or the name of one of the workload's.
        keys: A number of keys, `@FILE`, or a list of keys; default all.
        keys_sql: A query whose columns are the keys.
        workers: Batches of keys read at once.
        repeat: Runs of each candidate; the figures are medians.
        profile: Run each again under memray, for its heap peak.
        prove: Compare every candidate's digest with the iterator's, which must then be included.
        sizes: Other numbers of keys at which to also measure candidates that keep no records.
        command: The command line that repeats this bench.
        on_progress: Called with the progress of each step.

    Raises:
        ConfigError: an argument is invalid.
        WorkloadError: the workload is unknown or could not be built.
        ConnectError: the database could not be reached.
        ProfileError: a measurement failed, for example because the disk is full.
    """
    chosen = bench_candidates(candidates)
    began = datetime.now(UTC)
    tell = on_progress or _nobody
    with (
        open_source(Request(workload, database, query, keys, keys_sql), tell) as source,
        tempfile.TemporaryDirectory(prefix="tracekit-bench-") as scratch,
    ):
        check_candidates([one.spec for one in chosen if one.spec], source)
        rounds = _Rounds(source, at_least_one("workers", workers), Path(scratch), prove, tell)
        rounds.run(chosen, at_least_one("repeat", repeat), profile, _known_sizes(sizes, source))
        results = rounds.results()
        rows = next((found.rows for found in results.values() if found.rows), None)
        return BenchRecord(
            workload=replace(source.workload, rows=rows),
            environment=collect_environment(source.server),
            workers=workers,
            repeat=repeat,
            candidates=results,
            ratios=bench_ratios(results),
            bars=bench_bars(results, source.workload.keys, rounds.keys),
            ids=rounds.keys,
            peers=_peer_versions(),
            created=began.isoformat(timespec="seconds"),
            command=command,
        )


@dataclass
class _Rounds:
    """All measurements of one bench."""

    source: Source
    workers: int
    scratch: Path
    prove: bool
    tell: Listener

    def __post_init__(self) -> None:
        self._runs: dict[str, CandidateRuns] = {}
        self.keys: tuple[BenchRun, ...] = ()
        """Runs that only hold the keys, one for each number of keys."""

    def run(
        self, chosen: Sequence[BenchCandidate], repeat: int, profile: bool, sizes: Sequence[int]
    ) -> None:
        """Run every candidate `repeat` times; one that fails is not run again."""
        self._runs = {found.name: CandidateRuns(found) for found in chosen}
        everything = self.source.keys
        for number in range(1, repeat + 1):
            for runs in self._able():
                step = f"{runs.candidate.name}, run {number}"
                child = self._child(runs.candidate, everything, step, check=number == 1)
                runs.add(self.source.key_count, child)
        for size in sizes:
            some = spread_over(everything or [], size)
            for number in range(1, repeat + 1):
                for runs in self._able():
                    if runs.candidate.is_proved and runs.candidate.keeps in ("nothing", "file"):
                        step = f"{runs.candidate.name} at {size:,} keys, run {number}"
                        runs.add(size, self._child(runs.candidate, some, step))
        if sizes:
            self.keys = tuple(self._keys_alone(size) for size in (*sizes, self.source.key_count))
        if profile:
            for runs in self._able():
                self._profile(runs)

    def results(self) -> dict[str, CandidateResult]:
        """The result of each candidate, by name."""
        digests = {name: runs.digest for name, runs in self._runs.items()}
        return {name: runs.result(digests) for name, runs in self._runs.items()}

    def _able(self) -> list[CandidateRuns]:
        return [runs for runs in self._runs.values() if runs.able]

    def _keys_alone(self, size: int) -> BenchRun:
        some = spread_over(self.source.keys or [], size)
        child = self._child(KEYS_HELD, some, f"the keys alone, {size:,} keys")
        runs = CandidateRuns(KEYS_HELD)
        runs.add(size, child)
        [run] = runs.result({}).runs
        return run

    def _proves(self) -> bool:
        return self.prove and REFERENCE in self._runs

    def _profile(self, runs: CandidateRuns) -> None:
        name = runs.candidate.name
        capture = self.scratch / f"{name}.bin"
        child = self._child(
            runs.candidate,
            self.source.keys,
            f"{name} under memray",
            capture=capture,
        )
        if child.status is RunStatus.OK:
            runs.heap_net_peak_bytes = read_heap(capture).peak_bytes
        capture.unlink(missing_ok=True)

    def _child(
        self,
        candidate: BenchCandidate,
        keys: Sequence[Key] | None,
        step: str,
        *,
        check: bool = False,
        capture: Path | None = None,
    ) -> ChildRun:
        source, spec = self.source, candidate.spec
        arguments: dict[str, Any] = {"database": source.database.plain_arguments}
        if spec is not None:
            digests = self.scratch / f"{candidate.name}-digests.bin"
            arguments |= subject_arguments(spec, source.query, keys, self.workers)
            arguments["digests"] = str(digests) if check and self._proves() else None
            arguments["weigh"] = check and candidate.weighed
        else:
            arguments["query"] = encode_typed(vars(source.query.definition)).decode()
            arguments["keys"] = encode_typed(None if keys is None else list(keys)).decode()
            arguments["workers"] = self.workers
        child = run_child(
            candidate.factory,
            arguments,
            secrets=source.database.secrets,
            capture=capture,
            search_path=search_path(spec) if spec else (),
            on_progress=child_listener(self.tell, step, 1 if keys is None else len(keys)),
        )
        self.tell(ReplayProgress(step, 1.0))
        return child


def _known_sizes(sizes: Sequence[int], source: Source) -> list[int]:
    there = source.key_count
    for size in sizes:
        if not 1 <= size < there:
            raise ConfigError(
                f"sizes={size:,}: expected numbers from 1 to below the {there:,} keys of the bench"
            )
    return sorted(set(sizes))


def _peer_versions() -> dict[str, str]:
    found = {}
    for package in _PEER_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _nobody(progress: ReplayProgress) -> None:
    """Discards progress."""
