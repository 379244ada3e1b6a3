"""How one measured child ended. A child that dies is a result, not an error."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psutil

from tracekit.errors import ProfileError
from tracekit.profiling.child_process import ChildProcess
from tracekit.profiling.kernel_kills import kernel_kills
from tracekit.profiling.messages import (
    Baseline,
    Finished,
    Measured,
    Message,
    Progress,
    Raised,
    Retained,
)
from tracekit.profiling.timeline import TimelineBuilder
from tracekit.records import MemorySample, RunStatus
from tracekit.records.retention import Retention
from tracekit.sizes import format_size

SAMPLE_SECONDS = 0.05
# How native code ends after a refused allocation: std::terminate, or use of a null pointer.
_CRASHES = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)
_NEAR_LIMIT_FRACTION = 0.9
"""Lower than the child's own, because the last sample may be `SAMPLE_SECONDS` old."""


@dataclass(frozen=True)
class ChildProgress:
    """A child's current state."""

    phase: str
    """`prepare`, `run`, `finish`, and finally `ended`, however it ended."""
    rows: int
    keys: int
    rss_bytes: int | None
    """Resident memory at the last sample; None before the run."""
    elapsed_seconds: float
    """Seconds since the child was started."""


ProgressListener = Callable[[ChildProgress], None]


@dataclass(frozen=True)
class ChildRun:
    """One child's figures; None if not measured."""

    status: RunStatus
    rows: int | None = None
    """Rows as last reported: all of them if it succeeded, otherwise how far it got."""
    keys: int | None = None
    wall_seconds: float | None = None
    """Time of the run alone, even if it raised; None if the process was killed."""
    cpu_seconds: float | None = None
    rss_baseline_bytes: int | None = None
    rss_peak_bytes: int | None = None
    file_bytes: int = 0
    """The largest possible part of libraries and files, mapped in the run, in the peak."""
    unseen_bytes: int = 0
    """Maximum memory that Arrow's own pools can have allocated unseen by memray."""
    children_peak_bytes: int | None = None
    started_processes: bool = False
    samples: tuple[MemorySample, ...] = ()
    retention: Retention | None = None
    """What held the memory, if requested and found."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What the subject's `finish` returned."""
    reason: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    stderr_tail: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def rss_net_peak_bytes(self) -> int | None:
        """Peak minus baseline."""
        if self.rss_peak_bytes is None or self.rss_baseline_bytes is None:
            return None
        return max(0, self.rss_peak_bytes - self.rss_baseline_bytes)


