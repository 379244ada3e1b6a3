"""A representative run of a subject that was measured several times."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.profiling.child_run import ChildRun
from tracekit.records import RunStatus
from tracekit.sizes import format_size


def typical_run(runs: Sequence[ChildRun]) -> tuple[ChildRun, tuple[int, ...]]:
    """The run with the (lower) median net peak, and the net peaks of all.

    If a run failed, that one is used: a path that fails sometimes has failed.
    """
    for run in runs:
        if run.status is not RunStatus.OK:
            return run, ()
    peaks = tuple(run.rss_net_peak_bytes or 0 for run in runs)
    middle = sorted(peaks)[(len(peaks) - 1) // 2]
    return runs[peaks.index(middle)], peaks


def spread_remark(peaks: tuple[int, ...]) -> tuple[str, ...]:
    """The spread of the net peaks of several runs; empty for one run."""
    if len(peaks) < 2 or not max(peaks):
        return ()
    low, high = min(peaks), max(peaks)
    return (
        f"net peak over {len(peaks)} runs: {format_size(low)} to {format_size(high)}, "
        f"a spread of {(high - low) / high:.1%}; the figures are those of the median run",
    )
