"""The bars that are bytes, on the smoke workload.

Its 20,000 rows are few beside the buffers of two workers, a dozen MiB that the ratios of a million
rows do not show, so peaks are held looser here than `tracekit bench` holds them at full size; what
a row takes in what is kept is held as tightly.
"""

from __future__ import annotations

import sys

import pytest

from tracekit.bench import bench
from tracekit.bench.deep_size import deep_size_bytes
from tracekit.testbed import LocalOracle
from tracekit.trace import EventFetcher, LegacyEventFetcher

MIB = 2**20
SMALL_TEXT = sys.version_info >= (3, 12)
"""A text takes 8 bytes less, so what shares texts saves less."""


@pytest.fixture(scope="module")
def local():
    with LocalOracle("trace-smoke") as it:
        yield it


@pytest.fixture(scope="module")
def net_peaks(local):
    names = ["legacy", "iterator", "lean", "stream", "table", "parquet"]
    record = bench(local.path, names, prove=False, repeat=1)
    return {name: found.rss_net_peak_bytes for name, found in record.candidates.items()}


@pytest.mark.parametrize(
    ("path", "other", "most"),
    [
        ("lean", "legacy", 0.38 if SMALL_TEXT else 0.36),
        ("lean", "iterator", 0.72 if SMALL_TEXT else 0.65),
        ("table", "legacy", 0.30),
        ("stream", "legacy", 0.42),
        ("parquet", "legacy", 0.42),
    ],
)
def test_a_path_takes_a_fraction_of_what_another_takes(net_peaks, path, other, most):
    assert net_peaks[path] <= most * net_peaks[other]


@pytest.mark.parametrize("path", ["stream", "parquet"])
def test_what_keeps_nothing_stays_under_its_ceiling(net_peaks, path):
    assert net_peaks[path] <= 40 * MIB  # 48 at full size


def test_what_is_kept_takes_a_fraction_of_plain_records(local):
    cids = local.keys()
    plain = EventFetcher(local.database, records="plain").fetch_events(cids, "history")
    plain_bytes = deep_size_bytes(plain)
    lean_bytes = deep_size_bytes(EventFetcher(local.database).fetch_events(cids, "history"))
    legacy_bytes = deep_size_bytes(LegacyEventFetcher(local.database).fetch_events(cids, "history"))
    table = EventFetcher(local.database).fetch_event_table(cids, "history")
    assert lean_bytes <= (0.30 if SMALL_TEXT else 0.29) * plain_bytes
    assert lean_bytes <= (0.18 if SMALL_TEXT else 0.17) * legacy_bytes
    assert table.nbytes <= 0.03 * legacy_bytes
