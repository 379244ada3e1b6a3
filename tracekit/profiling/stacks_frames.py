"""Frames of a memray call stack as locations, without those of the measuring itself.

A location is `function:file:line`. Every stack starts with frames that are not part of the
measured work: the interpreter's start, tracekit's measured child, a thread's bootstrap.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePath

from memray.reporters.frame_tools import is_cpython_internal

from tracekit.profiling.cell_names import CellOf, cell_name, cell_number

Frame = tuple[str, str, int]
"""Function, file and line, as memray gives them."""

NO_FRAME = "<no Python frame>"
"""The location of allocations while no Python function was running."""
MOST_FRAMES = 200
"""The longest stack that is kept whole; the middle of a longer one is left out."""

_PACKAGE = PurePath(__file__).parents[1].name
_HARNESS = (
    f"{_PACKAGE}/profiling/call_subject.py",
    f"{_PACKAGE}/profiling/child.py",
    f"{_PACKAGE}/experiment/candidate_subject.py",
    f"{_PACKAGE}/experiment/builtin_candidates.py",
    "<frozen runpy>",
    "/runpy.py",
    "/threading.py",
    "/concurrent/futures/thread.py",
)
_PYTHON_FILE = re.compile(r"\.pyw?$|^<(?!unknown>)")
_SHORTENED = re.compile(r".*(?:site-packages|dist-packages|lib/python3\.\d+t?)/(.+)$")
_FILE_PARTS = 3


def locations(frames: Sequence[Frame], cell_of: CellOf = cell_number) -> tuple[str, ...]:
    """The stack as locations, the outermost caller first.

    Args:
        frames: memray's frames, innermost first, with native ones in between.
        cell_of: Recognises notebook cells, whose file is then called `In [3]`.
    """
    stack = _without_harness([frame for frame in reversed(frames) if _says_something(frame)])
    named = tuple(_location(frame, cell_of(frame[1])) for frame in stack)
    if len(named) <= MOST_FRAMES:
        return named or (NO_FRAME,)
    kept = MOST_FRAMES // 2
    return (*named[:kept], f"<{len(named) - 2 * kept} more calls>", *named[-kept:])


def _says_something(frame: Frame) -> bool:
    return not is_cpython_internal(frame)


def _without_harness(stack: list[Frame]) -> list[Frame]:
    """`stack` from the measured work on; its innermost frame is always kept."""
    for index, frame in enumerate(stack[:-1]):
        if _PYTHON_FILE.search(frame[1]) and not _is_harness(frame[1]):
            return stack[index:]
    python = [index for index, frame in enumerate(stack[:-1]) if _PYTHON_FILE.search(frame[1])]
    return stack[python[-1] + 1 :] if python else stack


@lru_cache(maxsize=4096)
def _is_harness(file: str) -> bool:
    return file.replace("\\", "/").endswith(_HARNESS)


@lru_cache(maxsize=65536)
def _location(frame: Frame, cell: int | None) -> str:
    function, file, line = frame
    return f"{function}:{file if cell is None else cell_name(cell)}:{line}"


@lru_cache(maxsize=65536)
def without_line(location: str) -> tuple[str, str]:
    """What identifies a location in two captures: function and file.

    The file is cut to the part that does not depend on the folder of a checkout or environment.
    """
    function, _, rest = location.partition(":")
    file = rest.rpartition(":")[0].replace("\\", "/")
    installed = _SHORTENED.match(file)
    if installed:
        return function, installed[1]
    return function, "/".join(file.split("/")[-_FILE_PARTS:])


def line_of(location: str) -> int:
    """The line of a location; 0 if it has none."""
    line = location.rpartition(":")[2]
    return int(line) if line.isdecimal() else 0
