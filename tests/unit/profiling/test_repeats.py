"""Which of several runs stands for all."""

import pytest

from tracekit.profiling import ChildRun, spread_remark, typical_run
from tracekit.records import RunStatus

MIB = 2**20


def run(net_mib, **more):
    peak = None if net_mib is None else (10 + net_mib) * MIB
    return ChildRun(RunStatus.OK, rss_baseline_bytes=10 * MIB, rss_peak_bytes=peak, **more)


@pytest.mark.parametrize(
    ("peaks", "median"), [([7], 7), ([9, 5], 5), ([9, 5, 7], 7), ([1, 9, 3, 5], 3)]
)
def test_the_lower_median_stands_for_all(peaks, median):
    typical, found = typical_run([run(peak) for peak in peaks])
    assert typical.rss_net_peak_bytes == median * MIB
    assert found == tuple(peak * MIB for peak in peaks)


def test_one_that_failed_stands_for_all():
    failed = ChildRun(RunStatus.FAILED, reason="once")
    assert typical_run([run(1), failed, run(2)]) == (failed, ())


def test_a_peak_is_never_below_zero_and_unknown_ones_count_as_none():
    assert ChildRun(RunStatus.OK, rss_baseline_bytes=2, rss_peak_bytes=1).rss_net_peak_bytes == 0
    assert ChildRun(RunStatus.OK, rss_baseline_bytes=2).rss_net_peak_bytes is None
    assert ChildRun(RunStatus.OK, rss_peak_bytes=2).rss_net_peak_bytes is None
    assert typical_run([run(None)])[1] == (0,)


def test_the_spread_is_told_of_several_runs_only():
    assert spread_remark((5 * MIB,)) == ()
    assert spread_remark((0, 0)) == ()
    assert spread_remark((MIB, 2 * MIB))[0].endswith(
        "50.0%; the figures are those of the median run"
    )
    assert spread_remark((8 * MIB, 10 * MIB, 9 * MIB)) == (
        "net peak over 3 runs: 8.00 MiB to 10.0 MiB, a spread of 20.0%; the figures are those of "
        "the median run",
    )
