"""A store that somebody else wrote to, and one that is full."""

from __future__ import annotations

import json
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from redis.exceptions import OutOfMemoryError
from rq import Queue
from rq.job import Callback
from rq.serializers import JSONSerializer

from tests.integration.jobs_bench import JobsBench, jobs_bench, queries
from tests.polling import until
from tracekit.errors import JobNotFound, ResultIncomplete
from tracekit.jobs import JobState, eviction_warning
from tracekit.jobs.shard_job import FAILURE_FUNCTION, SHARD_FUNCTION

QUEUE = "trace-events"
TOUCH = "tests.integration.test_jobs_hostile.touch"


def touch(path: str, *_: object) -> None:
    Path(path).touch()


@pytest.fixture(scope="module")
def bench() -> Iterator[JobsBench]:
    with jobs_bench(cids=2000) as found:
        yield found


@pytest.fixture(autouse=True)
def _fresh(bench: JobsBench) -> Iterator[None]:
    bench.redis.flushall()
    yield
    bench.redis.config_set("maxmemory", 0)
    bench.redis.config_set("maxmemory-policy", "noeviction")


def started_horse(worker: psutil.Process) -> psutil.Process:
    until(worker.children)
    return worker.children()[0]


def foreign_jobs(bench: JobsBench, trace: Path) -> list[str]:
    """Jobs that would run code, in every way that RQ has."""
    queue = Queue(QUEUE, connection=bench.redis, serializer=JSONSerializer)
    path = str(trace)
    touched = Callback("pathlib.Path.touch")
    made = [
        queue.enqueue_call("subprocess.check_call", args=(["touch", path],)),
        queue.enqueue_call("pathlib.Path.touch", args=(path,), on_failure=touched),
        queue.enqueue_call("builtins.len", args=("x",), on_success=Callback("pathlib.Path.touch")),
        queue.enqueue_call(SHARD_FUNCTION, args=(path, 0), on_failure=touched),
        queue.enqueue_call(SHARD_FUNCTION, args=("0" * 32, "1"), on_failure=touched),
        queue.enqueue_call(SHARD_FUNCTION, args=("0" * 32, -1), on_success=touched),
        queue.enqueue_call(SHARD_FUNCTION, args=("0" * 32,), kwargs={"shard": 1}),
        queue.enqueue_call(FAILURE_FUNCTION, args=(1, 2), on_failure=Callback(FAILURE_FUNCTION)),
    ]
    bench.redis.hset(f"rq:job:{made[2].id}", "data", b"no JSON")
    bench.redis.hset(f"rq:job:{made[4].id}", "data", zlib.compress(b'["x", null, [], {}]'))
    return [job.id for job in made]


