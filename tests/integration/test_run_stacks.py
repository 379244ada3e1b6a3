"""The call stacks of a run's captures, in the files of its folder."""

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.summaries import summary_of
from tracekit.experiment.run_folder import RunFolder, read_run, read_run_stacks, write_run
from tracekit.records import (
    CandidateMeasurement,
    RunStatus,
)

SCRIPT = """
import sys, memray
def fetch(mib): return [bytearray(2**20) for _ in range(mib)]
for name, mib in (("legacy", 24), ("lean", 8)):
    with memray.Tracker(f"{sys.argv[1]}/{name}.bin"):
        fetch(mib)
"""


@pytest.fixture
def run_summary():
    return summary_of({"legacy": CandidateMeasurement(RunStatus.OK, rss_net_peak_bytes=1)})


@pytest.fixture
def written(tmp_path, run_summary):
    """A run of which two paths were profiled, one died before memray wrote, one was not."""
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], check=True, timeout=60)
    (tmp_path / "arrow.bin").write_bytes(b"")
    path = CandidateMeasurement(RunStatus.OK, rss_net_peak_bytes=1, allocations=1)
    summary = replace(
        run_summary,
        candidates={
            "lean": replace(path, capture="lean.bin"),
            "legacy": replace(path, capture="legacy.bin"),
            "arrow": replace(path, capture="arrow.bin"),
            "stream": path,
        },
    )
    write_run(summary, (), RunFolder(tmp_path))
    return tmp_path


def test_the_folder_holds_call_trees_and_what_differs(written):
    stacks = read_run_stacks(written)
    assert [tree.path for tree in stacks.call_trees] == ["legacy", "lean", "arrow"]
    sizes = [tree.size_bytes // 2**20 for tree in stacks.call_trees]
    assert sizes == [24, 8, 0]
    assert "is empty" in stacks.call_trees[2].remarks[0]
    (diff,) = stacks.stack_diffs
    assert (diff.base, diff.head) == ("legacy", "lean")
    assert diff.deltas[0].delta_bytes == pytest.approx(-16 * 2**20, abs=2**10)


def test_both_reports_show_who_held_the_memory(written):
    page = (written / "report.html").read_text()
    assert "What held the memory at the peak" in page
    assert "fetch:" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    report = (written / "report.md").read_text()
    assert "<details><summary>Heap at the peak by call stack: legacy" in report


def test_a_run_that_was_not_profiled_has_no_stacks(tmp_path, run_summary):
    write_run(run_summary, (), RunFolder(tmp_path))
    assert read_run(tmp_path)[0] == run_summary
    assert read_run_stacks(tmp_path).call_trees == ()
    assert "What held the memory" not in (tmp_path / "report.html").read_text()
    (tmp_path / "stacks.json").unlink()
    assert read_run_stacks(tmp_path).call_trees == ()
