"""`%tracekit_cells`: a line about memory under every cell of a living notebook."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbclient
import nbformat

from tests.integration.dead_notebooks import write_notebook
from tests.integration.notebook_driver import Ran, run_cells


def test_a_line_of_memory_stands_under_every_cell_while_switched_on(tmp_path: Path):
    ran = run_cells(
        tmp_path,
        [
            "%tracekit_cells on",
            f"block = bytearray({64 * 2**20})",
            "del block",
            "get_ipython().run_cell('inner = 1')",
            "%memory_guard 4GiB",
            "1 / 0",
            "%tracekit_cells off",
            "1",
        ],
    )

    lines = [_memory_line(cell) for cell in ran]
    assert lines[0] is None
    taken = r"6[45]\.\d MiB"  # and whatever else the kernel needs meanwhile
    assert re.search(f"{taken} at peak, {taken} held", lines[1] or "")
    assert re.search(r"-6[34]\.\d MiB held", lines[2] or "")
    assert sum("memory: " in output["text/plain"] for output in ran[3].outputs) == 1
    assert "of 4.00 GiB (memory guard)" in (lines[4] or "")
    assert "; failed" in (lines[5] or "")
    assert ran[5].error.startswith("ZeroDivisionError")
    assert lines[6] is lines[7] is None


def test_while_a_long_cell_runs_the_kernel_s_memory_is_shown(tmp_path: Path):
    path = write_notebook(
        tmp_path / "long.ipynb",
        "%load_ext tracekit\n%tracekit_cells on",
        "import time\ntime.sleep(2)",
    )
    seen: list[str] = []

    class Client(nbclient.NotebookClient):  # type: ignore[misc]
        """Notes what is displayed on the way."""

        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            data = msg["content"].get("data") or {}
            if isinstance(data, dict):
                seen.append(data.get("text/plain", ""))
            return super().process_message(msg, cell, cell_index)

    notebook = nbformat.read(path, as_version=4)
    Client(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()

    assert any(text.startswith("running for ") and "kernel " in text for text in seen)
    outputs = notebook.cells[-1].outputs
    assert outputs[-1].data["text/plain"].startswith("memory: ")
    assert not any("running for" in output.data["text/plain"] for output in outputs)


def _memory_line(cell: Ran) -> str | None:
    said = [output["text/plain"] for output in cell.outputs if "text/plain" in output]
    return next((text for text in said if text.startswith("memory: ")), None)
