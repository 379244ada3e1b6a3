"""What held a program's memory, found by its own process while it grew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tracekit.errors import ProfileError
from tracekit.profiling.retention import FIRST_LOOK_BYTES, awaited_retention, end_looks
from tracekit.records.program import ProgramReport
from tracekit.sizes import format_size

TIME_REMARK = "finding what holds the memory took a processor while it ran, so do not compare times"


def with_retention(report: ProgramReport, file: Path) -> ProgramReport:
    """`report` with the latest retention, or a remark on why there is none.

    Args:
        report: The report of the program, which has ended or was killed.
        file: The file of its `GrowthWatch`; a search in progress is waited for.
    """
    try:
        found = awaited_retention(file)
    except ProfileError as exc:
        return _remarked(report, f"what held the memory is unknown: {exc}")
    if found is None:
        grown = format_size(FIRST_LOOK_BYTES)
        return _remarked(
            report, f"retention was not taken, because the program grew by less than {grown}"
        )
    return replace(_remarked(report, TIME_REMARK), retention=found)


@contextmanager
def no_look_left(folder: Path) -> Iterator[None]:
    """End all retention processes for `folder` at the end of the block, however it ends."""
    try:
        yield
    finally:
        end_looks(folder)


def _remarked(report: ProgramReport, remark: str) -> ProgramReport:
    return replace(report, remarks=(*report.remarks, remark))
