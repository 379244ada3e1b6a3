from __future__ import annotations

import pytest

from tracekit.bench.bench_candidates import BENCH_CANDIDATES, bench_candidates
from tracekit.bench.figures import CandidateRuns, bench_ratios
from tracekit.errors import ConfigError
from tracekit.profiling import ChildRun
from tracekit.records import RunStatus


def ended(net_peak_bytes, cpu_seconds=1.0, **values):
    return ChildRun(
        RunStatus.OK,
        rows=10,
        keys=3,
        wall_seconds=2.0,
        cpu_seconds=cpu_seconds,
        rss_baseline_bytes=100,
        rss_peak_bytes=100 + net_peak_bytes,
        values=values,
    )


def result(name, *peaks, digests=None, **values):
    runs = CandidateRuns(BENCH_CANDIDATES[name])
    for peak in peaks:
        runs.add(3, ended(peak, **values))
    return runs.result(digests or {})


def test_figures_are_medians_of_the_full_size_and_other_sizes_stand_apart():
    runs = CandidateRuns(BENCH_CANDIDATES["stream"])
    for cids, peak, cpu in ((9, 50, 1.0), (9, 10, 5.0), (9, 20, 3.0), (4, 7, 1.0), (4, 9, 1.0)):
        runs.add(cids, ended(peak, cpu))
    found = runs.result({})
    assert (found.rss_net_peak_bytes, found.cpu_seconds, found.wall_seconds) == (20, 3.0, 2.0)
    assert [run.rss_net_peak_bytes for run in found.runs] == [50, 10, 20]
    assert [(run.keys, run.rss_net_peak_bytes) for run in found.sizes] == [(4, 8)]


def test_a_contestant_that_died_has_no_figures_and_is_not_run_again():
    runs = CandidateRuns(BENCH_CANDIDATES["legacy"])
    runs.add(3, ended(50))
    runs.add(3, ChildRun(RunStatus.OUT_OF_MEMORY, reason="ran out of memory"))
    assert not runs.able
    found = runs.result({})
    assert (found.status, found.reason) == (RunStatus.OUT_OF_MEMORY, "ran out of memory")
    assert (found.rss_net_peak_bytes, found.runs) == (None, ())


def test_a_peer_that_is_not_installed_is_named_and_not_run(monkeypatch):
    monkeypatch.setattr("tracekit.bench.bench_candidates.find_spec", lambda name: None)
    runs = CandidateRuns(BENCH_CANDIDATES["polars-batches"])
    assert not runs.able
    found = runs.result({})
    assert found.status is None
    assert "polars is not installed" in found.reason
    assert CandidateRuns(BENCH_CANDIDATES["lean"]).able


@pytest.mark.parametrize(("digest", "exact"), [("aa", True), ("bb", False), (None, None)])
def test_exact_means_the_digest_of_the_iterator(digest, exact):
    values = {"digest": digest} if digest else {}
    assert result("lean", 5, digests={"iterator": "aa"}, **values).exact is exact
    assert result("lean", 5, digests={}, **values).exact is None


def test_ratios_exist_where_both_sides_were_measured():
    results = {
        "legacy": result("legacy", 1000),
        "iterator": result("iterator", 500),
        "lean": result("lean", 110, deep_size_bytes=100),
    }
    ratios = bench_ratios(results)
    assert ratios["lean"].net_peak_to_legacy == 0.11
    assert ratios["lean"].net_peak_to_iterator == 0.22
    assert ratios["lean"].net_peak_to_deep_size == 1.1
    assert ratios["legacy"].net_peak_to_deep_size is None
    del results["legacy"]
    assert bench_ratios(results)["lean"].net_peak_to_legacy is None


def test_candidates_are_named_in_their_own_order_or_refused():
    assert [found.name for found in bench_candidates(["lean", "legacy"])] == ["lean", "legacy"]
    assert len(bench_candidates(None)) == len(BENCH_CANDIDATES)
    with pytest.raises(ConfigError, match="unknown 'nobody'"):
        bench_candidates(["nobody"])
    with pytest.raises(ConfigError, match="at least one"):
        bench_candidates([])
