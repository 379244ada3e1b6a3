"""However the parent ends, no measured process stays."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.polling import until
from tracekit.profiling import run_child

SUBJECTS = str(Path(__file__).parents[1] / "unit" / "profiling")
PARENT = """
import signal, sys
from tracekit.profiling import run_child
handle = sys.argv[3] == "handled"
if handle:
    def stop(number, frame):
        raise SystemExit(143)
    signal.signal(signal.SIGTERM, stop)
run_child("toy_subjects:Hangs", {"pid_file": sys.argv[1]}, search_path=[sys.argv[2]])
"""


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def started_parent(pid_file, how):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(pid_file), SUBJECTS, how])
    until(pid_file.exists)
    child, grandchild = map(int, pid_file.read_text().split())
    assert alive(child)
    assert alive(grandchild)
    return parent, child, grandchild


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_killed_parent_leaves_no_child(tmp_path, number):
    parent, child, grandchild = started_parent(tmp_path / "pids", "unhandled")
    try:
        parent.send_signal(number)
        parent.wait(20)
        until(lambda: not alive(child))
    finally:
        for pid in (child, grandchild):
            if alive(pid):
                psutil.Process(pid).kill()


def test_a_parent_that_unwinds_leaves_no_grandchild_either(tmp_path):
    parent, child, grandchild = started_parent(tmp_path / "pids", "handled")
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(20) == 143
    until(lambda: not alive(child) and not alive(grandchild))


def test_an_interrupt_while_waiting_ends_the_child(tmp_path):
    pid_file = tmp_path / "pids"

    def interrupt(progress):
        if pid_file.exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_child(
            "toy_subjects:Hangs",
            {"pid_file": str(pid_file)},
            search_path=[SUBJECTS],
            on_progress=interrupt,
        )
    pids = [int(pid) for pid in pid_file.read_text().split()]
    until(lambda: not any(alive(pid) for pid in pids))
