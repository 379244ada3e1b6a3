"""The call stacks that held the memory at a test's peak, as lines below its failure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tracekit.sizes import format_size

_SHOWN_BY_VERBOSITY = {0: 3, 1: 10}
_SMALLEST_SHARE = 0.01
"""Share of the peak; smaller stacks are shown only with -v."""
_FRAMES_SHOWN = 8
_RUNNER = ("/_pytest/", "/pluggy/", "/pytest/", "/xdist/", "/execnet/", "/tracekit/pytest_plugin/")


def held_stacks(
    capture: Path,
    verbosity: int,
    test_file: Path,
    root: Path,
    *,
    rss_net_peak_bytes: int | None = None,
) -> list[str]:
    """The largest call stacks of `capture`: up to 3, 10 with -v, all with -vv, none with -q.

    Each has a size, a number of allocations and its calls; the first one allocated the memory.
    Paths of files below `root` are relative to it; `rss_net_peak_bytes` is as for `read_stacks`.
    """
    if verbosity < 0:
        return []
    from tracekit.profiling import read_stacks

    heap = read_stacks(capture, whole=True, rss_net_peak_bytes=rss_net_peak_bytes)
    ranked = sorted(heap.stacks.items(), key=lambda stack: -stack[1].size_bytes)
    shown = ranked[: _SHOWN_BY_VERBOSITY.get(verbosity, len(ranked))]
    if not verbosity:
        smallest_bytes = _SMALLEST_SHARE * heap.size_bytes
        shown = [stack for stack in shown if stack[1].size_bytes >= smallest_bytes]
    lines = ["Held at the peak:"]
    for stack, held in shown:
        plural = "" if held.allocations == 1 else "s"
        size = format_size(held.size_bytes)
        lines.append(f"  {size} in {held.allocations:,} allocation{plural} at")
        calls = _calls(stack, str(test_file))
        lines += [f"      {location.replace(f':{root}/', ':')}" for location in calls]
    if len(ranked) > len(shown):
        more = "-vv shows them" if verbosity else "-v shows more"
        lines.append(f"  and {len(ranked) - len(shown):,} smaller call stacks; {more}")
    return lines + [f"  {remark}" for remark in heap.remarks]


def _calls(stack: Sequence[str], test_file: str) -> list[str]:
    """The calls, innermost first, without those of the test runner."""
    start = next((i for i, call in enumerate(stack) if f":{test_file}:" in call), None)
    if start is None:
        runner = [i for i, call in enumerate(stack) if any(part in call for part in _RUNNER)]
        start = runner[-1] + 1 if runner and runner[-1] + 1 < len(stack) else 0
    calls = list(reversed(stack[start:]))
    left = len(calls) - _FRAMES_SHOWN
    return calls if left <= 1 else [*calls[:_FRAMES_SHOWN], f"... {left} callers"]
