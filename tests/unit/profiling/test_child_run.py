"""What is said of a child by the messages it sent and the way it ended."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from tracekit.errors import ProfileError
from tracekit.profiling import ChildRun, child_run
from tracekit.profiling.child_run import ChildWatch
from tracekit.profiling.messages import (
    Baseline,
    Finished,
    Measured,
    Progress,
    Raised,
    Retained,
)
from tracekit.records import MemorySample, Retention, RunStatus

MIB = 2**20
TICK = None
READY = Baseline(70 * MIB)
MEASURED = Measured(1.5, 0.5, 90 * MIB, True, 3 * MIB, 2 * MIB, 4 * MIB, True)
INTERRUPTED = Measured(1.5, 0.5, 90 * MIB, False)


class Child:
    """A process that sent `messages` and ended; its memory is this process's."""

    pid = os.getpid()

    def __init__(self, *messages, code=0, stderr="", tracking_lost=False):
        self._messages = messages
        self.exit_code, self.stderr_tail, self.tracking_lost = code, stderr, tracking_lost
        self.aborted = False

    def messages(self, tick_seconds):
        for message in self._messages:
            if not self.aborted:
                yield message

    def redacted(self, text):
        return text.replace("tiger", "***")

    def abort(self):
        self.aborted, self.exit_code = True, -signal.SIGKILL


def run(*messages, limits=None, **child):
    return ChildWatch(Child(*messages, **child), **(limits or {})).run()


def test_one_that_finished_has_all_figures():
    found = run(
        Baseline(70 * MIB, ("a remark",)), Progress(7, 3), MEASURED, Finished({"rows": 7}), code=9
    )
    assert found == ChildRun(
        RunStatus.OK,
        rows=7,
        keys=3,
        wall_seconds=1.5,
        cpu_seconds=0.5,
        rss_baseline_bytes=70 * MIB,
        rss_peak_bytes=90 * MIB,
        file_bytes=3 * MIB,
        unseen_bytes=2 * MIB,
        children_peak_bytes=4 * MIB,
        started_processes=True,
        samples=(MemorySample(0.0, 70 * MIB),),
        values={"rows": 7},
        remarks=("a remark",),
    )
    assert found.rss_net_peak_bytes == 20 * MIB


def test_one_that_never_started_has_none():
    assert run(code=3, stderr="no module") == ChildRun(
        RunStatus.FAILED,
        reason="exited with code 3 before the run began",
        exit_code=3,
        stderr_tail="no module",
    )


def raised(text="wrong tiger", *, out_of_memory=False, disk_full=False):
    return Raised("ValueError", text, out_of_memory, disk_full)


LIMIT = {"memory_limit_bytes": 2**30}


@pytest.mark.parametrize(
    ("messages", "code", "status", "reason"),
    [
        ([READY], 0, "failed", "exited with code 0 in the run"),
        ([READY], None, "failed", "exited with code 0 in the run"),
        ([READY, INTERRUPTED], 1, "failed", "exited with code 1 in the run"),
        (
            [READY, MEASURED],
            1,
            "failed",
            "exited with code 1 after the run, while its output was read",
        ),
        ([raised()], 1, "failed", "raised ValueError: wrong *** (before the run began)"),
        ([READY, raised("")], 1, "failed", "raised ValueError (in the run)"),
        (
            [READY, raised(out_of_memory=True)],
            1,
            "out_of_memory",
            "ran out of memory in the run (ValueError: wrong ***)",
        ),
        ([READY], -9, "failed", "killed in the run by signal 9 (SIGKILL)"),
        ([READY], -11, "failed", "killed in the run by signal 11 (SIGSEGV)"),
        ([], -35, "failed", "killed before the run began by signal 35 (real-time)"),
    ],
)
def test_the_reason_says_how_and_where_it_ended(messages, code, status, reason):
    found = run(*messages, code=code, stderr="its last words")
    assert (found.status, found.reason) == (RunStatus(status), reason)
    assert found.stderr_tail == "its last words"
    ended_by_signal = code is not None and code < 0
    assert found.signal == (-code if ended_by_signal else None)
    assert found.exit_code == (None if ended_by_signal else code)


def test_a_limit_is_named_where_memory_ran_out():
    found = run(READY, raised(out_of_memory=True), limits=LIMIT, code=1)
    assert found.reason == (
        "ran out of memory in the run under its limit of 1.00 GiB (ValueError: wrong ***)"
    )


