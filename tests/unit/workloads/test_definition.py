from __future__ import annotations

import datetime
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import WorkloadError
from tracekit.workloads.definition import Band, parse
from tracekit.workloads.generate import _quantiles


def test_a_workload_says_what_its_definition_says(tiny_toml: str) -> None:
    workload = parse(tiny_toml, source="tiny")

    assert (workload.name, workload.seed, workload.cids) == ("trace-tiny", 50, 50)
    assert workload.domains[0] == "history"
    assert workload.sysdate == datetime.datetime(2025, 11, 30, 8)


def test_the_fingerprint_follows_everything_that_decides_rows(tiny_toml: str) -> None:
    changes = [
        ("seed = 50", "seed = 51"),
        ("track_out_null = 0.094", "track_out_null = 0.095"),
        ("equipment = 420", "equipment = 421"),
        ("[0.010, 0, 0], [0.090", "[0.020, 0, 0], [0.080"),
        ('"holds", "jobs"]', '"holds"]'),
        ("2025-11-30T08:00:00", "2025-11-30T08:00:01"),
    ]
    variants = [tiny_toml.replace(old, new, 1) for old, new in changes]
    assert all(variant != tiny_toml for variant in variants)

    texts = [tiny_toml, *variants]
    fingerprints = {parse(text, source="tiny").fingerprint for text in texts}
    fingerprints.add(parse(tiny_toml, source="tiny", cids=49).fingerprint)

    assert len(fingerprints) == len(changes) + 2


def test_the_fingerprint_ignores_layout_and_description(tiny_toml: str) -> None:
    lines = [
        "# a remark" if line.startswith("description") else line for line in tiny_toml.split("\n")
    ]
    lines.insert(0, 'description = "told otherwise"')

    assert (
        parse("\n\n".join(lines), source="a").fingerprint
        == parse(tiny_toml, source="b", cids=50).fingerprint
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 50", "", "required field `seed`"),
        ("seed = 50", "seed = -1", r"`\$.seed`"),
        ("seed = 50", "sead = 50", "unknown field `sead`"),
        ("seed = 50", "seed = ", "no TOML"),
        ("track_out_null = 0.094", "track_out_null = 1.5", "track_out_null"),
        ('"jobs"]', '"jops"]', r"Invalid enum value 'jops'"),
        ('"jobs"]', '"holds"]', "domains: one stands there twice"),
        ("[0.010, 0, 0]", "[0.110, 0, 0]", r"rows_per_cid.history: .* add up to 1.1, not 1"),
        ("[0.010, 0, 0]", "[0.010, 1, 0]", r"a band from 1 to 0 is empty"),
        ("[0.010, 33, 64]", "[0.010, 33, 10000]", "10000 rows a CID leave no room in 1 days"),
        ("[0.700, 1, 3]", "[0.700, 0, 3]", "a job names at least 1 CID"),
        ("span_days = 365", "span_days = 2\n#", "must be below span_days"),
        ("[8, 120]", "[120, 8]", "the first is above the second"),
        ("08:00:00", "08:00:00.5", "no fractions of a second"),
        ("08:00:00", "08:00:00Z", "sysdate"),
        ('name = "trace-tiny"', 'name = "../tiny"', r"`\$.name`"),
    ],
)
def test_a_fault_is_named_with_its_place(tiny_toml: str, old: str, new: str, message: str) -> None:
    assert old in tiny_toml
    text = tiny_toml.replace(old, new, 1)
    if "leave no room" in message or "below span_days" in message:
        text = text.replace(
            "route_days = 30", "route_days = 1" if "room" in message else "route_days = 2"
        )

    with pytest.raises(WorkloadError, match=message) as caught:
        parse(text, source="mine.toml")

    assert "mine.toml" in str(caught.value)


@pytest.mark.parametrize("cids", [0, -1, 5_000_001])
def test_a_size_out_of_range_is_refused(tiny_toml: str, cids: int) -> None:
    with pytest.raises(WorkloadError, match="ask for 1 to 5,000,000"):
        parse(tiny_toml, source="tiny", cids=cids)


def test_more_jobs_than_the_span_has_room_for_are_refused(tiny_toml: str) -> None:
    with pytest.raises(WorkloadError, match="no room for 2,000,000 jobs"):
        parse(tiny_toml, source="tiny", cids=5_000_000)


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
