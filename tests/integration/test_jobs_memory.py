"""A worker's memory is bounded by its batches and chunks, not by what is asked for."""

from __future__ import annotations

import json

import pytest

from tests.integration.jobs_bench import JobsBench, jobs_bench
from tracekit.jobs import JobState, JobStatus

MIB = 2**20


def run(bench: JobsBench, cids: int, domains: tuple[str, ...]) -> JobStatus:
    jobs = bench.jobs(shard_cids=cids)
    status = bench.work(jobs, jobs.submit("query_tool", bench.cids[:cids], domains))
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
    assert large.net_peak_bytes <= 1.15 * small.net_peak_bytes


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
