"""Results in object storage, and workers that share nothing but that and the store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import psutil
import pyarrow.dataset as ds
import pytest

from tests.integration.jobs_bench import JobsBench, jobs_bench, queries
from tests.integration.s3_bench import Bucket, bucket, server
from tests.polling import until
from tracekit import EventFetcher
from tracekit.errors import ConfigError, ExportError, ResultIncomplete
from tracekit.jobs import JobState, TraceJobs
from tracekit.jobs.result_files import ResultFiles
from tracekit.jobs.rq_jobs import open_queue
from tracekit.jobs.shard import run_shard
from tracekit.jsonvalue import encode
from tracekit.ndjson import read_stream

__all__ = ["bucket", "server"]  # fixtures

DOMAINS = ("history", "materials")
SETTINGS = {"stream_batch_size": 40, "results_dir_cid_threshold": 10}
JOB = "0" * 32
NAME = "domain=history/0.0-0123456789abcdef.parquet"


@pytest.fixture(scope="module")
def bench() -> Iterator[JobsBench]:
    with jobs_bench() as found:
        yield found


@pytest.fixture
def here(bench: JobsBench, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> JobsBench:
    for name, value in bench.environment(TRACEKIT_RESULTS_DIR=bucket.url).items():
        monkeypatch.setenv(name, value)
    bench.redis.flushall()
    return bench


def submitted(bench: JobsBench, bucket: Bucket, shards: int) -> tuple[TraceJobs, str]:
    jobs = bench.jobs(shard_cids=-(-len(bench.cids) // shards), results_dir=bucket.url, **SETTINGS)
    return jobs, jobs.submit("query_tool", bench.cids, queries(*DOMAINS))


def assert_equal_to_synchronous(bench: JobsBench, jobs: TraceJobs, job_id: str) -> None:
    found: dict[tuple[str, str], list[object]] = {}
    for domain, record in read_stream(jobs.stream(job_id)):
        found.setdefault((domain, record["CONTAINERID"]), []).append(record)
    fetcher = EventFetcher(bench.oracle.database)
    assert found == {
        (domain, cid): json.loads(encode(records))
        for domain in DOMAINS
        for cid, records in fetcher.fetch_events(bench.cids, domain).items()
    }


def test_a_result_is_a_dataset_that_others_read(
    here: JobsBench, bucket: Bucket, tmp_path: Path
) -> None:
    jobs, job_id = submitted(here, bucket, shards=2)
    run_shard(job_id, 0)
    assert "_manifest.json" not in bucket.names(job_id)
    run_shard(job_id, 1)
    assert jobs.status(job_id).state is JobState.FINISHED
    assert_equal_to_synchronous(here, jobs, job_id)
    page = jobs.page(job_id, "history", 35, 30)
    assert len(page.records) == 30

    home = f"bucket/results/{job_id}"
    dataset = ds.dataset(home, filesystem=bucket.files, partitioning="hive", format="parquet")
    assert dataset.count_rows() == jobs.status(job_id).rows
    history = dataset.to_table(filter=ds.field("domain") == "history")
    assert history.num_rows == page.total
    with bucket.files.open_input_stream(f"{home}/_manifest.json") as stream:
        manifest = json.loads(stream.read())
    assert list(manifest["domains"]) == list(DOMAINS)

    for name in bucket.names(job_id):
        local = tmp_path / job_id / name
        local.parent.mkdir(parents=True, exist_ok=True)
        with bucket.files.open_input_stream(f"{home}/{name}") as stream:
            local.write_bytes(stream.read())
    counted = duckdb.sql(
        f"SELECT domain, count(*) FROM '{tmp_path}/{job_id}/*/*.parquet' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert counted == [(domain, jobs.page(job_id, domain).total) for domain in DOMAINS]


def test_objects_of_failed_attempts_and_canceled_jobs_go(here: JobsBench, bucket: Bucket) -> None:
    jobs, job_id = submitted(here, bucket, shards=2)
    run_shard(job_id, 0)
    before = len(bucket.names(job_id))
    here.redis.hdel(f"trace:job:{job_id}:shard:0", "contents")
    run_shard(job_id, 0)
    assert len(bucket.names(job_id)) == 2 * before - 1
    run_shard(job_id, 1)
    rows = jobs.status(job_id).rows
    home = f"bucket/results/{job_id}"
    assert ds.dataset(home, filesystem=bucket.files, partitioning="hive").count_rows() == rows

    jobs, canceled = submitted(here, bucket, shards=2)
    run_shard(canceled, 0)
    assert bucket.names(canceled)
    jobs.cancel(canceled)
    assert bucket.names(canceled) == []


def test_an_object_that_is_gone_is_never_left_out(here: JobsBench, bucket: Bucket) -> None:
    jobs, job_id = submitted(here, bucket, shards=1)
    run_shard(job_id, 0)
    lost = next(name for name in bucket.names(job_id) if name.startswith("domain=history/0.1-"))
    bucket.files.delete_file(f"bucket/results/{job_id}/{lost}")
    with pytest.raises(ResultIncomplete, match="chunk history:1 is missing"):
        list(read_stream(jobs.stream(job_id)))


def test_expired_results_are_swept(bucket: Bucket) -> None:
    files = ResultFiles(bucket.url)
    files.write(JOB, NAME, b"x", keep_seconds=-5)
    files.write("kept", NAME, b"x", keep_seconds=60)
    assert files.sweep() == 1
    assert bucket.names() == ["kept/.expires", f"kept/{NAME}"]


def test_unreachable_storage_does_not_count_as_empty(bucket: Bucket) -> None:
    files = ResultFiles(bucket.url.replace("s3://bucket/", "s3://another-bucket/"))
    with pytest.raises(ExportError, match="could not be written to TRACEKIT_RESULTS_DIR"):
        files.write(JOB, NAME, b"x", keep_seconds=5)
    with pytest.raises(ConfigError, match="nor fsspec can open a gopher:// URL"):
        ResultFiles("gopher://user:secret@nowhere/results")


@contextmanager
def host(bench: JobsBench, bucket: Bucket, folder: Path) -> Iterator[psutil.Process]:
    """A worker with a home and temporary files of its own, as on another machine."""
    folder.mkdir()
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), str(folder))
    with bench.worker(TRACEKIT_RESULTS_DIR=bucket.url, **places) as worker:
        yield worker


def test_a_job_outlives_one_of_its_two_hosts(
    here: JobsBench, bucket: Bucket, tmp_path: Path
) -> None:
    jobs, job_id = submitted(here, bucket, shards=6)
    here.gate.hold_after(8)
    with ExitStack() as hosts:
        dying = hosts.enter_context(host(here, bucket, tmp_path / "one"))
        hosts.enter_context(host(here, bucket, tmp_path / "two"))
        until(lambda: here.gate.holds and jobs.worker_count() == 2)
        until(lambda: len({one.worker for one in jobs.status(job_id).workers}) == 2)
        until(dying.children)
        [horse] = dying.children()
        dying.kill()
        horse.kill()
        here.gate.open()
        registry = open_queue(here.redis, "trace-events").started_job_registry
        # A shard is done a moment before RQ takes its job off the registry.
        until(
            lambda: (
                jobs.status(job_id).shards_done == 5
                and len(registry.get_job_ids(cleanup=False)) == 1
            )
        )
        # What the other host's maintenance does once the heartbeat is overdue.
        registry.cleanup(timestamp=time.time() + 3600)
        until(lambda: jobs.status(job_id).state.final)
    status = jobs.status(job_id)
    assert (status.state, status.failure) == (JobState.FINISHED, None)
    assert [retry.code for retry in status.retries] == ["WORKER_LOST"]
    assert len({one.worker for one in status.workers}) >= 1
    assert_equal_to_synchronous(here, jobs, job_id)
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".parquet"]
