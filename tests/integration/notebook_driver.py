"""Runs cells in a real InteractiveShell, in a process of its own, and tells what came of each.

As a program: a JSON list of cells on standard input; one JSON list on standard output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ran:
    """What came of one cell."""

    result: str
    """The repr of the outer result's value."""
    error: str
    """Type and message of the outer result's error."""
    error_lines: list[int]
    """Lines of the notebook's own code in the traceback."""
    stdout: str
    stderr: str
    outputs: list[dict[str, str]]
    """What was displayed, by MIME type."""
    count: int
    """The execution count before the cell."""


def run_cells(folder: Path, cells: list[str]) -> list[Ran]:
    """Run `cells` in a new shell with tracekit loaded, in `folder`."""
    done = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps(cells),
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=100,
        env={**os.environ, "IPYTHONDIR": str(folder / "ipython")},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Ran(**ran) for ran in json.loads(done.stdout.splitlines()[-1])]


def _main() -> None:
    import traceback

    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell: Any = InteractiveShell.instance(colors="nocolor")
    shell.run_line_magic("load_ext", "tracekit")
    outcomes: list[dict[str, Any]] = []
    for cell in json.loads(sys.stdin.read()):
        count = shell.execution_count
        with capture_output() as captured:
            result = shell.run_cell(cell, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        frames = traceback.extract_tb(error.__traceback__) if error else []
        outcomes.append(
            {
                "result": repr(result.result),
                "error": f"{type(error).__name__}: {error}" if error else "",
                "error_lines": [
                    frame.lineno for frame in frames if frame.filename.startswith("<ipython-input")
                ],
                "stdout": captured.stdout,
                "stderr": captured.stderr,
                "outputs": [
                    {kind: str(data) for kind, data in output.data.items()}
                    for output in captured.outputs
                ],
                "count": count,
            }
        )
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    _main()