@pytest.mark.parametrize(("number", "status"), [(6, "out_of_memory"), (11, "failed")])
def test_an_uncaught_bad_alloc_aborts(number, status):
    words = "terminate called after throwing an instance of 'std::bad_alloc'"
    found = run(READY, limits=LIMIT, code=-number, stderr=words)
    assert found.status is RunStatus(status)
    if status == "out_of_memory":
        assert found.reason == (
            "ran out of memory in the run under its limit of 1.00 GiB (signal 6 (SIGABRT), "
            "std::bad_alloc)"
        )


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS])
@pytest.mark.parametrize(("share", "near"), [(0.91, True), (0.89, False)])
def test_a_crash_near_the_limit_is_lack_of_memory(number, share, near):
    used = psutil.Process().memory_info().data
    found = run(READY, TICK, code=-number, limits={"memory_limit_bytes": int(used / share)})
    assert (found.status is RunStatus.OUT_OF_MEMORY) is near
    assert found.reason.endswith(" in use)") is near


def test_any_other_signal_near_the_limit_is_not():
    used = psutil.Process().memory_info().data
    found = run(READY, TICK, code=-signal.SIGTERM, limits={"memory_limit_bytes": used})
    assert found.reason == "killed in the run by signal 15 (SIGTERM)"


@pytest.mark.parametrize(
    ("before", "after", "code", "by_kernel"),
    [
        (3, 4, -9, True),
        (None, 1, -9, True),
        (3, 3, -9, False),
        (3, None, -9, False),
        (3, 4, -15, False),
    ],
)
def test_a_sigkill_is_the_kernels_if_it_counted_one(monkeypatch, before, after, code, by_kernel):
    counts = iter([before, after])
    monkeypatch.setattr(child_run, "kernel_kills", lambda: next(counts))
    found = run(READY, code=code)
    assert (found.status is RunStatus.OUT_OF_MEMORY) is by_kernel
    if by_kernel:
        assert found.reason == "killed in the run by the kernel for lack of memory"


def test_one_that_takes_too_long_is_ended():
    child = Child(READY, TICK, Finished({}))
    found = ChildWatch(child, timeout_seconds=-0.5).run()
    assert child.aborted
    assert found.reason == "did not end within -0.5 s, in the run"
    assert found.status is RunStatus.FAILED
    patient = Child(READY, TICK, Finished({}))
    assert ChildWatch(patient, timeout_seconds=60).run().status is RunStatus.OK
    assert not patient.aborted


def test_a_full_disk_is_an_error_that_names_the_remedy():
    with pytest.raises(ProfileError) as caught:
        run(READY, raised("no space for tiger", disk_full=True), code=1)
    assert str(caught.value) == (
        "the disk is full: no space for ***. Free some space (tracekit clean), or choose another "
        "output folder."
    )
    with pytest.raises(ProfileError, match=r"memray could not write its capture.*: x{498}!$"):
        run(READY, Finished({}), tracking_lost=True, stderr="y" + "x" * 498 + "!\n")


def test_progress_is_told_with_phase_and_memory():
    told = []
    messages = [TICK, READY, TICK, Progress(5, 2), TICK, MEASURED, TICK, Finished({})]
    found = run(*messages, limits={"on_progress": told.append})
    assert [(one.phase, one.rows, one.keys) for one in told] == [
        ("prepare", 0, 0),
        ("run", 0, 0),
        ("run", 5, 2),
        ("finish", 5, 2),
        ("ended", 5, 2),
    ]
    assert told[0].rss_bytes is None
    assert all(one.rss_bytes > MIB for one in told[1:])
    elapsed = [one.elapsed_seconds for one in told]
    assert 0 <= elapsed[0] <= elapsed[-1] < 60
    assert elapsed == sorted(elapsed)
    assert [sample.rss_bytes for sample in found.samples][1:] == [
        told[1].rss_bytes,
        told[2].rss_bytes,
    ], "sampled in the run only"
    assert all(0 <= sample.elapsed_seconds < 60 for sample in found.samples)


def test_one_that_has_gone_is_not_sampled():
    child = Child(READY, TICK, code=1)
    child.pid = 2**22 + 1  # above the highest that Linux gives
    found = ChildWatch(child).run()
    assert len(found.samples) == 1


def test_retention_or_why_it_is_unknown():
    found = Retention(1, 1, "now", (), False, 0.5)
    assert run(READY, Retained(found), Finished({})).retention == found
    unknown = run(Baseline(1, ("first",)), Retained(None, "it was killed"), Finished({}))
    assert unknown.retention is None
    assert unknown.remarks == ("first", "what held the memory is unknown: it was killed")
