"""A limit of this process's memory, which is not for the processes that it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA binds on Linux")

BEGIN = """
import mmap, os, resource, subprocess, sys, time
from multiprocessing.util import spawnv_passfds
from tracekit.profiling.data_limit import DataLimit

(BEFORE, HARD), LIMIT = resource.getrlimit(resource.RLIMIT_DATA), 3 << 30
NAMES = {BEFORE: "as before", LIMIT: "limited"}
ASK = "import resource; print(resource.getrlimit(resource.RLIMIT_DATA)[0])"

def told(pid=0):
    soft, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
    assert hard == HARD
    return NAMES.get(soft, soft)

def popen(*command):
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

def spawn(*command):
    '''As multiprocessing does: no audit event.'''
    read_fd, write_fd = os.pipe()
    pid = spawnv_passfds(command[0].encode(), [each.encode() for each in command], [read_fd])
    return pid

def reserve():
    return mmap.mmap(-1, 4 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

limit = DataLimit()
"""
SCENES = {
    "a limit binds until it is lifted": (
        """
        limit.lift(); limit.look(); limit.suspend()
        before = told()
        limit.impose(LIMIT)
        print(before, told())
        try:
            reserve()
        except OSError:
            print("refused")
        limit.lift()
        print(told(), len(reserve()) >> 30)
        limit.lift(); limit.suspend(); limit.look()
        print(told())
        """,
        "as before limited\nrefused\nas before 4\nas before\n",
    ),
    "a lower limit stays": (
        """
        resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, HARD))
        limit.impose(LIMIT)
        print(told() >> 30)
        limit.impose(1 << 30)
        limit.lift()
        print(told() >> 30)
        resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 4 << 30))
        limit.impose(1 << 30)
        print([size >> 30 for size in resource.getrlimit(resource.RLIMIT_DATA)])
        limit.lift()
        print([size >> 30 for size in resource.getrlimit(resource.RLIMIT_DATA)])
        """,
        "1\n1\n[1, 4]\n[2, 4]\n",
    ),
    "a process that Python starts has none, and the limit is back soon after": (
        """
        limit.impose(LIMIT)
        print(NAMES[int(popen(sys.executable, "-c", ASK).communicate()[0])], told())
        limit.look()
        print(told())
        time.sleep(0.6)
        limit.look()
        print(told())
        pid = os.fork()
        if not pid:
            os._exit(0 if told() == "as before" else 3)
        print(os.waitpid(pid, 0)[1], told())
        time.sleep(0.6)
        limit.look(); limit.look()
        print(told())
        limit.lift()
        os.waitpid(os.posix_spawn("/bin/true", ["/bin/true"], {}), 0)
        limit.look()
        print(told())
        """,
        "as before as before\nas before\nlimited\n0 as before\nlimited\nas before\n",
    ),
    "from a process that was started otherwise it is taken, and from those it started": (
        """
        limit.impose(LIMIT)
        chain = [sys.executable, "-c", "import subprocess; subprocess.run(['sleep', '60'])"]
        pid = spawn(*chain)
        print(told(pid), told())
        while not (below := open(f"/proc/{pid}/task/{pid}/children").read().split()):
            time.sleep(0.01)
        while open(f"/proc/{below[0]}/comm").read() != "sleep\\n":
            time.sleep(0.01)
        print(told(int(below[0])))
        limit.look()
        print(told(pid), told(int(below[0])), told())
        resource.prlimit(pid, resource.RLIMIT_DATA, (LIMIT, HARD))
        limit.look()
        print(told(pid), "since it may have set one itself")
        other = spawn("/bin/sleep", "60")
        strict = spawn("/bin/sleep", "60")
        resource.prlimit(strict, resource.RLIMIT_DATA, (1 << 30, HARD))
        limit.lift()
        print(told(other), told(strict) >> 30)
        """,
        "limited limited\nlimited\nas before as before limited\n"
        "limited since it may have set one itself\nas before 1\n",
    ),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_limit_is_for_this_process_alone(name: str, tmp_path: Path) -> None:
    source, said = SCENES[name]
    program = BEGIN + "\n".join(line[8:] for line in source.splitlines())
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=file, stderr=file, start_new_session=True
        )
        try:
            process.wait(30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert output.read_text() == said
