"""Progress bars in a notebook: `replay` and `estimate` can take minutes."""

from __future__ import annotations

import sys
import time
from html import escape
from typing import Any

from tracekit.experiment.progress import Listener, ReplayProgress

_REDRAW_SECONDS = 0.25


class NotebookProgress:
    """A listener that draws one bar for each step, below the cell that is running.

    Args:
        display: IPython's `display`.
    """

    def __init__(self, display: Any) -> None:
        self._steps: dict[str, ReplayProgress] = {}
        self._drawn = 0.0
        self._handle = display(self, display_id=True)

    def __call__(self, progress: ReplayProgress) -> None:
        """Record a step's progress, and redraw if it changed enough."""
        is_news = progress.step not in self._steps or progress.fraction >= 1
        self._steps[progress.step] = progress
        if is_news or time.monotonic() - self._drawn >= _REDRAW_SECONDS:
            self._drawn = time.monotonic()
            self._handle.update(self)

    def __repr__(self) -> str:
        return "\n".join(
            f"{one.step}: {one.fraction:.0%} {one.detail}".rstrip() for one in self._steps.values()
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align: left'>{escape(one.step)}</td>"
            f"<td><progress value='{one.fraction:.3f}' max='1'></progress></td>"
            f"<td style='text-align: left'>{escape(one.detail)}</td></tr>"
            for one in self._steps.values()
        )
        return f"<table>{rows}</table>"


def notebook_listener() -> Listener | None:
    """The bars, if a notebook's cell is running; None in a terminal or a script."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return NotebookProgress(display)
