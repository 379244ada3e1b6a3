from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracekit.pytest_plugin.judgement import over_maximum, over_share

MIB = 2**20


@given(st.integers(min_value=0, max_value=2**50))
def test_exactly_the_limit_is_within_and_one_byte_more_is_not(max_bytes: int) -> None:
    assert over_maximum(max_bytes, max_bytes, "heap") is None
    assert over_maximum(max_bytes + 1, max_bytes, "heap") is not None


def test_the_first_line_names_limit_and_peak() -> None:
    line = over_maximum(round(80.3 * MIB), 64 * MIB, "heap")
    assert line == "Test was limited to 64.0 MiB but peaked at 80.3 MiB (heap)"


def test_bytes_are_named_where_rounding_hides_the_difference() -> None:
    line = over_maximum(64 * MIB + 1, 64 * MIB, "heap")
    assert line == (
        "Test was limited to 64.0 MiB but peaked at 64.0 MiB "
        "(heap, 67,108,865 and 67,108,864 bytes)"
    )


@given(st.integers(min_value=1, max_value=2**40))
def test_exactly_the_share_is_within_and_one_byte_more_is_not(quarter_bytes: int) -> None:
    assert over_share(quarter_bytes, 0.25, 4 * quarter_bytes, "legacy", "heap") is None
    assert over_share(quarter_bytes + 1, 0.25, 4 * quarter_bytes, "legacy", "heap") is not None


def test_the_ratio_is_shown_with_both_peaks() -> None:
    line = over_share(52 * MIB, 0.3, 100 * MIB, "legacy_fetch", "OS net")
    assert line == (
        "Test was limited to 0.3 of legacy_fetch's peak but reached 0.52 of it "
        "(52.0 MiB of 100 MiB), OS net"
    )


def test_a_reference_that_allocated_nothing_allows_nothing() -> None:
    assert over_share(0, 0.3, 0, "legacy", "heap") is None
    line = over_share(1, 0.3, 0, "legacy", "heap")
    assert line == "Test was limited to 0.3 of legacy's peak, but legacy allocated nothing"
