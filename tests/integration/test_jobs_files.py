"""Results of large jobs in Parquet files: the same bytes to readers, and known incomplete."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from tests.integration.jobs_bench import JobsBench, jobs_bench, queries
from tests.polling import until
from tracekit.errors import ResultIncomplete
from tracekit.jobs import JobState, TraceJobs
from tracekit.jobs.shard import run_shard
from tracekit.ndjson import read_stream
from tracekit.trace import DOMAINS

SETTINGS = {"stream_batch_size": 40, "results_dir_cid_threshold": 10}


@pytest.fixture(scope="module")
def bench() -> Iterator[JobsBench]:
    with jobs_bench() as found:
        yield found


@pytest.fixture
def here(bench: JobsBench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> JobsBench:
    """The bench, with its settings in this process's environment, to run shards here."""
    for name, value in bench.environment(TRACEKIT_RESULTS_DIR=str(tmp_path)).items():
        monkeypatch.setenv(name, value)
    bench.redis.flushall()
    return bench


def finished(
    bench: JobsBench, results_dir: Path | None, domains: tuple[str, ...] = ("history", "holds")
) -> tuple[TraceJobs, str]:
    jobs = bench.jobs(shard_cids=20, results_dir=results_dir, **SETTINGS)
    job_id = jobs.submit("mid_section_defect", bench.cids, queries(*domains))
    for shard in range(jobs.status(job_id).shards):
        run_shard(job_id, shard)
    assert jobs.status(job_id).state is JobState.FINISHED
    return jobs, job_id


def data_lines(jobs: TraceJobs, job_id: str, after: str | None = None) -> list[bytes]:
    """All but the first and the last line, which name the job or sum it up."""
    return list(jobs.stream(job_id, after))[1:-1]


def test_pages_and_streams_are_the_same_as_from_redis(here: JobsBench, tmp_path: Path) -> None:
    every = tuple(DOMAINS)
    in_redis, first = finished(here, None, every)
    in_files, second = finished(here, tmp_path, every)
    assert data_lines(in_files, second) == data_lines(in_redis, first)
    assert data_lines(in_files, second, "history:2") == data_lines(in_redis, first, "history:2")
    for domain in every:
        pages = [
            jobs.page(one, domain, 35, 90) for jobs, one in ((in_redis, first), (in_files, second))
        ]
        assert pages[0] == pages[1]
    assert read_stream(in_files.stream(second)) is not None
    assert not here.redis.keys(f"trace:job:{second}:result:*:*")
    assert here.redis.exists(f"trace:job:{second}:result:meta")
    rows = in_files.page(second, "history").total
    stored = list((tmp_path / second).glob("domain=history/*.parquet"))
    assert sum(pq.read_metadata(path).num_rows for path in stored) == rows
    status = in_files.status(second)
    assert status.result_bytes == sum(
        p.stat().st_size for p in (tmp_path / second).rglob("*.parquet")
    )


def test_small_jobs_stay_in_redis(here: JobsBench, tmp_path: Path) -> None:
    jobs = here.jobs(results_dir=tmp_path, results_dir_cid_threshold=50)
    job_id = jobs.submit("query_tool", here.cids[:50], queries("history"))
    run_shard(job_id, 0)
    assert jobs.page(job_id, "history").total > 0
    assert not list(tmp_path.iterdir())


def delete(path: Path) -> None:
    path.unlink()


