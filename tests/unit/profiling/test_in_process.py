"""A stretch of this process: known amounts, and what is said of the figures."""

from __future__ import annotations

import mmap
import subprocess
import sys
import threading
from pathlib import Path

import memray
import pyarrow as pa
import pytest

from tracekit import process_memory
from tracekit.profiling import (
    StretchMeasurement,
    TrackerTaken,
    in_process,
    measure_call,
    read_stacks,
)
from tracekit.profiling.agreement import within_tolerance
from tracekit.profiling.calibration_subjects import MAKERS, KnownAmount, expected_bytes

pytestmark = pytest.mark.usefixtures("_room_for_small_objects")
MIB = 2**20


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_of_memory_is_reported_as_taken(kind: str, tmp_path: Path) -> None:
    size = 8 * MIB if kind.startswith("python objects") else 32 * MIB
    subject = KnownAmount(kind, size)
    subject.prepare()
    held, told = [], []

    def run() -> None:
        held.append(subject.run(lambda rows, keys: told.append((rows, keys))))

    found = measure_call(run, tmp_path / "capture.bin")
    assert told == [(1, 1)]
    expected = expected_bytes(kind, size)
    if kind.startswith("python objects"):  # of which some fit into arenas that are half empty
        floats = held[0] if kind == "python objects" else [each for of in held[0] for each in of]
        assert len({id(each) for each in floats}) * (24 + 8 + 8) == pytest.approx(size, abs=80)
        assert expected == pytest.approx(size, abs=80)
        assert found.heap_peak_bytes < expected + MIB
    else:
        assert expected == (0 if kind == "reservation" else size)
        assert within_tolerance(expected, found.heap_peak_bytes), found.heap_peak_bytes
        untouched = size if kind == "reservation" else 0
        assert found.peaks.untouched_bytes == pytest.approx(untouched, abs=MIB)
        # Less where memory was free, as it is in a process that ran other tests before.
        assert found.rss_net_peak_bytes < expected + 6 * MIB


def test_in_threads_the_memory_is_taken_by_other_threads() -> None:
    started = []
    threading.settrace(lambda *_: started.append(threading.current_thread().name))
    try:
        held = MAKERS["numpy in threads"](4096)
    finally:
        threading.settrace(None)
    assert len(set(started)) == 2
    assert sum(len(each) for each in held) == 4096


def test_a_stretch_has_the_figures_of_what_it_did(tmp_path: Path) -> None:
    capture = tmp_path / "capture.bin"
    before = process_memory.resident_bytes()
    measurement = StretchMeasurement(capture)
    measurement.start()
    held = bytearray(24 * MIB)
    found = measurement.stop()
    assert found.heap_peak_bytes == pytest.approx(len(held), abs=MIB)
    assert found.rss_net_peak_bytes < len(held) + 6 * MIB  # less where memory was free
    assert found.rss_peak_bytes - found.rss_baseline_bytes == found.rss_net_peak_bytes
    assert found.rss_baseline_bytes <= before + MIB
    assert found.capture == capture
    assert found.imported_bytes == 0
    assert found.children_peak_bytes is None
    assert 0 < found.elapsed_seconds < 60
    assert found.remarks == ()
    assert read_stacks(capture).stacks


def test_what_is_imported_first_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_new_module.py").write_text("held = [bytes(2**20) for _ in range(8)]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = measure_call(lambda: __import__("a_new_module"), tmp_path / "capture.bin")
    sys.modules.pop("a_new_module")
    assert found.imported_bytes == pytest.approx(8 * MIB, abs=MIB)


PROGRAM = "held = b'x' * (40 << 20); import time; time.sleep(0.3)"


def test_processes_that_it_starts_are_counted_or_said_not_to_be(tmp_path: Path) -> None:
    def start() -> None:
        subprocess.run([sys.executable, "-c", PROGRAM], check=True)

    counted = measure_call(start, tmp_path / "counted.bin", children=True)
    assert counted.children_peak_bytes == pytest.approx(46 * MIB, abs=6 * MIB)
    assert not any(remark.startswith("children: ") for remark in counted.remarks)
    uncounted = measure_call(start, tmp_path / "uncounted.bin")
    assert uncounted.children_peak_bytes is None
    assert any(remark.startswith("children: ") for remark in uncounted.remarks)


def test_only_one_measurement_can_be_under_way(tmp_path: Path) -> None:
    pool = pa.default_memory_pool().backend_name
    first = StretchMeasurement(tmp_path / "first.bin", children=True)
    first.start()
    try:
        second = StretchMeasurement(tmp_path / "second.bin", children=True)
        with pytest.raises(TrackerTaken) as caught:
            second.start()
        assert str(caught.value) == (
            "another memray Tracker is active in this process, and memray allows one at a time"
        )
        assert pa.default_memory_pool().backend_name == "system", "the first one still measures"
    finally:
        first.stop()
    assert pa.default_memory_pool().backend_name == pool
    assert measure_call(lambda: None, tmp_path / "first.bin").heap_peak_bytes < MIB
    assert not [t for t in threading.enumerate() if t.name == "tracekit-children"]


def test_a_call_that_raises_leaves_nothing_measuring(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        measure_call(lambda: 1 / 0, tmp_path / "failed.bin")
    assert measure_call(lambda: bytearray(8 * MIB), tmp_path / "next.bin").heap_peak_bytes > 7 * MIB


def test_a_peak_that_cannot_be_reset_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_process.process_memory, "reset_peak", lambda: "since the start")
    reserved = KnownAmount("reservation", 60 * MIB)
    found = measure_call(lambda: reserved.run(lambda *_: None), tmp_path / "capture.bin")
    assert "since the start" in found.remarks
    assert found.peaks.from_start
    assert found.heap_peak_bytes >= 60 * MIB, "that peak does not tell what was touched"


def test_what_only_one_of_both_peaks_contains_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(16 * MIB))
    pool = pa.mimalloc_memory_pool()
    pa.allocate_buffer(1, memory_pool=pool)
    held: list[object] = []

    def work() -> None:
        with file.open("rb") as opened:
            mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        sum(mapped[offset] for offset in range(0, len(mapped), mmap.PAGESIZE))
        held.extend((mapped, pa.allocate_buffer(24 * MIB, memory_pool=pool)))

    found = measure_call(work, tmp_path / "capture.bin")
    assert found.peaks.file_bytes == pytest.approx(16 * MIB, abs=4 * MIB)
    assert found.peaks.unseen_bytes == pytest.approx(24 * MIB, abs=MIB)


def test_a_stretch_has_a_history_and_a_call_has_none(tmp_path: Path) -> None:
    """A capture without history is small, whatever the number of allocations."""
    measurement = StretchMeasurement(tmp_path / "stretch.bin")
    measurement.start()
    held = [bytearray(MIB) for _ in range(3)]
    with memray.FileReader(measurement.stop().capture) as stretch:
        sizes = [record.size for record in stretch.get_allocation_records()]
    assert sum(size > MIB for size in sizes) == len(held)
    called = measure_call(lambda: None, tmp_path / "call.bin").capture
    with memray.FileReader(called) as call, pytest.raises(NotImplementedError):
        list(call.get_allocation_records())
