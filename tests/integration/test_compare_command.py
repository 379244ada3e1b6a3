"""`tracekit compare` on run folders and on captures."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.summaries import summary_of
from tracekit.cli.app import group
from tracekit.errors import ConfigError
from tracekit.records import (
    CandidateMeasurement,
    RunStatus,
    to_json,
)

MIB = 2**20
HOLDER = """
import sys, memray

def hold(mib):
    return [bytearray(2**20) for _ in range(mib)]

with memray.Tracker(sys.argv[1]):
    hold(int(sys.argv[2]))
"""
SUMMARY = summary_of(
    {
        "lean": CandidateMeasurement(
            RunStatus.OK,
            wall_seconds=1.0,
            rss_net_peak_bytes=40 * MIB,
            heap_peak_bytes=39 * MIB,
            allocations=1000,
            capture="lean.bin",
        )
    }
)


def compare(*arguments):
    return group.main(["compare", *map(str, arguments)], standalone_mode=False)


@pytest.fixture(scope="module")
def captures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("captures")
    (folder / "holder.py").write_text(HOLDER)
    made = {}
    for name, mib in (("small", 20), ("large", 28)):
        made[name] = folder / f"{name}.bin"
        command = [sys.executable, str(folder / "holder.py"), str(made[name]), str(mib)]
        subprocess.run(command, check=True, timeout=60)
    return made


@pytest.fixture
def runs(tmp_path, captures):
    """Two run folders; the second needs 20% more."""
    heavier = replace(
        SUMMARY.candidates["lean"], rss_net_peak_bytes=48 * MIB, heap_peak_bytes=47 * MIB
    )
    found = []
    for name, summary, capture in (
        ("base", SUMMARY, "small"),
        ("head", replace(SUMMARY, candidates={"lean": heavier}), "large"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "summary.json").write_text(to_json(summary))
        (folder / "lean.bin").write_bytes(captures[capture].read_bytes())
        found.append(folder)
    return found


def test_without_rules_growth_is_reported_but_not_judged(runs, capsys):
    assert compare(*runs) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("largest growth: lean heap_peak +20.5%")
    assert "hold:" in shown or "<listcomp>:" in shown
    assert "+8.00 MiB" in shown


@pytest.mark.parametrize(
    ("rule", "code"),
    [("net_peak:10%", 1), ("net_peak:25%", 0), ("net_peak:10%+9MiB", 0), ("net_peak:10%+7MiB", 1)],
)
def test_a_broken_rule_is_exit_code_1(runs, capsys, rule, code):
    assert compare(*runs, "--fail-on", rule) == code
    assert capsys.readouterr().out.startswith("FAILED: " if code else "PASSED: ")


def test_json_is_the_record(runs, capsys):
    assert compare(*runs, "--format", "json", "--fail-on", "net_peak:10%") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["passed"] is False
    assert len(found["failures"]) == 1
    peak = next(item for item in found["metrics"] if item["metric"] == "net_peak")
    assert (peak["base"], peak["head"], peak["delta"]) == (40 * MIB, 48 * MIB, 8 * MIB)
    (diff,) = found["stack_diffs"]
    assert sum(d["head_bytes"] - d["base_bytes"] for d in diff["deltas"]) == (
        diff["head_bytes"] - diff["base_bytes"]
    )


def test_columns_choose_metrics(runs, capsys):
    assert compare(*runs, "--columns", "wall,allocations", "--sort", "name") == 0
    shown = capsys.readouterr().out
    assert "net_peak" not in shown
    assert shown.index("wall") < shown.index("allocations  ")


def test_html_goes_to_a_file_that_is_not_overwritten(runs, tmp_path, capsys):
    page = tmp_path / "compare.html"
    arguments = (*runs, "--format", "html", "--fail-on", "net_peak:10%", "-o", page)
    assert compare(*arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "net_peak grew by 8.00 MiB" in captured.err
    assert "FAILED" in page.read_text()
    assert str(tmp_path) not in page.read_text()
    with pytest.raises(ConfigError, match="already exists"):
        compare(*arguments)
    assert compare(*arguments, "-f") == 1


def test_two_captures_are_compared_by_heap(captures, capsys):
    rule = ("--fail-on", "heap_peak:10%")
    assert compare(captures["small"], captures["large"], *rule) == 1
    assert compare(captures["large"], captures["small"], *rule) == 0
    assert "small → large" in capsys.readouterr().out


def test_a_summary_compares_with_a_folder(runs, capsys):
    assert compare(runs[0] / "summary.json", runs[1], "--format", "md") == 0
    assert "<details><summary>Heap at the peak by call stack" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{base}", "{capture}"), "is a capture and the other is not"),
        (("{base}", "nowhere"), "nowhere does not exist"),
        (("{base}", "{head}", "--fail-on", "speed:10%"), "unknown metric 'speed'"),
        (("{base}", "{head}", "--columns", "speed"), "unknown metric 'speed'"),
        (("{capture}", "{capture}", "--fail-on", "net_peak:10%"), "could never fail"),
    ],
)
def test_what_cannot_be_compared_is_exit_code_2(runs, captures, arguments, message):
    places = {"base": runs[0], "head": runs[1], "capture": captures["small"]}
    command = [argument.format(**places) for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "tracekit", "compare", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""