def test_a_worker_runs_shards_only_and_goes_on(bench: JobsBench, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    foreign_jobs(bench, trace)
    jobs = bench.jobs()
    job_id = jobs.submit("query_tool", bench.cids[:20], queries("history"))
    with bench.worker() as worker:
        until(lambda: jobs.status(job_id).state.final)
        until(lambda: bench.redis.llen(f"rq:queue:{QUEUE}") == 0)
        assert worker.is_running()
    assert jobs.status(job_id).state is JobState.FINISHED
    assert not trace.exists()


DAMAGED = {
    "state": b"sleeping",
    "request": b"{",
    "created_at": b"yesterday",
    "started_at": b"nan",
    "failure": b"[]",
    "rows": b"many",
}


@pytest.mark.parametrize("field", DAMAGED)
def test_a_damaged_entry_is_named(bench: JobsBench, field: str) -> None:
    jobs = bench.jobs()
    job_id = jobs.submit("query_tool", bench.cids[:2], queries("history"))
    bench.redis.hset(f"trace:job:{job_id}:meta", field, DAMAGED[field])
    for ask in (jobs.status, jobs.cancel, jobs.stream):
        with pytest.raises(ResultIncomplete, match=r"damaged"):
            ask(job_id)


@pytest.mark.parametrize("field", ["retries", "cids_done", "rows", "peak"])
def test_damaged_progress_is_named(bench: JobsBench, field: str) -> None:
    jobs = bench.jobs()
    job_id = jobs.submit("query_tool", bench.cids[:2], queries("history"))
    bench.redis.hset(f"trace:job:{job_id}:shard:0", mapping={"worker": "w", field: b"\xff"})
    with pytest.raises(ResultIncomplete, match="progress of a shard in the store is damaged"):
        jobs.status(job_id)
    bench.redis.delete(f"trace:job:{job_id}:shard:0")
    bench.redis.set(f"trace:job:{job_id}:shard:0", "no hash")
    with pytest.raises(ResultIncomplete, match="progress of a shard in the store is damaged"):
        jobs.status(job_id)


def test_a_full_store_takes_no_job_and_keeps_nothing_of_it(bench: JobsBench) -> None:
    jobs = bench.jobs(shard_cids=5)
    bench.redis.config_set("maxmemory", bench.redis.info("memory")["used_memory"] - 100_000)
    with pytest.raises(OutOfMemoryError):
        jobs.submit("query_tool", bench.cids, queries("history"))
    bench.redis.config_set("maxmemory", 0)
    assert bench.redis.keys("trace:job:*") == []


def test_a_job_that_fills_the_store_fails_and_the_worker_goes_on(bench: JobsBench) -> None:
    jobs = bench.jobs(stream_batch_size=500)
    bench.gate.hold_after(0)
    job_id = jobs.submit("query_tool", bench.cids, queries("history", "materials", "rejects"))
    with bench.worker() as worker:
        until(lambda: bench.gate.holds)
        bench.redis.config_set("maxmemory", bench.redis.info("memory")["used_memory"] + 200_000)
        bench.gate.open()
        until(lambda: jobs.status(job_id).state.final)
        status = jobs.status(job_id)
        bench.redis.config_set("maxmemory", 0)  # what the first left may fill the store still
        again = jobs.submit("query_tool", bench.cids[:20], queries("history"))
        until(lambda: jobs.status(again).state.final)
        assert worker.is_running()
    assert status.failure is not None
    assert (status.failure.code, status.retries) == ("STORE_FULL", ())
    assert "maxmemory" in status.failure.message
    assert status.rows > 0
    assert jobs.status(again).state is JobState.FINISHED


def test_a_worker_outlives_a_time_in_which_the_store_is_full(bench: JobsBench) -> None:
    jobs = bench.jobs()
    bench.redis.set("filler", b"x" * 30_000_000)
    bench.gate.hold_after(0)
    jobs.submit("query_tool", bench.cids, queries("history"))
    with bench.worker() as worker:
        horse = started_horse(worker)
        until(lambda: bench.gate.holds)
        bench.redis.config_set("maxmemory", bench.redis.info("memory")["used_memory"] - 1_000_000)
        bench.gate.open()
        until(lambda: not horse.is_running())
        bench.redis.delete("filler")
        again = jobs.submit("query_tool", bench.cids[:20], queries("history"))
        until(lambda: jobs.status(again).state.final)
        assert worker.is_running()
    assert jobs.status(again).state is JobState.FINISHED


def test_a_policy_that_evicts_is_warned_of(bench: JobsBench) -> None:
    assert eviction_warning(bench.redis) is None
    bench.redis.config_set("maxmemory-policy", "allkeys-lru")
    warning = eviction_warning(bench.redis)
    assert warning is not None
    assert "maxmemory-policy is allkeys-lru" in warning
    with pytest.raises(JobNotFound, match="maxmemory-policy to noeviction"):
        bench.jobs().status("0" * 32)


def test_result_files_are_for_their_owner_only(
    bench: JobsBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "results"
    monkeypatch.setenv("TRACEKIT_RESULTS_DIR", str(folder))
    jobs = bench.jobs(results_dir=folder, results_dir_cid_threshold=1)
    job_id = jobs.submit("query_tool", bench.cids[:20], queries("history"))
    assert bench.work(jobs, job_id).state is JobState.FINISHED
    found = [folder, *folder.rglob("*")]
    assert len(found) > 3
    assert {oct(stat.S_IMODE(path.stat().st_mode) & 0o077) for path in found} == {"0o0"}


def test_the_request_that_is_stored_names_no_code(bench: JobsBench) -> None:
    jobs = bench.jobs()
    job_id = jobs.submit("query_tool", bench.cids[:2], queries("history"))
    [rq_id] = bench.redis.lrange(f"rq:queue:{QUEUE}", 0, -1)
    stored = json.loads(zlib.decompress(bench.redis.hget(f"rq:job:{rq_id.decode()}", "data")))
    assert stored == [SHARD_FUNCTION, None, [job_id, 0], {}]
