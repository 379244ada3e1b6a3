"""A notebook that is watched runs as in Jupyter, and its figures are the system's."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from tests.integration.dead_notebooks import write_notebook
from tracekit.errors import ConfigError
from tracekit.programs.notebook import NotebookRun, run_notebook
from tracekit.programs.notebook_copy import executed_copy
from tracekit.records import ProgramStatus

MIB = 2**20

_WIDGET = """
from comm import create_comm
widget = create_comm(
    target_name="jupyter.widget",
    data={
        "state": {
            "_model_name": "IntProgressModel",
            "_model_module": "@jupyter-widgets/controls",
            "_model_module_version": "2.0.0",
            "value": 3,
        }
    },
    metadata={"version": "2.1.0"},
)
display({"application/vnd.jupyter.widget-view+json": {"model_id": "fixed"}}, raw=True)
"""
BEHAVIOUR = (
    "import asyncio\nawait asyncio.sleep(0.01)\n'awaited'",
    "%%bash\necho from bash",
    "%%capture caught\nprint('captured')",
    "caught.stdout",
    "get_ipython().run_cell('inner = 1')\ninner",
    _WIDGET,
    "import sys\n[word for word in [*sys.argv, *dir()] if 'tracekit' in word.lower()]",
    "import os\n[name for name in os.environ if 'TRACEKIT' in name]",
    "1 / 0",
    "'after the error'",
    "def broken(:\n    pass",
    "'never'",
)


@pytest.fixture(scope="module")
def behaviour(tmp_path_factory: pytest.TempPathFactory) -> tuple[NotebookRun, Any]:
    """The notebook run by tracekit, and by Jupyter's own client."""
    folder = tmp_path_factory.mktemp("behaviour")
    path = write_notebook(folder / "behaviour.ipynb", *BEHAVIOUR, tags={9: "raises-exception"})
    plain = nbformat.read(path, as_version=4)
    with pytest.raises(nbclient.exceptions.CellExecutionError):
        nbclient.NotebookClient(plain, resources={"metadata": {"path": str(folder)}}).execute()
    return run_notebook(path), plain


def test_cells_give_what_they_give_in_jupyter(behaviour: tuple[NotebookRun, Any]):
    run, plain = behaviour

    assert [_outputs(cell) for cell in run.executed.cells] == [
        _outputs(cell) for cell in plain.cells
    ]
    assert "from bash" in str(run.executed.cells[2].outputs)
    assert [cell.source for cell in run.executed.cells] == [cell.source for cell in plain.cells]


def test_cells_are_counted_and_judged_as_jupyter_does(behaviour: tuple[NotebookRun, Any]):
    report = behaviour[0].report

    assert [cell.execution_count for cell in report.cells] == [*range(1, 12), None]
    assert report.status is ProgramStatus.FAILED
    raised = report.cells[8]
    assert raised.status is ProgramStatus.OK
    assert "ZeroDivisionError" in raised.remarks[0]
    assert report.died_in is not None
    assert report.died_in.label == "In [11]"
    assert "SyntaxError" in (report.died_in.reason or "")
    assert report.cells[-1].status is ProgramStatus.NOT_RUN


def test_the_copy_has_one_line_of_memory_under_every_cell(behaviour: tuple[NotebookRun, Any]):
    run, _ = behaviour

    written = nbformat.reads(executed_copy(run.executed, run.report), as_version=4)

    nbformat.validate(written)
    code = [cell for cell in written.cells if cell.cell_type == "code"]
    lines = [cell.outputs[-1].data["text/plain"] for cell in code]
    assert all(line.startswith("memory: ") for line in lines)
    assert lines[-1] == "memory: not run"
    assert [cell.source for cell in code] == list(BEHAVIOUR)


KNOWN = (
    "import gc",
    f"block = bytearray({64 * MIB})",
    f"block = None\nother = bytearray({40 * MIB})\nother = None",
    f"held = [bytearray({MIB} - 64) for n in range(48)]",
    "rows = [{'a': n, 'b': str(n)} for n in range(100_000)]",
    _WIDGET,
)


LOUD = (
    f"""class Loud(Exception):
    def _render_traceback_(self):
        self.rendered = bytearray({64 * MIB})
        return ["loud"]
""",
    "raise Loud",
    "caught = []\ntry:\n    raise Loud\nexcept Loud:\n    get_ipython().showtraceback()\n"
    f"held = bytearray({192 * MIB})",
    "raise Loud",
)


