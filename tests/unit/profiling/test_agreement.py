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


@pytest.mark.parametrize(
    ("peaks", "expected"),
    [
        (Peaks(HEAP, HEAP, untouched_bytes=2**30), ["reserved: 1.00 GiB were allocated and never"]),
        (
            Peaks(HEAP, 60 * MIB),
            ["reused or untouched: the OS net peak is 40.0 MiB lower: free memory was reused, or"],
        ),
        (
            Peaks(HEAP, 130 * MIB),
            [
                "kept: the OS net peak includes 30.0 MiB that allocators keep for reuse, and "
                "memray's own records"
            ],
        ),
        (
            Peaks(HEAP, 130 * MIB, file_bytes=20 * MIB, traced=False),
            [
                "files: the OS net peak includes 20.0 MiB of libraries and mapped files",
                "kept: the OS net peak includes 10.0 MiB that allocators keep for reuse",
            ],
        ),
        (
            Peaks(HEAP, 130 * MIB, file_bytes=30 * MIB),
            ["files: the OS net peak includes 30.0 MiB of libraries and mapped files"],
        ),
        (
            Peaks(HEAP, 130 * MIB, file_bytes=1 * MIB),
            ["kept: the OS net peak includes 29.0 MiB that allocators keep for reuse"],
        ),
        (
            Peaks(HEAP, 130 * MIB, file_bytes=1 * MIB + 1, unseen_bytes=28 * MIB - 1),
            ["unseen: up to 28.0 MiB came from Arrow's own memory pool", "files: "],
        ),
        (
            Peaks(HEAP, 130 * MIB, unseen_bytes=5 * MIB),
            [
                "unseen: up to 5.00 MiB came from Arrow's own memory pool",
                "kept: the OS net peak includes 25.0 MiB that allocators keep for reuse",
            ],
        ),
        (Peaks(HEAP, 130 * MIB, from_start=True), []),
        (Peaks(HEAP, HEAP, unseen_bytes=MIB), []),
    ],
)
def test_each_reason_is_given_with_its_size(peaks, expected):
    found = peaks.reasons()
    assert len(found) == len(expected), found
    for reason, beginning in zip(found, expected, strict=True):
        assert reason.startswith(beginning)
    kept = [reason for reason in found if reason.startswith("kept")]
    assert all(reason.endswith("memray's own records") is peaks.traced for reason in kept)


def test_memray_sees_all_unless_much_may_have_come_from_arrows_pools():
    assert Peaks(HEAP, HEAP, unseen_bytes=2 * MIB).sees_all
    assert not Peaks(HEAP, HEAP, unseen_bytes=3 * MIB).sees_all