def damage(path: Path) -> None:
    stored = bytearray(path.read_bytes())
    stored[len(stored) // 2] ^= 1
    path.write_bytes(stored)


@pytest.mark.parametrize(
    ("spoil", "words"), [(delete, "is missing"), (damage, "is damaged: the checksum")]
)
def test_a_missing_or_damaged_file_is_incomplete(
    here: JobsBench, tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    jobs, job_id = finished(here, tmp_path)
    [path] = (tmp_path / job_id).glob("domain=history/0.1-*.parquet")
    spoil(path)
    with pytest.raises(ResultIncomplete, match=f"chunk history:1 {words}"):
        jobs.page(job_id, "history", 45, 1)
    assert jobs.page(job_id, "history", 0, 5).records
    last = json.loads(list(jobs.stream(job_id))[-1])
    assert (last["type"], last["code"]) == ("error", "RESULT_INCOMPLETE")
    with pytest.raises(ResultIncomplete):
        list(read_stream(jobs.stream(job_id)))


def test_a_file_lost_before_the_job_ended_fails_it(here: JobsBench, tmp_path: Path) -> None:
    jobs = here.jobs(shard_cids=25, results_dir=tmp_path, **SETTINGS)
    job_id = jobs.submit("query_tool", here.cids, queries("history"))
    run_shard(job_id, 0)
    next((tmp_path / job_id).glob("domain=history/0.0-*")).unlink()
    run_shard(job_id, 1)
    status = jobs.status(job_id)
    assert status.failure is not None
    assert (status.state, status.failure.code) == (JobState.FAILED, "RESULT_INCOMPLETE")
    assert not (tmp_path / job_id).exists()


def test_another_attempt_at_a_shard_leaves_no_file_of_the_first(
    here: JobsBench, tmp_path: Path
) -> None:
    jobs = here.jobs(shard_cids=25, results_dir=tmp_path, **SETTINGS)
    job_id = jobs.submit("query_tool", here.cids, queries("history"))
    run_shard(job_id, 0)
    here.redis.hdel(f"trace:job:{job_id}:shard:0", "contents")  # as if its worker had died at last
    before = len(list((tmp_path / job_id).rglob("*.parquet")))
    run_shard(job_id, 0)
    assert len(list((tmp_path / job_id).rglob("*.parquet"))) == 2 * before
    run_shard(job_id, 1)
    total = jobs.page(job_id, "history").total
    stored = (tmp_path / job_id).rglob("*.parquet")
    assert sum(pq.read_metadata(path).num_rows for path in stored) == total


def test_a_canceled_job_leaves_no_files(here: JobsBench, tmp_path: Path) -> None:
    jobs = here.jobs(shard_cids=25, results_dir=tmp_path, **SETTINGS)
    job_id = jobs.submit("query_tool", here.cids, queries("history"))
    run_shard(job_id, 0)
    assert list((tmp_path / job_id).iterdir())
    jobs.cancel(job_id)
    assert not list(tmp_path.iterdir())
    run_shard(job_id, 1)
    assert not list(tmp_path.iterdir())


def test_a_process_without_the_folder_setting_says_so(here: JobsBench, tmp_path: Path) -> None:
    jobs, job_id = finished(here, tmp_path)
    with pytest.raises(ResultIncomplete, match="TRACEKIT_RESULTS_DIR is not set"):
        here.jobs().page(job_id, "history")
    again = jobs.submit("query_tool", here.cids, queries("history"))
    status = here.work(jobs, again, TRACEKIT_RESULTS_DIR="")
    assert status.failure is not None
    assert status.failure.code == "RESULT_INCOMPLETE"
    assert "TRACEKIT_RESULTS_DIR is not set" in status.failure.message
    assert status.retries == ()


def test_a_killed_worker_is_replaced_and_expired_files_are_swept(
    here: JobsBench, tmp_path: Path
) -> None:
    expired = tmp_path / "expired"
    expired.mkdir()
    (expired / ".expires").write_text("1")
    jobs = here.jobs(shard_cids=50, results_dir=tmp_path, **SETTINGS)
    job_id = jobs.submit("query_tool", here.cids, queries("history", "materials"))
    here.gate.hold_after(3)
    with here.worker(TRACEKIT_RESULTS_DIR=str(tmp_path)) as worker:
        until(lambda: jobs.status(job_id).rows > 0 and here.gate.holds)
        horses = [one for one in worker.children() if "tracekit.jobs.horse" in one.cmdline()]
        [horse] = horses
        assert isinstance(horse, psutil.Process)
        horse.kill()
        here.gate.open()
        until(lambda: jobs.status(job_id).state.final)
        until(lambda: not expired.exists())
    status = jobs.status(job_id)
    assert (status.state, len(status.retries)) == (JobState.FINISHED, 1)
    rows = sum(jobs.page(job_id, domain).total for domain in ("history", "materials"))
    stored = (tmp_path / job_id).rglob("*.parquet")
    assert sum(pq.read_metadata(path).num_rows for path in stored) == rows == status.rows
