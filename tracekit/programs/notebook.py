"""Run a notebook as it is, and report how much memory each cell needs and keeps."""

from __future__ import annotations

import os
import platform
import signal
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tracekit import process_memory
from tracekit.errors import ConfigError, ProfileError
from tracekit.extras import extra
from tracekit.profiling.stacks import ARENA_REMARK
from tracekit.programs.cells import CellLog, Death
from tracekit.programs.cells_ending import code_of, place
from tracekit.programs.cells_heap import with_heap
from tracekit.programs.kernel import NotebookKernel, kernel_environment
from tracekit.programs.kernel_death import CodeLine, Pressure, Stacks, SystemKills, death_of
from tracekit.programs.kernel_messages import VARIABLE, KernelOptions, MessageReader
from tracekit.programs.memory_sampler import INTERVAL_SECONDS, MemorySampler, Sample
from tracekit.programs.program_retention import no_look_left, with_retention
from tracekit.records.program import CellReport, ProgramReport, ProgramStatus
from tracekit.sizes import format_size

if TYPE_CHECKING:
    from nbformat import NotebookNode

_LOOKS_AT_THREADS = 10
"""Samples from one look at the threads to the next."""
_BEFORE_CELLS = "the kernel itself needs before the first cell"
_RAISES = "raises-exception"
_TELL_LINES = 3


class OnLimit(StrEnum):
    """The action at the memory limit."""

    ERROR = "error"
    """Allocations fail with a MemoryError, or a library's own error (RLIMIT_DATA)."""
    KILL = "kill"
    """The kernel is killed, as in a container; its children count."""


@dataclass(frozen=True)
class NotebookProgress:
    """The progress of a run."""

    done: int
    """Number of finished code cells."""
    cells: int
    running: str
    """`In [3]`, or empty between two cells."""
    rss_bytes: int
    """Current memory of the kernel and its children."""


