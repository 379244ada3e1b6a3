"""Jobs in real worker processes, and what becomes of them when something dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.integration.jobs_bench import DEADLINE_SECONDS, JobsBench, jobs_bench, queries
from tests.polling import until
from tracekit import EventFetcher
from tracekit.errors import JobNotComplete, JobNotFound
from tracekit.jobs import JobState, JobStatus, TraceJobs
from tracekit.jobs.rq_jobs import open_queue
from tracekit.jsonvalue import encode
from tracekit.ndjson import read_stream

DOMAINS = ("history", "materials")
FIRST_DOMAIN_CONNECTIONS = 3
"""What a shard opens to warm up, to describe and to read its first domain."""

SHUTDOWN_FIELD = "shutdown_requested_date"


@pytest.fixture(scope="module")
def bench() -> Iterator[JobsBench]:
    with jobs_bench() as found:
        yield found


@pytest.fixture(autouse=True)
def _fresh(bench: JobsBench) -> Iterator[None]:
    """Neither queued jobs nor the names of killed workers are left from another test."""
    bench.redis.flushall()
    yield
    bench.gate.open()


def submitted(bench: JobsBench, shards: int = 1, **settings: int) -> tuple[TraceJobs, str]:
    jobs = bench.jobs(shard_cids=-(-len(bench.cids) // shards), **settings)
    return jobs, jobs.submit("query_tool", bench.cids, queries(*DOMAINS))


def assert_equal_to_synchronous(bench: JobsBench, jobs: TraceJobs, job_id: str) -> None:
    found: dict[tuple[str, str], list[object]] = {}
    for domain, record in read_stream(jobs.stream(job_id)):
        found.setdefault((domain, record["CONTAINERID"]), []).append(record)
    fetcher = EventFetcher(bench.oracle.database)
    expected = {
        (domain, cid): json.loads(encode(records))
        for domain in DOMAINS
        for cid, records in fetcher.fetch_events(bench.cids, domain).items()
    }
    assert found == expected


def started_horse(worker: psutil.Process) -> psutil.Process:
    until(worker.children)
    return worker.children()[0]


def half_done(bench: JobsBench, jobs: TraceJobs, job_id: str) -> Callable[[], bool]:
    """The first domain is written, and the second one's connection waits at the gate."""
    return lambda: jobs.status(job_id).rows > 0 and bench.gate.holds


def ended(jobs: TraceJobs, job_id: str) -> JobStatus:
    until(lambda: jobs.status(job_id).state.final)
    return jobs.status(job_id)


def test_two_workers_share_the_shards_of_one_job(bench: JobsBench) -> None:
    jobs, job_id = submitted(bench, shards=4)
    with bench.worker(), bench.worker():
        until(lambda: jobs.worker_count() == 2)
        status = ended(jobs, job_id)
    assert (status.state, status.failure) == (JobState.FINISHED, None)
    assert (status.cids_done, status.shards_done) == (len(bench.cids), 4)
    assert len({one.worker for one in status.workers}) == 2
    assert status.peak_bytes is not None
    assert status.net_peak_bytes is not None
    assert 10 * 2**20 < status.peak_bytes < 400 * 2**20
    assert status.net_peak_bytes < status.peak_bytes
    assert_equal_to_synchronous(bench, jobs, job_id)


def test_memory_is_reported_while_no_chunk_is_written(bench: JobsBench) -> None:
    jobs, job_id = submitted(bench)
    bench.gate.hold_after(FIRST_DOMAIN_CONNECTIONS)
    with bench.worker():
        until(half_done(bench, jobs, job_id))
        before = jobs.status(job_id)
        bench.redis.hset(f"trace:job:{job_id}:shard:0", "memory", 1)
        until(lambda: (jobs.status(job_id).memory_bytes or 0) > 2**20)
        during = jobs.status(job_id)
        bench.gate.open()
        status = ended(jobs, job_id)
    assert (during.state, during.rows) == (JobState.STARTED, before.rows)
    assert status.state is JobState.FINISHED
    assert status.rows > during.rows


def test_a_worker_killed_in_mid_job_is_replaced_and_nothing_is_doubled(bench: JobsBench) -> None:
    jobs, job_id = submitted(bench)
    bench.gate.hold_after(FIRST_DOMAIN_CONNECTIONS)
    with bench.worker() as worker:
        horse = started_horse(worker)
        until(half_done(bench, jobs, job_id))
        horse.kill()
        bench.gate.open()
        status = ended(jobs, job_id)
    assert status.state is JobState.FINISHED
    [retry] = status.retries
    assert retry.code == "WORKER_KILLED"
    assert "SIGKILL" in retry.message
    assert retry.peak_bytes is not None
    assert retry.peak_bytes > 10 * 2**20
    assert_equal_to_synchronous(bench, jobs, job_id)
    assert bench.redis.exists(f"trace:job:{job_id}:parts") == 0


