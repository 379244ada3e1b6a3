"""A child as its parent handles it; programs of a few lines stand in for the measured one."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tracekit.errors import ProfileError
from tracekit.profiling import ChildRun, child_process, run_child
from tracekit.profiling.child_process import ChildProcess, measured_child
from tracekit.profiling.messages import Assignment
from tracekit.records import RunStatus

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="starts a script as Python")


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Lets `program` stand in for the child; `channel` is its pipe to the parent."""

    def replaced(program: str) -> None:
        lines = [
            f"#!{sys.executable} -IS",
            "import json, os, signal, subprocess, sys, time",
            "channel = json.loads(sys.stdin.readline())['message_fd']",
            textwrap.dedent(program),
        ]
        script = tmp_path / "child"
        script.write_text("\n".join(lines))
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))

    return replaced


def run(arguments: dict[str, object] | None = None, **options: float) -> ChildRun:
    return run_child("toys:Any", arguments or {}, **options)


def test_messages_are_read_however_they_are_cut(child) -> None:
    child(
        """
        text = b'{"type":"baseline","rss_bytes":1}\\n{"type":"progress","rows":7,"keys":3}\\n'
        for part in (text[:5], text[5:40], text[40:], b'{"type":"finished","values":{"a b":1}}\\n'):
            os.write(channel, part)
            time.sleep(0.01)
        """
    )
    found = run()
    assert (found.status, found.values) == (RunStatus.OK, {"a b": 1})
    assert (found.rss_baseline_bytes, found.rows, found.keys) == (1, 7, 3)


def test_one_that_never_reads_its_assignment_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    found = run({"text": "x" * 2**20})  # more than a pipe holds
    assert found.reason == "exited with code 1 before the run began"


def test_one_that_has_ended_is_sent_nothing() -> None:
    read_fd, write_fd = os.pipe()
    os.close(write_fd)
    ended = subprocess.Popen(
        ["/bin/false"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    ended.wait()
    child = ChildProcess(ended, read_fd, ())
    child.send(Assignment("toys:Any", {}, message_fd=write_fd, parent_pid=os.getpid()))
    assert list(child.messages(0.05)) == []
    child.end()
    assert child.exit_code == 1


def test_that_memray_gave_up_is_an_error_whatever_is_written_later(child) -> None:
    child(
        """
        sys.stderr.write("Memray ERROR: no space; deactivating tracking")
        sys.stderr.flush()
        sys.stderr.write("chatter " * 10_000)
        """
    )
    with pytest.raises(ProfileError, match="memray could not write its capture"):
        run()


def test_one_that_cannot_be_started_is_a_named_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(ProfileError, match=r"could not be started: .*none"):
        run()


def test_one_that_ignores_its_abortion_is_killed(child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "ABORT_GRACE_SECONDS", 0.05)
    child(
        """
        signal.signal(signal.SIGABRT, signal.SIG_IGN)
        os.write(channel, b'{"type":"baseline","rss_bytes":1}\\n')
        time.sleep(600)
        """
    )
    found = run(timeout_seconds=0.5)
    assert found.reason == "did not end within 0.5 s, in the run"
    assert found.signal == 9


def test_nobody_waits_for_what_it_started(child, tmp_path: Path) -> None:
    child(
        """
        fds = (channel,)
        other = subprocess.Popen(["sleep", "600"], pass_fds=fds)
        sys.stderr.write("its last words")
        os.write(channel, str(other.pid).encode())
        """
    )
    found = run()
    assert (found.reason, found.stderr_tail) == (
        "exited with code 0 before the run began",
        "its last words",
    )


def test_the_parent_hears_of_time_as_often_as_it_asks(child) -> None:
    child("time.sleep(0.3)")
    began = time.monotonic()
    with measured_child("toys:Any", {}, secrets={}) as started:
        ticks = list(started.messages(0.05))
    elapsed = time.monotonic() - began
    assert set(ticks) == {None}
    assert 2 < len(ticks) <= elapsed / 0.05 + 1
    assert started.exit_code == 0


def test_secrets_are_in_the_assignment_and_hidden_in_what_it_wrote(child) -> None:
    child(
        """
        sys.stderr.write(" ".join(sys.argv) + " tiger-17 " + " ".join(os.environ.values()))
        sys.exit(4)
        """
    )
    found = run_child("toys:Any", {}, secrets={"password": "tiger-17", "empty": ""})
    assert found.exit_code == 4
    assert "tracekit.profiling.child *** " in found.stderr_tail
