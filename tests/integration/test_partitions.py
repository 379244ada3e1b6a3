"""Rows fetched by other processes: tasks without secrets, a cluster that loses a worker."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from multiprocessing import resource_tracker
from pathlib import Path

import pyarrow as pa
import pytest

from tests.polling import until
from tracekit import KeyedFetcher, LocalOracle, Query, prove
from tracekit.errors import ConfigError, FetchError
from tracekit.trace import domain_query

ELSEWHERE = """
import pickle, sys
tables = [task() for task in pickle.load(sys.stdin.buffer)]
sys.stdout.buffer.write(pickle.dumps(tables))
"""
KEYS_PER_STATEMENT = 10
SQL = "SELECT ID, N, WORDS FROM NUMBERS WHERE ID IN (:keys) ORDER BY ID"
SCRIPT = """\
CREATE TABLE NUMBERS (ID NUMBER(9), N NUMBER, WORDS VARCHAR2(20));
INSERT INTO NUMBERS VALUES (1, 1, 'one');
INSERT INTO NUMBERS VALUES (2, 2.5, NULL);
INSERT INTO NUMBERS VALUES (3, NULL, 'three');
INSERT INTO NUMBERS VALUES (4, 12345678901234567890, 'long');
COMMIT;
"""


@pytest.fixture
def password(oracle: LocalOracle, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DB_PASSWORD", oracle.password)
    return oracle.password


@pytest.fixture
def fetcher(oracle: LocalOracle) -> KeyedFetcher:
    query = domain_query("history")
    small = Query(query.sql, key=query.key_columns, keys_per_statement=KEYS_PER_STATEMENT)
    return KeyedFetcher(oracle.database, small)


def test_partitions_are_tasks_without_secrets(
    fetcher: KeyedFetcher, oracle: LocalOracle, password: str
) -> None:
    keys = oracle.keys()
    partitions = fetcher.partitions(keys)
    assert len(partitions) == -(-len(keys) // KEYS_PER_STATEMENT)
    sent = pickle.dumps(partitions)
    assert password.encode() not in sent
    assert password not in repr(partitions)
    elsewhere = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], input=sent, capture_output=True, check=True
    )
    tables = pickle.loads(elsewhere.stdout)
    assert {table.schema for table in tables} == {partitions[0].schema}
    whole = pa.concat_tables(tables)
    proof = prove(whole, fetcher.records(keys), key="CONTAINERID")
    assert proof.level is not None
    records = [partition.records() for partition in partitions]
    assert {key: rows for one in records for key, rows in one.items()} == fetcher.records(keys)


def test_a_process_without_the_password_says_so(
    fetcher: KeyedFetcher, oracle: LocalOracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DB_PASSWORD", raising=False)
    monkeypatch.delenv("DB_PASSWORD_FILE", raising=False)
    [partition, *_] = fetcher.partitions(oracle.keys())
    with pytest.raises(ConfigError, match="Partitions carry no secrets"):
        partition()


def test_numbers_that_the_common_schema_would_round_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "numbers.sql"
    script.write_text(SCRIPT)
    with LocalOracle(":memory:", init=script) as local:
        monkeypatch.setenv("DB_PASSWORD", local.password)
        query = Query(SQL, key="ID", keys_per_statement=1)
        one, two, three, four = KeyedFetcher(local.database, query).partitions([1, 2, 3, 4])
        assert one.schema == pa.schema(
            [("ID", pa.int64()), ("N", pa.float64()), ("WORDS", pa.string())]
        )
        rows = [row for part in (one, two, three) for row in part().to_pylist()]
        assert [row["N"] for row in rows] == [1.0, 2.5, None]
        assert [row["WORDS"] for row in rows] == ["one", None, "three"]
        with pytest.raises(FetchError, match="column N holds a number that double"):
            four()


@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_that_loses_a_worker_gives_the_same(
    fetcher: KeyedFetcher, oracle: LocalOracle, password: str
) -> None:
    distributed = pytest.importorskip("distributed")
    import dask

    keys = oracle.keys()
    frame = fetcher.to_dask(keys)
    assert frame.npartitions == -(-len(keys) // KEYS_PER_STATEMENT)
    configured = dask.config.set({"distributed.worker.daemon": False})
    with (
        configured,
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        oracle.faults.delay(0.5)
        [victim, _] = client.run(os.getpid).values()
        computing = client.compute(frame)
        until(lambda: all(client.processing().values()))
        os.kill(victim, signal.SIGKILL)
        oracle.faults.clear()
        found = computing.result(timeout=100)
    resource_tracker._resource_tracker._stop()  # it outlives what started it
    assert_equal(fetcher, keys, found)


def assert_equal(fetcher: KeyedFetcher, keys: list[str], found: object) -> None:
    proof = prove(fetcher.records(keys), found, key="CONTAINERID")
    assert proof.level in {"exact", "json", "value"}
