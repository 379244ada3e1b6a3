"""A worker's memory is bounded by its batches and chunks, not by what is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from flask import Flask

from tests.integration.jobs_bench import JobsBench, jobs_bench, queries
from tracekit.config import Settings, TraceSettings
from tracekit.errors import JobNotComplete
from tracekit.jobs import JobState, JobStatus
from tracekit.service import trace_blueprint

MIB = 2**20


def run(bench: JobsBench, cids: int, domains: tuple[str, ...]) -> JobStatus:
    jobs = bench.jobs(shard_cids=cids)
    status = bench.work(jobs, jobs.submit("query_tool", bench.cids[:cids], queries(*domains)))
    assert status.state is JobState.FINISHED, status.failure
    total = sum(1 for line in jobs.stream(status.job_id) if json.loads(line)["type"] == "records")
    assert total >= len(domains) * cids // 1000
    return status


def test_three_times_the_cids_take_no_more_memory() -> None:
    with jobs_bench("trace-114k", cids=12_000) as bench:
        small, large = (run(bench, cids, ("history",)) for cids in (4_000, 12_000))
    assert large.rows > 2.5 * small.rows > 90_000
    assert small.net_peak_bytes is not None
    assert large.net_peak_bytes is not None
    assert large.net_peak_bytes <= 96 * MIB
    # Which batches happen to be alive together moves so small a peak by megabytes; 80,000 records
    # more would be 120 MiB if they were kept.
    assert large.net_peak_bytes <= 1.15 * small.net_peak_bytes + 8 * MIB


def memory_of_an_idle_process() -> int:
    """What counts against the limit before a shard has read anything, some threads apart."""
    program = (
        "import tracekit.jobs.horse, tracekit.jobs.shard, pyarrow\n"
        "from tracekit.process_memory import data_bytes\n"
        "print(data_bytes() or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA binds on Linux alone")
def test_a_job_that_comes_to_its_workers_limit_fails_with_that_reason() -> None:
    with jobs_bench("trace-smoke") as bench:
        jobs = bench.jobs(stream_batch_size=100_000)
        job_id = jobs.submit("query_tool", bench.cids, queries("history", "upstream_history"))
        limit = memory_of_an_idle_process() + 16 * MIB
        status = bench.work(jobs, job_id, TRACEKIT_WORKER_MEMORY_LIMIT=str(limit))
        with pytest.raises(JobNotComplete, match="reached its memory limit of") as caught:
            jobs.stream(job_id)
        body = stream_answer(bench, job_id)
    failure = status.failure
    assert failure is not None
    assert (status.state, failure.code) == (JobState.FAILED, "WORKER_OUT_OF_MEMORY")
    assert status.retries == ()
    assert "its memory peaked at" in failure.message
    assert failure.peak_bytes is not None
    assert failure.peak_bytes > 30 * MIB
    assert caught.value.reason == "WORKER_OUT_OF_MEMORY"
    assert body["code"] == "JOB_NOT_COMPLETE"
    assert body["reason"] == "WORKER_OUT_OF_MEMORY"
    assert body["message"].endswith(failure.message)


def stream_answer(bench: JobsBench, job_id: str) -> dict[str, str]:
    app = Flask(__name__)
    settings = replace(Settings(), trace=TraceSettings(redis_url=bench.store.url))
    app.register_blueprint(trace_blueprint(settings=settings, database=bench.oracle.database))
    answer = app.test_client().get(f"/api/trace/job/{job_id}/stream")
    assert (answer.status_code, answer.json is not None) == (409, True)
    error: dict[str, str] = (answer.json or {})["error"]
    return error


def test_a_limit_below_the_memory_of_an_idle_process_is_reported() -> None:
    with jobs_bench() as bench:
        jobs = bench.jobs()
        job_id = jobs.submit("query_tool", bench.cids, queries("history"))
        status = bench.work(jobs, job_id, TRACEKIT_WORKER_MEMORY_LIMIT="1MiB")
    assert status.failure is not None
    assert status.failure.code == "WORKER_OUT_OF_MEMORY"
    assert "of 1.00 MiB" in status.failure.message
    assert "in use before the run starts" in status.failure.message


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_whole_incident_takes_no_more_memory_than_a_tenth_of_it() -> None:
    with jobs_bench("trace-114k", cids=114_000) as bench:
        domains = ("history", "upstream_history")
        small, large = (run(bench, cids, domains) for cids in (11_400, 114_000))
    assert small.net_peak_bytes is not None
    assert large.net_peak_bytes is not None
    assert large.net_peak_bytes <= 96 * MIB
    assert large.net_peak_bytes <= 1.15 * small.net_peak_bytes
