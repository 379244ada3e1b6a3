"""What a dead process or an error says to whoever asked for the job."""

from __future__ import annotations

import signal
from types import SimpleNamespace
from typing import cast

import pytest
from rq.exceptions import AbandonedJobError
from rq.job import Job
from rq.timeouts import JobTimeoutException

from tracekit.errors import ConnectError, FetchError
from tracekit.jobs import failures
from tracekit.jobs.shard import JobTimedOut

JOB = cast(Job, SimpleNamespace(args=("j", 3)))


@pytest.mark.parametrize(
    ("wait_status", "for_memory", "code", "words"),
    [
        (signal.SIGKILL, True, "WORKER_OUT_OF_MEMORY", "by SIGKILL while the kernel killed"),
        (signal.SIGKILL, False, "WORKER_KILLED", "by SIGKILL. Its memory peaked at 3.00 MiB"),
        (signal.SIGSEGV | 0x80, True, "WORKER_KILLED", "by SIGSEGV."),
        (7 << 8, False, "WORKER_KILLED", "with exit code 7."),
    ],
)
def test_a_dead_process_is_explained(
    wait_status: int, for_memory: bool, code: str, words: str
) -> None:
    failure = failures.worker_killed(JOB, wait_status, 3 * 2**20, killed_for_memory=for_memory)
    assert (failure.code, failure.shard, failure.peak_bytes) == (code, 3, 3 * 2**20)
    assert words in failure.message


def caused(outer: Exception, inner: BaseException) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JobTimedOut("late"), "JOB_TIMEOUT"),
        (caused(ConnectError("x"), caused(OSError(), JobTimeoutException())), "JOB_TIMEOUT"),
        (caused(FetchError("x"), MemoryError()), "WORKER_OUT_OF_MEMORY"),
        (FetchError("ORA-00942"), "FETCH_FAILED"),
        (ConnectError("x"), "FETCH_FAILED"),
        (AbandonedJobError(), "WORKER_LOST"),
        (ZeroDivisionError(), "INTERNAL_ERROR"),
    ],
)
def test_an_error_has_a_stable_code(error: Exception, code: str) -> None:
    assert failures._code(failures._decisive(error)) == code


def test_what_other_libraries_say_is_not_repeated() -> None:
    assert "LOT-1" not in failures._message(KeyError("LOT-1"))
