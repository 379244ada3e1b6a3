"""What watching costs a notebook: CPU of the kernel and of the watcher, and memory.

`python -m tests.bench.notebook_overhead` runs one notebook by Jupyter's own client and watched.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import nbclient
import nbformat

from tests.integration.dead_notebooks import write_notebook
from tracekit.programs.notebook import run_notebook

_WORK = """
rows = [{"a": n, "b": str(n), "c": n / 7} for n in range(120_000)]
frame = pd.DataFrame(rows)
kept.append(frame)
for _ in range(700):
    frame.sort_values("b")
"""
_BEGIN = "import resource, time\nimport pandas as pd\nkept = []\nbegan = time.process_time()"
_END = "print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_notebook(Path(folder) / "work.ipynb", _BEGIN, *[_WORK] * 3, _END)
        notebook = nbformat.read(path, as_version=4)
        client = nbclient.NotebookClient(notebook, resources={"metadata": {"path": folder}})
        began = time.process_time(), time.monotonic()
        client.execute()
        plain = _figures(notebook, began)
        began = time.process_time(), time.monotonic()
        watched = _figures(run_notebook(path).executed, began)
    for name, (kernel, own, wall, peak_mib) in {"plain": plain, "watched": watched}.items():
        print(f"{name}: kernel {kernel:.2f} s, own {own:.2f} s of {wall:.0f} s, {peak_mib:.0f} MiB")


def _figures(notebook: Any, began: tuple[float, float]) -> tuple[float, float, float, float]:
    cpu, kib = map(float, notebook.cells[-1].outputs[0]["text"].split())
    return cpu, time.process_time() - began[0], time.monotonic() - began[1], kib / 1024


if __name__ == "__main__":
    main()
