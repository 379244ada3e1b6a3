"""The event cache on a real store: exact on a hit, and a miss whenever something is wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from tracekit import EventFetcher
from tracekit.jobs import EmbeddedStore
from tracekit.keyed import PartialRecords, RecordsByKey
from tracekit.keyed.records_cache import CachedFetcher, RecordsCache
from tracekit.testbed import LocalOracle
from tracekit.trace import DOMAINS


@pytest.fixture(scope="module")
def oracle() -> Iterator[LocalOracle]:
    with LocalOracle("trace-tiny") as found:
        yield found


@pytest.fixture(scope="module")
def store() -> Iterator[EmbeddedStore]:
    with EmbeddedStore() as found:
        yield found


@pytest.fixture
def redis(store: EmbeddedStore) -> Iterator[Redis]:
    with store.client() as client:
        client.flushall()
        yield client


GONE = Redis(unix_socket_path="/nonexistent/store.sock", retry=None)


class CountingFetcher(EventFetcher):
    fetches = 0

    def fetch_events(self, *args: object, **more: object) -> RecordsByKey:
        self.fetches += 1
        return super().fetch_events(*args, **more)  # type: ignore[arg-type]


def cached(
    oracle: LocalOracle, redis: Redis, source: str = "here", **more: int
) -> tuple[CachedFetcher, CountingFetcher]:
    fetcher = CountingFetcher(oracle.database)
    return CachedFetcher(fetcher, RecordsCache(redis, source=source, **more)), fetcher


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_a_hit_is_exactly_what_was_fetched(
    oracle: LocalOracle, redis: Redis, domain: str, caplog: pytest.LogCaptureFixture
) -> None:
    fetcher, counted = cached(oracle, redis)
    first = fetcher.fetch_events(oracle.keys(), domain)
    again = fetcher.fetch_events(reversed(oracle.keys()), domain)
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
    fetcher, counted = cached(oracle, redis)
    cids = oracle.keys()
    fetcher.fetch_events(cids, "history")
    fetcher.fetch_events(cids[1:], "history")
    fetcher.fetch_events(cids, "holds")
    assert counted.fetches == 3
    elsewhere, counted = cached(oracle, redis, source="there")
    elsewhere.fetch_events(cids, "history")
    assert counted.fetches == 1


def test_large_requests_are_not_kept(oracle: LocalOracle, redis: Redis) -> None:
    fetcher, counted = cached(oracle, redis, skip_cid_threshold=9)
    for _ in range(2):
        fetcher.fetch_events(oracle.keys(10), "history")
    assert counted.fetches == 2
    assert not redis.keys("*")


def test_partial_events_are_not_kept(redis: Redis) -> None:
    class PartialFetcher(EventFetcher):
        def fetch_events(self, *args: object, **more: object) -> RecordsByKey:
            return PartialRecords({"A": []}, [], 1)

    with LocalOracle(":memory:") as oracle:
        cache = RecordsCache(redis, source="here")
        CachedFetcher(PartialFetcher(oracle.database), cache).fetch_events(["A"], "history")
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
    fetcher, counted = cached(oracle, redis)
    first = fetcher.fetch_events(oracle.keys(), "history")
    entry, chunk = sorted(redis.keys("trace:events:*"), key=len)
    damage(redis, chunk, entry)
    assert fetcher.fetch_events(oracle.keys(), "history") == first
    assert counted.fetches == 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_store_that_is_gone_fails_no_request(
    oracle: LocalOracle, caplog: pytest.LogCaptureFixture
) -> None:
    fetcher, _ = cached(oracle, GONE)
    for _ in range(2):
        assert fetcher.fetch_events(oracle.keys(), "history")
    assert len(caplog.records) == 1


def test_a_store_that_comes_back_is_used_again_after_a_rest(
    oracle: LocalOracle, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    fetcher = CountingFetcher(oracle.database)
    cache = RecordsCache(redis, source="here", clock=lambda: now)
    both = CachedFetcher(fetcher, cache)
    pool, redis.connection_pool = redis.connection_pool, GONE.connection_pool
    both.fetch_events(oracle.keys(), "history")
    redis.connection_pool = pool
    both.fetch_events(oracle.keys(), "history")
    assert not redis.keys("trace:events:*")
    now = 31.0
    for _ in range(2):
        both.fetch_events(oracle.keys(), "history")
    assert fetcher.fetches == 3
    assert len(caplog.records) == 1
