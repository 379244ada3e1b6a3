"""A finished job's result in a real store: equal to the synchronous one, or known incomplete."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.integration.jobs_bench import JobsBench, jobs_bench, queries
from tracekit import EventFetcher
from tracekit.errors import ConfigError, JobNotComplete, JobNotFound, ResultIncomplete
from tracekit.jobs import JobState, TraceJobs
from tracekit.jobs.shard import run_shard
from tracekit.jobs.shard_work import ShardProgress, ShardWork, WorkOver
from tracekit.jobs.store import JobStore
from tracekit.jsonvalue import encode
from tracekit.keyed import Record
from tracekit.ndjson import read_stream

DOMAINS = ("history", "jobs", "holds")
SMALL = {"stream_batch_size": 40}


@pytest.fixture(scope="module")
def bench() -> Iterator[JobsBench]:
    with jobs_bench() as found:
        yield found


@pytest.fixture
def here(bench: JobsBench, monkeypatch: pytest.MonkeyPatch) -> JobsBench:
    """The bench, with its settings in this process's environment, to run shards here."""
    for name, value in bench.environment().items():
        monkeypatch.setenv(name, value)
    return bench


def finished(bench: JobsBench, shard_cids: int = 20) -> tuple[TraceJobs, str]:
    jobs = bench.jobs(shard_cids=shard_cids, **SMALL)
    job_id = jobs.submit(
        "mid_section_defect", bench.cids, queries(*DOMAINS), warnings=[("BIG", "very")]
    )
    for shard in range(jobs.status(job_id).shards):
        run_shard(job_id, shard)
    assert jobs.status(job_id).state is JobState.FINISHED
    return jobs, job_id


def flattened(bench: JobsBench, domain: str) -> list[Record]:
    events = EventFetcher(bench.oracle.database).fetch_events(bench.cids, domain)
    return json.loads(encode([one for records in events.values() for one in records]))


def test_a_result_is_json_equal_to_the_synchronous_one_in_order(here: JobsBench) -> None:
    jobs, job_id = finished(here, shard_cids=1000)
    read = read_stream(jobs.stream(job_id))
    found: dict[str, list[Record]] = {domain: [] for domain in DOMAINS}
    for domain, record in read:
        found[domain].append(record)
    assert found == {domain: flattened(here, domain) for domain in DOMAINS}
    assert read.warnings[0]["code"] == "BIG"
    with_rows = {record["CONTAINERID"] for record in found["holds"]}
    sums = {
        "rows": len(found["holds"]),
        "cids": len(here.cids),
        "cids_without_rows": len(here.cids) - len(with_rows),
    }
    assert read.aggregations["holds"] == {
        "type": "aggregation",
        "domain": "holds",
        **sums,
        "data": {"holds": sums},
    }


def test_shards_together_give_each_cid_what_the_whole_gives(here: JobsBench) -> None:
    jobs, job_id = finished(here, shard_cids=7)
    found: dict[tuple[str, str], list[Record]] = {}
    for domain, record in read_stream(jobs.stream(job_id)):
        found.setdefault((domain, record["CONTAINERID"]), []).append(record)
    expected: dict[tuple[str, str], list[Record]] = {}
    for domain in DOMAINS:
        for record in flattened(here, domain):
            expected.setdefault((domain, record["CONTAINERID"]), []).append(record)
    assert found == expected


def test_chunks_keep_the_requested_size_and_every_key_expires(here: JobsBench) -> None:
    jobs, job_id = finished(here)
    lines = [json.loads(line) for line in jobs.stream(job_id)]
    sizes = [len(line["data"]) for line in lines if line["type"] == "records"]
    assert max(sizes) == SMALL["stream_batch_size"]
    names = here.redis.keys(f"trace:job:{job_id}:*")
    assert names
    assert all(0 < here.redis.ttl(name) <= 3600 for name in names)
    chunks = [name for name in names if b":result:" in name and not name.endswith(b"meta")]
    assert len(chunks) == len(sizes)


def test_two_consumers_get_the_same_bytes(here: JobsBench) -> None:
    jobs, job_id = finished(here)
    one, other = jobs.stream(job_id), here.jobs().stream(job_id)
    pairs = list(zip(one, other, strict=True))
    assert all(mine == theirs for mine, theirs in pairs)