class ChildWatch:
    """Follows one child to its end and reports how it ended."""

    def __init__(
        self,
        child: ChildProcess,
        *,
        memory_limit_bytes: int | None = None,
        timeout_seconds: float | None = None,
        on_progress: ProgressListener | None = None,
    ) -> None:
        self._child = child
        self._memory_limit_bytes = memory_limit_bytes
        self._timeout_seconds = timeout_seconds
        self._on_progress = on_progress
        self._phase = "prepare"
        self._baseline: Baseline | None = None
        self._progress: Progress | None = None
        self._measured: Measured | None = None
        self._retained: Retained | None = None
        self._finished: Finished | None = None
        self._raised: Raised | None = None
        self._timed_out = False
        self._rss_bytes: int | None = None
        self._data_bytes = 0
        self._timeline = TimelineBuilder()
        self._started = self._run_began = time.monotonic()
        self._kills_before = kernel_kills()

    def run(self) -> ChildRun:
        """Wait for the end.

        Raises:
            ProfileError: the disk is full, or memray could not write its capture.
        """
        for message in self._child.messages(SAMPLE_SECONDS):
            if message is None:
                self._tick()
            else:
                self._take(message)
        self._tell("ended")
        if self._raised is not None and self._raised.disk_full:
            raise ProfileError(
                f"the disk is full: {self._child.redacted(self._raised.text)}. "
                "Free some space (tracekit clean), or choose another output folder."
            )
        if self._child.tracking_lost:
            raise ProfileError(
                "memray could not write its capture and stopped tracking, probably because the "
                "disk is full. Free some space (tracekit clean), or choose another output folder. "
                f"Its message: {self._child.stderr_tail[-500:].strip()}"
            )
        return self._result()

    def _tick(self) -> None:
        elapsed = time.monotonic() - self._started
        if self._timeout_seconds is not None and elapsed > self._timeout_seconds:
            self._timed_out = True
            self._child.abort()
            return
        if self._phase == "run":
            self._sample()
        self._tell(self._phase)

    def _tell(self, phase: str) -> None:
        if self._on_progress is not None:
            rows, keys = self._reached()
            elapsed = time.monotonic() - self._started
            self._on_progress(ChildProgress(phase, rows or 0, keys or 0, self._rss_bytes, elapsed))

    def _sample(self) -> None:
        try:
            memory = psutil.Process(self._child.pid).memory_info()
        except psutil.Error:  # it ended between two samples
            return
        self._rss_bytes = memory.rss
        self._data_bytes = max(self._data_bytes, getattr(memory, "data", 0))
        if self._rss_bytes:  # 0 is a process that has exited and was not waited for
            self._timeline.add(time.monotonic() - self._run_began, self._rss_bytes)

    def _take(self, message: Message) -> None:
        match message:
            case Baseline():
                self._baseline, self._phase = message, "run"
                self._run_began = time.monotonic()
                self._timeline.add(0.0, message.rss_bytes)
            case Progress():
                self._progress = message
            case Measured():
                self._measured = message
                self._phase = "finish" if message.completed else self._phase
            case Retained():
                self._retained = message
            case Finished():
                self._finished = message
            case Raised():
                self._raised = message

    def _reached(self) -> tuple[int | None, int | None]:
        if self._progress is None:
            return None, None
        return self._progress.rows, self._progress.keys

    def _result(self) -> ChildRun:
        status, reason = self._ending()
        ended_well = status is RunStatus.OK
        code = self._child.exit_code
        rows, keys = self._reached()
        measured, baseline = self._measured, self._baseline
        return ChildRun(
            status=status,
            rows=rows,
            keys=keys,
            wall_seconds=measured.wall_seconds if measured else None,
            cpu_seconds=measured.cpu_seconds if measured else None,
            rss_baseline_bytes=baseline.rss_bytes if baseline else None,
            rss_peak_bytes=measured.rss_peak_bytes if measured else None,
            file_bytes=measured.file_bytes if measured else 0,
            unseen_bytes=measured.unseen_bytes if measured else 0,
            children_peak_bytes=measured.children_peak_bytes if measured else None,
            started_processes=measured.started_processes if measured else False,
            samples=self._timeline.samples(),
            retention=self._retained.retention if self._retained else None,
            values=self._finished.values if self._finished else {},
            reason=reason,
            exit_code=None if ended_well or code is None or code < 0 else code,
            signal=-code if code is not None and code < 0 and not ended_well else None,
            stderr_tail=None if ended_well else self._child.stderr_tail,
            remarks=(*(baseline.remarks if baseline else ()), *self._retention_remarks()),
        )

    def _retention_remarks(self) -> tuple[str, ...]:
        failure = self._retained.failure if self._retained else None
        return () if failure is None else (f"what held the memory is unknown: {failure}",)

    def _ending(self) -> tuple[RunStatus, str | None]:
        if self._finished is not None:
            return RunStatus.OK, None
        where = {
            "prepare": "before the run began",
            "run": "in the run",
            "finish": "after the run, while its output was read",
        }[self._phase]
        if self._timed_out:
            return RunStatus.FAILED, f"did not end within {self._timeout_seconds:g} s, {where}"
        if self._raised is not None:
            return self._raised_ending(self._raised, where)
        code = self._child.exit_code or 0
        if code >= 0:
            return RunStatus.FAILED, f"exited with code {code} {where}"
        return self._killed_ending(-code, where)

    def _raised_ending(self, raised: Raised, where: str) -> tuple[RunStatus, str]:
        text = self._child.redacted(raised.text)
        message = f"{raised.error_type}: {text}" if text else raised.error_type
        if not raised.out_of_memory:
            return RunStatus.FAILED, f"raised {message} ({where})"
        return RunStatus.OUT_OF_MEMORY, f"ran out of memory {where}{self._limit_text()} ({message})"

    def _killed_ending(self, number: int, where: str) -> tuple[RunStatus, str]:
        killed_by = f"signal {number} ({signal_name(number)})"
        kills = kernel_kills()
        if number == signal.SIGKILL and kills is not None and kills > (self._kills_before or 0):
            return RunStatus.OUT_OF_MEMORY, f"killed {where} by the kernel for lack of memory"
        message = f"ran out of memory {where}{self._limit_text()} ({killed_by}"
        if number == signal.SIGABRT and "std::bad_alloc" in self._child.stderr_tail:
            return RunStatus.OUT_OF_MEMORY, f"{message}, std::bad_alloc)"
        if number in _CRASHES and self._near_limit():
            used = format_size(self._data_bytes)
            return RunStatus.OUT_OF_MEMORY, f"{message}, with {used} in use)"
        return RunStatus.FAILED, f"killed {where} by {killed_by}"

    def _near_limit(self) -> bool:
        limit = self._memory_limit_bytes
        return limit is not None and self._data_bytes >= _NEAR_LIMIT_FRACTION * limit

    def _limit_text(self) -> str:
        if self._memory_limit_bytes is None:
            return ""
        return f" under its limit of {format_size(self._memory_limit_bytes)}"


def signal_name(number: int) -> str:
    """Name of a signal; the real-time ones have none of their own."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return "real-time"
