"""What held the memory of a notebook or a script that died of it, by the commands people type."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tracekit.records import ProgramReport, Retention, from_json

MIB = 2**20
GROW = """
def load():
    rows = {}
    while True:
        rows[len(rows)] = [bytes([len(rows) % 256]) * 2**20]
"""


def report(folder: Path, *arguments: str) -> ProgramReport:
    done = subprocess.run(
        [sys.executable, "-m", "tracekit", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 53, done.stderr
    return from_json(ProgramReport, done.stdout)


def held_by_rows(found: Retention | None) -> float:
    """The share of what was found that `rows` holds."""
    assert found is not None
    holder = found.largest(1)[0]
    assert holder.name == "rows"
    assert holder.contents.startswith("dict of ")
    return holder.retained_bytes / found.total_bytes


@pytest.mark.parametrize("on_limit", ["error", "kill"])
def test_a_notebook_that_died_says_who_held_its_memory(tmp_path: Path, on_limit: str) -> None:
    notebook: Any = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(text) for text in (GROW, "load()")]
    nbformat.write(notebook, tmp_path / "dead.ipynb")
    limits = ("--memory-limit", "300MiB", "--on-limit", on_limit)
    found = report(tmp_path, "notebook", "dead.ipynb", *limits, "--retention", "--json", "-q")
    assert found.retention is not None
    moment = {"error": "the refused allocation", "kill": "the highest so far"}[on_limit]
    assert found.retention.taken_at == f"{moment} in In [2]"
    assert found.retention.total_bytes >= 0.8 * 300 * MIB
    assert held_by_rows(found.retention) > 0.6
    assert found.retention.largest(1)[0].where.startswith("load (In [1]:")
    assert found.cells[-1].children_peak_bytes is None, "who looks is no child of the notebook"


def test_a_script_that_was_killed_says_who_held_its_memory(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(f"{GROW}\nload()\n")
    limits = ("--memory-limit", "200MiB", "--on-limit", "kill")
    command = ("--", sys.executable, "job.py")
    found = report(tmp_path, "run", *limits, "--retention", "--json", "-q", *command)
    assert held_by_rows(found.retention) > 0.8
    page = next((tmp_path / "profiles" / "runs").glob("*/report.html")).read_text()
    assert "rows in load (job.py:" in page
    assert "What keeps the memory alive" in page


def test_a_program_that_stays_small_says_that_nobody_looked(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text("print(1)\n")
    command = ("--", sys.executable, "job.py")
    done = subprocess.run(
        [sys.executable, "-m", "tracekit", "run", "--retention", "--json", "-q", *command],
        capture_output=True,
        cwd=tmp_path,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["retention"] is None
    assert "retention was not taken" in found["remarks"][-1]
