"""`tracekit run`: a script as it is, with its streams, its exit code, its memory and its end."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest

MIB = 2**20
TRACEKIT = [sys.executable, "-m", "tracekit", "run"]


def run(
    folder: Path, *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TRACEKIT, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | environment,
        check=False,
    )


def report(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and program.json of a run."""
    done = run(folder, "--json", "-q", *arguments)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found


def script(folder: Path, text: str) -> list[str]:
    """A command that runs `text` as the script job.py."""
    (folder / "job.py").write_text(text)
    return ["--", sys.executable, "job.py"]


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    file = tmp_path / "bank.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE payments AS SELECT range AS id FROM range(100)")
    return file


def test_the_program_runs_as_it_would_alone(tmp_path: Path) -> None:
    command = script(
        tmp_path,
        "import os, sys\n"
        "print(sys.argv[1:], sys.stdin.read(), os.environ['COLOUR'], os.getcwd())\n"
        "print('to stderr', file=sys.stderr)\n"
        "sys.exit(7)",
    )

    done = run(tmp_path, *command, "--day", "-q", stdin="fed", COLOUR="blue")

    assert done.stdout == f"['--day', '-q'] fed blue {tmp_path}\n"
    assert done.stderr.startswith("to stderr\nFAILED: ")
    assert "it exited with code 7" in done.stderr
    assert done.returncode == 1
    (folder,) = (tmp_path / "profiles" / "runs").iterdir()
    assert folder.name.endswith("-job-run")
    assert {file.name for file in folder.iterdir()} == {
        "program.json",
        "report.md",
        "report.html",
        "memory.png",
    }
    assert json.loads((folder / "program.json").read_text())["exit_code"] == 7
    again = subprocess.run(
        [sys.executable, "-m", "tracekit", "report", str(folder)], capture_output=True, text=True
    )
    assert again.stdout.startswith("FAILED: ")
    assert "it exited with code 7" in again.stdout


def test_with_json_stdout_holds_the_record_alone(tmp_path: Path) -> None:
    done = run(tmp_path, "--json", *script(tmp_path, "print('printed')"))

    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert (found["status"], found["exit_code"], len(found["cells"])) == ("ok", 0, 1)
    assert found["redirected"] == []
    assert "printed" in done.stderr


def test_it_reads_the_local_oracle_whatever_it_names(tmp_path: Path, bank: Path) -> None:
    command = script(
        tmp_path,
        "import oracledb\n"
        "with oracledb.connect('scott/tiger@prod.example:1521/PROD') as connection:\n"
        "    (rows,) = connection.cursor().execute('SELECT COUNT(*) FROM payments').fetchone()\n"
        "raise SystemExit(0 if rows == 100 else 1)",
    )

    code, found = report(tmp_path, "--database", str(bank), *command)

    assert code == 0
    assert found["redirected"] == [{"dsn": "prod.example:1521/PROD", "connections": 1}]


@pytest.mark.parametrize(
    ("allocate", "reason"),
    [
        ("kept.append(bytearray(8_000_000))", "MemoryError"),
        pytest.param(
            "kept.append(numpy.ones(1_000_000))", "Unable to allocate", marks=pytest.mark.slow
        ),
        pytest.param(
            "kept.append(pyarrow.array(range(1_000_000)))", "malloc of", marks=pytest.mark.slow
        ),
    ],
)
def test_a_refused_allocation_is_reported_with_its_line(
    tmp_path: Path, allocate: str, reason: str
) -> None:
    library = "numpy" if "numpy" in allocate else "pyarrow" if "pyarrow" in allocate else "os"
    command = script(
        tmp_path,
        f"import {library}\n"
        f"def load():\n    kept = []\n    while True:\n        {allocate}\n"
        "load()",
    )

    code, found = report(tmp_path, "--memory-limit", "300MiB", *command)

    (cell,) = found["cells"]
    assert (code, found["status"], found["exit_code"]) == (53, "out_of_memory", 1)
    assert reason in cell["reason"]
    assert (cell["line"], cell["code"]) == ("job.py line 5, in load", allocate)
    largest = cell["largest_variables"][0]
    assert largest["name"] == "kept in load"
    # Half of the limit must be in use: Arrow's own pool would be refused before.
    assert 150 * MIB < largest["size_bytes"] <= 300 * MIB
    assert found["memory_limit_bytes"] == 300 * MIB


def test_a_kill_by_a_container_is_reported_with_its_line(tmp_path: Path) -> None:
    command = script(
        tmp_path,
        "kept = []\nwhile True:\n    kept.append(bytearray(1_000_000))\n",
    )

    code, found = report(tmp_path, "--memory-limit", "200MiB", "--on-limit", "kill", *command)

    (cell,) = found["cells"]
    assert (code, found["status"], found["exit_code"]) == (53, "killed", -signal.SIGKILL)
    assert "SIGKILL at the memory limit of 200 MiB" in cell["reason"]
    assert cell["line"] == "job.py line 3"
    assert found["rss_net_peak_bytes"] > 150 * MIB
    expected = ("--memory-limit", "200MiB", "--on-limit", "kill", "--expect-out-of-memory")
    assert report(tmp_path, *expected, *command)[0] == 0


def test_native_code_that_crashes_at_the_limit_ran_out_of_memory(tmp_path: Path) -> None:
    command = script(
        tmp_path,
        "import ctypes, time\n"
        "kept = bytearray(180 * 2**20)\n"
        "time.sleep(0.1)  # seen by then\n"
        "ctypes.memset(None, 0, 1)  # as who does not look at what malloc returned\n",
    )

    code, limited = report(tmp_path, "--memory-limit", "200MiB", *command)
    (cell,) = limited["cells"]
    assert (code, limited["exit_code"]) == (53, -signal.SIGSEGV)
    assert "native code gave up for lack of memory: SIGSEGV" in cell["reason"]
    assert cell["line"] == "job.py line 4"

    code, free = report(tmp_path, *command)
    assert (code, free["status"]) == (1, "failed")
    assert "the program crashed: SIGSEGV" in free["cells"][0]["reason"]


