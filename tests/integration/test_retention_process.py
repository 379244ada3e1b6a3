"""The process that looks at the objects: apart from the program, and able to outlive it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tracekit
from tracekit import process_memory
from tracekit.errors import ProfileError
from tracekit.profiling.retention import (
    GrowthWatch,
    awaited_retention,
    fork_retention,
)
from tracekit.records import Retention, from_json

MIB = 2**20

KILLED = """
import os, signal, sys
from tracekit.profiling.retention import (
    GrowthWatch,
    awaited_retention,
    fork_retention,
)

def work():
    rows = [bytes([n]) * 2**20 for n in range(40)]
    file = open(sys.argv[1], "wb")
    fork_retention(file.fileno(), sys._getframe(), survives=True)
    os.killpg(os.getpgid(0), signal.SIGKILL)

work()
"""


def test_it_finishes_after_the_program_and_its_group_were_killed(tmp_path: Path) -> None:
    answer = tmp_path / "retention.json"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(answer)], start_new_session=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 100
    while not (text := answer.read_bytes()).endswith(b"}\n"):
        assert time.monotonic() < deadline, "nothing was written"
        time.sleep(0.05)
    largest = from_json(Retention, text).largest(1)[0]
    assert (largest.name, largest.kind) == ("rows", "list")
    assert largest.retained_bytes >= 40 * MIB


def test_it_can_look_where_the_program_has_no_memory_left() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    used = process_memory.data_bytes()
    assert used is not None
    resource.setrlimit(resource.RLIMIT_DATA, (used + 8 * MIB, hard))
    try:
        found = tracekit.retention()
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    assert found.explained_bytes > MIB


def test_a_process_that_was_ended_is_a_named_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fork = os.fork

    def fork_and_kill() -> int:
        pid = fork()
        if pid:
            os.kill(pid, signal.SIGKILL)
        return pid

    monkeypatch.setattr(os, "fork", fork_and_kill)
    with pytest.raises(ProfileError, match="ended early: signal 9"):
        tracekit.retention()


def test_an_interrupt_in_the_moment_of_the_fork_leaves_no_process() -> None:
    looking = (
        "import os, signal, psutil, tracekit\n"
        + """
def fork(real=os.fork):
    pid = real()
    if pid:
        os.kill(os.getpid(), signal.SIGINT)
    return pid

os.fork = fork
try:
    tracekit.retention()
except KeyboardInterrupt:
    print("interrupted", len(psutil.Process().children()))
    print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", looking], capture_output=True, text=True, check=True
    )
    assert done.stdout == "interrupted 0\nTrue\n"


