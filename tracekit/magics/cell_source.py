"""Run a cell that starts with `%%peak`.

The cell is not passed to a magic as text, which would change it. Instead, a statement that starts
the measurement replaces its first line, and IPython runs the rest like any other cell. So line
numbers, triple-quoted text, the last value, errors, `await` and magics work as without `%%peak`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Lines = list[str]
Transform = Callable[[Lines], Lines]

BEGIN = "tracekit_begin_peak"
"""The line magic that starts the measurement of its cell."""
_FIRST_LINE = re.compile(r"%%peak(?:\s+(?P<arguments>.*\S))?\s*$")


class PeakCellTransform:
    """Replaces the first line of a `%%peak` cell; other cells are not changed.

    Args:
        cleanup: IPython's transforms of a cell's lines before it looks for magics.
        cell_magic: IPython's transform of a cell that begins with a cell magic.
    """

    def __init__(self, cleanup: list[Transform], cell_magic: Transform) -> None:
        self._cleanup = cleanup
        self._cell_magic = cell_magic

    def __call__(self, lines: Lines) -> Lines:
        """The lines to run."""
        first = _FIRST_LINE.match(lines[0]) if lines else None
        if first is None or not any(line.strip() for line in lines[1:]):
            return lines  # the magic reports an empty cell
        body = lines[1:]
        for transform in self._cleanup:
            body = transform(body)
        body = self._cell_magic(self(body))
        begin = f"get_ipython().run_line_magic({BEGIN!r}, {first['arguments'] or ''!r})\n"
        dropped = max(0, len(lines) - 1 - len(body)) if not _is_one_call(body) else 0
        return [begin, *["\n"] * dropped, *body]


def _is_one_call(body: Lines) -> bool:
    return len(body) == 1 and body[0].startswith("get_ipython().run_cell_magic(")
