from hypothesis import given
from hypothesis import strategies as st

from tracekit.profiling.timeline import TimelineBuilder


@given(st.lists(st.integers(1, 10**12), max_size=500), st.integers(1, 20))
def test_a_timeline_is_short_in_order_and_keeps_the_highest(sizes, max_samples):
    timeline = TimelineBuilder(max_samples)
    for index, rss_bytes in enumerate(sizes):
        timeline.add(index / 10, rss_bytes)
    samples = timeline.samples()
    assert len(samples) <= max_samples
    moments = [s.elapsed_seconds for s in samples]
    assert moments == sorted(set(moments)), "in order, none twice"
    assert max((s.rss_bytes for s in samples), default=None) == max(sizes, default=None)
    taken = {(index / 10, rss_bytes) for index, rss_bytes in enumerate(sizes)}
    assert {(s.elapsed_seconds, s.rss_bytes) for s in samples} <= taken


def test_few_samples_are_all_kept():
    timeline = TimelineBuilder(600)
    for index in range(600):
        timeline.add(index, index)
    assert len(timeline.samples()) == 600
