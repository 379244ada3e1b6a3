import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import ConfigError
from tracekit.sizes import format_size, parse_size


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (-1536, "-1.50 KiB"),
        (10 * 1024, "10.0 KiB"),
        (100 * 1024**2, "100 MiB"),
        (1024**3 - 1, "1.00 GiB"),
        (1_567_621_120, "1.46 GiB"),
        (5 * 1024**4, "5.00 TiB"),
    ],
)
def test_sizes_are_shown_with_three_digits_in_binary_units(size_bytes: int, shown: str) -> None:
    assert format_size(size_bytes) == shown


@given(st.integers(min_value=0, max_value=2**49))
def test_a_shown_size_reads_back_within_one_percent(size_bytes: int) -> None:
    assert parse_size(format_size(size_bytes)) == pytest.approx(size_bytes, rel=0.01, abs=0.5)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("24MB", 24_000_000), ("24 MiB", 25_165_824), ("1024", 1024), (" 1.5gib ", 1_610_612_736)],
)
def test_sizes_are_read_in_both_unit_systems(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "MB", "12XB", "1e3", "-5MB", "1 2"])
def test_an_invalid_size_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigError, match="memory-limit"):
        parse_size(text, name="memory-limit")