def test_a_page_is_a_slice_of_the_stream(here: JobsBench) -> None:
    jobs, job_id = finished(here)
    history = [record for domain, record in read_stream(jobs.stream(job_id)) if domain == "history"]
    page = jobs.page(job_id, "history", offset=35, limit=90)
    assert (page.records, page.total) == (history[35:125], len(history))
    with pytest.raises(ConfigError, match="limit=0"):
        jobs.page(job_id, "history", limit=0)


def test_a_stream_is_taken_up_where_it_broke(here: JobsBench) -> None:
    jobs, job_id = finished(here)
    whole = list(read_stream(jobs.stream(job_id)))
    broken = read_stream(line for line, _ in zip(jobs.stream(job_id), range(5), strict=False))
    first = []
    with pytest.raises(ResultIncomplete, match="ended without its complete line"):
        for item in broken:
            first.append(item)  # noqa: PERF402 (what came before the error counts)
    rest = list(read_stream(jobs.stream(job_id, after=broken.position)))
    assert first
    assert first + rest == whole


def damage_deleted(bench: JobsBench, key: str) -> None:
    assert bench.redis.delete(key) == 1


def damage_expired(bench: JobsBench, key: str) -> None:
    bench.redis.pexpire(key, 0)


def damage_corrupted(bench: JobsBench, key: str) -> None:
    stored = bytearray(bench.redis.get(key))
    stored[len(stored) // 2] ^= 1
    bench.redis.set(key, bytes(stored))


def damage_truncated(bench: JobsBench, key: str) -> None:
    bench.redis.set(key, bench.redis.get(key)[:-3])


@pytest.mark.parametrize(
    "damage", [damage_deleted, damage_expired, damage_corrupted, damage_truncated]
)
def test_a_damaged_chunk_is_incomplete_in_stream_and_page(here: JobsBench, damage) -> None:
    jobs, job_id = finished(here)
    reading = iter(read_stream(jobs.stream(job_id)))
    next(reading)
    damage(here, f"trace:job:{job_id}:result:history:1")
    with pytest.raises(ResultIncomplete, match="RESULT_INCOMPLETE: chunk history:1"):
        list(reading)
    with pytest.raises(ResultIncomplete, match="chunk history:1"):
        jobs.page(job_id, "history", offset=0, limit=100)
    assert len(jobs.page(job_id, "history", offset=0, limit=20).records) == 20


def test_a_result_without_its_manifest_is_incomplete(here: JobsBench) -> None:
    jobs, job_id = finished(here)
    here.redis.delete(f"trace:job:{job_id}:result:meta")
    with pytest.raises(ResultIncomplete, match="no longer in the store"):
        jobs.stream(job_id)


def test_an_expired_job_is_not_found(here: JobsBench) -> None:
    jobs, job_id = finished(here)
    for name in here.redis.keys(f"trace:job:{job_id}:*"):
        here.redis.pexpire(name, 0)
    for ask in (jobs.status, jobs.stream, jobs.cancel):
        with pytest.raises(JobNotFound, match="unknown job"):
            ask(job_id)


@pytest.mark.parametrize("job_id", ["", "0" * 32, "*", "a:result", "../../etc/passwd", "x" * 65])
def test_an_unknown_id_is_not_found(here: JobsBench, job_id: str) -> None:
    with pytest.raises(JobNotFound):
        here.jobs().status(job_id)


def test_an_unfinished_job_has_no_result(here: JobsBench) -> None:
    jobs = here.jobs(shard_cids=20)
    job_id = jobs.submit("query_tool", here.cids, queries("history"))
    run_shard(job_id, 1)
    status = jobs.status(job_id)
    assert (status.state, status.shards_done, status.cids_done) == (JobState.STARTED, 1, 20)
    with pytest.raises(JobNotComplete, match="started"):
        jobs.stream(job_id)
    jobs.cancel(job_id)
    assert not here.redis.keys(f"trace:job:{job_id}:result*")
    with pytest.raises(JobNotComplete, match="canceled"):
        jobs.page(job_id, "history")


def test_a_shard_run_twice_adds_nothing(here: JobsBench) -> None:
    jobs = here.jobs(shard_cids=25, **SMALL)
    job_id = jobs.submit("query_tool", here.cids, queries("history"))
    run_shard(job_id, 0)
    before = set(here.redis.keys(f"trace:job:{job_id}:result:*"))
    run_shard(job_id, 0)
    assert set(here.redis.keys(f"trace:job:{job_id}:result:*")) == before
    run_shard(job_id, 1)
    run_shard(job_id, 1)
    found = [record for _, record in read_stream(jobs.stream(job_id))]
    assert len(found) == len(flattened(here, "history"))


def test_a_worker_that_was_replaced_writes_nothing_more(here: JobsBench) -> None:
    jobs = here.jobs()
    job_id = jobs.submit("query_tool", here.cids, queries("history"))
    store, progress = JobStore(here.redis), ShardProgress(1, 1, 1, 1, 1)
    first = ShardWork.claim(store, job_id, 0, "first")
    second = ShardWork.claim(store, job_id, 0, "second")
    assert first is not None
    assert second is not None
    for act in (
        lambda: first.write_part("history", 0, b"late", progress),
        lambda: first.report(progress),
        lambda: first.done({}, progress),
    ):
        with pytest.raises(WorkOver):
            act()
    assert not here.redis.keys(f"trace:job:{job_id}:result*")
    second.write_part("history", 0, b"current", progress)
    assert jobs.status(job_id).workers[0].worker == "second"
    jobs.cancel(job_id)
    with pytest.raises(WorkOver):
        second.write_part("history", 1, b"after the end", progress)
    assert not here.redis.keys(f"trace:job:{job_id}:result*")


def test_a_part_lost_before_the_end_fails_the_job(here: JobsBench) -> None:
    jobs = here.jobs(shard_cids=25, **SMALL)
    job_id = jobs.submit("query_tool", here.cids, queries("history"))
    run_shard(job_id, 0)
    here.redis.delete(f"trace:job:{job_id}:result:history:0.1")
    run_shard(job_id, 1)
    status = jobs.status(job_id)
    assert status.failure is not None
    assert (status.state, status.failure.code) == (JobState.FAILED, "RESULT_INCOMPLETE")


def test_a_result_of_the_layout_before_chunks_is_read(here: JobsBench) -> None:
    data = flattened(here, "history")
    key = "trace:job:legacy-1:result"
    here.redis.set(key, encode({"results": {"history": {"data": data, "count": len(data)}}}))
    here.redis.set("trace:job:legacy-1:meta", '{"status": "finished"}')
    jobs = here.jobs()
    assert jobs.status("legacy-1").state is JobState.FINISHED
    assert [record for _, record in read_stream(jobs.stream("legacy-1"))] == data
    assert jobs.page("legacy-1", "history", 3, 4).records == data[3:7]
    here.redis.set(key, b"{")
    with pytest.raises(ResultIncomplete, match="damaged"):
        jobs.stream("legacy-1")


def test_the_queue_holds_no_cids(here: JobsBench) -> None:
    jobs = here.jobs()
    job_id = jobs.submit("query_tool", here.cids, queries("history"))
    queued = here.redis.hgetall(f"rq:job:{job_id}-0")
    assert queued
    assert not any(here.cids[0].encode() in value for value in queued.values())


@pytest.mark.parametrize(
    ("profile", "cids", "domains"),
    [("nobody", ["A"], ["history"]), ("query_tool", ["A"], ["x"]), ("query_tool", [], ["jobs"])],
)
def test_a_senseless_request_is_refused(
    here: JobsBench, profile: str, cids: list[str], domains: list[str]
) -> None:
    with pytest.raises(ConfigError):
        here.jobs().submit(profile, cids, queries(*domains))


def test_a_store_that_goes_away_ends_the_stream_with_an_error_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with jobs_bench() as bench:
        for name, value in bench.environment().items():
            monkeypatch.setenv(name, value)
        jobs, job_id = finished(bench)
        lines = jobs.stream(job_id)
        first = next(lines)
        bench.store.stop()
        with pytest.raises(ResultIncomplete, match="STORE_UNAVAILABLE"):
            list(read_stream([first, *lines]))
