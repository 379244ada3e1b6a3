from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.experiment.estimate_model import ID_BYTES, PeakModel, growing_model, level_model
from tracekit.records import EstimateSample


@given(
    st.integers(0, 10**8),
    st.integers(1, 5000),
    st.lists(st.integers(1, 10**6), min_size=2, max_size=5, unique=True),
)
def test_a_straight_line_is_found_again(fixed, each, rows):
    model = growing_model([EstimateSample(1, count, fixed + each * count) for count in rows])
    predicted = model.net_peak_bytes(10, 10**7)
    assert predicted == pytest.approx(fixed + each * 10**7, rel=1e-6)


def test_with_too_little_to_tell_everything_is_taken_to_grow():
    for peaks in ([(100, 1000)], [(100, 1000), (200, 900)], [(100, 1000), (100, 800)]):
        model = growing_model([EstimateSample(10, rows, peak) for rows, peak in peaks])
        most_rows = max(rows for rows, _ in peaks)
        assert model.net_peak_bytes(100, most_rows * 10) == 10_000


def test_between_samples_the_peak_is_what_was_measured():
    samples = [EstimateSample(n, 10 * n, peak) for n, peak in ((100, 5), (200, 45), (400, 60))]
    model = growing_model([*samples[1:], samples[0]])
    assert [model.net_peak_bytes(n, 10 * n) for n in (100, 150, 200, 300)] == [5, 25, 45, 52]
    assert model.net_peak_bytes(50, 500) <= 5


def test_a_path_without_rows_needs_what_it_was_measured_at():
    assert growing_model([EstimateSample(10, 0, 500)]).net_peak_bytes(10, 0) == 0


def test_what_keeps_nothing_stays_at_the_level_of_its_largest_sample():
    model = level_model([EstimateSample(100, 1000, 5000), EstimateSample(200, 2000, 9000)])
    assert model.net_peak_bytes(200, 10**9) == 9000
    assert model.net_peak_bytes(1200, 0) == 9000 + 1000 * ID_BYTES
    assert model.net_peak_bytes(125, 0) == 6000, "on the way there it is read between samples"
    assert model.net_peak_bytes(50, 0) == 5000


def test_the_largest_number_that_fits_is_the_last_whose_prediction_does():
    model = PeakModel(1000.0, 7.0, 3.0)
    most = model.largest_cids(10_000, rows_per_cid=10)
    assert model.net_peak_bytes(most, most * 10) <= 10_000
    assert model.net_peak_bytes(most + 1, (most + 1) * 10) > 10_000
    assert model.largest_cids(500, rows_per_cid=10) == 0
    assert PeakModel(1000.0, 7.0, 0.0).largest_cids(10_000, rows_per_cid=0) is None
