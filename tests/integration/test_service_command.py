"""`tracekit serve`: what it refuses, and that nothing of it outlives it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil

from tests.integration.service_bench import served

SERVE = [sys.executable, "-m", "tracekit", "serve", "trace-tiny"]


def refused(*options: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "TRACEKIT_SERVICE_TOKEN"}
    done = subprocess.run(
        [*SERVE, *options], capture_output=True, text=True, timeout=60, env=environment
    )
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def test_other_machines_need_a_token() -> None:
    assert "TRACEKIT_SERVICE_TOKEN" in refused("--host", "0.0.0.0", "--port", "0")


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"--port {port}: Address already in use" in refused("--port", str(port))


def test_it_ends_when_its_worker_does(tmp_path: Path) -> None:
    talk = tmp_path / "stderr"
    with served("trace-tiny", talk) as (_url, process, started):
        [worker] = [one for one in started if one.name() != "sh" and "worker" in one.cmdline()]
        worker.kill()
        assert process.wait(30) == 2
        assert psutil.wait_procs(started, timeout=10)[1] == []
    assert "the worker 1 ended with exit code 137" in talk.read_text()


def test_nothing_outlives_it_when_it_is_killed(tmp_path: Path) -> None:
    with served("trace-tiny", tmp_path / "stderr") as (_url, process, started):
        assert {"tracekit.service", "worker"} <= {word for one in started for word in one.cmdline()}
        process.kill()
        assert psutil.wait_procs(started, timeout=20)[1] == []
