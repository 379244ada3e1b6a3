"""Measure the cost of calling a function, in separate processes."""

from __future__ import annotations

import dataclasses
import os
import pickle
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tracekit.config import Settings
from tracekit.errors import ProfileError
from tracekit.profiling.call_subject import UNSENT, Call
from tracekit.profiling.child_run import ChildRun
from tracekit.profiling.measurement import SubjectRuns, measure_subject, run_child
from tracekit.profiling.repeats import spread_remark, typical_run
from tracekit.profiling.retention import At
from tracekit.profiling.stacks import HeapStacks, read_stacks
from tracekit.records import CandidateMeasurement, MemorySample, RunStatus
from tracekit.sizes import at_least_one, format_size, parse_size

_FACTORY = "tracekit.profiling.call_subject:CallSubject"
_NUMBERS = count(1)


@dataclass(frozen=True)
class Measurement(CandidateMeasurement):
    """The cost of calling a function. A failed call is a result, too: see `status`.

    `capture` is the full path of memray's file.
    """

    children_peak_bytes: int | None = None
    """The highest total memory of the processes that the call started; None if not watched."""
    samples: tuple[MemorySample, ...] = ()
    """Resident memory of the process over the call."""
    result: Any = None
    """The call's result, if requested."""

    @property
    def stacks(self) -> HeapStacks:
        """The memory alive at the heap peak, by call stack.

        Raises:
            ProfileError: the call was not profiled, or its capture is gone.
        """
        if self.capture is None:
            raise ProfileError(
                "the call was not profiled. Use measure(..., profile=True) to record call stacks"
            )
        return read_stacks(Path(self.capture))

    def __str__(self) -> str:
        figures = [
            f"{name} {format_size(size)}"
            for name, size in (
                ("OS net peak", self.rss_net_peak_bytes),
                ("heap peak", self.heap_peak_bytes),
                ("children's peak", self.children_peak_bytes),
            )
            if size is not None
        ]
        if self.wall_seconds is not None:
            figures.append(f"wall {self.wall_seconds:.2f} s")
        reason = f": {self.reason}" if self.reason else ""
        lines = [f"{self.status}{reason}", *([", ".join(figures)] if figures else [])]
        lines += [f"note: {remark}" for remark in self.remarks]
        return "\n".join([*lines, *(self.retention.lines() if self.retention else ())])


def measure_call_of(
    function: Callable[[], object],
    warm_up: Callable[..., object],
    *,
    name: str,
    secrets: Mapping[str, str],
    repeat: int,
    memory_limit: int | str | None,
    profile: bool,
    children: bool,
    result: bool,
    retention: bool,
    at: str,
    timeout_seconds: float | None,
    capture: str | Path | None,
) -> Measurement:
    """Measure a function that takes no more arguments, for `tracekit.measure`.

    Args:
        function: Called without arguments.
        warm_up: Called before the baseline is taken, with the secrets by name.
        name: The function's name, for the capture's file.
        secrets: Values that must be neither in a file nor on a command line.
        repeat: How often to run it without memray; the figures are those of the run with the
            median net peak.
        memory_limit: Limit of the process's private memory, in bytes or as text like `"2GiB"`.
        profile: Also run it under memray, for the heap peak and the call stacks.
        children: Include the processes that it starts.
        retention: Run it again and report which variables keep its memory alive.
        at: When to look at retention, as a share of the net peak.
        result: Keep what the function returned, sent back by pickle.
        timeout_seconds: Time limit of each process; a process that takes longer is ended.
        capture: memray's file, which must not exist; by default one in the runs folder.

    Raises:
        ConfigError: an argument is invalid, or the function cannot be sent.
        ProfileError: no process could be started, `capture` exists, or the disk is full.
    """
    at_least_one("repeat", repeat)
    limits: dict[str, Any] = {
        "memory_limit_bytes": _size(memory_limit),
        "timeout_seconds": timeout_seconds,
        "children": children,
        "search_path": [path for path in sys.path if path],
        "secrets": secrets,
    }
    with tempfile.TemporaryDirectory(prefix="tracekit-measure-") as folder:
        call, returned = Path(folder) / "call.pickle", Path(folder) / "result.pickle"
        Call(function, warm_up).write(call)
        runs = measure_subject(
            _FACTORY,
            {"call": str(call), "result": str(returned) if result else None},
            capture=_capture(name, capture) if profile else None,
            retention_at=At.parse(at) if retention else None,
            **limits,
        )
        again = range(repeat - 1) if runs.plain.status is RunStatus.OK else ()
        arguments = {"call": str(call), "result": None}
        others = [run_child(_FACTORY, arguments, **limits) for _ in again]
        value = pickle.loads(returned.read_bytes()) if returned.exists() else None  # noqa: S301 - our child wrote it
    return _measurement(runs, [runs.plain, *others], value)


def _measurement(runs: SubjectRuns, plain: list[ChildRun], value: Any) -> Measurement:
    typical, peaks = typical_run(plain)
    measured = dataclasses.replace(runs, plain=typical)
    record = measured.record()
    unsent = runs.plain.values.get(UNSENT)
    remarks = [*record.remarks, *spread_remark(peaks)]
    if unsent is not None:
        remarks.append(f"the result could not be sent back: {unsent}")
    fields = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    fields |= {
        "capture": None if runs.capture is None else str(runs.capture),
        "rss_net_peaks_bytes": peaks if len(peaks) > 1 else (),
        "remarks": tuple(remarks),
    }
    return Measurement(
        **fields,
        children_peak_bytes=typical.children_peak_bytes,
        samples=typical.samples,
        result=value,
    )


def _size(value: int | str | None) -> int | None:
    if value is None:
        return None
    return at_least_one(
        "memory_limit", parse_size(value, name="memory_limit") if isinstance(value, str) else value
    )


def _capture(function_name: str, wanted: str | Path | None) -> Path:
    if wanted is not None:
        return Path(wanted).absolute()
    folder = (Settings.from_env().runs_dir / "measured").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.\-]+", "-", function_name).strip("-")
    return folder / f"memray-{name}.{os.getpid()}-{next(_NUMBERS)}.bin"
