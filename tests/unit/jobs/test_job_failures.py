"""What a dead process or an error says to whoever asked for the job."""

from __future__ import annotations

import signal
from types import SimpleNamespace
from typing import cast

import pytest
from rq.exceptions import AbandonedJobError
from rq.timeouts import JobTimeoutException

from tracekit.errors import ConnectError, FetchError
from tracekit.jobs import failures
from tracekit.jobs.shard import JobTimedOut
from tracekit.jobs.shard_job import ShardJob
from tracekit.profiling.memory_limit import AtMemoryLimit

JOB = cast(ShardJob, SimpleNamespace(place=("j", 3)))


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


@pytest.mark.parametrize(
    ("wait_status", "peak_mib", "limit_mib", "code"),
    [
        (signal.SIGABRT | 0x80, 190, 200, "WORKER_OUT_OF_MEMORY"),
        (signal.SIGSEGV, 190, 200, "WORKER_OUT_OF_MEMORY"),
        (signal.SIGABRT, 90, 200, "WORKER_KILLED"),
        (signal.SIGABRT, 190, None, "WORKER_KILLED"),
        (signal.SIGTERM, 190, 200, "WORKER_KILLED"),
    ],
)
def test_code_that_aborts_close_to_the_limit_ran_out_of_memory(
    wait_status: int, peak_mib: int, limit_mib: int | None, code: str
) -> None:
    failure = failures.worker_killed(
        JOB,
        wait_status,
        peak_mib * 2**20,
        killed_for_memory=False,
        limit_bytes=limit_mib and limit_mib * 2**20,
    )
    assert failure.code == code
    assert ("close to its memory limit of 200 MiB." in failure.message) is (
        code == "WORKER_OUT_OF_MEMORY"
    )


def caused(outer: Exception, inner: BaseException) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JobTimedOut("late"), "JOB_TIMEOUT"),
        (caused(ConnectError("x"), caused(OSError(), JobTimeoutException())), "JOB_TIMEOUT"),
        (caused(FetchError("x"), MemoryError()), "WORKER_OUT_OF_MEMORY"),
        (AtMemoryLimit("can't start new thread"), "WORKER_OUT_OF_MEMORY"),
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


def test_a_memory_limit_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEKIT_WORKER_MEMORY_LIMIT", "300MiB")
    said = failures._message(MemoryError())
    assert "reached its memory limit of 300 MiB; its memory peaked at" in said
    assert "Raise TRACEKIT_WORKER_MEMORY_LIMIT" in said
