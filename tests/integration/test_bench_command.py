"""A bench end to end: every candidate against the local Oracle, as people type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tracekit.bench import BENCH_CANDIDATES, bench
from tracekit.errors import ConfigError
from tracekit.records import BenchRecord, RunStatus, from_json

CIDS = 1_100


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    return os.environ | {"TRACEKIT_CACHE_DIR": str(tmp_path_factory.mktemp("cache"))}


def run(environ, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "tracekit", "bench", "trace-tiny", "--keys", str(CIDS), *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def done(environ, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench") / "out"
    found = run(environ, "--repeat", "1", "--json", "-o", str(folder), "--sizes", "600")
    assert found.returncode == 0, found.stderr
    return found, folder


def test_everybody_reads_the_same_rows_and_our_paths_are_exact(done):
    found, _ = done
    record = from_json(BenchRecord, found.stdout)
    assert list(record.candidates) == list(BENCH_CANDIDATES)
    for name, result in record.candidates.items():
        assert result.status is RunStatus.OK, f"{name}: {result.reason}"
        assert result.rows == record.workload.rows > CIDS
        assert result.rss_net_peak_bytes > 0
        assert result.cpu_seconds > 0
        assert name in record.ratios
    exact = {name: result.exact for name, result in record.candidates.items()}
    assert [exact[name] for name in ("lean", "stream", "table", "parquet")] == [True] * 4
    assert exact["legacy"] is False, "NaT and float quantities are not what the driver gives"
    assert exact["cursor-drain"] is None
    lean = record.candidates["lean"]
    assert 0 < lean.deep_size_bytes < record.candidates["iterator"].rss_net_peak_bytes
    for name in ("stream", "parquet"):
        [smaller] = record.candidates[name].sizes
        assert smaller.keys == 600
        assert smaller.rows < record.workload.rows
    assert record.candidates["lean"].sizes == ()
    assert [run.keys for run in record.ids] == [600, CIDS]


def test_the_folder_holds_record_tables_and_plot(done, environ):
    found, folder = done
    assert (folder / "bench.json").read_text() == found.stdout
    assert json.loads(found.stdout)["schema_version"] == 1
    assert "| lean" in (folder / "bench.md").read_text().replace("`", "")
    assert (folder / "bench.png").read_bytes().startswith(b"\x89PNG")
    again = run(environ, "--repeat", "1", "-o", str(folder))
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_a_few_contestants_as_tables(environ):
    found = run(
        environ, "--candidate", "iterator", "--candidate", "lean", "--repeat", "1", "--profile"
    )
    assert found.returncode == 0, found.stderr
    assert "net heap peak" in found.stdout
    assert "client CPU, lean / iterator" in found.stdout
    assert not any(line.startswith("legacy") for line in found.stdout.splitlines())


def test_arguments_that_make_no_sense_are_refused_before_anything_runs(environ):
    assert "unknown 'nobody'" in run(environ, "--candidate", "nobody").stderr
    assert "expected numbers" in run(environ, "--sizes", "many").stderr
    with pytest.raises(ConfigError, match="has no query"):
        bench()
