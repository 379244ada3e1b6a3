"""How a cell that starts with `%%peak` is run.

The cell is not passed to a magic as text, which would change it. Only its first line is replaced,
by a statement that starts the measurement, and IPython runs the rest like any cell. So line
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
    """Replaces the first line of a `%%peak` cell; other cells pass as they are.

    Args:
        cleanup: What IPython does to a cell's lines before it looks for magics.
        cell_magic: What IPython does to a cell that begins with a cell magic.
    """

    def __init__(self, cleanup: list[Transform], cell_magic: Transform) -> None:
        self._cleanup = cleanup
        self._cell_magic = cell_magic

    def __call__(self, lines: Lines) -> Lines:
        """The lines to run."""
        first = _FIRST_LINE.match(lines[0]) if lines else None
        if first is None or not any(line.strip() for line in lines[1:]):
            return lines  # an empty cell is left to the magic, which says so
        body = lines[1:]
        for transform in self._cleanup:
            body = transform(body)
        body = self._cell_magic(self(body))
        begin = f"get_ipython().run_line_magic({BEGIN!r}, {first['arguments'] or ''!r})\n"
        dropped = max(0, len(lines) - 1 - len(body)) if not _is_one_call(body) else 0
        return [begin, *["\n"] * dropped, *body]


def _is_one_call(body: Lines) -> bool:
    return len(body) == 1 and body[0].startswith("get_ipython().run_cell_magic(")
