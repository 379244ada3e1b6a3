"""`tracekit serve` as a process, for tests that use it as people do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


@contextmanager
def served(
    workload: str, stderr: Path, *options: str, **environment: str
) -> Iterator[tuple[str, subprocess.Popen[str], list[psutil.Process]]]:
    """The page's address, the process, and all that it started."""
    arguments = ["serve", workload, "--port", "0", *options]
    with (
        stderr.open("w") as talk,
        subprocess.Popen(
            [sys.executable, "-m", "tracekit", *arguments],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=talk,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, stderr.read_text()
            yield url, process, psutil.Process(process.pid).children(recursive=True)
        finally:
            process.terminate()
            process.wait(30)
