from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.experiment.estimate_model import ID_BYTES, NOISE_BYTES, growing_model, level_model
from tracekit.records import EstimateSample

MIB = 2**20


def samples(*rows_and_mib: tuple[int, float]) -> list[EstimateSample]:
    return [EstimateSample(rows // 10, rows, round(mib * MIB)) for rows, mib in rows_and_mib]


@given(
    st.integers(0, 10**8),
    st.integers(1, 5000),
    st.lists(st.integers(1, 10**6), min_size=2, max_size=5, unique=True),
)
def test_a_straight_line_is_found_again(fixed, each, rows):
    model = growing_model([EstimateSample(1, count, fixed + each * count) for count in rows])
    predicted = model.predict(10, 10**7)
    assert predicted.net_peak_bytes == pytest.approx(fixed + each * 10**7, rel=1e-6)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**9)), min_size=1, max_size=6))
def test_no_part_of_a_model_is_negative_and_more_rows_never_need_less(pairs):
    model = growing_model([EstimateSample(rows, rows, peak) for rows, peak in pairs])
    assert model.fixed_bytes >= 0
    assert model.bytes_per_row >= 0
    most = max(rows for rows, _ in pairs)
    predicted = [model.predict(most * times, most * times) for times in (1, 2, 4, 100)]
    assert all(0 <= each.low_bytes <= each.high_bytes for each in predicted)
    highs = [each.high_bytes for each in predicted]
    assert highs == sorted(highs)


def test_with_too_little_to_tell_everything_is_taken_to_grow():
    for peaks in ([(100, 50)], [(100, 50), (200, 40)], [(100, 50), (100, 40)]):
        model = growing_model(samples(*peaks))
        most_rows = max(rows for rows, _ in peaks)
        assert model.predict(10**6, most_rows * 10).net_peak_bytes == 500 * MIB


def test_between_samples_the_peak_is_what_was_measured():
    model = growing_model(samples((2000, 45), (4000, 60), (1000, 5)))
    for keys, mib in ((100, 5), (150, 25), (200, 45), (300, 52.5)):
        found = model.predict(keys, keys * 10)
        assert (found.low_bytes, found.high_bytes) == (
            mib * MIB - NOISE_BYTES,
            mib * MIB + NOISE_BYTES,
        )


def test_below_the_samples_the_peak_is_between_nothing_fixed_and_the_smallest():
    found = level_model(samples((1000, 12), (2000, 16))).predict(25, 250)
    assert found.low_bytes == 3 * MIB - NOISE_BYTES
    assert found.high_bytes == 12 * MIB + NOISE_BYTES
    assert not found.within(0.1)


def test_a_path_without_rows_needs_nothing_for_its_rows():
    assert growing_model([EstimateSample(10, 0, 500)]).predict(10, 0).low_bytes == 0


def test_what_keeps_nothing_stays_at_the_level_of_its_largest_sample():
    model = level_model(samples((1000, 50), (2000, 90)))
    assert model.predict(200, 2000).net_peak_bytes == 90 * MIB
    assert model.predict(1200, 2000).net_peak_bytes == 90 * MIB + 1000 * ID_BYTES
    assert model.predict(125, 0).net_peak_bytes == 60 * MIB


def test_a_level_that_still_rises_leaves_open_how_far():
    rising = level_model(samples((40_000, 16), (80_000, 21)), level_rows=400_000)
    found = rising.predict(32_000, 320_000)
    assert found.low_bytes < 21 * MIB < 31 * MIB < found.high_bytes
    assert not found.within(0.1)
    assert level_model(samples((40_000, 16), (80_000, 21))).predict(32_000, 320_000).within(0.1)


def test_a_slope_that_flattens_may_go_on_flattening_or_not():
    """What a table of dictionary columns needed at 161,000 rows: 29.2 MiB."""
    model = growing_model(samples((20_099, 12.7), (39_634, 16.1), (80_017, 21.8)))
    found = model.predict(16_000, 161_074)
    assert found.low_bytes < 29.2 * MIB < found.high_bytes
    assert not found.within(0.1)


def test_a_few_small_samples_say_too_little_of_many_keys():
    model = growing_model(samples((500, 0.9), (1000, 1.3), (2000, 2.2)))
    assert not model.predict(10_000, 100_000).within(0.1)


@given(st.floats(0, 50), st.floats(10, 2000), st.integers(1, 4000))
def test_the_largest_number_that_fits_is_the_last_whose_prediction_does(fixed, each, limit_mib):
    taken = [
        EstimateSample(n, 10 * n, round(fixed * MIB + each * 10 * n)) for n in (1000, 2000, 4000)
    ]
    model = growing_model(taken)
    most = model.largest_keys(limit_mib * MIB, rows_per_key=10)
    assert most is not None
    assert model.predict(most + 1, (most + 1) * 10).high_bytes > limit_mib * MIB
    if most:
        assert model.predict(most, most * 10).high_bytes <= limit_mib * MIB
