"""`bench`: run all contestants on one database, each measurement in a process of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tracekit.bench.bars import bench_bars
from tracekit.bench.contestants import IDS_HELD, REFERENCE, Contestant, known_contestants
from tracekit.bench.figures import ContestantRuns, bench_ratios
from tracekit.errors import ConfigError
from tracekit.keyed.domains import find_domain
from tracekit.oracle import Database
from tracekit.profiling import ChildRun, read_heap, run_child
from tracekit.records import BenchRecord, BenchRun, ContestantResult, PathStatus
from tracekit.replay.conditions import at_least_one
from tracekit.replay.environment import collect_environment
from tracekit.replay.estimate_sample import spread_over
from tracekit.replay.progress import Listener, ReplayProgress, child_listener
from tracekit.replay.source import Source, Workload, open_source

_SECRETS = ("password", "wallet_password")
_PEER_PACKAGES = ("sqlalchemy", "polars", "adbc-driver-oracle")


def bench(
    workload: Workload | None = None,
    contestants: Sequence[str] | None = None,
    *,
    database: Database | None = None,
    cids: int | Sequence[str] | None = None,
    cids_sql: str | None = None,
    domain: str | None = None,
    workers: int = 2,
    repeat: int = 3,
    profile: bool = False,
    prove: bool = True,
    sizes: Sequence[int] = (),
    command: str | None = None,
    on_progress: Listener | None = None,
) -> BenchRecord:
    """Measure `contestants` (all by default) on the same batches of ids.

    Rounds are interleaved, every contestant once in each, so that a disturbance of the machine
    meets all of them.

    Args:
        workload: a workload's name, a Workload or a DuckDB file. None with `database`.
        contestants: names out of `CONTESTANTS`.
        database: an Oracle database that is there already.
        cids: how many CIDs, or which.
        cids_sql: a query whose first column holds CIDs.
        domain: the kind of event.
        workers: batches of ids read at once.
        repeat: runs of each contestant; figures are medians.
        profile: run each once more under memray for its heap peak.
        prove: compare every path's digest with the iterator's (which then must take part).
        sizes: other numbers of CIDs at which paths that keep no events are measured, too.
        command: what to type to make this bench again.
        on_progress: told how far it is.

    Raises:
        ConfigError: an argument makes no sense.
        WorkloadError: the workload is unknown or could not be built.
        ConnectError: the database could not be reached.
        ProfileError: a measurement could not be made, such as on a full disk.
    """
    chosen = known_contestants(contestants)
    if domain is not None:
        find_domain(domain)
    began = datetime.now(UTC)
    tell = on_progress or _nobody
    with (
        open_source(
            workload, database, cids=cids, cids_sql=cids_sql, domain=domain, tell=tell
        ) as source,
        tempfile.TemporaryDirectory(prefix="tracekit-bench-") as scratch,
    ):
        rounds = _Rounds(source, at_least_one("workers", workers), Path(scratch), prove, tell)
        rounds.run(chosen, at_least_one("repeat", repeat), profile, _known_sizes(sizes, source))
        results = rounds.results()
        rows = next((found.rows for found in results.values() if found.rows), None)
        return BenchRecord(
            workload=replace(source.workload, rows=rows),
            environment=collect_environment(source.server),
            workers=workers,
            repeat=repeat,
            contestants=results,
            ratios=bench_ratios(results),
            bars=bench_bars(results, source.workload.cids, rounds.ids),
            ids=rounds.ids,
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
        self._runs: dict[str, ContestantRuns] = {}
        self.ids: tuple[BenchRun, ...] = ()
        """The ids alone, at each number of CIDs."""

    def run(
        self, chosen: Sequence[Contestant], repeat: int, profile: bool, sizes: Sequence[int]
    ) -> None:
        """Run every contestant `repeat` times; one that does not end well is not run again."""
        self._runs = {found.name: ContestantRuns(found) for found in chosen}
        everything = self.source.container_ids
        for number in range(1, repeat + 1):
            for runs in self._able():
                step = f"{runs.contestant.name}, run {number}"
                child = self._child(runs.contestant, everything, step, check=number == 1)
                runs.add(len(everything), child)
        for size in sizes:
            some = spread_over(everything, size)
            for number in range(1, repeat + 1):
                for runs in self._able():
                    if runs.contestant.is_path and runs.contestant.keeps in ("nothing", "file"):
                        step = f"{runs.contestant.name} at {size:,} CIDs, run {number}"
                        runs.add(size, self._child(runs.contestant, some, step))
        if sizes:
            self.ids = tuple(self._ids_alone(size) for size in (*sizes, len(everything)))
        if profile:
            for runs in self._able():
                self._profile(runs)

    def results(self) -> dict[str, ContestantResult]:
        """What came of it, by contestant."""
        digests = {name: runs.digest for name, runs in self._runs.items()}
        return {name: runs.result(digests) for name, runs in self._runs.items()}

    def _able(self) -> list[ContestantRuns]:
        return [runs for runs in self._runs.values() if runs.able]

    def _ids_alone(self, size: int) -> BenchRun:
        some = spread_over(self.source.container_ids, size)
        child = self._child(IDS_HELD, some, f"the ids alone, {size:,} CIDs")
        runs = ContestantRuns(IDS_HELD)
        runs.add(size, child)
        [run] = runs.result({}).runs
        return run

    def _proves(self) -> bool:
        return self.prove and REFERENCE in self._runs

    def _profile(self, runs: ContestantRuns) -> None:
        name = runs.contestant.name
        capture = self.scratch / f"{name}.bin"
        child = self._child(
            runs.contestant,
            self.source.container_ids,
            f"{name} under memray",
            capture=capture,
        )
        if child.status is PathStatus.OK:
            runs.heap_net_peak_bytes = read_heap(capture).peak_bytes
        capture.unlink(missing_ok=True)

    def _child(
        self,
        contestant: Contestant,
        container_ids: Sequence[str],
        step: str,
        *,
        check: bool = False,
        capture: Path | None = None,
    ) -> ChildRun:
        given = self.source.database.arguments
        arguments: dict[str, Any] = {
            **contestant.arguments,
            "database": {name: given[name] for name in given if name not in _SECRETS},
            "container_ids": list(container_ids),
            "domain": self.source.workload.domain,
            "workers": self.workers,
        }
        if contestant.is_path:
            digests = self.scratch / f"{contestant.name}-digests.bin"
            arguments["digests"] = str(digests) if check and self._proves() else None
            arguments["weigh"] = check and contestant.weighed
        child = run_child(
            contestant.factory,
            arguments,
            secrets={name: given[name] for name in _SECRETS if name in given},
            capture=capture,
            on_progress=child_listener(self.tell, step, len(container_ids)),
        )
        self.tell(ReplayProgress(step, 1.0))
        return child


def _known_sizes(sizes: Sequence[int], source: Source) -> list[int]:
    there = len(source.container_ids)
    for size in sizes:
        if not 1 <= size < there:
            raise ConfigError(
                f"sizes={size:,}: expected numbers from 1 to below the {there:,} CIDs of the bench"
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
    """Where progress goes when nobody listens."""
