"""What held a program's memory, as its own process found out while it grew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tracekit.errors import ProfileError
from tracekit.profiling.retention import FIRST_LOOK_BYTES, awaited_retention, end_looks
from tracekit.records.program import ProgramReport
from tracekit.sizes import format_size

TIME_REMARK = (
    "looking for what holds the memory took a processor of its own while it ran: do not compare "
    "times"
)


def with_retention(report: ProgramReport, file: Path) -> ProgramReport:
    """`report` with the latest that was found, or a remark on why nothing was.

    Args:
        report: of the program, which has ended or was killed.
        file: of its `GrowthWatch`; a look that still goes on is waited for.
    """
    try:
        found = awaited_retention(file)
    except ProfileError as exc:
        return _remarked(report, f"what held the memory is not known: {exc}")
    if found is None:
        grown = format_size(FIRST_LOOK_BYTES)
        return _remarked(
            report, f"nobody looked for what holds the memory: it grew by under {grown}"
        )
    return replace(_remarked(report, TIME_REMARK), retention=found)


@contextmanager
def no_look_left(folder: Path) -> Iterator[None]:
    """At the end of the block, however it ends, no process looks for what `folder` shall hold."""
    try:
        yield
    finally:
        end_looks(folder)


def _remarked(report: ProgramReport, remark: str) -> ProgramReport:
    return replace(report, remarks=(*report.remarks, remark))
