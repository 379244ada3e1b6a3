"""When a growing process is looked at, which files that leaves, and what is read from them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests import polling
from tracekit import process_memory
from tracekit.errors import ProfileError
from tracekit.profiling.retention import (
    LOOKER_NAME,
    GrowthWatch,
    awaited_retention,
    end_looks,
    growth_watch,
)
from tracekit.records import Retention
from tracekit.records.serial import to_json

MIB = 2**20


def until(condition: Callable[[], object]) -> None:
    """Wait for what takes milliseconds."""
    polling.until(condition, seconds=10)


class Looks:
    """In place of the process that looks: one that writes its answer at once, or when told to."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.frames: list[FrameType] = []
        self.pids: list[int] = []
        self.refuses = self.waits = False

    def fork(self, fd: int, frame: FrameType, *, then: Callable[[], object], **asked: Any) -> int:
        if self.refuses:
            raise ProfileError("no process left")
        self.asked.append(asked)
        self.frames.append(frame)
        pid = os.fork()
        if pid:
            self.pids.append(pid)
            return pid
        try:
            if self.waits:
                time.sleep(600)
            found = Retention(len(self.asked), 0, asked["taken_at"], ())
            os.write(fd, to_json(found).encode())
            then()
        finally:
            os._exit(0)

    @property
    def names(self) -> list[str]:
        return [each["taken_at"] for each in self.asked]


@pytest.fixture(name="looks")
def _looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Looks]:
    looks = Looks()
    monkeypatch.setattr(growth_watch, "fork_retention", looks.fork)
    yield looks
    until(lambda: not any(t.name == "tracekit-growth" for t in threading.enumerate()))


