"""The exit codes of the process."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command."""

    OK = 0
    CHECK_FAILED = 1
    """Outputs differ, the peak is not lower, or a figure regressed."""
    COULD_NOT_RUN = 2
    """Wrong usage, a missing setting, no connection, no baseline."""
    OUT_OF_MEMORY = 53
    """A measured candidate ran out of its memory limit although it was expected to survive."""
    INTERRUPTED = 130
    """Stopped by SIGINT."""
    TERMINATED = 143
    """Stopped by SIGTERM."""
