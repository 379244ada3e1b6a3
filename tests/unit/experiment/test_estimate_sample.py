from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tracekit.experiment.estimate_sample import spread_over


@given(st.integers(0, 3000), st.integers(1, 3000))
def test_a_sample_has_its_size_its_order_and_nothing_twice(there, size):
    every = [f"C{number:05}" for number in range(there)]
    chosen = spread_over(every, size)
    assert len(chosen) == min(there, size)
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= set(every)


def test_a_sample_is_spread_over_the_whole_list_in_runs_of_neighbours():
    chosen = spread_over(list(range(100_000)), 1000)
    tenths = [
        sum(part * 10_000 <= one < (part + 1) * 10_000 for one in chosen) for part in range(10)
    ]
    assert tenths == [100] * 10
    together = sum(after == before + 1 for before, after in pairwise(chosen))
    assert together == 1000 - 20
