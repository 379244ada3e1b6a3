from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tracekit import workloads
from tracekit.errors import WorkloadError
from tracekit.workloads.build_file import build_lock, building_dir

BUILDER = """
import resource, signal, sys
from pathlib import Path
from tracekit import workloads
from tracekit.errors import WorkloadError

keys, cache_dir, most_bytes = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
if most_bytes:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))


class Stopped(KeyboardInterrupt):
    pass


def stop(number, frame):
    raise Stopped(signal.Signals(number).name)


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
workload = workloads.load("trace-114k", keys=keys)
try:
    workloads.build(workload, cache_dir, progress=lambda step, done: print(step, flush=True))
except WorkloadError as exc:
    sys.exit(str(exc))
except Stopped as exc:
    sys.exit(f"stopped by {exc}")
"""


def start_builder(keys: int, cache_dir: Path, most_bytes: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(keys), str(cache_dir), str(most_bytes)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(builder: subprocess.Popen[str], step: str) -> None:
    assert builder.stdout is not None
    assert any(line.strip() == step for line in builder.stdout), f"never came to {step}"


def kept(cache_dir: Path) -> list[str]:
    return sorted(p.name for p in cache_dir.rglob("*") if p.is_file() and p.suffix != ".lock")


def test_what_is_built_is_used_again_and_reports_once(tmp_path: Path) -> None:
    workload = workloads.load("trace-tiny")
    seen: list[tuple[str, float]] = []

    path = workloads.build(workload, tmp_path, progress=lambda *step: seen.append(step))
    first = path.stat()
    again = workloads.build(workload, tmp_path, progress=lambda *step: seen.append(("again", 0)))

    assert path == again == workloads.database_path(workload, tmp_path)
    assert path.stat().st_ino == first.st_ino
    assert kept(tmp_path) == [path.name]
    parts = [done for _, done in seen]
    assert parts == sorted(parts)
    assert seen[-1] == ("done", 1.0)
    assert ("again", 0) not in seen


def test_force_builds_again(tmp_path: Path) -> None:
    workload = workloads.load("trace-tiny")
    first = workloads.build(workload, tmp_path)
    with first.open("rb") as still_open:
        inode = os.fstat(still_open.fileno()).st_ino
        second = workloads.build(workload, tmp_path, force=True)
        assert second.stat().st_ino != inode


@pytest.mark.parametrize("content", [b"", b"no database", b"\0" * 20_000])
def test_a_damaged_file_is_built_again(tmp_path: Path, content: bytes) -> None:
    workload = workloads.load("trace-tiny")
    path = workloads.database_path(workload, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    workloads.build(workload, tmp_path)

    assert workloads.describe_file(path).fingerprint == workload.fingerprint


def test_sizes_do_not_share_a_file(tmp_path: Path) -> None:
    paths = [workloads.build(workloads.load("trace-tiny", keys=n), tmp_path) for n in (3, 4)]

    assert [workloads.table_rows(path)["DWH.DW_MES_CONTAINER"] for path in paths] == [3, 4]


@pytest.mark.parametrize("force", [False, True])
def test_who_comes_second_waits_and_uses_what_the_first_built(
    tmp_path: Path, tiny_path: Path, force: bool
) -> None:
    workload = workloads.load("trace-tiny")
    path = workloads.database_path(workload, tmp_path)
    path.parent.mkdir(parents=True)
    steps: list[str] = []
    waiting = threading.Event()

    def report(step: str, done: float) -> None:
        steps.append(step)
        waiting.set()

    second = threading.Thread(
        target=workloads.build,
        args=(workload, tmp_path),
        kwargs={"progress": report, "force": force},
    )
    with build_lock(path):
        second.start()
        assert waiting.wait(30)
        shutil.copy(tiny_path, path)
    second.join(30)

    assert not second.is_alive()
    assert steps == ["waiting for another process that is building it", "done"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_build_and_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    with start_builder(60_000, tmp_path) as builder:
        read_until(builder, "DW_MES_LOTWIPHISTORY")
        assert any(tmp_path.rglob("*.building"))
        builder.send_signal(number)
        _, message = builder.communicate()

    assert message.strip() == f"stopped by {number.name}", "what the handler raised goes on"
    assert kept(tmp_path) == []
    assert not any(tmp_path.rglob("*.building"))


def test_what_a_killed_builder_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    workload = workloads.load("trace-114k", keys=8_000)
    path = workloads.database_path(workload, tmp_path)
    with start_builder(8_000, tmp_path) as builder:
        read_until(builder, "DW_MES_LOTWIPHISTORY")
        builder.kill()
    assert building_dir(path).exists()
    assert [(item.name, item.complete) for item in workloads.cached(tmp_path)] == [
        (path.stem, False)
    ]

    workloads.build(workload, tmp_path)

    assert kept(tmp_path) == [path.name]
    assert not building_dir(path).exists()


def test_a_full_disk_is_named_and_leaves_nothing_behind(tmp_path: Path) -> None:
    # A limit on file size fails the same write calls as a full disk does.
    with start_builder(2_000, tmp_path, most_bytes=1_000_000) as builder:
        _, message = builder.communicate()

    assert builder.returncode == 1
    assert "disk that holds" in message
    assert "is full" in message
    assert "TRACEKIT_CACHE_DIR" in message
    assert kept(tmp_path) == []
    assert not any(tmp_path.rglob("*.building"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")

    with pytest.raises(WorkloadError, match=r"could not be built in .*file"):
        workloads.build(workloads.load("trace-tiny"), blocked)


def test_a_file_elsewhere_is_whole_or_not_there(tmp_path: Path) -> None:
    target = tmp_path / "made" / "tiny.duckdb"
    workloads.build_at(workloads.load("trace-tiny"), target)
    assert workloads.describe_file(target).size == 50
    with pytest.raises(WorkloadError, match="already exists"):
        workloads.build_at(workloads.load("trace-tiny"), target)
    broken = replace(workloads.load("trace-tiny"), parameters={"nonsense": 1})
    with pytest.raises(WorkloadError):
        workloads.build_at(broken, target, force=True)
    assert workloads.describe_file(target).size == 50
    assert [one.name for one in target.parent.iterdir()] == ["tiny.duckdb"]
