"""Notebook cells by their execution number."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

_IPYTHON_FILE = re.compile(r"<ipython-input-(\d+)-\w+>")
_IPYTHON_CELL = re.compile(r"In ?\[(\d+)\]")

CellOf = Callable[[str], int | None]
"""The execution count of the cell whose code was compiled under a file's name."""


def cell_number(file: str) -> int | None:
    """The execution count of the cell that this process compiled as `file`; None for others.

    ipykernel gives each cell a file in a temporary folder, named after a hash of its text; the
    shell knows its number.
    """
    named = _IPYTHON_FILE.fullmatch(file)
    if named is not None:
        return int(named[1])
    get_shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get_shell() if get_shell is not None else None
    code_name = shell.compile.format_code_name(file) if shell is not None else None
    found = _IPYTHON_CELL.fullmatch(code_name[1]) if code_name is not None else None
    return int(found[1]) if found is not None else None


def cell_name(number: int) -> str:
    """A cell's name in place of a file name."""
    return f"In [{number}]"