def test_interrupting_it_leaves_no_process() -> None:
    looking = (
        "import os, signal, sys, threading, time, psutil, tracekit\n"
        + """
def interrupt():
    me = psutil.Process()
    while not any(child.name() == "tracekit-look" for child in me.children()):
        time.sleep(0.005)
    os.kill(os.getpid(), signal.SIGINT)

kept = [{"row": n} for n in range(300_000)]
threading.Thread(target=interrupt, daemon=True).start()
try:
    tracekit.retention()
except KeyboardInterrupt:
    print("interrupted", len(psutil.Process().children()))
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", looking], capture_output=True, text=True, check=True
    )
    assert done.stdout == "interrupted 0\n"


def test_it_ends_if_nobody_reads_its_answer() -> None:
    read_fd, write_fd = os.pipe()
    pid = fork_retention(write_fd, sys._getframe())
    os.close(write_fd)
    os.close(read_fd)
    _, status = os.waitpid(pid, 0)
    assert status != 0


def test_the_program_goes_on_while_it_looks(tmp_path: Path) -> None:
    kept = {"rows": [bytes(100) for _ in range(200_000)]}
    with (tmp_path / "answer").open("wb") as file:
        pid = fork_retention(file.fileno(), sys._getframe())
        kept["rows"].clear()
        _, status = os.waitpid(pid, 0)
    assert status == 0
    found = from_json(Retention, (tmp_path / "answer").read_bytes())
    [holder] = [each for each in found.holders if each.name == "kept"]
    assert holder.retained_bytes > 200_000 * 130, "what was there when it was forked"


def test_variables_are_left_as_they_are() -> None:
    """Reading a frame's variables leaves a dict on it before 3.13, which would keep them alive."""

    class Row:
        alive = 0

        def __init__(self) -> None:
            Row.alive += 1

        def __del__(self) -> None:
            Row.alive -= 1

    row = Row()
    assert tracekit.retention().holders
    del row
    assert Row.alive == 0


GROWS_AND_IS_KILLED = """
import os, signal, sys
from pathlib import Path
from tracekit import process_memory
from tracekit.profiling.retention import GrowthWatch

def work():
    limit_bytes = process_memory.resident_bytes() + 60 * 2**20
    watch = GrowthWatch(
        Path(sys.argv[1]), int(0.85 * limit_bytes), again=False, survives=True, where=lambda: "work"
    )
    rows = []
    looker = Path(sys.argv[1] + ".1.looker")
    while not looker.exists():  # from then on the one that looks is of a group of its own
        rows.append(bytes([len(rows) % 256]) * 2**20)
    os.killpg(os.getpgid(0), signal.SIGKILL)

work()
"""


def test_what_was_found_near_the_limit_is_there_after_the_process_was_killed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "retention.json"
    done = subprocess.run(
        [sys.executable, "-c", GROWS_AND_IS_KILLED, str(file)],
        start_new_session=True,
        check=False,
        stdout=subprocess.PIPE,  # the forked process must not hold it open
    )
    assert done.returncode == -signal.SIGKILL
    found = awaited_retention(file, timeout_seconds=100)
    assert found is not None
    assert found.taken_at == "the highest so far in work"
    assert (found.largest(1)[0].name, found.largest(1)[0].kind) == ("rows", "list")
    assert not list(tmp_path.glob("*.part"))


def test_the_latest_look_is_of_nearly_the_peak(tmp_path: Path) -> None:
    process_memory.return_free_memory()
    begun_bytes = process_memory.resident_bytes()
    watch = GrowthWatch(tmp_path / "retention.json", begun_bytes + 8 * MIB)
    grown: list[bytes] = []
    while len(grown) < 200:
        grown.append(bytes([len(grown)]) * MIB)
        time.sleep(0.002)
    peak_bytes = process_memory.resident_bytes()
    found = watch.found()
    assert found is not None
    [holder] = [each for each in found.holders if each.name == "grown"]
    assert 0.75 * peak_bytes < found.total_bytes <= peak_bytes
    assert holder.retained_bytes >= found.total_bytes - begun_bytes - 24 * MIB


def test_a_process_that_never_grows_is_not_looked_at(tmp_path: Path) -> None:
    watch = GrowthWatch(tmp_path / "retention.json", process_memory.resident_bytes() + 2**40)
    assert watch.found() is None
    watch = GrowthWatch(tmp_path / "retention.json", process_memory.resident_bytes() + 2**40)
    watch.look_now("memory was refused")
    found = watch.found()
    assert found is not None
    assert found.taken_at == "memory was refused"


def test_a_look_that_was_ended_is_a_named_error(tmp_path: Path) -> None:
    file = tmp_path / "retention.json"
    watch = GrowthWatch(file, 0, again=False)
    while not Path(f"{file}.1.part").exists():
        time.sleep(0.01)
    watch.close()
    with pytest.raises(ProfileError, match="did not finish: it was killed"):
        awaited_retention(file)


def test_a_look_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "retention.json"
    watch = GrowthWatch(file, 0, again=False)
    while not Path(f"{file}.1.part").exists():
        time.sleep(0.01)
    with pytest.raises(ProfileError, match="it was still at work after 0 s"):
        watch.found(timeout_seconds=0)