@dataclass(frozen=True)
class NotebookRun:
    """The result of a run."""

    report: ProgramReport
    executed: NotebookNode
    """The notebook with the outputs of this run."""


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook from a file.

    Raises:
        ConfigError: it is not a notebook, or not one for Python.
    """
    with extra("notebook"):
        import nbformat

    try:
        with warnings.catch_warnings(action="ignore"):  # of cells without an id
            notebook: NotebookNode = nbformat.reads(  # type: ignore[no-untyped-call]
                path.read_text(encoding="utf-8-sig"), as_version=4
            )
        _complete_cells(notebook)
        language = _language(notebook.metadata)
    except FileNotFoundError:
        raise ConfigError(f"the notebook {path} does not exist") from None
    except Exception as exc:  # nbformat raises whatever reading another kind of JSON leads to
        reason = (str(exc).splitlines() or [type(exc).__name__])[0][:200]
        raise ConfigError(f"{path} is not a readable notebook: {reason}") from exc
    if language.lower() not in ("python", "ipython"):
        raise ConfigError(
            f"{path} is a notebook for {language}; tracekit runs only Python notebooks"
        )
    return notebook


def _complete_cells(notebook: NotebookNode) -> None:
    """Add what the format requires of a cell and other programs leave out."""
    for index, cell in enumerate(notebook.cells):
        if not isinstance(cell.get("source"), str):
            raise ValueError(f"cell {index} has no source; open it in Jupyter and save it again")
        if cell.cell_type == "code":
            cell.setdefault("outputs", [])
            cell.setdefault("execution_count", None)


def _language(metadata: Mapping[str, Any]) -> str:
    for part, name in (("kernelspec", "language"), ("language_info", "name")):
        told = metadata.get(part, {})
        if not isinstance(told, Mapping):
            raise ValueError(f"its {part} is not an object")
        if told.get(name):
            return str(told[name])
    return "python"


def run_notebook(
    path: Path,
    *,
    memory_limit_bytes: int | None = None,
    on_limit: OnLimit = OnLimit.ERROR,
    captures: Path | None = None,
    retention: bool = False,
    environment: Mapping[str, str] | None = None,
    on_progress: Callable[[NotebookProgress], None] = lambda progress: None,
) -> NotebookRun:
    """Run every cell of the notebook `path` in a fresh kernel, and measure each.

    Args:
        path: The notebook; it is not changed.
        memory_limit_bytes: Limit of the kernel's resident memory.
        on_limit: The action at the limit.
        captures: A folder for memray's captures, one for each cell; None does not profile.
        retention: Look for what holds the memory whenever the kernel has grown by a quarter, and
            near the limit; this takes extra memory and a processor of its own.
        environment: Additional variables of the kernel's environment, such as a redirect's.
        on_progress: Called several times a second.

    Raises:
        ConfigError: `path` is not a Python notebook, or Jupyter is not installed.
        ProfileError: the kernel did not start, needs more than the limit before the first cell
            (`OnLimit.ERROR`), or this system has no /proc.
    """
    if not process_memory.has_proc():
        raise ProfileError("watching a notebook needs /proc, which only Linux has")
    notebook = read_notebook(path)
    if captures is not None:
        captures.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="tracekit-notebook-") as folder,
        no_look_left(Path(folder)),
    ):
        watch = _Watch(notebook, path, Path(folder), memory_limit_bytes, on_limit)
        options = KernelOptions(
            messages=str(watch.messages),
            stacks=str(watch.stacks_file),
            parent_pid=os.getpid(),
            refuse_above_bytes=memory_limit_bytes if on_limit is OnLimit.ERROR else None,
            captures=None if captures is None else str(captures.absolute()),
            retention=str(watch.retention_file) if retention else None,
            limit_bytes=memory_limit_bytes,
        )
        ours = {VARIABLE: msgspec.json.encode(options).decode()}
        variables = kernel_environment(os.environ, **(environment or {}), **ours)
        report = watch.run(variables, on_progress)
        if retention:
            report = with_retention(report, watch.retention_file)
        if captures is not None:
            cells = tuple(with_heap(cell, captures, watch.files) for cell in report.cells)
            report = replace(report, cells=cells, remarks=(*report.remarks, ARENA_REMARK))
    return NotebookRun(report, notebook)


def _other_kernel(notebook: NotebookNode) -> list[str]:
    """A remark if the notebook names a different kernel than the Python that runs it."""
    name = notebook.metadata.get("kernelspec", {}).get("name", "python3")
    if name in ("python3", "python"):
        return []
    return [
        f"the notebook names the kernel {name!r}; it ran in tracekit's own Python "
        f"{platform.python_version()}, with the packages installed there"
    ]


class _Watch:
    """One run, watched from start to end."""

    def __init__(
        self,
        notebook: NotebookNode,
        path: Path,
        folder: Path,
        limit_bytes: int | None,
        on_limit: OnLimit,
    ) -> None:
        self._notebook = notebook
        self._path = path
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._kill_at_bytes = limit_bytes if on_limit is OnLimit.KILL else None
        self.messages = folder / "messages.jsonl"
        self.stacks_file = folder / "stacks.txt"
        self.retention_file = folder / "retention.json"
        self._code_cells = [
            index
            for index, cell in enumerate(notebook.cells)
            if cell.cell_type == "code" and cell.source.strip()
        ]
        self._log = CellLog()
        self._last: Sample | None = None
        self._stopped_at_limit = False

    @property
    def files(self) -> dict[str, int]:
        """The execution count of each cell by the file that tracebacks name."""
        return self._log.files

    def run(
        self, environment: Mapping[str, str], on_progress: Callable[[NotebookProgress], None]
    ) -> ProgramReport:
        for index in self._code_cells:
            self._notebook.cells[index].outputs = []
            self._notebook.cells[index].execution_count = None
        stacks = Stacks(self.stacks_file)
        kills = SystemKills()
        reader = MessageReader(self.messages)
        kernel = NotebookKernel(
            self._notebook, self._path.absolute().parent, environment, self._folder / "stderr"
        )
        sampler: MemorySampler | None = None
        try:
            kernel.start()
            self._wait_for_ready(kernel, reader)
            assert self._log.ready is not None
            sampler = MemorySampler(self._log.ready.pid)
            self._watch(kernel, reader, sampler, stacks, on_progress)
            self._read(reader)
            death = self._death(kernel, stacks, kills)
        finally:
            kernel.end(() if sampler is None else sampler.children)
            reader.close()
        return self._report(kernel, death)

    def _wait_for_ready(self, kernel: NotebookKernel, reader: MessageReader) -> None:
        while self._log.ready is None:
            ended = kernel.wait(INTERVAL_SECONDS)
            self._read(reader)
            if ended and self._log.ready is None:
                if kernel.error is None and not self._code_cells:
                    raise ConfigError(f"{self._path} has no code cells to run")
                lines = kernel.last_words().strip().splitlines()[-_TELL_LINES:]
                said = " / ".join([*filter(None, [str(kernel.error or "")]), *lines])
                raise ProfileError(f"the kernel did not start: {said}")

    def _watch(
        self,
        kernel: NotebookKernel,
        reader: MessageReader,
        sampler: MemorySampler,
        stacks: Stacks,
        on_progress: Callable[[NotebookProgress], None],
    ) -> None:
        assert self._log.ready is not None
        pressure = Pressure(self._log.ready.pid)
        stacks_signal = self._log.ready.stacks_signal
        looks = 0
        while not kernel.wait(INTERVAL_SECONDS):
            sample = sampler.sample()
            if sample is None:
                self._read(reader)
                continue  # it has ended, and Jupyter's client will notice
            self._last = sample
            self._read(reader, sample)
            if looks % _LOOKS_AT_THREADS == 0:
                self._log.look_at_threads(sampler.thread_faults())
                on_progress(self._progress(kernel, sample))
            looks += 1
            at_limit = (
                self._kill_at_bytes is not None
                and sample.total_bytes >= self._kill_at_bytes
                and not self._stopped_at_limit
            )
            if stacks_signal and (at_limit or pressure.is_near(sample)):
                stacks.forget()
                kernel.signal(stacks_signal)
            if at_limit:
                self._stopped_at_limit = True
                if stacks_signal:
                    stacks.wait()
                kernel.signal(signal.SIGKILL)

    def _read(self, reader: MessageReader, sample: Sample | None = None) -> None:
        """Read the kernel's messages; a sample belongs to the cell that ran when it was taken."""
        messages: list[Any] = reader.read()
        for message in messages:
            if sample is not None and getattr(message, "at", 0.0) > sample.at:
                self._log.look(sample)
                sample = None
            self._log.tell(message)
        if sample is not None:
            self._log.look(sample)
        if messages:
            self._check_limit()

    def _check_limit(self) -> None:
        """What the kernel has before its first cell cannot be refused."""
        if self._kill_at_bytes is not None or self._limit_bytes is None or self._log.ready is None:
            return
        needed_bytes = self._log.baseline_bytes or self._log.ready.rss_bytes
        if needed_bytes >= self._limit_bytes:
            raise ProfileError(
                f"the memory limit of {format_size(self._limit_bytes)} is below the "
                f"{format_size(needed_bytes)} that {_BEFORE_CELLS}. Raise the limit."
            )

    def _progress(self, kernel: NotebookKernel, sample: Sample) -> NotebookProgress:
        running = self._log.running
        return NotebookProgress(
            done=max(0, len(kernel.executed) - 1),
            cells=len(self._code_cells),
            running="" if running is None else f"In [{running}]",
            rss_bytes=sample.total_bytes,
        )

    def _death(self, kernel: NotebookKernel, stacks: Stacks, kills: SystemKills) -> Death | None:
        """How the kernel died, if it did, even while no cell ran."""
        process = kernel.process
        has_died = process is not None and process.poll() is not None
        if self._log.running is None and (kernel.error is None or not has_died):
            return None
        death = death_of(
            None if process is None else process.poll(),
            last=self._last,
            limit_bytes=self._limit_bytes,
            stopped_at_limit=self._stopped_at_limit,
            system_kills=kills.count(),
            last_words=kernel.last_words(),
        )
        lines = {
            thread: self._told(line, kernel)
            for thread, line in stacks.innermost(self._log.files).items()
        }
        line, code = next(iter(lines.values()), (None, None))
        return replace(death, line=line, code=code, threads=lines)

    def _told(self, at: CodeLine, kernel: NotebookKernel) -> tuple[str, str | None]:
        """A line for display, and its text, which for a cell is only in the notebook."""
        code, position = code_of(at.file, at.number), self._log.position_of(at.file)
        if position is not None:
            lines = self._notebook.cells[kernel.executed[position]].source.splitlines()
            code = lines[at.number - 1].strip() if at.number <= len(lines) else None
        return place(at.file, at.number, at.function, self._log.files), code

    def _report(self, kernel: NotebookKernel, death: Death | None) -> ProgramReport:
        reports = self._log.reports(kernel.executed, death)
        cells = tuple(
            self._tolerated(reports.get(index, CellReport(index))) for index in self._code_cells
        )
        remarks = list(self._log.ready.remarks if self._log.ready else ())
        remarks += _other_kernel(self._notebook)
        ended_badly = next((cell for cell in cells if _is_bad(cell.status)), None)
        status = ProgramStatus.OK if ended_badly is None else ended_badly.status
        if ended_badly is None and kernel.error is not None:
            status = ProgramStatus.FAILED if death is None else death.status
            remarks.append(f"not all cells were run: {death.reason if death else kernel.error}")
        if self._stopped_at_limit and self._log.baseline_bytes is None:
            remarks.append(f"the memory limit is below what {_BEFORE_CELLS}. Raise the limit.")
        return ProgramReport(
            status=status,
            notebook=str(self._path),
            memory_limit_bytes=self._limit_bytes,
            cells=cells,
            wall_seconds=self._log.wall_seconds,
            rss_net_peak_bytes=self._log.net_peak_bytes,
            rss_baseline_bytes=self._log.baseline_bytes,
            samples=self._log.samples(),
            remarks=tuple(remarks),
        )

    def _tolerated(self, cell: CellReport) -> CellReport:
        """An error that the cell's tag announces is not a failure."""
        tags = self._notebook.cells[cell.index].metadata.get("tags", [])
        if _RAISES not in tags or cell.status not in (
            ProgramStatus.FAILED,
            ProgramStatus.OUT_OF_MEMORY,
        ):
            return cell
        remark = f"raised an error, as its tag {_RAISES} announces: {cell.reason}"
        return replace(cell, status=ProgramStatus.OK, remarks=(*cell.remarks, remark))


def _is_bad(status: ProgramStatus) -> bool:
    return status not in (ProgramStatus.OK, ProgramStatus.NOT_RUN)
