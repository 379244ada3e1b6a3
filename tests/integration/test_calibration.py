"""Known amounts: every way of measuring agrees with the operating system, or says why not."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tracekit
from tracekit.profiling.agreement import within_tolerance

pytest_plugins = ["pytester"]
MIB = 2**20
REASONS = ("reserved: ", "unseen: ", "files: ", "kept: ", "reused or untouched: ", "children: ")
FOLDER = Path(__file__).parent


def _beside(name: str) -> ModuleType:
    """A module of this folder; in importlib mode tests cannot import one another."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


driver, known = _beside("notebook_driver"), _beside("known_memory")


@pytest.fixture(params=["as tracekit sets it", "mimalloc"])
def _pool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow's pool, which a user may have chosen."""
    monkeypatch.delenv("ARROW_DEFAULT_MEMORY_POOL", raising=False)
    if request.param == "mimalloc":
        monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "mimalloc")


def assert_agrees(
    name: str, heap_bytes: int, os_bytes: int, figure_bytes: int, remarks: Sequence[str]
) -> None:
    """Heap and OS agree or a reason is given; the figure to go by is what was taken."""
    explained = any(remark.startswith(REASONS) for remark in remarks)
    assert within_tolerance(os_bytes, heap_bytes) or explained, (name, heap_bytes, os_bytes)
    if name in known.EXACT:
        assert figure_bytes == pytest.approx(known.SIZE, rel=0.1), (name, remarks)


@pytest.mark.usefixtures("_pool")
def test_a_cell(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    path = f"import sys\nsys.path.insert(0, {str(FOLDER)!r})\n"
    cells = [f"{path}import known_memory as known\nknown.import_all()"]
    report = (
        "import json\n[_peak.heap_peak_bytes, _peak.rss_net_peak_bytes, _peak.sees_all, "
        "list(_peak.remarks)]"
    )
    for name in known.KNOWN:
        cells += [f"%%peak\nheld = known.{name}();", report, "del held"]
    ran = driver.run_cells(tmp_path, cells)
    for number, name in enumerate(known.KNOWN):
        heap, os_net, sees_all, remarks = eval(ran[2 + 3 * number].result)
        assert_agrees(name, heap, os_net, heap if sees_all else os_net, remarks)


@pytest.mark.usefixtures("_pool")
def test_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it=f"""
import sys
import pytest
sys.path.insert(0, {str(FOLDER)!r})
import known_memory as known
known.import_all()

@pytest.mark.peak_memory(max="10GiB")
@pytest.mark.parametrize("name", list(known.KNOWN))
def test_one(name):
    known.KNOWN[name]()
"""
    )
    run = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--tracekit-json=peaks.json")
    run.assert_outcomes(passed=len(known.KNOWN))
    tests = json.loads((pytester.path / "peaks.json").read_text())["tests"]
    for peak in tests:
        name = peak["nodeid"].rpartition("[")[2].rstrip("]")
        heap, os_net, remarks = (
            peak[field] for field in ("heap_peak_bytes", "rss_net_peak_bytes", "remarks")
        )
        assert peak["peak_bytes"] == (heap if peak["figure"] == "heap" else os_net)
        assert_agrees(name, heap, os_net, peak["peak_bytes"], remarks)


@pytest.mark.parametrize("name", list(known.KNOWN))
def test_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("TRACEKIT_RUNS_DIR", str(tmp_path))
    monkeypatch.syspath_prepend(str(FOLDER))  # where the measured process finds known_memory
    found = tracekit.measure(known.KNOWN[name], warm_up=known.import_all)
    heap, os_net = found.heap_peak_bytes, found.rss_net_peak_bytes
    assert heap is not None
    assert os_net is not None
    unseen = any(remark.startswith("unseen") for remark in found.remarks)
    assert_agrees(name, heap, os_net, os_net if unseen else heap, found.remarks)
    if name in known.EXACT:
        assert os_net == pytest.approx(known.SIZE, abs=3 * MIB)


REASONED = {
    "reserved": "import mmap\n%%peak\nheld = mmap.mmap(-1, 1 << 30)",
    "unseen": (
        "import pyarrow as pa\npool = pa.mimalloc_memory_pool()\n"
        "pa.allocate_buffer(1, memory_pool=pool)\n"
        "%%peak\nheld = pa.allocate_buffer(20 << 20, memory_pool=pool)"
    ),
    "files": "import sys\n%%peak\nimport duckdb",
    "kept": (
        "size = 1 << 20\n%%peak\nheld = [bytes(1000) for _ in range(64_000)]\ndel held[::2]\n"
        "more = [bytes(3000) for _ in range(16_000)]"
    ),
    "reused or untouched": "import numpy\n%%peak\nheld = numpy.empty(8 << 20, 'u1')",
    "children": "from subprocess import run\n%%peak\nrun(['true'])",
}


@pytest.mark.parametrize("reason", list(REASONED))
def test_each_reason_is_given_where_it_holds(tmp_path: Path, reason: str) -> None:
    pytest.importorskip("IPython")
    before, _, cell = REASONED[reason].partition("%%peak")
    _, _, remarks = driver.run_cells(tmp_path, [before, f"%%peak{cell}", "_peak.remarks"])
    said: tuple[Any, ...] = eval(remarks.result)
    assert [remark for remark in said if remark.startswith(f"{reason}: ")], said


def test_no_reason_is_given_where_none_is_needed(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    cells = ["%%peak\nheld = bytearray(20 << 20)", "_peak.remarks"]
    assert driver.run_cells(tmp_path, cells)[-1].result == "()"


def test_what_a_test_imports_first_is_not_charged_to_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
import pytest

@pytest.mark.peak_memory(max="40MiB")
@pytest.mark.parametrize("number", range(2))
def test_one(number):
    import pandas as pd
    import duckdb
    held = bytearray(20 << 20)
"""
    )
    run = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--tracekit-json=peaks.json")
    run.assert_outcomes(passed=2)
    first, second = json.loads((pytester.path / "peaks.json").read_text())["tests"]
    assert first["imported_bytes"] > 10 * MIB
    assert any(remark.startswith("imports: ") for remark in first["remarks"])
    assert second["imported_bytes"] == 0
    assert first["peak_bytes"] == pytest.approx(second["peak_bytes"], abs=6 * MIB)
