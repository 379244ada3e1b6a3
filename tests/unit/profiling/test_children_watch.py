"""Memory of the processes that this one starts."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from tests.polling import until
from tracekit.profiling.children import ChildrenWatch

MIB = 2**20
HOLDS = "held = b'x' * ({} << 20); print('ready', flush=True); input()"
STARTS = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"


def started(mib: int) -> subprocess.Popen[str]:
    """A process whose own child holds `mib` MiB until it is sent a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS, HOLDS.format(mib)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_only_processes_that_were_started_since_are_counted() -> None:
    before = started(20)
    watch = ChildrenWatch()
    watch.start()
    assert watch.stop() == 0, "children of children, too"
    watch = ChildrenWatch()
    watch.start()
    one, two = started(30), started(40)
    peak_bytes = watch.stop()  # with a last look, so that none is missed
    assert 70 * MIB < peak_bytes < (70 + 4 * 10) * MIB, "and what four interpreters have"
    for process in (before, one, two):
        process.communicate("\n")


def test_what_was_held_at_once_is_counted_not_what_came_one_after_the_other() -> None:
    watch = ChildrenWatch()
    watch.start()
    started(40).communicate("\n")
    last = started(40)
    assert 40 * MIB < watch.stop() < (40 + 2 * 10) * MIB
    last.communicate("\n")


@pytest.mark.skipif(sys.platform != "linux", reason="vfork(2)")
def test_a_process_that_is_being_started_does_not_hold_what_this_one_does(tmp_path: Path) -> None:
    """It has the memory of this process until its program begins, here when it reads a pipe."""
    held = b"x" * (100 * MIB)  # no zeros: Linux may take their pages back
    pipe, libc, actions = tmp_path / "pipe", ctypes.CDLL(None), ctypes.create_string_buffer(256)
    os.mkfifo(pipe)
    libc.posix_spawn_file_actions_init(actions)
    libc.posix_spawn_file_actions_addopen(actions, 0, os.fsencode(pipe), os.O_RDONLY, 0)
    pid, arguments = ctypes.c_int(), (ctypes.c_char_p * 2)(b"/bin/cat", None)

    def start() -> None:
        Path("/proc/thread-self/comm").write_text("a) S name")
        libc.posix_spawn(ctypes.byref(pid), b"/bin/cat", actions, None, arguments, arguments)

    spawn = threading.Thread(target=start)
    watch = ChildrenWatch()
    before = set(psutil.Process().children())  # of other tests
    spawn.start()
    try:
        until(lambda: set(psutil.Process().children()) - before)
        (starting,) = set(psutil.Process().children()) - before
        assert starting.memory_full_info().uss > len(held)
        watch.start()
        peak_bytes = watch.stop()
    finally:
        pipe.open("w").close()
        spawn.join()
        os.waitpid(pid.value, 0)
    assert peak_bytes == 0
