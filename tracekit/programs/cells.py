"""A report for each cell, from the kernel's own messages and the samples taken from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tracekit.profiling.timeline import TimelineBuilder
from tracekit.programs.kernel_messages import (
    Began,
    Ended,
    Message,
    Ready,
    StartedThread,
    Stopped,
    ThreadDied,
)
from tracekit.programs.memory_sampler import Sample
from tracekit.records.measurement import MemorySample
from tracekit.records.program import CellReport, ProgramStatus, VariableSize
from tracekit.sizes import format_size

_BLAME_SHARE = 0.5
"""Share of a cell's new memory that a thread must have touched to be named."""
_BLAME_BYTES = 16 * 2**20
_PAGE_BYTES = 4096


@dataclass(frozen=True)
class _Thread:
    started: StartedThread
    cell: int
    """Position in the order of execution of the cell that started it."""


@dataclass
class _Cell:
    began: Began
    stopped_at: float | None = None
    """When its own code had ended."""
    ended: Ended | None = None
    seen_peak_bytes: int = 0
    """The last VmHWM seen from outside."""
    seen_at: float = 0.0
    children_peak_bytes: int = 0
    faults: Mapping[int, int] = field(default_factory=dict)
    faults_now: Mapping[int, int] = field(default_factory=dict)
    died_threads: list[ThreadDied] = field(default_factory=list)


@dataclass(frozen=True)
class Death:
    """How the kernel's process ended while a cell ran."""

    status: ProgramStatus
    reason: str
    line: str | None = None
    code: str | None = None
    threads: Mapping[int, tuple[str, str | None]] = field(default_factory=dict)
    """Line and code of other threads, by Python's id of them."""


