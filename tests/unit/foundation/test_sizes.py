"""Byte sizes as people write and read them."""

from __future__ import annotations

import pytest

from tracekit.errors import ConfigError
from tracekit.sizes import format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("1024", 1024),
        ("24MB", 24_000_000),
        ("24 MB", 24_000_000),
        ("24MiB", 25_165_824),
        ("1.5gib", 1_610_612_736),
        ("10 kB", 10_000),
        ("7B", 7),
    ],
)
def test_sizes_are_read(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "MiB", "-1MB", "1 lakh", "1,5MB"])
def test_what_is_no_size_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="--memory-limit") as caught:
        parse_size(text, name="--memory-limit")

    assert repr(text) in str(caught.value)


def test_sizes_are_shown_in_binary_units() -> None:
    assert format_size(512) == "512 B"
    assert format_size(25_165_824) == "24.0 MiB"
    assert format_size(200 * 1024**2) == "200 MiB"
