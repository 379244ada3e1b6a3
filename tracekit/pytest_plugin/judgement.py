"""Compare a peak with its limit: the result is None, or the first line of a failure."""

from __future__ import annotations

from tracekit.sizes import format_size


def over_maximum(peak_bytes: int, max_bytes: int, figure: str) -> str | None:
    """The message for a peak above `max_bytes`; a peak of exactly `max_bytes` passes.

    `"Test was limited to 64.0 MiB but peaked at 80.3 MiB (heap)"`
    """
    if peak_bytes <= max_bytes:
        return None
    return (
        f"Test was limited to {format_size(max_bytes)} but peaked at {format_size(peak_bytes)} "
        f"({figure}{_exactly(peak_bytes, max_bytes)})"
    )


def over_share(
    peak_bytes: int, at_most: float, reference_bytes: int, of: str, figure: str
) -> str | None:
    """The message for a peak above `at_most` times `reference_bytes`; an equal one passes.

    `"Test was limited to 0.3 of legacy_fetch's peak but reached 0.52 of it (52.0 MiB of 100 MiB),
    heap"`
    """
    if peak_bytes <= at_most * reference_bytes:
        return None
    if not reference_bytes:
        return f"Test was limited to {at_most:g} of {of}'s peak, but {of} allocated nothing"
    reached = peak_bytes / reference_bytes
    return (
        f"Test was limited to {at_most:g} of {of}'s peak but reached {reached:.3g} of it "
        f"({format_size(peak_bytes)} of {format_size(reference_bytes)}), {figure}"
        f"{_exactly(peak_bytes, reference_bytes)}"
    )


def _exactly(one_bytes: int, other_bytes: int) -> str:
    """The exact bytes, if rounding hides the difference."""
    if format_size(one_bytes) != format_size(other_bytes):
        return ""
    return f", {one_bytes:,} and {other_bytes:,} bytes"
