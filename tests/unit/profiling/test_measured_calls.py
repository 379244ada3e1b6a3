"""Which processes a measurement starts, what they are told, and what is made of their figures."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import memray
import pytest

from tracekit.errors import ConfigError, ProfileError
from tracekit.profiling import calibrate, calibration, measure_subject, measurement, run_child
from tracekit.profiling.measure import Measurement, measure_call_of
from tracekit.profiling.messages import (
    Baseline,
    Finished,
    Measured,
    Message,
    Progress,
    Raised,
    Retained,
)
from tracekit.profiling.retention import At, Trigger
from tracekit.records import MemorySample, Retention, RunStatus

pytestmark = pytest.mark.usefixtures("_room_for_small_objects")
MIB = 2**20
BASELINE_BYTES = 70 * MIB
RETENTION = Retention(1, 1, "now", (), True, 0.5)


class Child:
    """A process that sent `messages` and ended well, or with code 1."""

    pid = 2**22 + 1  # above the highest that Linux gives

    def __init__(self, messages: list[Message | None]) -> None:
        self._messages = messages
        self.exit_code = 0 if any(isinstance(each, Finished) for each in messages) else 1
        self.stderr_tail, self.tracking_lost = "its last words", False

    def messages(self, tick_seconds: float) -> Iterator[Message | None]:
        yield from self._messages

    def redacted(self, text: str) -> str:
        return text

    def abort(self) -> None:
        self._messages.clear()
        self.exit_code = -6


class Processes:
    """In place of processes: each assignment is carried out here, and noted."""

    def __init__(self) -> None:
        self.started: list[SimpleNamespace] = []
        self.net_peaks_mib = [10]
        self.error: Raised | None = None

    @contextmanager
    def measured_child(
        self, factory: str, arguments: Mapping[str, Any], **settings: Any
    ) -> Iterator[Child]:
        self.started.append(SimpleNamespace(factory=factory, arguments=arguments, **settings))
        module, _, name = factory.partition(":")
        subject = getattr(importlib.import_module(module), name)(**arguments, **settings["secrets"])
        subject.prepare()
        reached: list[Progress] = []
        if settings["capture"] is None:
            outcome = subject.run(lambda rows, keys: reached.append(Progress(rows, keys)))
        else:
            with memray.Tracker(settings["capture"]):
                outcome = subject.run(lambda *_: None)
        plain = settings["capture"] is None and settings["retention"] is None
        values = subject.finish(outcome) if plain and self.error is None else {}
        peak = self.net_peaks_mib[min(len(self.started), len(self.net_peaks_mib)) - 1] * MIB
        started = settings["children"]
        children = 3 * MIB if started else None
        ended_well = self.error is None
        yield Child(
            [
                Baseline(BASELINE_BYTES),
                None,
                *reached,
                Measured(
                    1.5,
                    0.5,
                    BASELINE_BYTES + peak,
                    ended_well,
                    0,
                    0,
                    children,
                    settings["children"],
                ),
                *([Retained(RETENTION)] if settings["retention"] else []),
                self.error or Finished(values),
            ]
        )


@pytest.fixture(name="processes")
def _processes(monkeypatch: pytest.MonkeyPatch) -> Processes:
    processes = Processes()
    monkeypatch.setattr(measurement, "measured_child", processes.measured_child)
    return processes


KNOWN = "tracekit.profiling.calibration_subjects:KnownAmount"
AMOUNT = {"kind": "numpy", "size_bytes": 9 * MIB}


def test_a_process_is_told_what_was_asked_for(processes: Processes, tmp_path: Path) -> None:
    plain = run_child(KNOWN, AMOUNT)
    assert (plain.status, plain.rows, plain.keys) == (RunStatus.OK, 1, 1)
    nothing = {
        "secrets": {},
        "capture": None,
        "children": False,
        "memory_limit_bytes": None,
        "retention": None,
        "search_path": (),
    }
    asked = {
        "secrets": {"kind": "arrow"},
        "children": True,
        "memory_limit_bytes": 2**40,
        "retention": Trigger("rows:1%", rows=1),
        "search_path": ["/somewhere"],
    }
    told: list[Any] = []
    capture = tmp_path / "capture.bin"
    run = run_child(
        KNOWN,
        {"size_bytes": 1},
        capture=capture,
        timeout_seconds=60,
        on_progress=told.append,
        **asked,
    )
    assert (run.status, run.retention, run.children_peak_bytes) == (
        RunStatus.OK,
        RETENTION,
        3 * MIB,
    )
    assert told[-1].phase == "ended"
    assert [vars(each) for each in processes.started] == [
        {"factory": KNOWN, "arguments": AMOUNT, **nothing},
        {"factory": KNOWN, "arguments": {"size_bytes": 1}, "capture": str(capture), **asked},
    ]
    with pytest.raises(ProfileError) as caught:
        run_child(KNOWN, AMOUNT, capture=capture)
    assert str(caught.value) == (
        f"{capture} already exists and will not be overwritten. Choose another file"
    )
    late = run_child(KNOWN, AMOUNT, timeout_seconds=-1)
    assert (late.status, late.reason) == (RunStatus.FAILED, "did not end within -1 s, in the run")
    processes.error = Raised("MemoryError", "", True, False)
    short = run_child(KNOWN, AMOUNT, memory_limit_bytes=64 * MIB)
    assert short.reason == "ran out of memory in the run under its limit of 64.0 MiB (MemoryError)"


def test_a_subject_is_run_plainly_then_under_memray_then_for_retention(
    processes: Processes, tmp_path: Path
) -> None:
    told: dict[str, list[Any]] = {"plain": [], "profiled": [], "retained": []}
    listeners: dict[str, Callable[[Any], None]] = {
        "on_progress": told["plain"].append,
        "on_profiled_progress": told["profiled"].append,
        "on_retention_progress": told["retained"].append,
    }
    capture = tmp_path / "capture.bin"
    settings: dict[str, Any] = {
        "secrets": {"size_bytes": 9 * MIB},
        "children": True,
        "memory_limit_bytes": 2**40,
        "search_path": ["/somewhere"],
    }
    runs = measure_subject(
        KNOWN,
        {"kind": "numpy"},
        capture=capture,
        retention_at=At("peak", 50),
        timeout_seconds=60,
        **settings,
        **listeners,
    )
    trigger = Trigger("peak:50%", net_bytes=5 * MIB)
    assert [vars(each) for each in processes.started] == [
        {"factory": KNOWN, "arguments": {"kind": "numpy"}, **settings, **differing}
        for differing in (
            {"capture": None, "retention": None},
            {"capture": str(capture), "retention": None},
            {"capture": None, "retention": trigger},
        )
    ]
    assert [len(each) for each in told.values()] == [2, 2, 2]
    assert runs.capture == capture
    assert runs.heap is not None
    assert runs.heap.peak_bytes == pytest.approx(9 * MIB, abs=MIB)
    assert runs.memory_limit_bytes == 2**40
    assert runs.retained is not None
    assert runs.retained.retention == RETENTION
    assert runs.plain.rss_net_peak_bytes == 10 * MIB
    late = measure_subject(KNOWN, AMOUNT, capture=capture, timeout_seconds=-1)
    assert late.plain.reason == "did not end within -1 s, in the run"
    rows = measure_subject(KNOWN, AMOUNT, retention_at=At("rows", 100))
    assert processes.started[-1].retention == Trigger("rows:100%", rows=1)
    assert (rows.profiled, rows.heap, rows.capture) == (None, None, None)


def test_one_that_failed_is_not_run_again(processes: Processes, tmp_path: Path) -> None:
    processes.error = Raised("ValueError", "no luck", False, False)
    runs = measure_subject(
        KNOWN, AMOUNT, capture=tmp_path / "capture.bin", retention_at=At("peak", 50)
    )
    assert len(processes.started) == 1
    assert runs.plain.reason == "raised ValueError: no luck (in the run)"
    assert (runs.profiled, runs.retained, runs.capture) == (None, None, None)


def work() -> list[int]:
    return sorted([3, 1, 2])


def warm_up(**secrets: str) -> None:
    assert secrets in ({}, {"password": "tiger"})


def measured(function: Callable[[], object] = work, **settings: Any) -> Measurement:
    usual: dict[str, Any] = {
        "name": "work",
        "secrets": {},
        "repeat": 1,
        "memory_limit": None,
        "profile": False,
        "children": False,
        "result": False,
        "retention": False,
        "at": "peak:90%",
        "timeout_seconds": None,
        "capture": None,
    }
    return measure_call_of(function, warm_up, **usual | settings)


def test_a_call_is_measured_with_the_figures_of_its_process(processes: Processes) -> None:
    found = measured(children=True)
    assert found == Measurement(
        RunStatus.OK,
        wall_seconds=1.5,
        cpu_seconds=0.5,
        rss_baseline_bytes=BASELINE_BYTES,
        rss_peak_bytes=BASELINE_BYTES + 10 * MIB,
        rss_net_peak_bytes=10 * MIB,
        children_peak_bytes=3 * MIB,
        samples=(MemorySample(0.0, BASELINE_BYTES),),
    )
    assert measured().result is None


def test_a_call_is_given_its_limits(processes: Processes) -> None:
    found = measured(
        secrets={"password": "tiger"}, memory_limit="1 TiB", timeout_seconds=60, retention=True
    )
    assert found.retention == RETENTION
    plain, retained = processes.started
    for each in (plain, retained):
        assert each.memory_limit_bytes == 2**40
        assert each.secrets == {"password": "tiger"}
        assert each.search_path == [path for path in sys.path if path]
        assert not each.children
        assert each.arguments["result"] is None
        assert not Path(each.arguments["call"]).exists(), "a file that is gone"
        assert Path(each.arguments["call"]).parent.name.startswith("tracekit-measure-")
    assert retained.retention.name == "peak:90%"
    measured(retention=True, at="rows:7%", memory_limit=17 * MIB)
    assert processes.started[-1].retention.name == "rows:7%"
    assert processes.started[-1].memory_limit_bytes == 17 * MIB
    late = measured(timeout_seconds=-2)
    assert late.reason == "did not end within -2 s, in the run"
    for wrong, said in (
        ({"repeat": 0}, "repeat=0"),
        ({"memory_limit": 0}, "memory_limit=0"),
        ({"memory_limit": "much"}, "memory_limit"),
        ({"memory_limit": "0 MiB"}, "memory_limit=0"),
    ):
        with pytest.raises(ConfigError, match=f"^{said}"):
            measured(**wrong)


def test_the_figures_are_those_of_the_run_in_the_middle(processes: Processes) -> None:
    processes.net_peaks_mib = [30, 10, 20]
    found = measured(repeat=3, result=True)
    assert found.rss_net_peaks_bytes == (30 * MIB, 10 * MIB, 20 * MIB)
    assert found.rss_net_peak_bytes == 20 * MIB
    assert [remark.partition(":")[0] for remark in found.remarks] == ["net peak over 3 runs"]
    assert found.result == [1, 2, 3]
    assert [each.arguments["result"] is None for each in processes.started] == [False, True, True]
    assert len(measured(repeat=2, children=True).rss_net_peaks_bytes) == 2
    assert processes.started[-1].children
    assert measured().rss_net_peaks_bytes == ()
    processes.error = Raised("ValueError", "no luck", False, False)
    before = len(processes.started)
    assert measured(repeat=3).status is RunStatus.FAILED
    assert len(processes.started) == before + 1, "one that failed is not repeated"


def test_a_result_that_cannot_be_sent_is_told(processes: Processes) -> None:
    found = measured(threading.Lock, result=True)
    assert found.result is None
    assert found.remarks == (
        "the result could not be sent back: TypeError: cannot pickle '_thread.lock' object",
    )


def test_a_capture_has_the_name_of_its_function(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEKIT_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    names = []
    for _ in range(2):
        found = measured(profile=True, name="Loader.<locals>.read rows")
        assert found.capture is not None
        assert found.heap_peak_bytes is not None
        assert Path(found.capture).parent == tmp_path / "runs" / "measured"
        names.append(Path(found.capture).name)
    stems = [name.rpartition("-") for name in names]
    assert {stem for stem, _, _ in stems} == {f"memray-Loader.-locals-.read-rows.{os.getpid()}"}
    first, second = (int(number.removesuffix(".bin")) for _, _, number in stems)
    assert second == first + 1
    for function, stem in (("<lambda>", "lambda"), ("eXX", "eXX")):
        found = measured(profile=True, name=function)
        assert found.capture.rpartition("/")[2].startswith(f"memray-{stem}.{os.getpid()}-")
    mine = measured(profile=True, capture="mine.bin")
    assert mine.capture == str(tmp_path / "mine.bin")
    assert measured().capture is None


def test_each_known_amount_is_compared_with_what_was_reported(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes.net_peaks_mib = [9]
    found = calibrate(9 * MIB)
    checks = {check.name: check for check in found.checks}
    assert list(checks) == list(calibration.MAKERS)
    numpy = checks["numpy"]
    assert (numpy.requested_bytes, numpy.expected_rss_bytes, numpy.expected_heap_bytes) == (
        9 * MIB,
        9 * MIB,
        9 * MIB,
    )
    assert numpy.rss_net_peak_bytes == 9 * MIB
    assert numpy.heap_net_peak_bytes == pytest.approx(9 * MIB, abs=MIB)
    assert (numpy.passed, numpy.reason) == (True, None)
    assert not checks["reservation"].passed
    assert not found.passed
    asked = [each.arguments for each in processes.started]
    assert asked == [
        {"kind": kind, "size_bytes": 9 * MIB} for kind in calibration.MAKERS for _ in range(2)
    ]
    captures = [Path(each.capture) for each in processes.started if each.capture]
    assert len(set(captures)) == len(calibration.MAKERS)
    assert not any(each.exists() for each in captures)
    assert {each.parent.name.startswith("tracekit-calibrate-") for each in captures} == {True}
    processes.error = Raised("ValueError", "no luck", False, False)
    check = calibrate(9 * MIB).checks[0]
    assert (check.passed, check.heap_net_peak_bytes) == (False, None)
    assert check.reason == "raised ValueError: no luck (in the run)"


def test_a_self_test_takes_64_mib_and_says_why_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(_factory: str, arguments: Mapping[str, Any], **_: Any) -> None:
        asked.append(arguments["size_bytes"])
        raise ProfileError("no process")

    monkeypatch.setattr(calibration, "measure_subject", refuse)
    with pytest.raises(ProfileError, match="no process"):
        calibrate()
    assert asked == [64 * MIB]