def test_a_worker_killed_each_time_fails_the_job_with_the_reason(bench: JobsBench) -> None:
    jobs, job_id = submitted(bench, shards=2)
    bench.gate.hold_after(0)
    with bench.worker() as worker:
        seen: set[int] = set()
        while not jobs.status(job_id).state.final:
            for horse in worker.children():
                if horse.pid not in seen:
                    seen.add(horse.pid)
                    horse.kill()
        status = ended(jobs, job_id)
    assert status.failure is not None
    assert (status.state, status.failure.code) == (JobState.FAILED, "WORKER_KILLED")
    assert "memory peaked at" in status.failure.message
    with pytest.raises(JobNotComplete, match=r"failed: The worker's process was killed by SIGKILL"):
        jobs.stream(job_id)
    assert not bench.redis.keys(f"trace:job:{job_id}:result*")
    assert open_queue(bench.redis, "trace-events").count == 0


def test_a_connection_dropped_in_mid_fetch_is_tried_again(bench: JobsBench) -> None:
    jobs, job_id = submitted(bench)
    bench.gate.hold_after(FIRST_DOMAIN_CONNECTIONS)

    def failed_once() -> bool:
        if not jobs.status(job_id).retries:
            bench.gate.drop()  # again, should the fetch itself have connected anew
        return bool(jobs.status(job_id).retries)

    with bench.worker():
        until(half_done(bench, jobs, job_id))
        until(failed_once)
        bench.gate.open()
        status = ended(jobs, job_id)
    assert status.state is JobState.FINISHED
    assert {retry.code for retry in status.retries} == {"FETCH_FAILED"}
    assert_equal_to_synchronous(bench, jobs, job_id)


def test_a_database_that_refuses_fails_the_job_without_telling_secrets(bench: JobsBench) -> None:
    jobs, job_id = submitted(bench)
    status = bench.work(jobs, job_id, DB_PASSWORD="mistaken")
    assert status.failure is not None
    assert (status.state, status.failure.code) == (JobState.FAILED, "FETCH_FAILED")
    assert "mistaken" not in status.failure.message
    assert len(status.retries) == 2
    assert all(bench.redis.ttl(key) > 0 for key in bench.redis.keys(f"trace:job:{job_id}:*"))


def test_a_job_that_takes_too_long_fails_at_once(bench: JobsBench) -> None:
    jobs, job_id = submitted(bench, job_timeout_seconds=2)
    bench.gate.hold_after(0)
    status = bench.work(jobs, job_id)
    assert status.failure is not None
    assert (status.state, status.failure.code) == (JobState.FAILED, "JOB_TIMEOUT"), status
    assert status.retries == ()


def test_a_canceled_job_stops_its_worker_and_leaves_nothing(bench: JobsBench) -> None:
    jobs, job_id = submitted(bench, shards=3)
    bench.gate.hold_after(FIRST_DOMAIN_CONNECTIONS)
    with bench.worker() as worker:
        horse = started_horse(worker)
        until(half_done(bench, jobs, job_id))
        assert jobs.cancel(job_id).state is JobState.CANCELED
        until(lambda: not horse.is_running())
        bench.gate.open()
        until(lambda: not worker.children())
    status = jobs.status(job_id)
    assert (status.state, status.failure) == (JobState.CANCELED, None)
    assert not bench.redis.keys(f"trace:job:{job_id}:result*")
    assert not bench.redis.keys(f"trace:job:{job_id}:cids*")
    assert open_queue(bench.redis, "trace-events").count == 0
    assert jobs.cancel(job_id).state is JobState.CANCELED


def test_a_worker_that_vanishes_takes_its_process_along_and_the_shard_is_found_again(
    bench: JobsBench,
) -> None:
    jobs, job_id = submitted(bench)
    bench.gate.hold_after(FIRST_DOMAIN_CONNECTIONS)
    with bench.worker() as worker:
        horse = started_horse(worker)
        until(half_done(bench, jobs, job_id))
        worker.kill()
        until(lambda: not horse.is_running())
    bench.gate.open()
    assert jobs.status(job_id).state is JobState.STARTED
    # What a worker's maintenance does once the heartbeat is overdue.
    queue = open_queue(bench.redis, "trace-events")
    queue.started_job_registry.cleanup(timestamp=time.time() + 3600)
    status = bench.work(jobs, job_id)
    assert status.state is JobState.FINISHED
    assert [retry.code for retry in status.retries] == ["WORKER_LOST"]
    assert_equal_to_synchronous(bench, jobs, job_id)


