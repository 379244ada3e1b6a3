"""`tracekit serve` with hostile clients, and when a part of it dies."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.integration.service_bench import served

HALF = b"GET /api/trace/about HTTP/1.1\r\nHost: loc"
CONNECTIONS = 200


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    return tmp_path / "stderr"


def about(url: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{url}api/trace/about", timeout=20) as answer:
        found: dict[str, object] = json.load(answer)
        return found


@pytest.fixture
def slowloris() -> Iterator[list[socket.socket]]:
    lines: list[socket.socket] = []
    yield lines
    for line in lines:
        line.close()


def test_many_half_sent_requests_keep_nobody_out(
    talk: Path, slowloris: list[socket.socket]
) -> None:
    with served("trace-tiny", talk) as (url, _, _):
        for _ in range(CONNECTIONS):
            slowloris.append(socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)))
            slowloris[-1].sendall(HALF)
        assert about(url)["workload"] == "trace-tiny"


@pytest.mark.parametrize(
    ("word", "name"), [("tracekit.localdb", "local Oracle"), ("valkey-server", "store")]
)
def test_the_part_that_died_is_named(talk: Path, word: str, name: str) -> None:
    with served("trace-tiny", talk) as (_, process, started):
        [part] = [
            one for one in started if one.name() != "sh" and any(word in w for w in one.cmdline())
        ]
        part.send_signal(signal.SIGKILL)
        assert process.wait(30) == 2
        assert psutil.wait_procs(started, timeout=10)[1] == []
    assert f"the {name} ended" in talk.read_text()


def test_too_few_open_files_are_named(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    done = subprocess.run(
        [sys.executable, "-m", "tracekit", "serve", "trace-tiny", "--port", "0"],
        preexec_fn=limit,
        env={**os.environ, "TRACEKIT_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "(`ulimit -n`) is 64" in done.stderr
