"""The server restarts in mid-fetch: fetches go on against the new one, with equal results."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.polling import until
from tracekit.errors import BatchFetchError, ConnectError
from tracekit.keyed import RecordsByKey
from tracekit.oracle import Database
from tracekit.testbed import LocalOracle
from tracekit.trace import EventFetcher

DOMAIN = "holds"
DEADLINE_SECONDS = 60.0


def patient(local: LocalOracle, **limits: int) -> Database:
    settings = {"retry_attempts": 1000, "retry_wait_ms": 50} | limits
    return Database(local.dsn, local.user, local.password, fetchmany_size=50, **settings)


def whole_cids(database: Database, keys: list[str], folder: Path) -> RecordsByKey:
    events: RecordsByKey = {}
    for piece in EventFetcher(database).fetch_events_iter(keys, DOMAIN, whole_cids=True):
        events.update(piece)
    return events


def parquet(database: Database, keys: list[str], folder: Path) -> Any:
    export = EventFetcher(database).to_parquet(keys, DOMAIN, folder / "events.parquet")
    return pq.read_table(export.path).to_pylist()


READERS: dict[str, Callable[[Database, list[str], Path], Any]] = {
    "plain": lambda database, keys, _: EventFetcher(database, records="plain").fetch_events(
        keys, DOMAIN
    ),
    "lean": lambda database, keys, _: EventFetcher(database).fetch_events(keys, DOMAIN),
    "whole_cids": whole_cids,
    "table": lambda database, keys, _: (
        EventFetcher(database).fetch_event_table(keys, DOMAIN).to_records()
    ),
    "parquet": parquet,
}


def test_a_restart_in_mid_fetch_leaves_equal_results(tmp_path: Path) -> None:
    with LocalOracle("trace-smoke") as local, ThreadPoolExecutor(len(READERS)) as pool:
        keys = local.keys()
        expected = {name: read(patient(local), keys, tmp_path) for name, read in READERS.items()}
        stall = local.faults.stall(rows=150)  # ends with the server
        databases = {name: patient(local) for name in READERS}
        running = {
            name: pool.submit(read, databases[name], keys, tmp_path)
            for name, read in READERS.items()
        }
        assert len(keys) == 2000  # two batches of ids, which each reader reads at once
        until(lambda: local.faults.fired[stall] >= 2 * len(READERS))
        local.restart()
        for name, result in running.items():
            assert repr(result.result(DEADLINE_SECONDS)) == repr(expected[name])
            assert databases[name].retry.count > 0
        until(lambda: local.client_count == 0)
        assert [path.name for path in tmp_path.iterdir()] == ["events.parquet"]


def test_a_server_that_does_not_come_back_is_an_error_in_the_end() -> None:
    with LocalOracle("trace-smoke") as local:
        keys = local.keys()
        database = patient(local, retry_attempts=3, retry_wait_ms=1)
        EventFetcher(database).fetch_events(keys[:10], DOMAIN)
    with pytest.raises(BatchFetchError) as caught:
        EventFetcher(database, records="plain").fetch_events(keys[:10], DOMAIN)
    [failure] = caught.value.failures
    assert isinstance(failure.cause, ConnectError)
    assert failure.cause.retries == 3
    assert "tried 4 times" in str(caught.value)
