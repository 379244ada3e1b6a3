"""Notebooks that run out of memory, each in its own way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

LIMIT_BYTES = 320 * 2**20

MERGE = (
    "import numpy as np\nimport pandas as pd",
    "left = pd.DataFrame({'key': np.zeros(20_000, int), 'a': np.arange(20_000)})\n"
    "right = pd.DataFrame({'key': np.zeros(2_000, int), 'b': np.arange(2_000)})",
    "def explode(left, right):\n    return left.merge(right, on='key')\n\n"
    "both = explode(left, right)",
    "len(both)",
)
"""40 million rows."""
DISPLAY = (
    "import numpy as np\nimport pandas as pd",
    "frame = pd.DataFrame({'a': np.ones(8 * 2**20)})\nframe",
    "del frame",
    "more = np.ones(18 * 2**20)",
)
"""`Out[2]` keeps 64 MiB that `del` seemed to free."""
GROWING = ("store = []", *["store.append(bytearray(80 * 2**20)); n = sum(store[-1][: 2**22])"] * 4)
"""Each cell works on what it took, for longer than whoever kills it takes to notice."""
NATIVE = (
    "import numpy as np",
    "small = np.ones(2**20)",
    "big = small.repeat(2**7)",
)
"""1 GiB in one call, during which no Python code runs."""
THREAD = (
    "import threading, time\nkept = []",
    "def load():\n"
    "    for _ in range(100):\n"
    "        kept.append(bytearray(8 * 2**20))\n"
    "        time.sleep(0.01)\n"
    "worker = threading.Thread(target=load, name='loader')\n"
    "worker.start()",
    "worker.join()",
)


def write_notebook(path: Path, *sources: str, tags: dict[int, str] | None = None) -> Path:
    """A notebook with a title and a code cell for each of `sources`."""
    cells: list[Any] = [new_markdown_cell(f"# {path.stem}")]
    for number, source in enumerate(sources, 1):
        cell = new_code_cell(source)
        if tags and number in tags:
            cell.metadata["tags"] = [tags[number]]
        cells.append(cell)
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, path)
    return path
