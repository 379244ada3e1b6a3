"""Figures and stacks of captures that memray wrote of this process."""

from __future__ import annotations

import mmap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import memray
import pytest

from tracekit.profiling import read_heap, read_stacks
from tracekit.profiling.capture import imported_bytes

MIB = 2**20
Take = Callable[..., Path]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """Tracks a call, during which nothing of it is freed."""

    def taken(work: Callable[[], object], *, aggregated: bool = False, seconds: float = 0) -> Path:
        capture = tmp_path / "work.bin"
        form = memray.FileFormat
        tracker = memray.Tracker(
            destination=memray.FileDestination(capture, overwrite=True),
            file_format=form.AGGREGATED_ALLOCATIONS if aggregated else form.ALL_ALLOCATIONS,
        )
        with tracker:
            held = work()
            time.sleep(seconds)  # memray samples resident memory every 10 ms
            del held
        return capture

    return taken


def reserve(size_bytes: int) -> mmap.mmap:
    """Address space that is never touched."""
    return mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def reserved(count: int, size_bytes: int) -> list[mmap.mmap]:
    return [reserve(size_bytes) for _ in range(count)]


def about(size_bytes: int) -> object:
    return pytest.approx(size_bytes, abs=MIB // 2)


@pytest.mark.parametrize("aggregated", [False, True])
def test_what_was_reserved_and_not_touched_is_left_out(take: Take, aggregated: bool) -> None:
    def work() -> object:
        return [reserve(300 * MIB), bytes(40 * MIB)]

    capture = take(work, aggregated=aggregated)
    found = read_heap(capture, rss_net_peak_bytes=40 * MIB)
    assert (found.peak_bytes, found.untouched_bytes) == (40 * MIB, about(300 * MIB))
    assert (found.allocations is None) is aggregated
    assert aggregated or 2 <= (found.allocations or 0) < 1000
    heap = read_stacks(capture, rss_net_peak_bytes=40 * MIB)
    assert heap.size_bytes == 40 * MIB
    assert sum(held.size_bytes for held in heap.stacks.values()) == 40 * MIB
    assert heap.remarks[-1].startswith("reserved: 300 MiB were allocated and never touched")


@pytest.mark.parametrize(
    ("count", "size_mib", "rss_mib", "untouched_mib"),
    [
        (1, 32, 0, 32),
        (1, 32, 12, 20),
        (1, 32, 16, 16),  # from here on it counts
        (1, 32, 17, 0),
        (32, 1, 0, 32),
        (64, 0.5, 0, 0),  # small blocks, which may have reused memory
        (512, 0.5, 0, 256),  # as much as nobody reuses
        (15, 1, 0, 0),
    ],
)
def test_only_large_blocks_count_as_reserved(
    take: Take, count: int, size_mib: float, rss_mib: int, untouched_mib: int
) -> None:
    capture = take(lambda: reserved(count, int(size_mib * MIB)))
    found = read_heap(capture, rss_net_peak_bytes=rss_mib * MIB)
    assert found.untouched_bytes == about(untouched_mib * MIB)
    assert found.peak_bytes == about((count * size_mib - untouched_mib) * MIB)


@pytest.mark.parametrize(("size_mib", "untouched"), [(1024, True), (60, False)])
def test_without_the_exact_peak_samples_tell_what_was_touched(
    take: Take, size_mib: int, untouched: bool
) -> None:
    capture = take(lambda: reserve(size_mib * MIB), seconds=0.05)
    found = read_heap(capture)
    assert (found.untouched_bytes > 0) is untouched
    assert found.peak_bytes + found.untouched_bytes == about(size_mib * MIB)
    heap = read_stacks(capture)
    assert heap.size_bytes == found.peak_bytes


def test_more_than_half_of_the_peak_in_use_is_not_taken_for_reserved(take: Take) -> None:
    """Samples may miss the peak: what they lack must be more than a quarter of it."""

    def work() -> object:
        return [bytes([1]) * (300 * MIB), reserve(80 * MIB)]

    assert read_heap(take(work, seconds=0.05)).untouched_bytes == 0


def test_what_threads_reserve_counts_together(take: Take) -> None:
    held: list[object] = []

    def work() -> object:
        for _ in range(2):
            thread = threading.Thread(target=lambda: held.append(reserve(10 * MIB)))
            thread.start()
            thread.join()
        return held

    found = read_heap(take(work), rss_net_peak_bytes=0)
    assert found.untouched_bytes == about(20 * MIB)
    held.clear()


def test_memory_of_imports_is_told_apart(take: Take, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "large_module.py").write_text("held = bytes(20 * 2**20)\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def work() -> object:
        import large_module  # type: ignore[import-not-found]

        return [large_module, bytes(5 * MIB)]

    assert imported_bytes(take(work)) == about(20 * MIB)
    assert imported_bytes(take(lambda: bytes(5 * MIB))) == 0
