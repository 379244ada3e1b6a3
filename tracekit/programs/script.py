"""Run a program as it is, and report how much memory it needs and how it ended."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tracekit import process_memory
from tracekit.errors import ConfigError, ProfileError
from tracekit.profiling.arrow_pool import VARIABLE as ARROW_POOL
from tracekit.profiling.timeline import TimelineBuilder
from tracekit.programs.cells_ending import code_of, place
from tracekit.programs.kernel_death import Pressure, Stacks, SystemKills, death_of
from tracekit.programs.memory_sampler import INTERVAL_SECONDS, MemorySampler, Sample
from tracekit.programs.program_retention import no_look_left, with_retention
from tracekit.programs.redirect import Redirect
from tracekit.programs.script_command import shown_command
from tracekit.programs.script_escape import EscapeWatch, check_command
from tracekit.programs.script_messages import (
    Ended,
    Message,
    Raised,
    Started,
    read_messages,
)
from tracekit.programs.script_process import ScriptProcess
from tracekit.programs.script_watch import RETENTION, VARIABLE, retention_file, stacks_file
from tracekit.records.program import CellReport, ProgramReport, ProgramStatus, VariableSize

_PROGRESS_SECONDS = 0.2


@dataclass(frozen=True)
class ScriptProgress:
    """The current state of a running program."""

    elapsed_seconds: float
    total_bytes: int
    """Resident memory of the program and its children."""
    peak_bytes: int
    """The largest so far."""


def run_script(
    command: Sequence[str],
    *,
    redirect: Redirect | None = None,
    memory_limit_bytes: int | None = None,
    kill_at_limit: bool = False,
    retention: bool = False,
    stdout: int | None = None,
    on_progress: Callable[[ScriptProgress], None] = lambda progress: None,
) -> ProgramReport:
    """Run `command`, unmodified, to its end and report on it.

    Args:
        command: The program and its arguments.
        redirect: The active redirect of its Oracle connections; None leaves them alone.
        memory_limit_bytes: Limit of the private memory of each of its processes.
        kill_at_limit: Let it grow, and kill it when it and its children together reach the limit,
            as in a container.
        retention: Look for what holds the memory of its first Python whenever that has grown by a
            quarter, and near the limit; this takes extra memory and a processor of its own.
        stdout: A file descriptor for its standard output instead of ours.
        on_progress: Called several times a second.

    Raises:
        ConfigError: it cannot be started, or its Python would not load the redirect.
        RedirectError: a Python that it started did not load the redirect.
        ProfileError: this system has no /proc.
    """
    if not process_memory.has_proc():
        raise ProfileError("watching a program needs /proc, which only Linux has")
    if not command:
        raise ConfigError("no command was given. Write it after --")
    with (
        tempfile.TemporaryDirectory(prefix="tracekit-run-") as folder,
        no_look_left(Path(folder)),
    ):
        messages = Path(folder) / "messages.jsonl"
        messages.touch()
        environment = _environment(messages, redirect, limited=memory_limit_bytes is not None)
        if retention:
            environment[RETENTION] = str(memory_limit_bytes or 0)
        if redirect is not None:
            check_command(command, environment, redirect)
        watch = _Watch(messages, redirect, memory_limit_bytes, kill_at_limit)
        process = ScriptProcess(
            command,
            environment,
            stdout=stdout,
            memory_limit_bytes=None if kill_at_limit else memory_limit_bytes,
        )
        try:
            code = watch.run(process, on_progress)
        except BaseException as exc:
            # The command line knows which signal stopped us; the program gets the same.
            process.end(getattr(exc, "number", signal.SIGTERM))
            raise
        if process.end():
            watch.remarks.append("processes that it left running were stopped")
        report = replace(watch.report(code), command=shown_command(command))
        if retention:
            report = with_retention(report, Path(retention_file(str(messages), process.pid)))
        return report


def _environment(messages: Path, redirect: Redirect | None, *, limited: bool) -> dict[str, str]:
    ours: Mapping[str, str] = {VARIABLE: str(messages)}
    if redirect is not None:
        ours = {**ours, **redirect.environment()}
    # Arrow's own pools reserve more than they hand out, and reserved memory counts.
    pinned = {ARROW_POOL: "system"} if limited else {}
    return {**pinned, **os.environ, **ours}


class _Watch:
    """One run, watched from start to end."""

    def __init__(
        self,
        messages: Path,
        redirect: Redirect | None,
        limit_bytes: int | None,
        kill_at_limit: bool,
    ) -> None:
        self._file = messages
        self._redirect = redirect
        self._limit_bytes = limit_bytes
        self._kill_at_bytes = limit_bytes if kill_at_limit else None
        self._kills = SystemKills()
        self._timeline = TimelineBuilder()
        self._started: Started | None = None
        self._last: Sample | None = None
        self._peak_bytes = self._own_peak_bytes = self._children_peak_bytes = 0
        self._used_bytes = 0
        self._stopped_at_limit = False
        self._wall_seconds = 0.0
        self.remarks: list[str] = []

    def run(self, process: ScriptProcess, on_progress: Callable[[ScriptProgress], None]) -> int:
        self._pid = process.pid
        self._stacks = Stacks(Path(stacks_file(str(self._file), process.pid)))
        began = time.monotonic()
        sampler = MemorySampler(process.pid)
        pressure = Pressure(process.pid)
        escape = None if self._redirect is None else EscapeWatch(self._redirect)
        next_progress = began
        while (code := process.poll()) is None:
            time.sleep(INTERVAL_SECONDS)
            sample = sampler.sample()
            if sample is None:
                continue  # it ended, which the next poll will show
            self._take(sample, began)
            if self._limit_bytes is not None:
                self._used_bytes = _data_bytes(process.pid) or self._used_bytes
            if sample.at >= next_progress:
                next_progress = sample.at + _PROGRESS_SECONDS
                on_progress(ScriptProgress(sample.at - began, sample.total_bytes, self._peak_bytes))
                self._started = self._started or self._find_started(process.pid)
            if escape is not None:
                escape.look({process.pid, *sampler.children})
            self._look_at_limit(process, sample, pressure)
        self._wall_seconds = time.monotonic() - began
        return code

    def _take(self, sample: Sample, began: float) -> None:
        self._last = sample
        self._timeline.add(sample.at - began, sample.total_bytes)
        self._peak_bytes = max(self._peak_bytes, sample.total_bytes)
        self._own_peak_bytes = max(self._own_peak_bytes, sample.rss_peak_bytes)
        self._children_peak_bytes = max(self._children_peak_bytes, sample.children_bytes)

    def _look_at_limit(self, process: ScriptProcess, sample: Sample, pressure: Pressure) -> None:
        at_limit = self._kill_at_bytes is not None and sample.total_bytes >= self._kill_at_bytes
        if self._stopped_at_limit or not (at_limit or pressure.is_near(sample)):
            return
        started = self._started or self._find_started(process.pid)
        if started is not None and started.stacks_signal:
            self._stacks.forget()
            process.send(started.stacks_signal)
            if at_limit:
                self._stacks.wait()
        if at_limit:
            self._stopped_at_limit = True
            process.send(signal.SIGKILL)

    def _find_started(self, pid: int) -> Started | None:
        found = [one for one in read_messages(self._file) if isinstance(one, Started)]
        return next((one for one in found if one.pid == pid), None)

    def report(self, code: int) -> ProgramReport:
        messages = read_messages(self._file)
        own = [one for one in messages if one.pid == self._pid]
        started = next((one for one in own if isinstance(one, Started)), None)
        ended = next((one for one in own if isinstance(one, Ended)), None)
        base_bytes = started.rss_bytes if started is not None else 0
        if started is None:
            self.remarks.append(
                "the command is not a Python with tracekit, so its figures include its start"
            )
        if self._limit_bytes is not None and self._kill_at_bytes is None:
            self.remarks.append(
                "the limit applies to the private memory, touched or not, of each process; the "
                "plot shows resident memory"
            )
        peaks = [one.rss_peak_bytes for one in own if not isinstance(one, Started)]
        own_peak_bytes = max([self._own_peak_bytes, *peaks]) or None
        if own_peak_bytes is None:
            self.remarks.append("it ended before its memory could be seen")
        cell = replace(
            self._cell(code, self._decisive(messages, code)),
            wall_seconds=self._wall_seconds,
            rss_baseline_bytes=base_bytes,
            rss_peak_bytes=own_peak_bytes,
            rss_net_peak_bytes=_above(base_bytes, own_peak_bytes),
            rss_held_bytes=ended.rss_bytes - base_bytes if ended is not None else None,
            children_peak_bytes=self._children_peak_bytes or None,
        )
        return ProgramReport(
            status=cell.status,
            exit_code=code,
            memory_limit_bytes=self._limit_bytes,
            redirected=() if self._redirect is None else self._redirect.redirected(),
            cells=(cell,),
            wall_seconds=self._wall_seconds,
            rss_baseline_bytes=base_bytes,
            rss_net_peak_bytes=_above(
                base_bytes, max(self._peak_bytes, own_peak_bytes or 0) or None
            ),
            samples=self._timeline.samples(),
            remarks=tuple(self.remarks),
        )

    def _decisive(self, messages: Sequence[Message], code: int) -> Raised | None:
        """The error that ended the program: its own, a thread's memory error, or a child's."""
        raised = [one for one in messages if isinstance(one, Raised)]
        own = [one for one in raised if one.pid == self._pid]
        main = [one for one in own if one.thread is None]
        threads = [one for one in own if ProgramStatus(one.status).lacked_memory]
        children = [one for one in raised if one.pid != self._pid and one.thread is None]
        candidates = [*main, *threads] if code == 0 else [*main, *threads, *children]
        return candidates[0] if candidates else None

    def _cell(self, code: int, raised: Raised | None) -> CellReport:
        if raised is not None and code >= 0:
            thread = f", in its thread {raised.thread!r}" if raised.thread else ""
            child = f", in its child {raised.pid}" if raised.pid != self._pid else ""
            return CellReport(
                0,
                status=ProgramStatus(raised.status),
                reason=f"{raised.reason}{thread}{child}",
                line=raised.line,
                code=raised.code,
                largest_variables=tuple(
                    VariableSize(one.name, one.kind, one.size_bytes) for one in raised.variables
                ),
            )
        if code == 0:
            return CellReport(0, status=ProgramStatus.OK)
        if code == -signal.SIGINT:
            return CellReport(0, status=ProgramStatus.FAILED, reason="interrupted by SIGINT")
        if code > 0:
            return CellReport(0, status=ProgramStatus.FAILED, reason=f"it exited with code {code}")
        death = death_of(
            code,
            last=self._last,
            limit_bytes=self._limit_bytes,
            stopped_at_limit=self._stopped_at_limit,
            system_kills=self._kills.count(),
            last_words="",
            process="the program",
            used_bytes=self._used_bytes,
        )
        at = next(iter(self._stacks.innermost({}).values()), None)
        line = place(at.file, at.number, at.function, {}) if at else None
        source = code_of(at.file, at.number) if at else None
        return CellReport(0, status=death.status, reason=death.reason, line=line, code=source)


def _above(base_bytes: int, peak_bytes: int | None) -> int | None:
    return None if peak_bytes is None else max(0, peak_bytes - base_bytes)


def _data_bytes(pid: int) -> int | None:
    """The limited memory in use; None after it has ended."""
    try:
        return process_memory.data_bytes(pid)
    except OSError:
        return None
