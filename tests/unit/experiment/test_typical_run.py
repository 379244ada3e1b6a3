from tracekit.experiment.run_candidate import typical_run
from tracekit.profiling import ChildRun
from tracekit.records import RunStatus


def run(net_bytes, status=RunStatus.OK):
    return ChildRun(status, rss_baseline_bytes=100, rss_peak_bytes=100 + net_bytes)


def test_the_median_run_stands_for_all():
    runs = [run(30), run(10), run(20)]
    assert typical_run(runs) == (runs[2], (30, 10, 20))
    assert typical_run(runs[:2]) == (runs[1], (30, 10))
    assert typical_run(runs[:1]) == (runs[0], (30,))


def test_a_run_that_died_stands_for_all():
    runs = [run(30), run(5, RunStatus.FAILED), run(20)]
    assert typical_run(runs) == (runs[1], ())
