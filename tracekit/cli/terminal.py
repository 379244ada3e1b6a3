"""The terminal that a command prints on."""

from __future__ import annotations

import shutil
import sys


def on_terminal() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def terminal_width() -> int | None:
    """Its columns; None if stdout is not a terminal, so that lines are as long as needed."""
    return shutil.get_terminal_size().columns if on_terminal() else None
