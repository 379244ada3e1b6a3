"""The process that looks at the objects: what it takes from the program, and what it gives back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

FAKED = """
import json, os, resource, signal, socket, sys, threading, time
from pathlib import Path
from tracekit import process_memory
from tracekit.errors import ProfileError
from tracekit.profiling.retention import LOOKER_NAME, fork_retention, record, retention
from tracekit.records import Retention

def looked(began, moment, tracked, total_bytes, taken_at, baseline, only):
    names = [frame.f_code.co_name for _, frames in moment.stacks for frame in frames]
    # Of threads, of those that still wait for a thread's start, and of mutants.
    beside = {"run", "_bootstrap", "_bootstrap_inner", "start", "wait", "call"}
    names = [name for name in names if name not in beside]
    text = f"{taken_at} {names} {baseline and baseline.taken_at} {only} {len(tracked) > 1000}"
    return Retention(total_bytes, 0, text, ())

def open_files():
    numbers = [fd for fd in range(64) if os.path.lexists(f"/proc/self/fd/{fd}")]
    return [os.readlink(f"/proc/self/fd/{fd}") for fd in numbers]

record.retention_record = looked
before = open_files()
"""
PROGRAMS = {
    "it looks at what there is, from where it is called": (
        """
        def work(**options):
            return retention(**options)
        first = work(taken_at="now")
        print(first.taken_at)
        print(abs(first.total_bytes - process_memory.resident_bytes()) < 2**23)
        print(work(only=17, baseline=first, taken_at="then", frame=sys._getframe()).taken_at)
        found = []
        thread = threading.Thread(target=lambda: found.append(retention(taken_at="x")))
        thread.start()
        while not found: pass
        print(found[0].taken_at)
        date = work().taken_at.split()[0]
        print(date[:2], date[10], date.count(":"), len(date))
        print(open_files() == before)
        group = lambda *_: str(os.getpgid(0) == os.getpgid(os.getppid()))
        record.retention_record = lambda *looked: Retention(0, 0, group(), ())
        print(retention().taken_at)
        """,
        "now ['work', '<module>'] None None True\n"
        "True\n"
        "then ['<module>'] now ['work', '<module>'] None None True 17 True\n"
        "x ['<lambda>', '<module>'] None None True\n"
        "20 T 3 25\n"
        "True\n"
        "True\n",
    ),
    "the process is a bystander": (
        """
        name = Path("/proc/self/comm").read_text()
        near, far = socket.socketpair()
        read_fd, write_fd = os.pipe()
        others = socket.socketpair()
        resource.setrlimit(resource.RLIMIT_DATA, (3 << 30, 4 << 30))
        signal.signal(signal.SIGALRM, signal.SIG_IGN)

        def tell():
            status = dict(line.split(":\\t") for line in open("/proc/self/status"))
            files = [os.readlink(f"/proc/self/fd/{fd}") for fd in range(3)]
            facts = {
                "name": Path("/proc/self/comm").read_text().strip(),
                "group": os.getpgid(0) == os.getpid(),
                "interrupts": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
                "alarm": 800 < signal.alarm(0) <= 900,
                "alarms": signal.getsignal(signal.SIGALRM) is signal.SIG_DFL,
                "limit": [size >> 30 for size in resource.getrlimit(resource.RLIMIT_DATA)],
                "first to go": Path("/proc/self/oom_score_adj").read_text().strip(),
                "standard files": set(files) == {"/dev/null"},
                "sockets": any("socket" in each for each in open_files()),
                "pipes": sum("pipe" in each for each in open_files()),
            }
            os.write(write_fd, b"\\n" + json.dumps(facts).encode())

        for survives in (False, True):
            pid = fork_retention(write_fd, sys._getframe(), survives=survives, then=tell)
            print(os.getpgid(pid) == pid, Path("/proc/self/comm").read_text() == name)
            print(os.waitpid(pid, 0)[1], end=" ")
            print(os.read(read_fd, 65536).decode().splitlines()[-1])
        """,
        "False True\n"
        '0 {"name": "tracekit-look", "group": false, "interrupts": true, "alarm": true, '
        '"alarms": true, "limit": [4, 4], "first to go": "1000", "standard files": true, '
        '"sockets": false, "pipes": 1}\n'
        "True True\n"
        '0 {"name": "tracekit-look", "group": true, "interrupts": true, "alarm": true, '
        '"alarms": true, "limit": [4, 4], "first to go": "1000", "standard files": true, '
        '"sockets": false, "pipes": 1}\n',
    ),
    "whatever goes wrong is a named error, and leaves nothing": (
        """
        def fail(*_):
            raise ValueError("no luck: \\xe4")

        def refuse():
            raise OSError(11, "too many processes")

        def attempt():
            try:
                retention()
            except ProfileError as exc:
                print(exc)
            except BaseException:  # as it would be in the forked process, which has no output
                open(sys.argv[1], "w").close()
            print(open_files() == before, signal.getsignal(signal.SIGINT) is handler)

        handler = signal.getsignal(signal.SIGINT)
        record.retention_record = fail
        attempt()
        record.retention_record = lambda *_: os._exit(3)
        attempt()
        record.retention_record = lambda *_: os.kill(os.getpid(), 9)
        attempt()
        os.fork, fork = refuse, os.fork
        attempt()
        del os.fork
        attempt()
        os.fork = fork
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            print("none left")
        print(os.path.exists(sys.argv[1]))
        """,
        "the process that looked for what holds the memory ended early: ValueError: no luck: ä\n"
        "True True\n"
        "the process that looked for what holds the memory ended early: \n"
        "True True\n"
        "the process that looked for what holds the memory ended early: signal 9\n"
        "True True\n"
        "the process to look for what holds the memory could not be started: "
        "[Errno 11] too many processes\n"
        "True True\n"
        "this system cannot fork, which retention needs\n"
        "True True\n"
        "none left\n"
        "False\n",
    ),
    "Ctrl-C ends it, too": (
        """
        def fork(real=os.fork):
            pid = real()
            if pid:
                os.kill(os.getpid(), signal.SIGINT)
            return pid

        os.fork = fork
        record.retention_record = lambda *_: time.sleep(600)
        try:
            retention()
        except KeyboardInterrupt:
            print("interrupted")
        print(open_files() == before)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            print("none left")
        """,
        "interrupted\nTrue\nnone left\n",
    ),
    "it writes to any file, and all or nothing": (
        """
        read_fd, write_fd = os.pipe()
        os.dup2(read_fd, 20)
        os.dup2(write_fd, 3)
        pid = fork_retention(3, sys._getframe(), taken_at="now")
        print(os.waitpid(pid, 0)[1], '"now [' in os.read(20, 65536).decode())

        file = open(sys.argv[1], "wb")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        pid = fork_retention(file.fileno(), sys._getframe(), taken_at="now")
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.path.getsize(sys.argv[1]))
        """,
        "0 True\n1 64\n",
    ),
    "a handler of the program's own gets the interrupt afterwards": (
        """
        def fork(real=os.fork):
            pid = real()
            if pid:
                os.kill(os.getpid(), signal.SIGINT)
                print("forked")
            return pid

        def handle(number, frame):
            print("interrupted", number)

        os.fork = fork
        for handler in (handle, signal.SIG_IGN):
            signal.signal(signal.SIGINT, handler)
            print(retention(taken_at="now").taken_at.split()[0])
            print(signal.getsignal(signal.SIGINT) is handler)
        """,
        "forked\ninterrupted 2\nnow\nTrue\nforked\nnow\nTrue\n",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_is_apart_from_the_program(name: str, tmp_path: Path) -> None:
    source, said = PROGRAMS[name]
    program = FAKED + "\n".join(line[8:] for line in source.splitlines())
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::DeprecationWarning:__main__",
            "-c",
            program,
            str(tmp_path / "file"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.stdout == said, done.stderr
