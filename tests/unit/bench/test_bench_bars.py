from __future__ import annotations

from tracekit.bench.bars import bench_bars
from tracekit.records import BenchRun, CandidateResult, RunStatus

MIB = 2**20


def found(peak_mib, cpu=1.0, *, deep_mib=None, exact=None, sizes=()):
    peak = round(peak_mib * MIB)
    return CandidateResult(
        "",
        "events",
        RunStatus.OK,
        rows=1,
        cpu_seconds=cpu,
        rss_net_peak_bytes=peak,
        deep_size_bytes=None if deep_mib is None else round(deep_mib * MIB),
        exact=exact,
        runs=(BenchRun(MIB, 1, 1.0, cpu, peak),),
        sizes=tuple(BenchRun(keys, 1, 1.0, 1.0, round(mib * MIB)) for keys, mib in sizes),
    )


IDS = [BenchRun(keys, 0, 1.0, 1.0, 16 * keys) for keys in (MIB // 8, MIB)]


def met(results, keys=MIB):
    *bars, estimate = bench_bars(results, keys, IDS)
    assert (estimate.met, "estimate" in estimate.remark) == (None, True)
    return {bar.figure: bar.met for bar in bars}


def test_every_bar_is_judged_when_everything_was_measured():
    results = {
        "legacy": found(1000, 10),
        "iterator": found(500, 1.3),
        "lean": found(135, 1.3, deep_mib=120, exact=True),
        "stream": found(96, exact=True, sizes=[(MIB // 8, 75)]),
        "table": found(50, exact=True),
        "parquet": found(96, 1.3, exact=True, sizes=[(MIB // 8, 75)]),
        "df-batches-drain": found(20, 1.0),
    }
    assert set(met(results).values()) == {True}


def test_every_target_can_be_missed():
    results = {
        "legacy": found(1000, 10),
        "iterator": found(500, 3),
        "lean": found(136, 3.1, deep_mib=118, exact=False),
        "stream": found(96.1, exact=True, sizes=[(MIB // 8, 73)]),
        "table": found(51, exact=True),
        "parquet": found(96.1, 1.31, exact=True, sizes=[(MIB // 8, 73)]),
        "df-batches-drain": found(20, 1.0),
    }
    judged = met(results)
    assert judged.pop("net OS peak, lean / iterator") is False
    assert set(judged.values()) == {False}
    [proof] = [bar for bar in bench_bars(results, MIB, IDS) if bar.bar == "exact"]
    assert proof.measured == "not exact: lean"


def test_what_was_not_measured_is_neither_met_nor_missed():
    died = CandidateResult("", "events", RunStatus.FAILED, "raised")
    for results in ({}, {"legacy": died, "lean": died, "stream": died, "parquet": died}):
        assert set(met(results).values()) == {None}
    assert met({"stream": found(10)})["net OS peak without the keys, stream, over sizes"] is None


def test_keys_that_take_too_much_fail_the_target_of_a_flat_stream():
    heavy = [BenchRun(keys, 0, 1.0, 1.0, 49 * keys) for keys in (MIB // 8, MIB)]
    stream = {"stream": found(69, sizes=[(MIB // 8, 26.125)])}
    figure = "net OS peak without the keys, stream, over sizes"
    [bar] = [bar for bar in bench_bars(stream, MIB, heavy) if bar.figure == figure]
    assert bar.met is False
    assert "preparing the keys alone took 49.0 bytes each" in bar.remark


def test_a_stream_may_hold_less_of_its_keys_than_preparing_them_took():
    """Preparing them peaks before the first batch is read; then half of that is held."""
    ids = [BenchRun(keys, 0, 1.0, 1.0, 16 * keys) for keys in (MIB // 8, MIB)]
    figure = "net OS peak without the keys, stream, over sizes"
    for grown_mib, flat in ((8, True), (16, True), (24, False)):
        stream = {"stream": found(20 + grown_mib, sizes=[(MIB // 8, 20 + grown_mib / 8)])}
        [bar] = [bar for bar in bench_bars(stream, MIB, ids) if bar.figure == figure]
        assert bar.met is flat, bar
