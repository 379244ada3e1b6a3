"""Canonical values, digests of whole results, drift, and the first differences.

`canonical` defines what each level of equality treats as the same. `DigestWriter` turns one
side's records into a small sorted file; `compare_digests` reads two such files side by side and
returns the level at which the sides are equal. This room never imports pandas or pyarrow: it
recognises their values by type. Digests need numpy, so a measured process imports this room only
after its run.
"""

from tracekit.equality.canonical import canonical
from tracekit.equality.compare import compare_digests
from tracekit.equality.digest_file import DigestSummary
from tracekit.equality.digests import DigestWriter
from tracekit.equality.forms import Forms, Kind
from tracekit.equality.laziness import Laziness, ObservedCursor, ObservedIterator, observe
from tracekit.equality.refetched import Refetch

__all__ = [
    "DigestSummary",
    "DigestWriter",
    "Forms",
    "Kind",
    "Laziness",
    "ObservedCursor",
    "ObservedIterator",
    "Refetch",
    "canonical",
    "compare_digests",
    "observe",
]
