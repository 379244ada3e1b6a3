"""Medians and ratios of the runs of candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from tracekit.bench.bench_candidates import REFERENCE, BenchCandidate
from tracekit.profiling import ChildRun
from tracekit.records import BenchRatios, BenchRun, CandidateResult, RunStatus


class CandidateRuns:
    """Collects the runs of one candidate."""

    def __init__(self, candidate: BenchCandidate) -> None:
        self.candidate = candidate
        self.heap_net_peak_bytes: int | None = None
        self.digest: str | None = None
        self._missing = candidate.missing()
        self._runs: list[BenchRun] = []
        self._failed: ChildRun | None = None
        self._deep_size_bytes: int | None = None

    @property
    def able(self) -> bool:
        """Whether it can run, or run again."""
        return self._missing is None and self._failed is None

    def add(self, keys: int, child: ChildRun) -> None:
        """Add a run with `keys` keys."""
        if child.status is not RunStatus.OK:
            self._failed = child
            return
        self.digest = child.values.get("digest", self.digest)
        self._deep_size_bytes = child.values.get("deep_size_bytes", self._deep_size_bytes)
        self._runs.append(
            BenchRun(
                keys=keys,
                rows=child.rows or 0,
                wall_seconds=child.wall_seconds or 0.0,
                cpu_seconds=child.cpu_seconds or 0.0,
                rss_net_peak_bytes=child.rss_net_peak_bytes or 0,
            )
        )

    def result(self, digests: Mapping[str, str | None]) -> CandidateResult:
        """The candidate's figures.

        Args:
            digests: The digest of every candidate's output, by name.
        """
        candidate = self.candidate
        if not self.able or not self._runs:
            return CandidateResult(
                candidate.description, candidate.keeps, self._status(), self._reason()
            )
        whole = max(run.keys for run in self._runs)
        full = [run for run in self._runs if run.keys == whole]
        typical = median_run(full)
        return CandidateResult(
            description=candidate.description,
            keeps=candidate.keeps,
            status=RunStatus.OK,
            rows=typical.rows,
            wall_seconds=typical.wall_seconds,
            cpu_seconds=typical.cpu_seconds,
            rss_net_peak_bytes=typical.rss_net_peak_bytes,
            heap_net_peak_bytes=self.heap_net_peak_bytes,
            deep_size_bytes=self._deep_size_bytes,
            exact=self._exact(digests.get(REFERENCE)),
            runs=tuple(full),
            sizes=tuple(
                median_run([run for run in self._runs if run.keys == keys])
                for keys in sorted({run.keys for run in self._runs} - {whole})
            ),
        )

    def _status(self) -> RunStatus | None:
        return self._failed.status if self._failed else None

    def _reason(self) -> str | None:
        return self._failed.reason if self._failed else self._missing

    def _exact(self, reference: str | None) -> bool | None:
        if self.candidate.name == REFERENCE or reference is None or self.digest is None:
            return None
        return self.digest == reference


def median_run(runs: Sequence[BenchRun]) -> BenchRun:
    """A run with the median of each figure of `runs`."""
    return BenchRun(
        keys=runs[0].keys,
        rows=runs[0].rows,
        wall_seconds=median(run.wall_seconds for run in runs),
        cpu_seconds=median(run.cpu_seconds for run in runs),
        rss_net_peak_bytes=round(median(run.rss_net_peak_bytes for run in runs)),
    )


def bench_ratios(results: Mapping[str, CandidateResult]) -> dict[str, BenchRatios]:
    """Ratios of each successful candidate to legacy and iterator, if those were measured."""
    legacy, iterator = results.get("legacy"), results.get("iterator")
    return {
        name: BenchRatios(
            net_peak_to_legacy=peak_ratio(found, legacy),
            net_peak_to_iterator=peak_ratio(found, iterator),
            net_peak_to_deep_size=ratio(found.rss_net_peak_bytes, found.deep_size_bytes),
            cpu_to_legacy=cpu_ratio(found, legacy),
            cpu_to_iterator=cpu_ratio(found, iterator),
        )
        for name, found in results.items()
        if found.status is RunStatus.OK
    }


def peak_ratio(one: CandidateResult | None, other: CandidateResult | None) -> float | None:
    """Net OS peak of `one` divided by that of `other`; None if one was not measured."""
    if one is None or other is None:
        return None
    return ratio(one.rss_net_peak_bytes, other.rss_net_peak_bytes)


def cpu_ratio(one: CandidateResult | None, other: CandidateResult | None) -> float | None:
    """Client CPU seconds of `one` divided by those of `other`; None if not measured."""
    if one is None or other is None:
        return None
    return ratio(one.cpu_seconds, other.cpu_seconds)


def ratio(figure: float | None, other: float | None) -> float | None:
    """`figure` / `other` with four decimals; None if either is unknown or `other` is 0."""
    return None if figure is None or not other else round(figure / other, 4)
