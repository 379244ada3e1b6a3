import pytest

from tracekit.profiling.calibration import within_tolerance

MIB = 2**20


@pytest.mark.parametrize(
    ("expected", "reported", "passes"),
    [
        (0, MIB, True),
        (0, MIB + 1, False),
        (100 * MIB, 102 * MIB, True),
        (100 * MIB, 102 * MIB + 1, False),
        (100 * MIB, 98 * MIB - 1, False),
        (10 * MIB, 9 * MIB, True),
        (10 * MIB, None, False),
    ],
)
def test_tolerance_is_two_per_cent_or_one_mebibyte(expected, reported, passes):
    assert within_tolerance(expected, reported) is passes
