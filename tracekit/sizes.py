"""Checked numbers, and byte sizes as people write and read them.

Sizes are shown in binary units (KiB, MiB, GiB).
"""

from __future__ import annotations

import re

from tracekit.errors import ConfigError

_UNITS = {
    "": 1,
    "B": 1,
    **{f"{p}B": 1000**n for n, p in enumerate("KMGT", 1)},
    **{f"{p}IB": 1024**n for n, p in enumerate("KMGT", 1)},
}
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")


def at_least_one(name: str, value: int) -> int:
    """Return `value`, the argument called `name`.

    Raises:
        ConfigError: it is below 1, or not a whole number.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"{name}={value!r}: expected a whole number of at least 1")
    return value


def parse_size(text: str, *, name: str = "size") -> int:
    """Parse a size: `"24MB"` is 24,000,000, `"24 MiB"` is 25,165,824, `"1024"` is 1,024 bytes.

    Raises:
        ConfigError: `text` is not a size; the message names `name` and the text.
    """
    match = _SIZE.fullmatch(text)
    unit = match[2].upper() if match else ""
    if not match or unit not in _UNITS:
        raise ConfigError(f"{name}: {text!r} is not a size. Write it like 512MiB, 2GiB or 24MB.")
    return int(float(match[1]) * _UNITS[unit])


def format_size(size_bytes: float) -> str:
    """Format `size_bytes` in binary units with three significant digits or more: `"1.46 GiB"`.

    Whole bytes stay whole (`"512 B"`); a value that rounds up to 1,024 of a unit is shown as one
    of the next (`"1.00 GiB"`, never `"1024 MiB"`).
    """
    value = float(size_bytes)
    if abs(value) < 1023.5:
        return f"{value:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        value /= 1024
        if abs(value) < 1023.5:
            return f"{_three_digits(value)} {unit}"
    return f"{_three_digits(value / 1024)} TiB"


def _three_digits(value: float) -> str:
    if abs(value) < 9.995:
        return f"{value:.2f}"
    return f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"
