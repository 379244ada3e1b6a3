"""The summary of all measured tests: terminal lines and a JSON file."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version

from tracekit._version import __version__
from tracekit.pytest_plugin.peak import Peak, PeakStatus
from tracekit.sizes import format_size

_ARENAS = (
    "Small objects are counted by the memory arenas they fill, so a few hundred KiB are noise. "
    "Use PYTHONMALLOC=malloc to count each object."
)


def summary_lines(peaks: Sequence[Peak], verbosity: int, *, python_malloc: str | None) -> list[str]:
    """The terminal section: totals, why tests were not measured, and every peak with -v."""
    measured = sorted(
        (peak for peak in peaks if peak.peak_bytes is not None),
        key=lambda peak: -(peak.peak_bytes or 0),
    )
    lines = [_totals(peaks, measured)]
    reasons = Counter(peak.reason for peak in peaks if peak.status is PeakStatus.NOT_MEASURED)
    lines += [f"Not measured, {count}: {reason}" for reason, count in reasons.items()]
    if verbosity > 0:
        lines += [_row(peak) for peak in measured]
        if python_malloc is None:
            lines.append(_ARENAS)
    return lines


def _totals(peaks: Sequence[Peak], measured: Sequence[Peak]) -> str:
    exceeded = sum(peak.status is PeakStatus.EXCEEDED for peak in peaks)
    tests = "1 test" if len(measured) == 1 else f"{len(measured)} tests"
    highest = ""
    if measured:
        top = measured[0]
        highest = f", the highest peak {format_size(top.peak_bytes or 0)} in {top.nodeid}"
    return f"{tests} measured, {exceeded} above the limit{highest}"


def _row(peak: Peak) -> str:
    assert peak.peak_bytes is not None
    allowed = []
    if peak.max_bytes is not None:
        allowed.append(f"of {format_size(peak.max_bytes)}")
    if peak.at_most is not None and peak.reference_peak_bytes:
        share = peak.peak_bytes / peak.reference_peak_bytes
        allowed.append(f"{share:.3g} of {peak.of}, at most {peak.at_most:g}")
    status = peak.status.replace("_", " ")
    size = f"{format_size(peak.peak_bytes):>9} {peak.figure:<6}"
    return f"{size}  {status:<11}  {peak.nodeid} ({'; '.join(allowed)})"


def peaks_json(peaks: Sequence[Peak]) -> str:
    """All peaks as JSON; sizes are bytes, None means not measured."""
    document = {
        "schema_version": 1,
        "tracekit": __version__,
        "environment": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "memray": version("memray"),
        },
        "tests": [peak.data() for peak in sorted(peaks, key=lambda peak: peak.nodeid)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