def test_a_worker_that_was_killed_is_not_counted_for_long(bench: JobsBench) -> None:
    with bench.worker() as worker:
        until(lambda: bench.jobs().worker_count() == 1)
        [name] = bench.redis.keys("rq:worker:*")
        until(lambda: 0 < bench.redis.ttl(name) <= 120)
        worker.kill()
        worker.wait(DEADLINE_SECONDS)
    bench.redis.delete(name)  # as it is once it has expired
    assert bench.jobs().worker_count() == 0


def test_no_secret_is_on_a_command_line(bench: JobsBench) -> None:
    _, job_id = submitted(bench)
    bench.gate.hold_after(0)
    with bench.worker() as worker:
        horse = started_horse(worker)
        until(lambda: "tracekit.jobs.horse" in horse.cmdline(), "its own program")
        words = " ".join([*worker.cmdline(), *horse.cmdline()])
    assert bench.oracle.password not in words
    assert bench.store.url not in words
    bench.jobs().cancel(job_id)


def test_an_embedded_store_dies_with_its_parent_and_leaves_no_password() -> None:
    program = (
        "import sys; from tracekit.jobs import EmbeddedStore\n"
        "with EmbeddedStore() as store:\n"
        "    print(store.url, store.client().info('server')['process_id'], flush=True)\n"
        "    sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdin is not None and parent.stdout is not None
    url, pid = parent.stdout.readline().split()
    server = psutil.Process(int(pid))
    directory = Path(url.partition("@")[2]).parent
    assert directory.stat().st_mode & 0o077 == 0
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(directory / "store.sock"))
        stranger.sendall(b"KEYS *\r\n")
        assert stranger.recv(100).startswith(b"-NOAUTH")
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    until(lambda: not server.is_running())
    until(lambda: not directory.exists())
    parent.stdin.close()
    parent.stdout.close()


def test_after_the_store_lost_everything_the_job_is_gone_and_the_worker_goes_on(
    bench: JobsBench,
) -> None:
    jobs, lost = submitted(bench)
    bench.gate.hold_after(FIRST_DOMAIN_CONNECTIONS)
    with bench.worker() as worker:
        horse = started_horse(worker)
        until(half_done(bench, jobs, lost))
        # What a server without persistence has lost once it is up again.
        bench.redis.flushall()
        bench.redis.client_kill_filter(_type="normal")
        bench.redis.client_kill_filter(_type="pubsub")
        bench.gate.open()
        until(lambda: not horse.is_running())
        with pytest.raises(JobNotFound):
            jobs.status(lost)
        jobs, job_id = submitted(bench)
        status = ended(jobs, job_id)
    assert (status.state, status.failure) == (JobState.FINISHED, None)
    assert_equal_to_synchronous(bench, jobs, job_id)


def test_a_signal_ends_an_idle_worker_and_two_end_a_busy_one(bench: JobsBench) -> None:
    with bench.worker() as worker:
        until(lambda: bench.jobs().worker_count() == 1)
        worker.send_signal(signal.SIGINT)
        assert worker.wait(DEADLINE_SECONDS) == 0
    assert bench.jobs().worker_count() == 0
    jobs, job_id = submitted(bench)
    bench.gate.hold_after(FIRST_DOMAIN_CONNECTIONS)
    with bench.worker() as worker:
        horse = started_horse(worker)
        until(half_done(bench, jobs, job_id))
        worker.send_signal(signal.SIGTERM)
        key = f"rq:worker:{jobs.status(job_id).workers[0].worker}"
        until(lambda: bench.redis.hexists(key, SHUTDOWN_FIELD))
        assert horse.is_running()
        while worker.is_running():
            worker.send_signal(signal.SIGTERM)
            with suppress(psutil.TimeoutExpired):
                worker.wait(0.3)
        until(lambda: not horse.is_running())
    jobs.cancel(job_id)


def test_a_signal_between_announcement_and_loop_ends_the_worker_in_order(bench: JobsBench) -> None:
    program = (
        "import os, signal; from tracekit.config import Settings\n"
        "from tracekit.jobs.worker import make_worker\n"
        "worker = make_worker(Settings.from_env().trace)\n"
        "worker.subscribe = lambda: os.kill(os.getpid(), signal.SIGINT)\n"
        "worker.work(logging_level='WARNING')\n"
        "print('announced' if worker.birth_date else 'not announced')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **bench.environment()},
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )
    assert (ended.returncode, ended.stdout) == (0, "announced\n"), ended.stderr
    assert bench.jobs().worker_count() == 0
