"""Memory of the processes of a pipeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil

from tracekit import process_memory
from tracekit.errors import ConfigError, ProfileError
from tracekit.profiling.timeline import TimelineBuilder
from tracekit.records import MemorySample, ProcessMeasurement
from tracekit.sizes import format_size

WEB, STORE, SUPERVISORS = "web", "store", "supervisors"
_HORSE = "worker"
_SAMPLE_SECONDS = 0.1


@dataclass(frozen=True)
class PipelineFigures:
    """The memory that the processes of a pipeline needed."""

    processes: tuple[ProcessMeasurement, ...]
    cpu_seconds: float
    samples: tuple[MemorySample, ...]
    """Resident memory of all processes together."""

    @property
    def rss_baseline_bytes(self) -> int:
        """Sum over the processes."""
        return sum(one.rss_baseline_bytes for one in self._highest())

    @property
    def rss_peak_bytes(self) -> int:
        """Sum of the processes' own peaks, which may be at different times."""
        return sum(one.rss_peak_bytes for one in self._highest())

    def _highest(self) -> Iterable[ProcessMeasurement]:
        highest: dict[str, ProcessMeasurement] = {}
        for one in self.processes:
            known = highest.get(one.role)
            if known is None or one.rss_peak_bytes > known.rss_peak_bytes:
                highest[one.role] = one
        return highest.values()


class PipelineMemory:
    """Watches the processes of one pipeline from `begin` to `end`.

    The peak of a long-running process is its VmHWM, reset at the baseline and at each phase. The
    process of a shard lives as long as its shard: it takes its own baseline, after its imports and
    its first connection, and reports its peak in the job's status.

    Args:
        pid: A process whose descendants are the pipeline.
    """

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._lasting: dict[str, list[psutil.Process]] = {}
        self._baselines: dict[int, int] = {}
        self._rows: list[ProcessMeasurement] = []
        self._phase: str | None = None
        self._cpu_seconds = 0.0
        self._began = 0.0
        self._timeline = TimelineBuilder()
        self._done = threading.Event()
        self._sampler = threading.Thread(target=self._sample, name="tracekit-pipeline", daemon=True)

    def begin(self) -> None:
        """Take the baseline.

        Raises:
            ConfigError: this system does not report the peaks of other processes.
            ProfileError: a process of the pipeline is missing.
        """
        if not process_memory.has_proc():
            raise ConfigError("candidate 'service' needs /proc. Replay it on Linux.")
        self._lasting = _by_role(self._root)
        for role in (WEB, STORE, SUPERVISORS):
            if role not in self._lasting:
                raise ProfileError(f"the {role} process of the trace service has ended")
        self._baselines = {
            one.pid: process_memory.reset_peak_of(one.pid) for one in self._processes()
        }
        self._cpu_seconds = self._spent_seconds()
        self._began = time.monotonic()
        self._sampler.start()

    def limit_web(self, limit_bytes: int) -> None:
        """Limit the private memory of the web process (RLIMIT_DATA).

        Raises:
            ProfileError: it has more already.
        """
        for one in self._lasting[WEB]:
            used = process_memory.data_bytes(one.pid) or 0
            if used >= limit_bytes:
                raise ProfileError(
                    f"the memory limit of {format_size(limit_bytes)} is below the "
                    f"{format_size(used)} of private writable memory that the web process has "
                    "before the first request. Raise the limit."
                )
            one.rlimit(psutil.RLIMIT_DATA, (limit_bytes, limit_bytes))

    def phase(self, name: str) -> None:
        """The web process starts a new phase.

        Raises:
            ProfileError: it is gone.
        """
        self._end_phase()
        self._phase = name
        for one in self._lasting[WEB]:
            with suppress(OSError):  # reported at the end of the phase
                process_memory.reset_peak_of(one.pid)

    def end(self, status: Mapping[str, Any]) -> PipelineFigures:
        """The figures; `status` is the finished job's, which holds those of its workers.

        Raises:
            ProfileError: a process is gone.
        """
        self._end_phase()
        self.stop()
        rows = [*self._rows, *_workers(status)]
        rows += [self._measured(role) for role in (STORE, SUPERVISORS)]
        spent = self._spent_seconds() - self._cpu_seconds
        return PipelineFigures(tuple(rows), spent, self._timeline.samples())

    def stop(self) -> None:
        """Stop watching."""
        self._done.set()
        if self._sampler.is_alive():
            self._sampler.join()

    def _end_phase(self) -> None:
        if self._phase is not None:
            self._rows.append(self._measured(WEB, self._phase))
            self._phase = None

    def _measured(self, role: str, phase: str | None = None) -> ProcessMeasurement:
        processes = self._lasting[role]
        baseline = sum(self._baselines[one.pid] for one in processes)
        try:
            peak = sum(process_memory.peak_of(one.pid) for one in processes)
        except OSError as exc:
            raise ProfileError(f"the {role} process ended while it was measured") from exc
        return ProcessMeasurement(role, baseline, peak, max(0, peak - baseline), phase)

    def _spent_seconds(self) -> float:
        try:
            return sum(map(_cpu_seconds, self._processes()))
        except psutil.Error as exc:
            raise ProfileError(f"a process of the service ended while measured: {exc}") from exc

    def _processes(self) -> list[psutil.Process]:
        return [one for processes in self._lasting.values() for one in processes]

    def _sample(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            held = 0
            for processes in _by_role(self._root).values():
                for one in processes:
                    with suppress(psutil.Error):  # it ended meanwhile
                        held += one.memory_info().rss
            self._timeline.add(time.monotonic() - self._began, held)


def _by_role(root: psutil.Process) -> dict[str, list[psutil.Process]]:
    found: dict[str, list[psutil.Process]] = {}
    with suppress(psutil.Error):
        for one in root.children(recursive=True):
            with suppress(psutil.Error):  # it ended meanwhile
                role = _role(one)
                if role is not None:
                    found.setdefault(role, []).append(one)
    return found


def _role(process: psutil.Process) -> str | None:
    words = process.cmdline()
    if "valkey-server" in process.name():
        return STORE
    if words[1:3] == ["-m", "tracekit.service"]:
        return WEB
    if "tracekit.jobs.horse" in words:
        return _HORSE
    return SUPERVISORS if words[1:4] == ["-m", "tracekit", "worker"] else None


def _workers(status: Mapping[str, Any]) -> list[ProcessMeasurement]:
    """The shard with the highest peak, of each worker."""
    highest: dict[str, Mapping[str, Any]] = {}
    for one in status["workers"]:
        known = highest.get(one["worker"])
        if known is None or one["net_peak_bytes"] > known["net_peak_bytes"]:
            highest[one["worker"]] = one
    return [
        ProcessMeasurement(
            role=f"worker {number}",
            rss_baseline_bytes=one["peak_bytes"] - one["net_peak_bytes"],
            rss_peak_bytes=one["peak_bytes"],
            rss_net_peak_bytes=one["net_peak_bytes"],
        )
        for number, one in enumerate(highest.values(), 1)
    ]


def _cpu_seconds(process: psutil.Process) -> float:
    """CPU seconds of a process and of the ended processes it started."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
