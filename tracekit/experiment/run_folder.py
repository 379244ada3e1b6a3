"""A run's folder: captures, digests, timelines, the summary and its reports."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from tracekit import reports
from tracekit.errors import ConfigError, ProfileError
from tracekit.experiment.run_stacks import run_stacks
from tracekit.records import (
    MemoryTimeline,
    ProgramReport,
    ReplaySummary,
    RunStacks,
    from_json,
    to_json,
)

SUMMARY = "summary.json"
STACKS = "stacks.json"
REPORT = "report.md"
PAGE = "report.html"
PLOT = "memory.png"
PROGRAM = "program.json"
EXECUTED = "executed-{}"
_OURS = (
    SUMMARY,
    STACKS,
    REPORT,
    PAGE,
    PLOT,
    PROGRAM,
    "*.bin",
    "*.bin.part",
    "*-timeline.json",
    EXECUTED.format("*.ipynb"),
)


class RunFolder:
    """The folder that one replay writes; it never has files of an older run."""

    def __init__(self, path: Path, made: Sequence[Path] = ()) -> None:
        self.path = path
        self._made = made

    @classmethod
    def new(cls, path: Path, *, force: bool = False) -> RunFolder:
        """An empty folder for a run.

        Raises:
            ConfigError: `path` holds files already and `force` is not given, or cannot be made.
        """
        made = [one for one in (path, *path.parents) if not one.exists()]
        try:
            path.mkdir(parents=True, exist_ok=True)
            old = sorted(path.iterdir())
            if old and not force:
                raise ConfigError(
                    f"{path} already contains {old[0].name} and will not be overwritten. Use "
                    "--force (force=True) to replace the older run, or choose another folder."
                )
            RunFolder(path).clear()
        except OSError as exc:
            raise ConfigError(f"the run cannot be written to {path}: {exc}") from exc
        return cls(path, made)

    def clear(self) -> None:
        """Remove what a replay writes, and nothing else."""
        for pattern in _OURS:
            for file in self.path.glob(pattern):
                file.unlink()

    def discard(self) -> None:
        """Remove an unfinished run, and the folders made for it if nothing else is in them."""
        self.clear()
        for folder in self._made:
            with suppress(OSError):
                folder.rmdir()

    def capture(self, name: str) -> Path:
        """Memray's file of one candidate."""
        return self.path / f"{name}.bin"

    def digests(self, name: str) -> Path:
        """Digests by key of one candidate."""
        return self.path / f"{name}-digests.bin"

    def timeline(self, name: str) -> Path:
        """Memory over time of one candidate."""
        return self.path / f"{name}-timeline.json"


def run_name(workload: str, query: str, began: datetime) -> str:
    """The folder name of a run: `20261123T101502-trace-smoke-history`."""
    return f"{began:%Y%m%dT%H%M%S}-{_plain(workload)}-{_plain(query)}"


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)


def write_run(
    summary: ReplaySummary, timelines: Sequence[MemoryTimeline], folder: RunFolder
) -> None:
    """Write a run's summary, timelines, call stacks and reports.

    By now everything has been measured, because reading captures takes memory and time.

    Raises:
        ProfileError: the disk is full.
    """
    with disk_errors(folder.path):
        (folder.path / SUMMARY).write_text(to_json(summary), encoding="utf-8")
        for timeline in timelines:
            folder.timeline(timeline.path).write_text(to_json(timeline), encoding="utf-8")
        stacks = run_stacks(summary, folder.path)
        (folder.path / STACKS).write_text(to_json(stacks), encoding="utf-8")
        reports.memory_plot(summary, timelines, folder.path / PLOT)
        report = reports.markdown(summary, timelines, stack_diffs=stacks.stack_diffs, plot=PLOT)
        (folder.path / REPORT).write_text(report, encoding="utf-8")
        page = reports.html(
            summary,
            timelines,
            call_trees=stacks.call_trees,
            stack_diffs=stacks.stack_diffs,
        )
        (folder.path / PAGE).write_text(page, encoding="utf-8")


def write_program(
    report: ProgramReport, folder: RunFolder, *, executed: tuple[str, str] | None = None
) -> None:
    """Write the report of a notebook or a script, and its plots.

    Args:
        report: The report.
        folder: The folder to write to.
        executed: The name of a notebook and its executed copy as text.

    Raises:
        ProfileError: the disk is full.
    """
    with disk_errors(folder.path):
        (folder.path / PROGRAM).write_text(to_json(report), encoding="utf-8")
        if executed is not None:
            name, text = executed
            (folder.path / EXECUTED.format(name)).write_text(text, encoding="utf-8")
        reports.program_picture(report, folder.path / PLOT)
        markdown = reports.program_markdown(report, plot=PLOT)
        (folder.path / REPORT).write_text(markdown, encoding="utf-8")
        (folder.path / PAGE).write_text(reports.program_html(report), encoding="utf-8")


def read_program(path: Path) -> ProgramReport:
    """Read the report of a notebook or a script, from its file or the run's folder.

    Raises:
        ConfigError: there is no readable report.
    """
    file = path / PROGRAM if path.is_dir() else path
    try:
        return from_json(ProgramReport, file.read_bytes(), source=str(file))
    except OSError as exc:
        raise ConfigError(f"{path} is not a readable program report: {exc}") from exc


def read_run(path: Path) -> tuple[ReplaySummary, tuple[MemoryTimeline, ...]]:
    """Read the summary and timelines of a run's folder.

    Raises:
        ConfigError: `path` does not have a readable run.
    """
    try:
        summary = from_json(
            ReplaySummary, (path / SUMMARY).read_bytes(), source=str(path / SUMMARY)
        )
        timelines = tuple(
            from_json(MemoryTimeline, (path / file).read_bytes(), source=str(path / file))
            for measured in summary.candidates.values()
            if (file := measured.timeline) and (path / file).exists()
        )
    except OSError as exc:
        raise ConfigError(f"{path} does not contain a run: {exc}") from exc
    return summary, timelines


def read_run_stacks(path: Path) -> RunStacks:
    """Read the call stacks of a run's folder; empty if it was not profiled.

    Raises:
        ConfigError: the file exists but cannot be read.
    """
    try:
        saved = (path / STACKS).read_bytes()
    except FileNotFoundError:
        return RunStacks()
    except OSError as exc:
        raise ConfigError(f"{path / STACKS} could not be read: {exc}") from exc
    return from_json(RunStacks, saved, source=str(path / STACKS))


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk under `path` into a ProfileError.

    Raises:
        ProfileError: the disk is full.
    """
    try:
        yield
    except OSError as exc:
        if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ProfileError(
            f"the disk of {path} is full. Free some space (tracekit clean), or choose another "
            "output folder."
        ) from exc
