"""`tracekit.measure`: any callable, in processes of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

import tracekit
from tracekit.errors import ConfigError, ProfileError
from tracekit.sizes import format_size

MIB = 2**20
ARENA_BYTES = MIB
"""What Python takes at once for small objects, and so may take in any stretch."""


@pytest.fixture(autouse=True)
def _runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEKIT_RUNS_DIR", str(tmp_path / "runs"))


def test_a_closure_is_measured_plainly_and_under_memray(tmp_path: Path) -> None:
    size = 40 * MIB

    def hold() -> bytearray:
        return bytearray(size)

    found = tracekit.measure(hold)
    assert found.status == "ok"
    assert found.rss_net_peak_bytes == pytest.approx(size, abs=2 * MIB)
    assert found.heap_peak_bytes == pytest.approx(size, abs=MIB + ARENA_BYTES)
    assert found.capture is not None
    assert Path(found.capture).is_relative_to(tmp_path / "runs")
    (largest, _) = max(found.stacks.stacks.items(), key=lambda stack: stack[1].size_bytes)
    assert largest[-1].startswith("hold:")
    assert f"heap peak {format_size(found.heap_peak_bytes)}" in str(found)
    assert found.result is None


def test_the_result_comes_back_on_request() -> None:
    found = tracekit.measure(partial(sorted, [3, 1, 2]), result=True, profile=False)
    assert found.result == [1, 2, 3]
    assert found.heap_peak_bytes is None
    with pytest.raises(ProfileError, match="not profiled"):
        _ = found.stacks


def test_a_result_that_cannot_be_sent_is_reported_as_missing() -> None:
    found = tracekit.measure(lambda: threading.Lock(), result=True, profile=False)
    assert (found.status, found.result) == ("ok", None)
    assert any("could not be sent back" in remark for remark in found.remarks)


def test_repeats_tell_their_spread() -> None:
    found = tracekit.measure(lambda: bytearray(8 * MIB), repeat=3, profile=False)
    assert len(found.rss_net_peaks_bytes) == 3
    assert any("over 3 runs" in remark for remark in found.remarks)


def test_what_the_warm_up_imports_is_not_charged() -> None:

    cold = tracekit.measure(lambda: __import__("numpy").ones(MIB, "u1").sum(), profile=False)
    warm = tracekit.measure(
        lambda: __import__("numpy").ones(MIB, "u1").sum(),
        warm_up=lambda: __import__("numpy").ones(1).sum(),
        profile=False,
    )
    assert warm.rss_net_peak_bytes is not None
    assert cold.rss_net_peak_bytes is not None
    assert warm.rss_net_peak_bytes < 2 * MIB < cold.rss_net_peak_bytes


def test_a_limit_and_a_timeout_and_an_error_are_results() -> None:
    limited = tracekit.measure(lambda: bytearray(1 << 30), memory_limit="300MiB")
    assert limited.status == "out_of_memory"
    late = tracekit.measure(lambda: threading.Event().wait(), timeout_seconds=2)
    assert late.status == "failed"
    assert "did not end within 2 s" in str(late)
    failed = tracekit.measure(lambda: {}["nothing"])
    assert failed.status == "failed"
    assert "KeyError" in (failed.reason or "")


def test_child_processes_are_counted_or_a_remark_says_otherwise() -> None:
    program = "import time; held = b'x' * (60 << 20); time.sleep(0.3)"
    start = partial(subprocess.run, [sys.executable, "-c", program], check=True)
    counted = tracekit.measure(start, children=True, profile=False)
    assert counted.children_peak_bytes == pytest.approx(64 * MIB, abs=10 * MIB)
    uncounted = tracekit.measure(start, profile=False)
    assert uncounted.children_peak_bytes is None
    assert any(remark.startswith("children: ") for remark in uncounted.remarks)


def test_what_cannot_be_sent_is_named() -> None:
    lock = threading.Lock()
    with pytest.raises(ConfigError, match=r"cannot be sent .* Open connections"):
        tracekit.measure(lambda: lock)
    with pytest.raises(ConfigError, match="repeat=0"):
        tracekit.measure(list, repeat=0)
    with pytest.raises(ConfigError, match="memory_limit"):
        tracekit.measure(list, memory_limit="much")


def test_an_existing_capture_is_kept(tmp_path: Path) -> None:
    capture = tmp_path / "mine.bin"
    assert tracekit.measure(list, capture=capture).capture == str(capture)
    with pytest.raises(ProfileError, match="already exists"):
        tracekit.measure(list, capture=capture)


def test_who_held_the_memory_is_found_in_a_run_of_its_own() -> None:
    def load() -> int:
        rows = [bytes([n]) * MIB for n in range(60)]
        time.sleep(0.5)
        return len(rows)

    found = tracekit.measure(load, profile=False, retention=True)
    assert found.retention is not None
    assert found.retention.taken_at == "peak:90%"
    assert found.retention.above_baseline
    largest = found.retention.largest(1)[0]
    assert (largest.name, largest.kind) in (("rows", "list"), ("no variable", "list"))
    assert largest.retained_bytes > 50 * MIB
    assert found.retention.explained_bytes == pytest.approx(found.retention.total_bytes, rel=0.1)
    assert str(largest.name) in str(found)


def test_a_moment_that_is_never_reached_is_the_end_of_the_run() -> None:
    found = tracekit.measure(list, profile=False, retention=True)
    assert found.retention is not None
    assert found.retention.taken_at in ("peak:90%", "the end of the run")


def test_without_retention_nothing_is_looked_for() -> None:
    found = tracekit.measure(list, profile=False)
    assert found.retention is None


def test_a_moment_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"'half' is not a point in a run\. Write it like rows:90% or peak:90%"
    ):
        tracekit.measure(list, retention=True, at="half")
