"""What is known of the terminal that a command prints on."""

from __future__ import annotations

import shutil
import sys


def on_terminal() -> bool:
    """Whether stdout is one."""
    return sys.stdout.isatty()


def terminal_width() -> int | None:
    """Its columns; None where stdout is no terminal, so that lines are as long as they need."""
    return shutil.get_terminal_size().columns if on_terminal() else None