def test_a_thread_that_runs_out_of_memory_is_not_a_success(tmp_path: Path) -> None:
    command = script(
        tmp_path,
        "import threading\n"
        "def load():\n"
        "    kept = []\n"
        "    while True: kept.append(bytearray(8_000_000))\n"
        "worker = threading.Thread(target=load, name='loader')\n"
        "worker.start(); worker.join()",
    )

    code, found = report(tmp_path, "--memory-limit", "200MiB", *command)

    assert (code, found["status"], found["exit_code"]) == (53, "out_of_memory", 0)
    assert "in its thread 'loader'" in found["cells"][0]["reason"]


def test_the_peaks_are_what_the_program_and_its_children_hold(tmp_path: Path) -> None:
    command = script(
        tmp_path,
        "import subprocess, sys, time\n"
        "hold = 'import time; kept = bytearray(64 * 2**20); time.sleep(1)'\n"
        "children = [subprocess.Popen([sys.executable, '-c', hold]) for _ in range(2)]\n"
        "for child in children: child.wait()\n"
        "kept = bytearray(200 * 2**20)\n"
        "del kept",
    )

    _, found = report(tmp_path, *command)

    (cell,) = found["cells"]
    # 200 MiB and what importing subprocess takes.
    assert 200 * MIB <= cell["rss_net_peak_bytes"] < 208 * MIB
    assert 128 * MIB <= cell["children_peak_bytes"] < 170 * MIB
    assert found["rss_net_peak_bytes"] >= cell["rss_net_peak_bytes"]


def test_a_python_without_tracekit_does_not_run_redirected(tmp_path: Path, bank: Path) -> None:
    other = str(getattr(sys, "_base_executable", sys.executable))
    (tmp_path / "job").write_text(f"#!{other}\nopen('ran', 'w')\n")
    (tmp_path / "job").chmod(0o755)

    for command in ([sys.executable, "-S", "job"], ["./job"]):
        done = run(tmp_path, "--database", str(bank), "--", *command)

        assert done.returncode == 2
        assert "not load the redirect" in done.stderr
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "profiles" / "runs").exists() or not list(
        (tmp_path / "profiles" / "runs").iterdir()
    )


@pytest.mark.slow
def test_a_python_without_tracekit_that_a_shell_starts_ends_the_run(
    tmp_path: Path, bank: Path
) -> None:
    other = str(getattr(sys, "_base_executable", sys.executable))
    shell = f"{other} -c 'import time; time.sleep(60)'; true"

    done = run(tmp_path, "--database", str(bank), "--", "sh", "-c", shell)

    assert done.returncode == 2
    assert "does not load the redirect" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no command was given"),
        (["--", "no-such-program"], "'no-such-program'"),
        (["-o", "deep/out", "--", "no-such-program"], "'no-such-program'"),
        (["--on-limit", "kill", "--", "true"], "--memory-limit"),
        (["--database", "nowhere.duckdb", "--", "true"], "nowhere.duckdb"),
    ],
)
def test_what_cannot_run_is_an_error_and_leaves_nothing(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = run(tmp_path, *arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_process_that_loads_oracles_own_client_ends_the_run(tmp_path: Path, bank: Path) -> None:
    (tmp_path / "libclntsh.so.23.1").write_bytes(b"a library, as far as its name goes")
    loads = "import mmap, time; file = open('libclntsh.so.23.1', 'rb')\n"
    loads += "mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ); time.sleep(60)"

    done = run(tmp_path, "--database", str(bank), *script(tmp_path, loads))

    assert done.returncode == 2
    assert "Oracle Client libraries" in done.stderr


def poll(found: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen")


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_stopping_it_stops_the_program_its_children_and_the_local_oracle(
    tmp_path: Path, bank: Path, number: int
) -> None:
    command = script(
        tmp_path,
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('up', 'w').write(str(child.pid))\n"
        "time.sleep(60)",
    )
    process = subprocess.Popen(
        [*TRACEKIT, "--database", str(bank), *command],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        # As a shell starts a background job: SIGINT ignored, which Python would inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    with process:
        poll(lambda: (tmp_path / "up").exists() and (tmp_path / "up").read_text(), "the start")
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) >= 3

        process.send_signal(number)
        process.communicate(timeout=30)

    assert process.returncode == 128 + number
    poll(lambda: not any(map(_runs, started)), "the end of all processes")
    assert not (tmp_path / "profiles").exists()


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_at_a_terminal_the_program_reads_from_it_and_ctrl_c_is_its_own(tmp_path: Path) -> None:
    command = script(
        tmp_path,
        "import time\n"
        "print('got', input('name? '), flush=True)\n"
        "try:\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    print('cleaned up', flush=True)\n    raise",
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execv(sys.executable, [*TRACEKIT, "-q", *command])
    screen = ""

    def shows(text: str) -> bool:
        nonlocal screen
        while select.select([terminal], [], [], 0)[0]:
            try:
                screen += os.read(terminal, 4096).decode()
            except OSError:  # the other side is closed
                break
        return text in screen

    poll(lambda: shows("name? "), "the prompt")
    os.write(terminal, b"ada\n")
    poll(lambda: shows("got ada"), "the answer")
    os.write(terminal, b"\x03")
    poll(lambda: shows("cleaned up"), "the clean-up")
    poll(lambda: shows("Files: "), "the report")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)

    assert os.waitstatus_to_exitcode(status) == 130
    assert "KeyboardInterrupt" in screen