@pytest.fixture(name="memory")
def _memory(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Its one number is taken for the resident memory of this process."""
    memory = [0]
    monkeypatch.setattr(process_memory, "resident_bytes", lambda: memory[0])
    return memory


def grow(memory: list[int], looks: Looks, to_bytes: int, count: int) -> None:
    """Grow, and wait until there were `count` looks, or for a few more checks of the memory."""
    memory[0] = to_bytes
    until(lambda: len(looks.pids) >= count)
    time.sleep(0.04)
    assert len(looks.pids) == count


def test_it_looks_again_after_each_growth_by_a_quarter(
    tmp_path: Path, looks: Looks, memory: list[int]
) -> None:
    file = tmp_path / "retention.json"
    watch = GrowthWatch(file, 100, where=lambda: "cell [3]")
    try:
        for size, count in [(99, 0), (100, 1), (124, 1), (126, 2), (126, 2), (100, 2), (158, 3)]:
            grow(memory, looks, size, count)
    finally:
        found = watch.found()
    assert looks.names == ["the highest so far in cell [3]"] * 3
    assert found == Retention(3, 0, "the highest so far in cell [3]", ())
    assert {each["thread_locals"] for each in looks.asked} == {False}
    assert {each["survives"] for each in looks.asked} == {False}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"retention.json.{number}{suffix}" for number in (1, 2, 3) for suffix in ("", ".looker")
    ]
    for number, pid in enumerate(looks.pids, 1):
        assert Path(f"{file}.{number}.looker").read_text() == str(pid)


def test_near_a_limit_it_looks_for_the_last_time(
    tmp_path: Path, looks: Looks, memory: list[int]
) -> None:
    watch = GrowthWatch(tmp_path / "found", 700, limit_bytes=1000, survives=True)
    try:
        for size, count in [(700, 1), (849, 1), (850, 2), (5000, 2)]:
            grow(memory, looks, size, count)
    finally:
        watch.close()
    assert looks.names == ["the highest so far"] * 2
    assert {each["survives"] for each in looks.asked} == {True}


def test_far_below_its_limit_it_looks_again_after_growth(
    tmp_path: Path, looks: Looks, memory: list[int]
) -> None:
    watch = GrowthWatch(tmp_path / "found", 100, limit_bytes=10**6)
    try:
        for size, count in [(100, 1), (124, 1), (125, 2)]:
            grow(memory, looks, size, count)
    finally:
        watch.close()


def test_once_is_once(tmp_path: Path, looks: Looks, memory: list[int]) -> None:
    watch = GrowthWatch(tmp_path / "found", 100, again=False)
    try:
        grow(memory, looks, 100, 1)
        grow(memory, looks, 1000, 1)
    finally:
        watch.close()


def test_it_can_be_asked_to_look_now(tmp_path: Path, looks: Looks, memory: list[int]) -> None:
    watch = GrowthWatch(tmp_path / "found", 100)
    watch.look_now("memory was refused")
    found = watch.found()
    assert found == Retention(1, 0, "memory was refused", ())
    caller = looks.frames[0].f_back  # of a mutant
    codes = [looks.frames[0].f_code, caller and caller.f_code]
    assert sys._getframe().f_code in codes
    assert watch.found() == found, "as often as asked"


def test_one_that_never_grew_has_nothing(tmp_path: Path, looks: Looks, memory: list[int]) -> None:
    watch = GrowthWatch(tmp_path / "found", 100)
    assert watch.found() is None
    assert not list(tmp_path.iterdir())


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_only_the_latest_two_looks_continue(
    tmp_path: Path, looks: Looks, memory: list[int]
) -> None:
    looks.waits = True
    watch = GrowthWatch(tmp_path / "found", 100)
    for number in range(4):
        watch.look_now(str(number))
        until(lambda: [alive(pid) for pid in looks.pids].count(True) == min(2, len(looks.pids)))
        assert alive(looks.pids[-1])
    assert [alive(pid) for pid in looks.pids] == [False, False, True, True]
    watch.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in looks.pids)


def test_a_look_that_is_still_at_work_is_waited_for(
    tmp_path: Path, looks: Looks, memory: list[int]
) -> None:
    looks.waits = True
    watch = GrowthWatch(tmp_path / "found", 100)
    watch.look_now("now")
    began = time.monotonic()
    with pytest.raises(
        ProfileError,
        match=r"^the process that looked for what holds the memory did not finish: "
        r"it was still at work after 0 s$",
    ):
        watch.found(timeout_seconds=0.2)
    assert time.monotonic() - began >= 0.2
    assert not Path(f"/proc/{looks.pids[0]}").exists()
    with pytest.raises(ProfileError, match=r"did not finish: it was killed$"):
        awaited_retention(tmp_path / "found")


def test_a_process_that_cannot_be_started_is_told_with_its_reason(
    tmp_path: Path, looks: Looks, memory: list[int]
) -> None:
    watch = GrowthWatch(tmp_path / "found", 100)
    looks.refuses = True
    watch.look_now("now")
    with pytest.raises(ProfileError, match=r"did not finish: no process left$"):
        watch.found()
    looks.refuses = False
    watch.look_now("again")
    assert awaited_retention(tmp_path / "found") == Retention(1, 0, "again", ())
    watch.close()


def test_a_program_may_wait_for_all_its_children(
    tmp_path: Path, looks: Looks, memory: list[int]
) -> None:
    watch = GrowthWatch(tmp_path / "found", 100)
    for name in ("first", "second"):
        watch.look_now(name)
        os.waitpid(looks.pids[-1], 0)
    assert watch.found() == Retention(2, 0, "second", ())


def test_nothing_is_found_where_nothing_can_be_written(
    tmp_path: Path, looks: Looks, memory: list[int]
) -> None:
    watch = GrowthWatch(tmp_path / "removed" / "found", 100)
    watch.look_now("now")
    assert watch.found() is None
    assert looks.pids == []


def test_what_a_killed_look_had_written_is_shown(tmp_path: Path) -> None:
    """Even if it was killed within a character."""
    (tmp_path / "found.1.part").write_bytes("Größe".encode()[:-2])
    with pytest.raises(ProfileError, match=r"did not finish: Grö\ufffd$"):
        awaited_retention(tmp_path / "found")


def test_an_answer_is_waited_for_while_its_file_is_locked(tmp_path: Path) -> None:
    part = tmp_path / "found.12.part"
    with part.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        def finish() -> None:
            time.sleep(0.15)
            part.rename(tmp_path / "found.12")

        (tmp_path / "found.9").write_text(to_json(Retention(9, 0, "", ())))
        part.write_text(to_json(Retention(12, 0, "", ())))
        thread = threading.Thread(target=finish)
        thread.start()
        assert awaited_retention(tmp_path / "found") == Retention(12, 0, "", ()), "not 9"
        thread.join()
    assert awaited_retention(tmp_path / "other") is None


def test_an_answer_that_cannot_be_read_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "found.1").write_text("{}")
    with pytest.raises(ProfileError, match=r"found\.1"):
        awaited_retention(tmp_path / "found")


def test_the_looks_of_a_folder_can_be_ended(tmp_path: Path) -> None:
    rename = f"open('/proc/self/comm', 'w').write({LOOKER_NAME!r}); import time; time.sleep(600)"
    looker = subprocess.Popen([sys.executable, "-c", rename])
    other = subprocess.Popen(["sleep", "600"])
    try:
        until(lambda: Path(f"/proc/{looker.pid}/comm").read_text().strip() == LOOKER_NAME)
        (tmp_path / "a.1.looker").write_text("not a number")
        (tmp_path / "b.1.looker").write_text(str(2**22 + 1))
        (tmp_path / "c.1.looker").write_text(str(looker.pid))
        (tmp_path / "d.1.looker").write_text(str(other.pid))
        end_looks(tmp_path)
        assert looker.wait(20) == -9
        assert other.poll() is None, "its number was used again, by another program"
    finally:
        for process in (looker, other):
            process.kill()
            process.wait()