def test_showing_an_error_is_not_the_cell_s_memory(tmp_path: Path):
    path = write_notebook(tmp_path / "loud.ipynb", *LOUD, tags={2: "raises-exception"})

    report = run_notebook(path).report

    cells = report.cells
    assert [cell.status for cell in cells] == [ProgramStatus.OK] * 3 + [ProgramStatus.FAILED]
    for cell in cells:
        assert (cell.rss_held_bytes or 0) <= (cell.rss_net_peak_bytes or 0)
        assert (cell.rss_net_peak_bytes or 0) <= (report.rss_net_peak_bytes or 0)
    for raised in (cells[1], cells[3]):
        assert (raised.rss_net_peak_bytes or 0) < 32 * MIB
        assert (raised.rss_held_bytes or 0) < 32 * MIB
    assert (cells[2].rss_net_peak_bytes or 0) > 128 * MIB  # it went on after it showed one
    top_bytes = max(cell.rss_peak_bytes or 0 for cell in cells)
    assert (report.rss_baseline_bytes or 0) + (report.rss_net_peak_bytes or 0) <= top_bytes + MIB
    assert max(sample.rss_bytes for sample in report.samples) <= top_bytes + MIB


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> list[NotebookRun]:
    path = write_notebook(tmp_path_factory.mktemp("known") / "known.ipynb", *KNOWN)
    return [run_notebook(path) for _ in range(2)]


def test_peaks_are_what_was_allocated(known: list[NotebookRun]):
    for run in known:
        cells = run.report.cells
        assert _is_close(cells[1].rss_net_peak_bytes, 64 * MIB)
        assert _is_close(cells[1].rss_held_bytes, 64 * MIB)
        assert _is_close(cells[2].rss_held_bytes, -64 * MIB)
        assert _is_close(cells[3].rss_net_peak_bytes, 48 * MIB)
        assert cells[4].rows == 100_000
        size = next(v.size_bytes for v in cells[4].largest_variables if v.name == "rows")
        assert size == pytest.approx(cells[4].rss_held_bytes, rel=0.25)


def test_a_widget_s_state_is_kept(known: list[NotebookRun]):
    widgets = known[0].executed.metadata["widgets"]

    (state,) = widgets["application/vnd.jupyter.widget-state+json"]["state"].values()
    assert state["state"]["value"] == 3


def test_the_same_notebook_twice_has_the_same_peaks(known: list[NotebookRun]):
    first, second = (run.report.cells for run in known)
    for one, other in zip(first, second, strict=True):
        before, after = one.rss_net_peak_bytes or 0, other.rss_net_peak_bytes or 0
        assert abs(after - before) <= max(0.03 * before, 256 * 1024)


def test_processes_that_a_cell_starts_are_counted_apart(tmp_path: Path):
    path = write_notebook(
        tmp_path / "children.ipynb",
        "import subprocess, sys\nlarge = bytearray(200 * 2**20)",
        "code = 'import time; block = b\"x\" * (96 * 2**20); time.sleep(0.5)'\n"
        "subprocess.run([sys.executable, '-c', code])",
        "subprocess.run(['echo'])",
    )

    cells = run_notebook(path).report.cells

    assert cells[0].children_peak_bytes is None
    assert 96 * MIB <= (cells[1].children_peak_bytes or 0) <= 120 * MIB
    assert (cells[1].rss_net_peak_bytes or 0) < 4 * MIB
    assert (cells[2].children_peak_bytes or 0) < 20 * MIB  # never its parent's 200 MiB


def test_profiled_cells_have_a_heap_peak_and_stacks_that_name_cells(tmp_path: Path):
    path = write_notebook(
        tmp_path / "profiled.ipynb",
        "def make():\n    return bytearray(32 * 2**20)",
        "block = make()",
    )

    report = run_notebook(path, captures=tmp_path / "captures").report

    cell = report.cells[1]
    assert cell.heap_peak_bytes == pytest.approx(32 * MIB, abs=2 * MIB)
    assert cell.heap_stacks[0].calls == ("make:In [1]:2", "<module>:In [2]:1")
    assert cell.profiled


def test_a_file_that_is_not_a_python_notebook_is_named(tmp_path: Path):
    missing = tmp_path / "missing.ipynb"
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{'cells'", encoding="utf-8")
    other = write_notebook(tmp_path / "other.ipynb", "1")
    notebook = nbformat.read(other, as_version=4)
    notebook.metadata.kernelspec.language = "R"
    nbformat.write(notebook, other)

    for path, words in (
        (missing, "does not exist"),
        (broken, "is not a readable notebook"),
        (other, "a notebook for R"),
    ):
        with pytest.raises(ConfigError, match=words):
            run_notebook(path)


def test_a_kernel_that_ends_itself_is_not_a_success(tmp_path: Path):
    path = write_notebook(tmp_path / "exits.ipynb", "import os\nos._exit(3)", "1")

    report = run_notebook(path).report

    assert report.status is ProgramStatus.FAILED
    assert "exited with 3" in (report.cells[0].reason or "")


def _is_close(measured: int | None, expected: int) -> bool:
    return abs((measured or 0) - expected) <= max(0.02 * abs(expected), MIB)


def _outputs(cell: Any) -> list[Any]:
    outputs = copy.deepcopy(cell.get("outputs", []))
    for output in outputs:
        output.pop("traceback", None)
        output.pop("execution_count", None)
    return outputs


def test_a_notebook_of_another_kernel_says_where_it_ran(tmp_path: Path):
    path = write_notebook(tmp_path / "other.ipynb", "1")
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.kernelspec.name = "payments-3.12"
    nbformat.write(notebook, path)

    (remark,) = run_notebook(path).report.remarks

    assert "the kernel 'payments-3.12'; it ran in tracekit's own Python" in remark
