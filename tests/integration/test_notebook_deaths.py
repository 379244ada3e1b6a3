"""The cell that took the memory, for notebooks that die in five ways."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration import dead_notebooks as dead
from tracekit import reports
from tracekit.programs.notebook import OnLimit, run_notebook
from tracekit.records import CellReport, ProgramReport, ProgramStatus, to_json


@dataclass(frozen=True)
class Case:
    sources: tuple[str, ...]
    died_in: str
    """The cell that is named."""
    line: str
    code: str
    variable: str
    """The variable that held most, according to the kernel."""


MERGE = Case(dead.MERGE, "In [3]", "In [3] line 2, in explode", "left.merge", "left")
DISPLAY = Case(dead.DISPLAY, "In [4]", "In [4] line 1", "more = np.ones", "Out[2]")
GROWING = Case(dead.GROWING, "In [5]", "In [5] line 1", "store.append", "store")
NATIVE = Case(dead.NATIVE, "In [3]", "In [3] line 1", "big = small.repeat", "small")
CASES = {"merge": MERGE, "display": DISPLAY, "growing": GROWING, "native": NATIVE}


def _run(folder: Path, sources: tuple[str, ...], on_limit: OnLimit) -> ProgramReport:
    path = dead.write_notebook(folder / "dead.ipynb", *sources)
    before = path.read_bytes()
    report = run_notebook(path, memory_limit_bytes=dead.LIMIT_BYTES, on_limit=on_limit).report
    assert path.read_bytes() == before
    return report


def _names(report: ProgramReport, label: str) -> CellReport:
    """The cell that died, by its name in every form of the report."""
    died = report.died_in
    assert died is not None
    assert died.label == label
    said = died.status.replace("_", " ")
    row = next(line for line in reports.program_text(report).splitlines() if said in line.lower())
    assert label in row
    saved = json.loads(to_json(report))
    bad = [cell for cell in saved["cells"] if cell["status"] == died.status]
    assert f"In [{bad[0]['execution_count']}]" == label
    assert f"{label} {'ran out of memory' if said == 'out of memory' else 'was killed'}" in (
        reports.program_html(report)
    )
    return died


@pytest.mark.parametrize("name", CASES)
def test_a_refused_allocation_names_cell_line_and_variables(tmp_path: Path, name: str):
    case = CASES[name]

    report = _run(tmp_path, case.sources, OnLimit.ERROR)

    died = _names(report, case.died_in)
    assert report.status is died.status is ProgramStatus.OUT_OF_MEMORY
    assert "MemoryError" in (died.reason or "")
    assert died.line == case.line
    assert case.code in (died.code or "")
    assert died.largest_variables[0].name == case.variable
    assert died.variables_seconds is None
    after = [cell.status for cell in report.cells if cell.index > died.index]
    assert set(after) <= {ProgramStatus.NOT_RUN}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == "native" else pytest.mark.slow) for name in CASES],
)
def test_a_killed_kernel_still_gives_a_complete_report(tmp_path: Path, name: str):
    case = CASES[name]

    report = _run(tmp_path, case.sources, OnLimit.KILL)

    died = _names(report, case.died_in)
    assert report.status is died.status is ProgramStatus.KILLED
    assert "SIGKILL" in (died.reason or "")
    assert died.line == case.line
    assert case.code in (died.code or "")
    assert died.largest_variables[0].name == case.variable
    assert died.variables_seconds is not None
    assert died.began_seconds is not None
    assert died.variables_seconds <= died.began_seconds
    top = max(sample.rss_bytes for sample in report.samples)
    assert top >= dead.LIMIT_BYTES
    assert (died.rss_peak_bytes or 0) >= 0.9 * dead.LIMIT_BYTES


def test_memory_that_a_thread_is_refused_is_its_cell_s(tmp_path: Path):
    report = _run(tmp_path, dead.THREAD, OnLimit.ERROR)

    died = _names(report, "In [2]")
    assert died.status is ProgramStatus.OUT_OF_MEMORY
    assert died.line == "In [2] line 3, in load"
    assert "in its thread 'loader'" in (died.reason or "")
    waiting = report.cells[2]
    assert waiting.status is ProgramStatus.OK
    assert any("'loader', which In [2] started" in remark for remark in waiting.remarks)


@pytest.mark.slow
def test_a_thread_that_gets_the_kernel_killed_is_its_cell_s(tmp_path: Path):
    report = _run(tmp_path, dead.THREAD, OnLimit.KILL)

    died = _names(report, "In [2]")
    assert died.status is ProgramStatus.KILLED
    assert "its thread 'loader' took" in (died.reason or "")
    assert (died.line or "").endswith(", in load")
    assert report.cells[2].status is ProgramStatus.KILLED


def test_what_a_displayed_value_keeps_is_held_by_its_cell(tmp_path: Path):
    path = dead.write_notebook(tmp_path / "display.ipynb", *dead.DISPLAY[:3], "1")

    cells = run_notebook(path).report.cells

    # What IPython loads to draw a frame stays, too.
    assert cells[1].rss_held_bytes == pytest.approx(64 * 2**20, abs=6 * 2**20)
    assert abs(cells[2].rss_held_bytes or 0) < 2**20
    assert cells[3].largest_variables[0].name == "Out[2]"
    assert cells[3].largest_variables[0].size_bytes == pytest.approx(64 * 2**20, rel=0.02)
