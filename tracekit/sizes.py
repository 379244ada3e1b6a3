"""Byte sizes as people write and read them; binary units (KiB, MiB, GiB) are the ones shown."""

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


def parse_size(text: str, *, name: str = "size") -> int:
    """Bytes meant by `text`: `"24MB"` is 24,000,000, `"24 MiB"` is 25,165,824, `"1024"` is 1,024.

    Raises:
        ConfigError: `text` is no size; the message names `name` and the text.
    """
    match = _SIZE.fullmatch(text)
    unit = match[2].upper() if match else ""
    if not match or unit not in _UNITS:
        raise ConfigError(f"{name}: {text!r} is no size. Write it like 512MiB, 2GiB or 24MB.")
    return int(float(match[1]) * _UNITS[unit])


def format_size(size_bytes: float) -> str:
    """`size_bytes` in binary units with three or four significant digits: `"1.46 GiB"`."""
    value = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024:
            return (
                f"{value:.0f} {unit}" if unit == "B" or abs(value) >= 100 else f"{value:.1f} {unit}"
            )
        value /= 1024
    return f"{value:.2f} TiB"
