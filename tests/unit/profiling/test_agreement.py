"""Heap and OS peak, and the reasons why they differ."""

import pytest

from tracekit.profiling.agreement import Peaks

MIB = 2**20
HEAP = 100 * MIB


@pytest.mark.parametrize(
    ("difference_bytes", "agree"),
    [(0, True), (2 * MIB, True), (-1 * MIB, True), (3 * MIB, False), (-3 * MIB, False)],
)
def test_peaks_that_agree_need_no_reason(difference_bytes, agree):
    assert (Peaks(HEAP, HEAP + difference_bytes).reasons() == ()) is agree


KEPT = "kept: the OS net peak includes {} that allocators keep for reuse{}"
FILES = "files: the OS net peak includes {} of libraries and mapped files"
RECORDS = ", and memray's own records"
UNSEEN = (
    "unseen: up to {} came from Arrow's own memory pool, which memray does not see; use the OS net "
    "peak, or set ARROW_DEFAULT_MEMORY_POOL=system before pyarrow is loaded"
)


@pytest.mark.parametrize(
    ("peaks", "expected"),
    [
        (
            Peaks(HEAP, HEAP, untouched_bytes=2**30),
            [
                "reserved: 1.00 GiB were allocated and never touched, such as address space that "
                "allocators reserve; the heap peak does not include them"
            ],
        ),
        (
            Peaks(HEAP, 60 * MIB),
            [
                "reused or untouched: the OS net peak is 40.0 MiB lower: free memory was reused, "
                "or allocated memory was not touched"
            ],
        ),
        (Peaks(HEAP, 130 * MIB), [KEPT.format("30.0 MiB", RECORDS)]),
        (
            Peaks(HEAP, 130 * MIB, file_bytes=20 * MIB, traced=False),
            [FILES.format("20.0 MiB"), KEPT.format("10.0 MiB", "")],
        ),
        (Peaks(HEAP, 130 * MIB, file_bytes=30 * MIB), [FILES.format("30.0 MiB")]),
        (Peaks(HEAP, 130 * MIB, file_bytes=1 * MIB), [KEPT.format("29.0 MiB", RECORDS)]),
        (
            Peaks(HEAP, 130 * MIB, file_bytes=2 * MIB, unseen_bytes=27 * MIB),
            [UNSEEN.format("27.0 MiB"), FILES.format("2.00 MiB")],
        ),
        (
            Peaks(HEAP, 130 * MIB, unseen_bytes=5 * MIB),
            [UNSEEN.format("5.00 MiB"), KEPT.format("25.0 MiB", RECORDS)],
        ),
        (Peaks(HEAP, 130 * MIB, from_start=True), []),
        (Peaks(HEAP, HEAP, unseen_bytes=MIB), []),
    ],
)
def test_each_reason_is_given_with_its_size(peaks, expected):
    assert list(peaks.reasons()) == expected


def test_memray_sees_all_unless_much_may_have_come_from_arrows_pools():
    assert Peaks(HEAP, HEAP, unseen_bytes=2 * MIB).sees_all
    assert not Peaks(HEAP, HEAP, unseen_bytes=3 * MIB).sees_all
