"""Figures and values as people read them; a dash stands for what was not measured."""

from __future__ import annotations

from tracekit.sizes import format_size

NOT_MEASURED = "–"
VALUE_LIMIT = 80
"""Maximum number of characters of a value in a table."""


def count(number: int | None) -> str:
    """`1140931` as `"1,140,931"`."""
    return NOT_MEASURED if number is None else f"{number:,}"


def size(size_bytes: float | None) -> str:
    """Bytes in binary units."""
    return NOT_MEASURED if size_bytes is None else format_size(size_bytes)


def seconds(elapsed_seconds: float | None) -> str:
    """`77.04` as `"77.0 s"`; with two decimals below ten seconds."""
    if elapsed_seconds is None:
        return NOT_MEASURED
    return f"{elapsed_seconds:,.{1 if abs(elapsed_seconds) >= 9.995 else 2}f} s"


def ratio(value: float | None) -> str:
    """A ratio with two decimals; with three below 0.1, so that small ones differ."""
    if value is None:
        return NOT_MEASURED
    return f"{value:.3f}" if 0 < value < 0.0995 else f"{value:.2f}"


def percent(change: float | None) -> str:
    """A relative change with its sign: `0.5` as `"+50.0%"`."""
    if change is None:
        return NOT_MEASURED
    return f"{change:+.1%}" if change else "0.0%"


def text(value: str | None) -> str:
    """`value`, or a dash for None."""
    return NOT_MEASURED if value is None else value


def printable(value: str, limit: int | None = None) -> str:
    r"""`value` on one line: control characters as escapes (`\n`, `\x1b`), cut at `limit`.

    Values are data: an escape sequence in one must not reach the terminal.
    """
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in value
    )
    return shown if limit is None or len(shown) <= limit else shown[: limit - 1] + "…"


def listing(items: list[str]) -> str:
    """`["a", "b", "c"]` as `"a, b and c"`."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
