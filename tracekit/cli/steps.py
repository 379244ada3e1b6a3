"""Progress of long steps on stderr: a live bar at a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from tracekit.experiment.progress import ReplayProgress

_PLAIN_LINE_SECONDS = 10.0


class Steps:
    """One line per step, with its time at the end; `update` may be called as often as needed.

    Args:
        quiet: Print nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, float] = {}
        self._began: dict[str, float] = {}
        if not quiet and sys.stderr.isatty():
            self._live = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=30),
                TextColumn("{task.fields[detail]}"),
                TimeElapsedColumn(),
                console=Console(stderr=True),
            )

    def __enter__(self) -> Steps:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def update(self, step: str, fraction: float, detail: str = "") -> None:
        """Show that `step` is done to `fraction` (0 to 1)."""
        if self._quiet:
            return
        if self._live:
            if step not in self._tasks:
                self._tasks[step] = self._live.add_task(step, total=1.0, detail="")
            self._live.update(self._tasks[step], completed=fraction, detail=detail)
            return
        self._plain(step, fraction, detail)

    def tell(self, progress: ReplayProgress) -> None:
        """Show the progress of a replay."""
        self.update(progress.step, progress.fraction, progress.detail)

    def _plain(self, step: str, fraction: float, detail: str) -> None:
        now = time.monotonic()
        first, done = step not in self._said, fraction >= 1.0
        began = self._began.setdefault(step, now)
        if not first and not done and now - self._said[step] < _PLAIN_LINE_SECONDS:
            return
        if done and self._said.get(step) == float("inf"):
            return
        self._said[step] = float("inf") if done else now
        state = f"done in {now - began:.1f} s" if done else f"{fraction:.0%}"
        click.echo(f"{step}: {state}{' · ' + detail if detail else ''}", err=True)
