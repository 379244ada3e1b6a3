from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit import workloads
from tracekit.errors import WorkloadError
from tracekit.trace.generate import _quantiles
from tracekit.trace.parameters import Band, parameters_of

TINY = workloads.load("trace-tiny")


def changed(path: str, value: Any) -> workloads.Workload:
    """trace-tiny with another value at `path` in its parameters."""

    def put(table: Any, names: list[str]) -> dict[str, Any]:
        name, *rest = names
        return {**table, name: put(table[name], rest) if rest else value}

    return replace(TINY, parameters=put(TINY.parameters, path.split(".")))


def test_parameters_are_what_the_definition_says() -> None:
    parameters = parameters_of(TINY)
    assert parameters.span_days == 365
    assert parameters.jobs.per_1000_cids == 400
    assert parameters.rates.track_out_null == 0.094


def test_the_fingerprint_follows_everything_that_decides_rows() -> None:
    variants = [
        TINY,
        TINY.sized(49),
        replace(TINY, seed=51),
        replace(TINY, sysdate=TINY.sysdate.replace(second=1)),
        changed("rates.track_out_null", 0.095),
        changed("cardinalities.equipment", 421),
        changed("domains", ["holds"]),
    ]
    assert len({variant.fingerprint for variant in variants}) == len(variants)
    assert replace(TINY, description="in other words").fingerprint == TINY.fingerprint


@pytest.mark.parametrize(
    ("workload", "message"),
    [
        (changed("rates.track_out_null", 1.5), "track_out_null"),
        (changed("rates.track_in_null", 0.5), "unknown field `track_in_null`"),
        (changed("domains", ["jops"]), "Invalid enum value 'jops'"),
        (changed("domains", ["holds", "holds"]), "domains: one is listed twice"),
        (changed("rows_per_cid.history", [[0.9, 0, 0]]), "rows_per_cid.history: .* add up to 0.9"),
        (changed("rows_per_cid.history", [[1, 1, 0]]), "a band from 1 to 0 is empty"),
        (changed("jobs.cids_per_job", [[1, 0, 3]]), "a job must name at least 1 CID"),
        (changed("span_days", 30), "must be below span_days"),
        (changed("comment_width", [120, 8]), "the first is above the second"),
        (replace(TINY, sysdate=TINY.sysdate.replace(microsecond=5)), "no fractions of a second"),
        (replace(TINY, sysdate=None), "sysdate is missing"),
        (TINY.sized(5_000_001), "expected 1 to 5,000,000"),
        (TINY.sized(5_000_000), "no room for 2,000,000 jobs"),
    ],
)
def test_a_fault_is_named_with_its_place(workload: workloads.Workload, message: str) -> None:
    with pytest.raises(WorkloadError, match=message) as caught:
        parameters_of(workload)
    assert "trace-tiny" in str(caught.value)


@given(
    cuts=st.lists(st.integers(1, 999), min_size=0, max_size=6, unique=True),
    ranges=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=7, max_size=7),
)
def test_quantiles_follow_the_bands(cuts: list[int], ranges: list[tuple[int, int]]) -> None:
    edges = [0, *sorted(cuts), 1000]
    widths = [right - left for left, right in itertools.pairwise(edges)]
    bands = [
        Band(width / 1000, min(pair), max(pair))
        for width, pair in zip(widths, ranges, strict=False)
    ]

    quantiles = _quantiles(bands)

    assert len(quantiles) == 1000
    start = 0
    for width, band in zip(widths, bands, strict=True):
        part = quantiles[start : start + width]
        assert part == sorted(part)
        assert band.fewest == part[0]
        assert part[-1] <= band.most
        start += width
