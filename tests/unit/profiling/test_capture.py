"""Figures and stacks of captures that memray wrote of this process."""

from __future__ import annotations

import mmap
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import memray
import pytest

from tracekit.profiling import HeapStacks, read_heap, read_stacks
from tracekit.profiling.capture import imported_bytes
from tracekit.profiling.stacks import ARENA_REMARK
from tracekit.sizes import format_size

pytestmark = pytest.mark.usefixtures("_room_for_small_objects")
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
        (1, 16, 0, 16),
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
    assert not untouched or found.peak_bytes < 16 * MIB
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


def held_by(heap: HeapStacks, function: str) -> int:
    return sum(
        held.size_bytes
        for stack, held in heap.stacks.items()
        if any(location.startswith(f"{function}:") for location in stack)
    )


def large() -> object:
    return reserve(300 * MIB)


def middling() -> object:
    return reserve(100 * MIB)


def in_use() -> object:
    return bytes(40 * MIB)


@pytest.mark.parametrize(
    ("rss_mib", "sizes_mib"),
    [
        (140, (0, 100, 40)),  # the smallest stack that has as much
        (350, (300, 10, 40)),
        (90, (0, 50, 40)),  # no stack has as much: the largest, then the smallest that has the rest
        (440, (300, 100, 40)),
    ],
)
def test_what_was_reserved_is_taken_from_few_stacks(
    take: Take, rss_mib: int, sizes_mib: tuple[int, ...]
) -> None:
    capture = take(lambda: [large(), middling(), in_use()])
    heap = read_stacks(capture, rss_net_peak_bytes=rss_mib * MIB)
    found = [held_by(heap, function.__name__) for function in (large, middling, in_use)]
    assert found == [about(size * MIB) for size in sizes_mib]
    assert any("reserved" in remark for remark in heap.remarks) is (rss_mib < 440)


def test_a_stack_that_has_exactly_what_was_reserved_is_the_one(take: Take) -> None:
    capture = take(lambda: [middling(), bytes(150 * MIB)])
    heap = read_stacks(capture, rss_net_peak_bytes=2**40)
    reserved_bytes = held_by(heap, "middling")
    assert reserved_bytes == about(100 * MIB)
    without = read_stacks(capture, rss_net_peak_bytes=heap.size_bytes - reserved_bytes)
    assert held_by(without, "middling") == 0
    assert without.size_bytes == heap.size_bytes - reserved_bytes


def deep(depth: int, aside: Callable[[int], object] | None) -> object:
    if depth == 150 and aside:
        return aside(depth)
    return bytes(20 * MIB) if not depth else deep(depth - 1, aside)


def by_another_way(depth: int) -> object:
    return deep(depth - 2, None)  # so that both ways have as many calls


def test_stacks_that_differ_only_where_they_are_cut_are_one(take: Take) -> None:
    heap = read_stacks(take(lambda: [deep(300, None), deep(300, by_another_way)]))
    [held] = [held for held in heap.stacks.values() if held.size_bytes > 10 * MIB]
    assert (held.size_bytes, held.allocations) == (about(40 * MIB), 2)


def test_the_smallest_stacks_are_summed_up_where_there_are_too_many(take: Take) -> None:
    def work() -> object:
        lines = "\n".join(f"held.append(bytes({n + 1} << 20))" for n in range(12))
        held: list[bytes] = []
        exec(lines, {"held": held})
        return held

    capture = take(work)
    whole, pruned = read_stacks(capture), read_stacks(capture, most_stacks=6)
    assert 3 <= len(pruned.stacks) <= 6
    assert (pruned.size_bytes, pruned.allocations) == (whole.size_bytes, whole.allocations)
    kept = sum(held.size_bytes for held in pruned.stacks.values())
    gone = len(whole.stacks) - len(pruned.stacks)
    assert pruned.remarks[-1] == (
        f"the {gone} smallest call stacks, {format_size(whole.size_bytes - kept)} in all, were "
        "left out"
    )
    assert max(held.size_bytes for held in pruned.stacks.values()) == about(12 * MIB)
    assert len(read_stacks(capture, most_stacks=len(whole.stacks)).stacks) == len(whole.stacks)
    assert not any("left out" in remark for remark in whole.remarks)


def test_frames_that_ran_when_it_began_are_kept_on_request(take: Take) -> None:
    capture = take(in_use)
    own = test_frames_that_ran_when_it_began_are_kept_on_request.__name__
    assert held_by(read_stacks(capture, whole=True), own) >= 40 * MIB
    assert held_by(read_stacks(capture), own) == 0
    assert held_by(read_stacks(capture), "in_use") == about(40 * MIB)


def test_cells_are_named_as_the_caller_knows_them(take: Take) -> None:
    heap = read_stacks(take(in_use), cell_of=lambda file: 7 if file == __file__ else None)
    [(stack, held)] = [item for item in heap.stacks.items() if item[1].size_bytes > 30 * MIB]
    assert stack[-1].startswith("in_use:In [7]:")
    assert held.allocations == 1


@pytest.mark.parametrize("aggregated", [False, True])
def test_a_capture_says_what_its_figures_need(take: Take, aggregated: bool) -> None:
    arenas = [] if os.environ.get("PYTHONMALLOC") else [ARENA_REMARK]
    assert list(read_stacks(take(in_use, aggregated=aggregated)).remarks) == arenas


def test_a_capture_of_each_object_has_no_arenas(tmp_path: Path) -> None:
    capture = tmp_path / "objects.bin"
    with memray.Tracker(capture, trace_python_allocators=True):
        held = [bytes(1000) for _ in range(2000)]
        time.sleep(0.02)
    heap = read_stacks(capture)
    assert heap.remarks == ()
    assert heap.allocations >= len(held)
    assert sum(held.allocations for held in heap.stacks.values()) == heap.allocations
