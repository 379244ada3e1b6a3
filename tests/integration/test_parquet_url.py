"""Parquet files in object storage: whole or not there."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.integration.s3_bench import Bucket, bucket, server
from tracekit import KeyedFetcher, LocalOracle
from tracekit.errors import BatchFetchError, ConfigError, ExportError, FetchError
from tracekit.trace import domain_query

__all__ = ["bucket", "server"]  # fixtures


@pytest.fixture
def fetcher(oracle: LocalOracle) -> KeyedFetcher:
    oracle.faults.clear()
    return KeyedFetcher(oracle.database, domain_query("history"))


def file_url(bucket: Bucket) -> str:
    return bucket.url.replace("/results?", "/results/history.parquet?")


def test_a_file_in_object_storage_is_the_one_of_a_folder(
    fetcher: KeyedFetcher, oracle: LocalOracle, bucket: Bucket, tmp_path: Path
) -> None:
    keys = oracle.keys()
    here = fetcher.to_parquet(keys, tmp_path / "history.parquet")
    there = fetcher.to_parquet(keys, file_url(bucket))
    assert (there.rows, there.keys) == (here.rows, here.keys)
    assert there.path == "s3://bucket/results/history.parquet"
    stored = pq.read_table("bucket/results/history.parquet", filesystem=bucket.files)
    assert stored.equals(pq.read_table(tmp_path / "history.parquet"))


def test_a_fetch_that_fails_leaves_no_object(
    fetcher: KeyedFetcher, oracle: LocalOracle, bucket: Bucket
) -> None:
    oracle.faults.error(942, statement="LOTWIPHISTORY")
    with pytest.raises((BatchFetchError, FetchError), match="ORA-00942"):
        fetcher.to_parquet(oracle.keys(), file_url(bucket))
    assert bucket.names() == []


def test_a_url_that_cannot_be_written_is_named_without_its_secrets(
    fetcher: KeyedFetcher, oracle: LocalOracle, bucket: Bucket
) -> None:
    url = file_url(bucket).replace("s3://bucket/", "s3://testing:hidden@nowhere/")
    with pytest.raises(ExportError, match=r"s3://nowhere/results/history\.parquet") as raised:
        fetcher.to_parquet(oracle.keys(), url)
    assert "hidden" not in str(raised.value)
    with pytest.raises(ConfigError, match="a gopher:// URL"):
        fetcher.to_parquet(oracle.keys(), "gopher://user:hidden@nowhere/x.parquet")
