"""The event cache on a real store: exact on a hit, and a miss whenever something is wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from redis import Redis

from tracekit.keyed import KeyedFetcher, PartialRecords, Query, RecordsByKey
from tracekit.keyed.records_cache import CachedFetcher, RecordsCache
from tracekit.testbed import LocalOracle
from tracekit.trace import DOMAINS, domain_query
from tracekit.trace.queries import SHORT_TTL_SECONDS

GONE = Redis(unix_socket_path="/nonexistent/store.sock", retry=None)


class Counted:
    """Fetchers of a database by domain behind one cache, and how often they were asked."""

    def __init__(self, oracle: LocalOracle, cache: RecordsCache) -> None:
        self.fetches = 0
        self._oracle = oracle
        self._cache = cache

    def fetch(self, keys: Iterable[object], domain: str) -> RecordsByKey:
        counted = self

        class CountingFetcher(KeyedFetcher):
            def records(self, *args: object, **more: object) -> RecordsByKey:
                counted.fetches += 1
                return super().records(*args, **more)  # type: ignore[arg-type]

        fetcher = CountingFetcher(self._oracle.database, domain_query(domain))
        return CachedFetcher(fetcher, self._cache).records(keys)


def cached(oracle: LocalOracle, redis: Redis, source: str = "here", **more: Any) -> Counted:
    more.setdefault("ttl_seconds", SHORT_TTL_SECONDS)
    return Counted(oracle, RecordsCache(redis, source=source, **more))


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_a_hit_is_exactly_what_was_fetched(
    oracle: LocalOracle, redis: Redis, domain: str, caplog: pytest.LogCaptureFixture
) -> None:
    counted = cached(oracle, redis)
    first = counted.fetch(oracle.keys(), domain)
    again = counted.fetch(reversed(oracle.keys()), domain)
    assert counted.fetches == 1
    assert repr(again) == repr(first)
    assert list(again) == list(first)
    assert not caplog.records
    ttl = 180 if domain in {"holds", "jobs"} else 300
    [key] = [name for name in redis.keys("trace:events:*") if name.count(b":") == 4]
    assert ttl - 5 < redis.ttl(key) <= ttl
    assert len(key.rpartition(b":")[2]) == 12


def test_other_ids_another_domain_and_another_source_miss(
    oracle: LocalOracle, redis: Redis
) -> None:
    counted = cached(oracle, redis)
    cids = oracle.keys()
    counted.fetch(cids, "history")
    counted.fetch(cids[1:], "history")
    counted.fetch(cids, "holds")
    assert counted.fetches == 3
    counted = cached(oracle, redis, source="there")
    counted.fetch(cids, "history")
    assert counted.fetches == 1


def test_large_requests_are_not_kept(oracle: LocalOracle, redis: Redis) -> None:
    counted = cached(oracle, redis, skip_threshold=9)
    for _ in range(2):
        counted.fetch(oracle.keys(10), "history")
    assert counted.fetches == 2
    assert not redis.keys("*")


def test_partial_records_are_not_kept(redis: Redis) -> None:
    class PartialFetcher(KeyedFetcher):
        def records(self, *args: object, **more: object) -> RecordsByKey:
            return PartialRecords({"A": []}, [], 1)

    with LocalOracle(":memory:") as oracle:
        cache = RecordsCache(redis, source="here")
        fetcher = PartialFetcher(oracle.database, domain_query("history"))
        CachedFetcher(fetcher, cache).records(["A"])
    assert not redis.keys("*")


def test_keys_that_are_not_text_are_not_kept(redis: Redis) -> None:
    with LocalOracle(":memory:") as oracle:
        query = Query("SELECT LEVEL AS ID FROM DUAL CONNECT BY LEVEL < 5", key="ID")
        fetcher = CachedFetcher(
            KeyedFetcher(oracle.database, query), RecordsCache(redis, source="here")
        )
        assert fetcher.records([1, 2]) == {1: [{"ID": 1}], 2: [{"ID": 2}]}
    assert not redis.keys("*")


def delete_a_chunk(redis: Redis, chunk: bytes, entry: bytes) -> None:
    redis.delete(chunk)


def corrupt_a_chunk(redis: Redis, chunk: bytes, entry: bytes) -> None:
    redis.setrange(chunk, 5, b"\xff\xfe")


def corrupt_the_entry(redis: Redis, chunk: bytes, entry: bytes) -> None:
    redis.set(entry, b'{"identity":')


def replace_the_entry(redis: Redis, chunk: bytes, entry: bytes) -> None:
    redis.set(entry, b"[1]")


@pytest.mark.parametrize(
    "damage", [delete_a_chunk, corrupt_a_chunk, corrupt_the_entry, replace_the_entry]
)
def test_a_damaged_entry_is_a_miss_with_a_warning(
    oracle: LocalOracle,
    redis: Redis,
    damage: Callable[[Redis, bytes, bytes], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    counted = cached(oracle, redis)
    first = counted.fetch(oracle.keys(), "history")
    entry, chunk = sorted(redis.keys("trace:events:*"), key=len)
    damage(redis, chunk, entry)
    assert counted.fetch(oracle.keys(), "history") == first
    assert counted.fetches == 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_store_that_is_gone_fails_no_request(
    oracle: LocalOracle, caplog: pytest.LogCaptureFixture
) -> None:
    counted = cached(oracle, GONE)
    for _ in range(2):
        assert counted.fetch(oracle.keys(), "history")
    assert len(caplog.records) == 1


def test_a_store_that_comes_back_is_used_again_after_a_rest(
    oracle: LocalOracle, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    counted = cached(oracle, redis, clock=lambda: now)
    pool, redis.connection_pool = redis.connection_pool, GONE.connection_pool
    counted.fetch(oracle.keys(), "history")
    redis.connection_pool = pool
    counted.fetch(oracle.keys(), "history")
    assert not redis.keys("trace:events:*")
    now = 31.0
    for _ in range(2):
        counted.fetch(oracle.keys(), "history")
    assert counted.fetches == 3
    assert len(caplog.records) == 1
