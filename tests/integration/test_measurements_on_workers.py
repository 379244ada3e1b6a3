"""Benches and estimates that the workers of several hosts run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.polling import until
from tracekit.bench.on_workers import run_measurement
from tracekit.jobs import EmbeddedStore
from tracekit.jobs.measurement_job import MEASUREMENT_FUNCTION, MeasurementJob
from tracekit.jobs.measurements import measuring_queues
from tracekit.jobs.rq_jobs import open_queue, worker_count

QUEUE = "measurements"
SIZES = ("--sizes", "30,40,50")
BENCH = ("bench", "trace-tiny", "--candidate", "iterator", "--candidate", "lean", "--repeat", "1")


def environment(store: EmbeddedStore, **more: str) -> dict[str, str]:
    return {**os.environ, "REDIS_URL": store.url, **more}


@contextmanager
def host(store: EmbeddedStore, name: str) -> Iterator[psutil.Process]:
    """A worker that measures and calls its host `name`."""
    before = worker_count(store.client(), QUEUE)
    process = subprocess.Popen(
        [sys.executable, "-m", "tracekit", "worker", "-q", "--measure", "--queue", QUEUE],
        env=environment(store, TRACEKIT_HOST_NAME=name),
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: worker_count(store.client(), QUEUE) > before)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def tracekit(store: EmbeddedStore, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tracekit", *arguments, "--workers-queue", QUEUE],
        env=environment(store),
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_sizes_and_candidates_spread_over_hosts(store: EmbeddedStore, tmp_path: Path) -> None:
    python = "{}.{}".format(*sys.version_info)
    with host(store, "alpha"), host(store, "beta"):
        done = tracekit(
            store, *BENCH, "--sizes", "20,50", "--python", python, "--json", "-o", str(tmp_path)
        )
        assert done.returncode == 0, done.stderr
        matrix = json.loads(done.stdout)
        assert [one["keys"] for one in matrix["benches"]] == [20, 50]
        assert {one["host"] for one in matrix["benches"]} <= {"alpha", "beta"}
        for one in matrix["benches"]:
            assert one["python"].startswith(python)
            assert one["bench"]["candidates"]["lean"]["exact"] is True
            assert one["bench"]["candidates"]["lean"]["rss_net_peak_bytes"] > 0
            assert one["bench"]["ratios"]["lean"]["net_peak_to_iterator"] > 0
        assert json.loads((tmp_path / "matrix.json").read_text()) == matrix
        drawn = (tmp_path / "matrix.md").read_text()
        assert all(f"| `{one['host']}` |" in drawn for one in matrix["benches"])

        done = tracekit(
            store, "estimate", "trace-tiny", "--candidate", "lean", "--verify", "50", "--json"
        )
        estimate = json.loads(done.stdout)["candidates"]["lean"]
        assert estimate["host"] in {"alpha", "beta"}
        assert estimate["checks"][0]["keys"] == 50

        refused = tracekit(store, *BENCH, "--python", "2.7")
        assert refused.returncode == 2
        assert "no worker with Python 2.7 listens to queue 'measurements'" in refused.stderr


@pytest.mark.slow
def test_one_measures_at_a_time_on_a_host_and_a_killed_worker_loses_nothing(
    store: EmbeddedStore,
) -> None:
    with host(store, "alpha") as alpha, host(store, "beta") as beta:
        command = [sys.executable, "-m", "tracekit", *BENCH, "--json", "--sizes", "30,40"]
        bench = subprocess.Popen(
            [*command, "--workers-queue", QUEUE],
            env=environment(store),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        measuring: list[tuple[psutil.Process, psutil.Process]] = []

        def one_measures() -> bool:
            busy = [(one, below) for one in (alpha, beta) for below in _measured(one)]
            assert len({one.pid for one, _ in busy}) <= 1  # this machine is one host
            measuring[:] = busy
            return bool(busy)

        until(one_measures)
        dying = measuring[0][0]
        [horse] = [one for one in dying.children() if "tracekit.jobs.horse" in _command(one)]
        horse.kill()
        out, _ = bench.communicate(timeout=240)
    assert bench.returncode == 0
    assert [one["bench"]["workload"]["keys"] for one in json.loads(out)["benches"]] == [30, 40]


def test_an_interrupted_bench_leaves_nothing_queued(store: EmbeddedStore) -> None:
    with host(store, "alpha") as alpha:
        bench = subprocess.Popen(
            [sys.executable, "-m", "tracekit", *BENCH, "-q", *SIZES, "--workers-queue", QUEUE],
            env=environment(store),
            stderr=subprocess.DEVNULL,
        )
        until(lambda: _measured(alpha))
        bench.send_signal(signal.SIGINT)
        assert bench.wait(30) == 130
        until(lambda: not _measured(alpha))
        assert [len(open_queue(store.client(), name)) for name in measuring_queues(QUEUE)] == [0, 0]


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"kind": "bench", "workload": "../x.toml"}, "knows by name"),
        ({"kind": "bench", "workload": "trace-tiny", "candidates": ["os:getcwd"]}, "by name"),
        ({"kind": "shell", "workload": "trace-tiny"}, "unknown kind of measurement 'shell'"),
        ({"kind": "bench", "workload": "trace-tiny", "database": "x"}, "unknown field 'database'"),
        ({"kind": "bench", "workload": "trace-nowhere"}, "trace-nowhere"),
    ],
)
def test_a_request_brings_no_code_with_it(request_: dict[str, Any], error: str) -> None:
    assert error in run_measurement(request_)["error"]


def test_a_job_of_another_function_is_refused(store: EmbeddedStore) -> None:
    queue = open_queue(store.client(), QUEUE, MeasurementJob)
    job = queue.enqueue("os.getcwd")
    assert job.request is None
    with pytest.raises(Exception, match="it is not a measurement"):
        job.func()
    assert queue.enqueue(MEASUREMENT_FUNCTION, {"kind": "bench"}).request == {"kind": "bench"}
    queue.empty()


def _measured(worker: psutil.Process) -> list[psutil.Process]:
    """Measured children of a worker's process."""
    try:
        return [
            one for one in worker.children(recursive=True) if "tracekit.profiling" in _command(one)
        ]
    except psutil.Error:
        return []


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