class CellLog:
    """Collects messages and samples as they come, and makes the reports at the end."""

    def __init__(self) -> None:
        self.ready: Ready | None = None
        self._cells: list[_Cell] = []
        self._threads: dict[int, _Thread] = {}
        self._timeline = TimelineBuilder()
        self._began = 0.0
        self._peak_bytes = 0

    @property
    def running(self) -> int | None:
        """The execution count of the running cell; None between two cells."""
        cell = self._running()
        return None if cell is None else cell.began.execution_count

    @property
    def files(self) -> dict[str, int]:
        """The execution count of each cell by the file that tracebacks name."""
        return {cell.began.file: cell.began.execution_count for cell in self._cells}

    def position_of(self, file: str) -> int | None:
        """The latest cell, in order of execution, that tracebacks call `file`."""
        positions = [at for at, cell in enumerate(self._cells) if cell.began.file == file]
        return positions[-1] if positions else None

    @property
    def baseline_bytes(self) -> int | None:
        """Memory of the process before the first cell."""
        return self._cells[0].began.rss_bytes if self._cells else None

    @property
    def net_peak_bytes(self) -> int | None:
        """The highest memory of the process and its children above that, while cells ran.

        It is at least each cell's own, also if the process had less before that cell.
        """
        if self.baseline_bytes is None:
            return None
        ended = [(cell.ended.rss_peak_bytes, cell.began) for cell in self._cells if cell.ended]
        own = [peak_bytes - began.rss_bytes for peak_bytes, began in ended]
        highest = max([self._peak_bytes, *(peak_bytes for peak_bytes, _ in ended)])
        return max([highest - self.baseline_bytes, *own])

    @property
    def wall_seconds(self) -> float | None:
        """Seconds from the first cell's start to the last one's end."""
        if not self._cells:
            return None
        last = self._cells[-1]
        return (last.stopped_at or last.seen_at) - self._began

    def samples(self) -> tuple[MemorySample, ...]:
        """Memory of the process and its children over time."""
        return self._timeline.samples()

    def tell(self, message: Message) -> None:
        """Record a message from the kernel."""
        match message:
            case Ready():
                self.ready = message
            case Began():
                if not self._cells:  # short cells may end between two samples
                    self._began = message.at
                    self._timeline.add(0.0, message.rss_bytes)
                self._cells.append(
                    _Cell(message, seen_peak_bytes=message.rss_bytes, seen_at=message.at)
                )
            case Stopped():
                self._cells[-1].stopped_at = message.at
            case Ended():
                self._cells[-1].ended = message
                for thread in message.threads:
                    self._threads[thread.native_id] = _Thread(thread, len(self._cells) - 1)
            case ThreadDied():
                known = self._threads.get(message.thread)
                starter = self._cells[known.cell] if known else self._cells[-1]
                starter.died_threads.append(message)

    def look(self, sample: Sample) -> None:
        """Record a sample from outside, unless no code of a cell was running."""
        cell = self._running()
        if cell is None or cell.stopped_at is not None:
            return
        # Those of an earlier cell may have ended since they were looked at.
        children_bytes = sample.children_bytes if sample.children_at >= cell.began.at else 0
        total_bytes = sample.rss_bytes + children_bytes
        self._timeline.add(max(0.0, sample.at - self._began), total_bytes)
        self._peak_bytes = max(self._peak_bytes, total_bytes)
        cell.seen_peak_bytes = max(cell.seen_peak_bytes, sample.rss_peak_bytes)
        cell.seen_at = sample.at
        cell.children_peak_bytes = max(cell.children_peak_bytes, children_bytes)

    def look_at_threads(self, faults: Mapping[int, int]) -> None:
        """Record the page faults of each thread so far."""
        cell = self._running()
        if cell is not None:
            cell.faults = cell.faults or faults
            cell.faults_now = {**cell.faults_now, **faults}  # a thread that has ended counts

    def reports(self, indexes: Sequence[int], death: Death | None) -> dict[int, CellReport]:
        """A report for each cell that ran, by its position in the notebook.

        Args:
            indexes: The positions, in the order in which cells were run.
            death: How the process ended, if it ended in a cell.
        """
        found = [
            self._ended(index, cell, cell.ended)
            if cell.ended is not None
            else self._unended(index, cell, death)
            for index, cell in zip(indexes, self._cells, strict=False)
        ]
        for position in range(len(found)):
            self._blame_thread(position, found, death)
        return {report.index: report for report in found}

    def _running(self) -> _Cell | None:
        return self._cells[-1] if self._cells and self._cells[-1].ended is None else None

    def _ended(self, index: int, cell: _Cell, ended: Ended) -> CellReport:
        base_bytes = cell.began.rss_bytes
        report = CellReport(
            index=index,
            execution_count=ended.execution_count,
            status=ProgramStatus(ended.status),
            reason=ended.reason,
            wall_seconds=ended.wall_seconds,
            rss_net_peak_bytes=max(0, ended.rss_peak_bytes - base_bytes),
            rss_held_bytes=ended.rss_after_bytes - base_bytes,
            children_peak_bytes=cell.children_peak_bytes or None,
            largest_variables=_variables(ended),
            line=ended.line,
            code=ended.code,
            rows=ended.rows,
            began_seconds=cell.began.at - self._began,
            rss_baseline_bytes=base_bytes,
            rss_peak_bytes=ended.rss_peak_bytes,
            profiled=ended.capture is not None,
            capture=ended.capture,
            remarks=(ended.not_profiled,) if ended.not_profiled else (),
        )
        return _with_threads(report, cell.died_threads)

    def _unended(self, index: int, cell: _Cell, death: Death | None) -> CellReport:
        before = next((one.ended for one in reversed(self._cells) if one.ended), None)
        base_bytes = cell.began.rss_bytes
        return CellReport(
            index=index,
            execution_count=cell.began.execution_count,
            status=death.status if death else ProgramStatus.FAILED,
            reason=death.reason if death else "it did not finish",
            line=death.line if death else None,
            code=death.code if death else None,
            wall_seconds=cell.seen_at - cell.began.at,
            rss_net_peak_bytes=max(0, cell.seen_peak_bytes - base_bytes),
            children_peak_bytes=cell.children_peak_bytes or None,
            largest_variables=_variables(before) if before else (),
            variables_seconds=before.at - self._began if before else None,
            began_seconds=cell.began.at - self._began,
            rss_baseline_bytes=base_bytes,
            rss_peak_bytes=cell.seen_peak_bytes,
        )

    def _blame_thread(self, position: int, reports: list[CellReport], death: Death | None) -> None:
        """Name a thread of an earlier cell that took the memory while this one ran."""
        thread = self._culprit(position)
        if thread is None or thread.cell >= position:
            return
        mine, starter = reports[position], reports[thread.cell]
        name, size = repr(thread.started.name), format_size(mine.rss_net_peak_bytes or 0)
        reports[position] = _remarked(
            mine, f"most of this memory was taken by thread {name}, which {starter.label} started"
        )
        taken = f"its thread {name} took {size} while {mine.label} ran"
        if mine.status.lacked_memory and starter.status is ProgramStatus.OK:
            line, code = (death.threads if death else {}).get(thread.started.ident, (None, None))
            reports[thread.cell] = replace(
                starter,
                status=mine.status,
                reason=f"{taken}: {mine.reason}",
                line=line,
                code=code,
            )
        else:
            reports[thread.cell] = _remarked(starter, taken)

    def _culprit(self, position: int) -> _Thread | None:
        cell = self._cells[position]
        grown = {
            thread: now - cell.faults.get(thread, 0) for thread, now in cell.faults_now.items()
        }
        total = sum(grown.values())
        if not total or total * _PAGE_BYTES < _BLAME_BYTES:
            return None
        thread = max(grown, key=lambda one: grown[one])
        if grown[thread] < _BLAME_SHARE * total:
            return None
        return self._threads.get(thread)


def _variables(ended: Ended) -> tuple[VariableSize, ...]:
    return tuple(VariableSize(one.name, one.kind, one.size_bytes) for one in ended.variables)


def _with_threads(report: CellReport, died: Sequence[ThreadDied]) -> CellReport:
    """Charge a thread's error, which Jupyter shows only as text, to the cell that started it."""
    for thread in died:
        said = f"{thread.reason}, in its thread {thread.name!r}"
        if ProgramStatus(thread.status).lacked_memory and report.status is ProgramStatus.OK:
            report = replace(
                report,
                status=ProgramStatus(thread.status),
                reason=said,
                line=thread.line,
                code=thread.code,
            )
        else:
            report = _remarked(report, said)
    return report


def _remarked(report: CellReport, remark: str) -> CellReport:
    return replace(report, remarks=(*report.remarks, remark))
