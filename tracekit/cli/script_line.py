"""The memory of a running program, shown without disturbing what it prints."""

from __future__ import annotations

import sys
from types import TracebackType

from tracekit.programs.script import ScriptProgress
from tracekit.sizes import format_size

_CLEAR = "\r\x1b[K"


class ScriptLine:
    """One line on stderr, if that is a terminal and the program prints elsewhere.

    If the program prints on the terminal, too, the line becomes the terminal's title, because
    anything else would break the program's own lines.

    Args:
        limit_bytes: The memory limit, if there is one.
        quiet: Show nothing.
    """

    def __init__(self, limit_bytes: int | None, *, quiet: bool) -> None:
        self._limit_bytes = limit_bytes
        self._shown = not quiet and sys.stderr.isatty()
        self._as_title = sys.stdout.isatty()

    def __enter__(self) -> ScriptLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._write("")

    def tell(self, progress: ScriptProgress) -> None:
        """Show the program's progress."""
        memory = format_size(progress.total_bytes)
        if self._limit_bytes is not None:
            memory += f" of {format_size(self._limit_bytes)}"
        peak = format_size(progress.peak_bytes)
        self._write(f"tracekit: {progress.elapsed_seconds:.0f} s · {memory} · peak {peak}")

    def _write(self, text: str) -> None:
        if self._shown:
            sys.stderr.write(f"\x1b]2;{text}\x07" if self._as_title else f"{_CLEAR}{text}")
            sys.stderr.flush()
