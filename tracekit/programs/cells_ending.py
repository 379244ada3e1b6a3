"""How a cell ended: its error, and the line of the user's own code."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import TracebackType

from tracekit.profiling.memory_limit import lacks_memory
from tracekit.records.program import ProgramStatus
from tracekit.sizes import format_size

_REASON_LIMIT = 500
_CODE_LIMIT = 160
_LIBRARIES = tuple(
    {
        str(Path(folder).resolve())
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        if (folder := sysconfig.get_path(name))
    }
    | {str(Path(__file__).resolve().parents[1])}
)
_FOREIGN_PARTS = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True)
class Ending:
    """How a cell or a thread ended."""

    status: ProgramStatus
    reason: str | None = None
    line: str | None = None
    code: str | None = None


ENDED_WELL = Ending(ProgramStatus.OK)


def ending_of(
    error: BaseException,
    cells: Mapping[str, int],
    *,
    used_bytes: int | None = None,
    limit_bytes: int | None = None,
) -> Ending:
    """Describe an error that ended a cell.

    Args:
        error: The error, with its traceback.
        cells: The execution count of each cell by the file that tracebacks name.
        used_bytes: The limited memory in use when the error was raised.
        limit_bytes: None if there is no limit.
    """
    text = _words(error)
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return Ending(
            ProgramStatus.FAILED,
            text,
            place(error.filename or "", error.lineno, "<module>", cells),
            (error.text or "").strip()[:_CODE_LIMIT] or None,
        )
    status = ProgramStatus.FAILED
    if lacks_memory(error, used_bytes, limit_bytes):
        status = ProgramStatus.OUT_OF_MEMORY
        if limit_bytes is not None and used_bytes is not None:
            text += f" ({format_size(used_bytes)} of {format_size(limit_bytes)} in use)"
    line, code = _last_own_line(error.__traceback__, cells)
    return Ending(status, text, line, code)


def _words(error: BaseException) -> str:
    """The type of an error, its first line, the system's error behind it, and its notes.

    A library's MemoryError is shown as MemoryError.
    """
    kind = "MemoryError" if isinstance(error, MemoryError) else type(error).__name__
    parts = [kind, *_first_line(error)]
    if isinstance(error.__cause__, OSError):
        causes = [line for line in _first_line(error.__cause__) if line not in parts[-1]]
        parts = [*(part.rstrip(".") if causes else part for part in parts), *causes]
    notes = [line for note in getattr(error, "__notes__", ()) for line in _first_line(note)]
    return "; ".join([": ".join(parts), *notes])[:_REASON_LIMIT]


def _first_line(said: object) -> list[str]:
    return str(said).strip().splitlines()[:1]


def place(file: str, number: int, function: str, cells: Mapping[str, int]) -> str:
    """A line of the user's code for display: `In [3] line 2, in load`."""
    if file in cells:
        where = f"In [{cells[file]}] line {number}"
    else:
        where = f"{PurePath(file).name} line {number}"
    return where if function == "<module>" else f"{where}, in {function}"


def is_own_code(file: str, cells: Mapping[str, int]) -> bool:
    """Whether a file is the user's: a cell, or a module that is not part of a library."""
    if file in cells:
        return True
    if not PurePath(file).is_absolute() or not _FOREIGN_PARTS.isdisjoint(PurePath(file).parts):
        return False  # native code names its source files relative to its own build
    return not str(Path(file).resolve()).startswith(_LIBRARIES)


def _last_own_line(
    tb: TracebackType | None, cells: Mapping[str, int]
) -> tuple[str | None, str | None]:
    own = [
        (frame.f_code.co_filename, number, frame.f_code.co_name)
        for frame, number in traceback.walk_tb(tb)
        if is_own_code(frame.f_code.co_filename, cells)
    ]
    if not own:
        return None, None
    file, number, function = own[-1]
    return place(file, number, function, cells), code_of(file, number)


def code_of(file: str, number: int) -> str | None:
    """The text of a line, without its indentation."""
    return linecache.getline(file, number).strip()[:_CODE_LIMIT] or None
