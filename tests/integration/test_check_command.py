"""`tracekit check` end to end: a leak of known size in the measured process turns it red."""

import json
import os
import subprocess
import sys

import pytest

MIB = 2**20
LEAK = """
import os
from tracekit.keyed import KeyedFetcher

size = int(os.environ.get("LEAK_BYTES", "0"))
records, held = KeyedFetcher.records, []

def leaky(self, keys, *arguments, **options):
    if len(keys) > 1:  # not while it warms up
        held.append(b"x" * size)
    return records(self, keys, *arguments, **options)

KeyedFetcher.records = leaky
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("check")
    (folder / "sitecustomize.py").write_text(LEAK)
    return folder


def tracekit(folder, *arguments, leak_bytes=0):
    environ = {**os.environ, "LEAK_BYTES": str(leak_bytes), "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "tracekit", "check", "-q", *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


@pytest.fixture(scope="module")
def baseline(folder):
    file = folder / "baselines" / "trace-smoke.json"
    done = tracekit(
        folder, "--baseline", str(file), "--update", "--candidate", "iterator", "--repeat", "1"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return file


def test_a_baseline_is_made_with_one_worker_since_that_repeats_best(baseline):
    assert json.loads(baseline.read_text())["options"]["workers"] == 1


def checked(folder, baseline, percent):
    """The exit code and the record of a check of a path made heavier by `percent`."""
    net_peak = json.loads(baseline.read_text())["candidates"]["iterator"]["rss_net_peak_bytes"]
    leak = net_peak * percent // 100
    arguments = ("--baseline", str(baseline), "--format", "json")
    done = tracekit(folder, *arguments, leak_bytes=leak)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_path_made_15_percent_heavier_turns_check_red(folder, baseline):
    code, found = checked(folder, baseline, 15)
    assert code == 1
    assert found["passed"] is False
    assert any(failure.startswith("iterator net_peak grew by") for failure in found["failures"])
    (diff,) = found["stack_diffs"]
    assert diff["head"] == "iterator"
    grown = [delta for delta in diff["deltas"] if delta["stack"][-1].startswith("leaky:")]
    assert grown and all(delta["base_bytes"] == 0 for delta in grown)


def test_a_path_made_3_percent_heavier_does_not(folder, baseline):
    code, found = checked(folder, baseline, 3)
    assert (code, found["failures"], found["stack_diffs"]) == (0, [], [])


def test_a_baseline_of_another_environment_is_exit_code_2(folder, baseline):
    other = folder / "other.json"
    saved = json.loads(baseline.read_text())
    saved["environment"]["pandas"] = "2.3.3"
    other.write_text(json.dumps(saved))
    done = tracekit(folder, "--baseline", str(other))
    assert done.returncode == 2
    assert "another environment: pandas 2.3.3, here" in done.stderr
    assert done.stdout == ""


def test_no_baseline_is_exit_code_2(folder):
    done = tracekit(folder, "--baseline", "gone.json")
    assert done.returncode == 2
    assert "the baseline gone.json does not exist" in done.stderr


def test_the_options_are_the_baselines(folder, baseline):
    done = tracekit(folder, "--baseline", str(baseline), "--candidate", "legacy")
    assert done.returncode == 2
    assert "the baseline determines what is replayed. --candidate legacy needs" in done.stderr
