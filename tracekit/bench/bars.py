"""The targets for lean records, streams, tables and Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracekit.bench.figures import cpu_ratio, peak_ratio, ratio
from tracekit.records import BenchBar, BenchRun, CandidateResult
from tracekit.sizes import format_size

STREAM_FIXED_BYTES = 48 * 2**20
STREAM_BYTES_PER_CID = 48
"""Limit of what the keys alone may take; the bench measures what they do take."""
_PAGES_BYTES = 2**18
"""What rounding up to pages adds to a few thousand keys."""
FLAT_WITHIN = 0.10
EXACT = "exact"
"""The target of the proof."""

Results = Mapping[str, CandidateResult]


def bench_bars(results: Results, keys: int, ids: Sequence[BenchRun] = ()) -> tuple[BenchBar, ...]:
    """Every target, met or missed; its result is None if this bench did not measure it.

    Args:
        results: The candidates by name.
        keys: Number of keys that the bench read.
        ids: Runs that only hold the keys, one for each number of keys.
    """
    legacy, iterator, lean = (results.get(name) for name in ("legacy", "iterator", "lean"))
    deep = ratio(lean.rss_net_peak_bytes, lean.deep_size_bytes) if lean else None
    parquet, drain = results.get("parquet"), results.get("df-batches-drain")
    return (
        _at_most("net OS peak, lean / legacy", peak_ratio(lean, legacy), 0.135),
        _at_most("net OS peak, lean / iterator", peak_ratio(lean, iterator), 0.27),
        _at_most("net OS peak, lean / deep size of what it returns", deep, 1.15),
        _at_most("client CPU, lean / iterator", cpu_ratio(lean, iterator), 1.0),
        _at_most("client CPU, lean / df-batches-drain", cpu_ratio(lean, drain), 1.3),
        _at_most("net OS peak, table / legacy", peak_ratio(results.get("table"), legacy), 0.05),
        *(_bounded(name, results, keys) for name in ("stream", "parquet")),
        *(_flat(name, results, ids) for name in ("stream", "parquet")),
        _at_most("client CPU, parquet / df-batches-drain", cpu_ratio(parquet, drain), 1.3),
        _exact(results),
        BenchBar(
            "estimate against measured net peak, each candidate, 3 sizes",
            "within 10%",
            None,
            None,
            "measured by tracekit estimate --verify N,N,N",
        ),
    )


def _at_most(figure: str, measured: float | None, most: float) -> BenchBar:
    bar = f"<= {most:g}"
    if measured is None:
        return BenchBar(figure, bar, None, None)
    return BenchBar(figure, bar, f"{measured:.3f}", measured <= most)


def _bounded(name: str, results: Results, keys: int) -> BenchBar:
    most = STREAM_FIXED_BYTES + STREAM_BYTES_PER_CID * keys
    figure, bar = f"net OS peak, {name}", f"<= 48 MiB + 48 bytes per key = {format_size(most)}"
    found = results.get(name)
    if found is None or found.rss_net_peak_bytes is None:
        return BenchBar(figure, bar, None, None)
    peak = found.rss_net_peak_bytes
    return BenchBar(figure, bar, format_size(peak), peak <= most)


def _flat(name: str, results: Results, ids: Sequence[BenchRun]) -> BenchBar:
    figure, bar = f"net OS peak without the keys, {name}, over sizes", "flat within 10%"
    peaks = dict(sorted(_peaks_by_cids(results.get(name)).items()))
    alone = {run.keys: run.rss_net_peak_bytes for run in ids}
    if len(peaks) < 2 or not peaks.keys() <= alone.keys():
        return BenchBar(figure, bar, None, None, "needs --sizes to be measured")
    most = max(peaks)
    # At its peak a stream still holds all, some or none of what preparing the keys took.
    dearest = min(alone[most] // most, STREAM_BYTES_PER_CID)
    each = min(range(dearest + 1), key=lambda each: _spread(peaks, each))
    spread = _spread(peaks, each)
    described = ", ".join(
        f"{format_size(peak - each * keys)} at {keys:,}" for keys, peak in peaks.items()
    )
    return BenchBar(
        figure,
        bar,
        f"{spread:.1%}",
        spread <= FLAT_WITHIN and alone[most] <= STREAM_BYTES_PER_CID * most + _PAGES_BYTES,
        f"{described} keys, without {each} bytes for each key; preparing the keys alone took "
        f"{alone[most] / most:.1f} bytes each",
    )


def _spread(peaks: Mapping[int, int], each: int) -> float:
    """Relative spread of the peaks without `each` bytes for each key."""
    beyond = [peak - each * keys for keys, peak in peaks.items()]
    return (max(beyond) - min(beyond)) / max(beyond)


def _peaks_by_cids(found: CandidateResult | None) -> dict[int, int]:
    if found is None or found.rss_net_peak_bytes is None or not found.runs:
        return {}
    peaks = {run.keys: run.rss_net_peak_bytes for run in found.sizes}
    return peaks | {found.runs[0].keys: found.rss_net_peak_bytes}


def _exact(results: Results) -> BenchBar:
    proofs = {
        name: results[name].exact
        for name in ("lean", "stream", "table", "parquet")
        if name in results and results[name].exact is not None
    }
    figure, bar = "output of lean, stream, table and parquet against iterator", EXACT
    if not proofs:
        return BenchBar(figure, bar, None, None)
    different = [name for name, exact in proofs.items() if not exact]
    described = f"not exact: {', '.join(different)}" if different else f"exact: {', '.join(proofs)}"
    return BenchBar(figure, bar, described, not different)
