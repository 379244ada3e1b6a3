"""The cost of an unmodified program: a notebook cell by cell, or a whole script."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tracekit.records.measurement import MemorySample
from tracekit.records.retention import Retention


class ProgramStatus(StrEnum):
    """How a program, or a cell of it, ended."""

    OK = "ok"
    OUT_OF_MEMORY = "out_of_memory"
    """An allocation failed: MemoryError, or a library's own error."""
    KILLED = "killed"
    """A signal ended its process, such as the kernel's SIGKILL for lack of memory."""
    FAILED = "failed"
    NOT_RUN = "not_run"

    @property
    def lacked_memory(self) -> bool:
        """Whether it ended because of its memory."""
        return self in (ProgramStatus.OUT_OF_MEMORY, ProgramStatus.KILLED)


@dataclass(frozen=True)
class Redirected:
    """Connections that were redirected from the database that the code names."""

    dsn: str
    """The database that the code names."""
    connections: int


@dataclass(frozen=True)
class VariableSize:
    """A variable and its approximate size; memory that two share counts for the first."""

    name: str
    """`frame`, `Out[3]`, or `rows in load` for one inside a function."""
    kind: str
    size_bytes: int


@dataclass(frozen=True)
class HeapStack:
    """A call stack's share of the heap at its peak."""

    size_bytes: int
    allocations: int
    calls: tuple[str, ...]
    """Locations; the first one allocated the memory."""


@dataclass(frozen=True)
class CellReport:
    """The figures of one cell or of a script. None means not measured, and never 0."""

    index: int
    """Position among all cells of the notebook, including text, from 0."""
    execution_count: int | None = None
    status: ProgramStatus = ProgramStatus.NOT_RUN
    reason: str | None = None
    """Why it failed, in words."""
    wall_seconds: float | None = None
    rss_net_peak_bytes: int | None = None
    """OS peak while it ran, above what the process held at its start."""
    rss_held_bytes: int | None = None
    """How much more the process holds after it than before; may be negative."""
    children_peak_bytes: int | None = None
    """The highest total memory of the processes that it started; None if it started none."""
    heap_peak_bytes: int | None = None
    """memray's high-water mark; None unless profiled."""
    largest_variables: tuple[VariableSize, ...] = ()
    """Largest first."""
    variables_seconds: float | None = None
    """When the variables were read, if that was before its end: a killed process cannot report
    them."""
    line: str | None = None
    """Where it ended: the last line of the user's own code, such as `In [3] line 2, in load`."""
    code: str | None = None
    """The text of that line."""
    rows: int | None = None
    """Rows of the largest frame or list that it made."""
    began_seconds: float | None = None
    """Seconds since the program's start."""
    rss_baseline_bytes: int | None = None
    rss_peak_bytes: int | None = None
    """OS peak while it ran."""
    profiled: bool = False
    """Whether memray was active, which slows down code that allocates a lot."""
    heap_stacks: tuple[HeapStack, ...] = ()
    """Largest first; empty unless profiled."""
    capture: str | None = None
    """memray's file, in the run's folder."""
    remarks: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Its name: `In [3]`."""
        return f"In [{' ' if self.execution_count is None else self.execution_count}]"


@dataclass(frozen=True)
class ProgramReport:
    """A whole run of a notebook or a script."""

    status: ProgramStatus
    notebook: str | None = None
    """The file; None for a script."""
    command: str | None = None
    """The command line; None for a notebook."""
    exit_code: int | None = None
    """A script's exit code; minus the signal's number if a signal ended it."""
    memory_limit_bytes: int | None = None
    redirected: tuple[Redirected, ...] = ()
    cells: tuple[CellReport, ...] = ()
    """The code cells in order; one entry for a script."""
    wall_seconds: float | None = None
    rss_net_peak_bytes: int | None = None
    """OS peak of the run, with children, above what the process held before the first cell."""
    rss_baseline_bytes: int | None = None
    samples: tuple[MemorySample, ...] = ()
    """Resident memory over time since the start, including children."""
    remarks: tuple[str, ...] = ()
    """Remarks on these figures."""
    schema_version: int = 1
    retention: Retention | None = None
    """What held the memory near the peak; None unless requested."""

    @property
    def lacked_memory(self) -> bool:
        """Whether it, or one of its cells, ended because of its memory."""
        cells = any(cell.status.lacked_memory for cell in self.cells)
        return self.status.lacked_memory or cells

    @property
    def heap_peak_bytes(self) -> int | None:
        """The highest heap peak of its cells; None unless profiled."""
        peaks = [c.heap_peak_bytes for c in self.cells if c.heap_peak_bytes is not None]
        return max(peaks, default=None)

    @property
    def died_in(self) -> CellReport | None:
        """The cell that failed; None if none did."""
        ended_well = (ProgramStatus.OK, ProgramStatus.NOT_RUN)
        return next((cell for cell in self.cells if cell.status not in ended_well), None)


@dataclass(frozen=True)
class ProgramComparison:
    """Two runs of programs, compared."""

    before: ProgramReport
    after: ProgramReport
    rules: tuple[str, ...] = ()
    """The rules, as written."""
    failures: tuple[str, ...] = ()
    schema_version: int = 1
